"""Sound servers with nothing on them, and recorders of what a listener gets."""

import pytest
from rtvc_virtualmic.recorder import Recorder
from sound_server import private_server


@pytest.fixture(params=["pulse", "pipewire"])
def server(request, tmp_path, monkeypatch):
    """A started server."""
    pytest.importorskip("pulsectl")
    pytest.importorskip("pasimple")
    monkeypatch.setenv("RTVC_HOME", str(tmp_path / "home"))
    with private_server(request.param, tmp_path, monkeypatch) as server:
        server.start()
        yield server


@pytest.fixture
def recorded(server):
    """Gives recorders of a source, which end with the test."""
    recorders = []

    def start(source="rtvc_mic"):
        recorder = Recorder(source)
        recorders.append(recorder)
        recorder.wait_for(0.3)
        return recorder

    yield start
    for recorder in recorders:
        recorder.close()
