"""What doctor finds about the microphone on real servers."""

import json

import numpy as np
import pytest
from integration.daemon_process import Home
from rtvc_virtualmic import VirtualMic, doctor, manage, nullsink
from rtvc_virtualmic.pacat import pactl_control
from sound_server import until

from rtvc_bridge.plugins import findings

pytestmark = pytest.mark.mic


def found():
    return {each.part: each for each in doctor.examined()}


def test_a_missing_microphone_is_found_with_what_makes_it(server):
    assert found()["sound server"].well
    assert found()["virtual microphone"].fix == "rtvc-bridge mic install"


def test_a_microphone_in_order_is_found_well_and_its_listener_named(server, recorded):
    server.add_output("speaker")
    server.pactl("set-default-sink", "speaker")
    server.pactl("set-default-source", "speaker.monitor")
    with VirtualMic():
        recorded()
        assert all(each.well for each in found().values())
        assert found()["who listens"].detail == "rtvc-bridge mic test"
        assert found()["who is heard"].detail == "rtvc-bridge"


def test_defaults_taken_by_the_microphone_are_found_with_what_gives_them_back(server):
    server.add_output("speaker")
    manage.install()
    server.pactl("set-default-sink", "rtvc_sink")
    server.pactl("set-default-source", "rtvc_mic")
    until(lambda: found()["default output"].fix.startswith("pactl set-default-sink speaker"))
    until(lambda: "set-default-source speaker.monitor" in found()["default microphone"].fix)


def test_a_second_voice_in_the_microphone_is_found(server):
    with VirtualMic() as first, VirtualMic():
        first.send(np.zeros(100, np.float32))
        until(lambda: not found()["who is heard"].well)
        assert "2 rtvc-bridge programs" in found()["who is heard"].detail


def test_another_program_that_plays_into_the_microphone_is_named(server):
    manage.install()
    server.pactl("load-module", "module-null-sink", "sink_name=music")
    server.pactl("load-module", "module-loopback", "source=music.monitor", "sink=rtvc_sink")
    until(lambda: not found()["who is heard"].well)
    assert "plays into the microphone too" in found()["who is heard"].detail


def test_pactl_finds_the_same_as_pulsectl(server, recorded):
    with VirtualMic() as mic:
        recorded()
        with pactl_control() as control:
            by_pactl = list(doctor.server_findings(control, nullsink.named(None)))
        assert by_pactl == doctor.examined()
        assert mic.device == by_pactl[1].detail


def test_without_a_server_it_is_said_how_to_start_one(server):
    server.stop()
    assert "systemctl --user start" in found()["virtual microphone"].fix


def test_the_adapter_tells_the_doctor_of_the_program(server, tmp_path):
    assert findings("virtualmic", {})[0].part == "sound server"
    home = Home.made(tmp_path / "plain")
    checks = json.loads(home.run("doctor", "--no-start", "--json").stdout)
    assert {"part": "sound server", "state": "ok"}.items() <= checks[-2].items()
    assert checks[-1]["fix"] == "rtvc-bridge mic install"
    assert checks[-1]["state"] == "optional"
