"""Which device is made, taken away or picked, on servers and cables that are lists."""

import pytest
from rtvc_virtualmic import nullsink
from rtvc_virtualmic.backend import Format
from rtvc_virtualmic.backends import BACKENDS, candidates, first_that
from rtvc_virtualmic.cables import CABLES, chosen
from rtvc_virtualmic.control import Recording
from rtvc_virtualmic.strays import Herd

from rtvc_bridge.errors import DeviceError
from rtvc_bridge.soundcard import Device

FORM = Format(48_000, 1)


class ListedServer:
    """A sound server in memory, with one loudspeaker and one real microphone."""

    def __init__(self):
        self.numbers = iter(range(100, 1000))
        self.outputs = {"speaker": 1}
        self.inputs = {"real_mic": 2}
        self.default = ("speaker", "real_mic")
        self.streams = []
        self.loaded = []
        self.old = False

    def server(self):
        return "a list"

    def playing(self):
        return ()

    def sinks(self):
        return dict(self.outputs)

    def sources(self):
        return dict(self.inputs)

    def load(self, module, arguments):
        if "norewinds" in arguments and self.old:
            raise DeviceError("Module initialization failed.")
        self.loaded.append(module)
        name = dict(part.split("=", 1) for part in arguments.split() if "=" in part)
        if module == nullsink.SINK_MODULE:
            self.outputs[name["sink_name"]] = next(self.numbers)
            self.default = (name["sink_name"], self.default[1])
        else:
            self.inputs[name["source_name"]] = next(self.numbers)
            self.default = (self.default[0], name["source_name"])

    def unload(self, module, argument):
        gone = argument.partition("=")[2]
        (self.outputs if module == nullsink.SINK_MODULE else self.inputs).pop(gone, None)

    def recordings(self):
        return tuple(self.streams)

    def move(self, recording, source):
        raise NotImplementedError

    def defaults(self):
        return self.default

    def set_defaults(self, sink, source):
        self.default = (sink or self.default[0], source or self.default[1])


@pytest.fixture(autouse=True)
def _own_home(tmp_path, monkeypatch):
    monkeypatch.setenv("RTVC_HOME", str(tmp_path))


@pytest.fixture
def server():
    return ListedServer()


def test_the_device_is_made_once(server):
    assert nullsink.ensure(server, nullsink.USUAL, FORM)
    assert not nullsink.ensure(server, nullsink.USUAL, FORM)
    assert server.loaded == [nullsink.SINK_MODULE, nullsink.SOURCE_MODULE]


def test_an_old_server_gets_the_device_without_what_it_does_not_know(server):
    server.old = True
    nullsink.ensure(server, nullsink.USUAL, FORM)
    assert server.loaded == [nullsink.SINK_MODULE, nullsink.SOURCE_MODULE]


def test_only_the_missing_half_is_made(server):
    nullsink.ensure(server, nullsink.USUAL, FORM)
    del server.inputs["rtvc_mic"]
    assert nullsink.ensure(server, nullsink.USUAL, FORM)
    assert server.loaded[2:] == [nullsink.SOURCE_MODULE]


def test_the_defaults_stay_what_they_were(server):
    nullsink.ensure(server, nullsink.USUAL, FORM)
    assert server.default == ("speaker", "real_mic")


def test_a_default_that_is_gone_is_not_restored(server):
    server.default = ("unplugged", "real_mic")
    nullsink.ensure(server, nullsink.USUAL, FORM)
    assert server.default == ("rtvc_sink", "real_mic")


def test_the_device_is_not_taken_from_a_listener(server):
    nullsink.ensure(server, nullsink.USUAL, FORM)
    server.streams = [Recording(7, server.inputs["rtvc_mic"], "Chromium input")]
    with pytest.raises(DeviceError, match="Chromium input still listens"):
        nullsink.remove(server, nullsink.USUAL)
    assert "rtvc_mic" in server.inputs
    assert nullsink.remove(server, nullsink.USUAL, force=True)
    assert server.outputs == {"speaker": 1}


@pytest.mark.parametrize("name", ["two words", 'quo"te', "a=b", "a\nb"])
def test_a_name_the_server_would_misread_is_refused(name):
    with pytest.raises(DeviceError, match="cannot be called"):
        nullsink.named(name)


def test_a_listener_the_server_moved_is_a_stray_and_one_its_user_moved_is_not(server):
    nullsink.ensure(server, nullsink.USUAL, FORM)
    ours = server.inputs["rtvc_mic"]
    server.streams = [Recording(7, ours, "call"), Recording(8, ours, "game")]
    herd = Herd()
    assert herd.strays(server, nullsink.USUAL) == ()
    server.streams[1] = Recording(8, 2, "game")  # while the device stays: its user's wish
    assert herd.strays(server, nullsink.USUAL) == ()
    del server.inputs["rtvc_mic"]
    server.streams[0] = Recording(7, 2, "call")
    assert herd.strays(server, nullsink.USUAL) == ()  # nowhere to move it to yet
    nullsink.ensure(server, nullsink.USUAL, FORM)
    assert [each.index for each in herd.strays(server, nullsink.USUAL)] == [7]


def windows(*names):
    """Return outputs as Windows lists them: each under every host API, for MME cut short."""
    return [
        Device(index, name[:31] if api == "MME" else name, api, 2)
        for api in ("MME", "Windows DirectSound", "Windows WASAPI", "Windows WDM-KS")
        for index, name in enumerate(names)
    ]


def test_vb_cable_is_found_under_wasapi_and_not_its_16_channel_twin():
    outputs = windows(
        "CABLE In 16ch (VB-Audio Virtual Cable)",
        "CABLE-A Input (VB-Audio Cable A)",
        "CABLE Input (VB-Audio Virtual Cable)",
        "Speakers (Realtek High Definition Audio)",
    )
    output, picked = chosen(outputs, CABLES["vbcable"], None)
    assert (output.name, output.api) == ("CABLE Input (VB-Audio Virtual Cable)", "Windows WASAPI")
    assert picked == "CABLE Output (VB-Audio Virtual Cable)"


def test_a_cable_of_another_name_can_be_named():
    outputs = windows("CABLE-A Input (VB-Audio Cable A)")
    output, _ = chosen(outputs, CABLES["vbcable"], "CABLE-A Input (VB-Audio Cable A)")
    assert output.name == "CABLE-A Input (VB-Audio Cable A)"


def test_a_missing_cable_is_named_with_how_to_get_it():
    with pytest.raises(DeviceError, match=r"CABLE Input.*Install VB-CABLE"):
        chosen(windows("Speakers"), CABLES["vbcable"], None)


def test_blackhole_is_found_on_macos():
    outputs = [
        Device(0, "MacBook Pro Speakers", "Core Audio", 2),
        Device(1, "BlackHole 2ch", "Core Audio", 2),
    ]
    assert chosen(outputs, CABLES["blackhole"], None)[0].index == 1


def test_every_attempt_is_listed_when_none_succeeds():
    def refuse(factory):
        return factory(None, FORM)

    def broken(device, form):
        raise DeviceError("It is broken. Mend it.")

    with pytest.raises(DeviceError, match=r"pulse: It is broken. Mend it.\n +pacat: It is broken"):
        first_that([("pulse", broken), ("pacat", broken)], refuse)


def test_an_unknown_backend_is_refused_with_those_there_are():
    with pytest.raises(DeviceError, match="pulse, pacat, vbcable"):
        candidates("jack")


def test_files_are_written_only_when_asked_for():
    tried = {name for name, _ in candidates(None)}
    assert not tried & {"wav", "null"}
    assert {"wav", "null"} < set(BACKENDS)
