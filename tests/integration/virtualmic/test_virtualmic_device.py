"""The device on real servers: who made it, who listens, and what takes it away."""

import os
import signal
import subprocess
import sys

import pytest
import rtvc_virtualmic
from mic_side import TONE_HZ, heard, loud, tone
from rtvc_virtualmic import VirtualMic, manage
from sound_server import LIMIT_S, RATE_HZ, until

from rtvc_bridge.errors import DeviceError

pytestmark = pytest.mark.mic

KEEPS_SENDING = """
import numpy as np, rtvc_virtualmic
mic = rtvc_virtualmic.VirtualMic()
mic.send(np.full(30 * 48_000, 0.3, np.float32), 48_000)
print("sending", flush=True)
input()
"""


def test_two_microphones_of_one_name_are_one_device(server):
    with VirtualMic() as first, VirtualMic() as second:
        assert first.device == second.device == "RTVC Virtual Microphone"
        assert manage.install() == first.device
        names = [
            line.split("\t")[1] for line in server.pactl("list", "short", "sources").splitlines()
        ]
    assert sum(name.startswith("rtvc_mic") for name in names) == 1
    assert sum(name.startswith("rtvc_sink") for name in names) == 1


def test_the_usual_microphone_and_those_made_under_another_name_can_be_chosen(server):
    server.add_output("speaker")
    assert rtvc_virtualmic.devices() == ("RTVC Virtual Microphone",)
    manage.install()
    manage.install("stage")
    assert rtvc_virtualmic.devices() == ("RTVC Virtual Microphone", "stage")
    for name in rtvc_virtualmic.devices():
        assert manage.status(name).present


def test_it_is_not_removed_from_a_listener(server, recorded):
    manage.install()
    recorder = recorded()
    with pytest.raises(DeviceError, match="still listens"):
        manage.remove()
    assert manage.status().present
    recorder.close()
    until(lambda: not manage.status().listeners)
    assert manage.remove()
    assert not manage.status().present
    assert not manage.remove()


def test_the_device_outlives_a_killed_program_and_its_listener_hears_silence(server, recorded):
    writer = subprocess.Popen(
        [sys.executable, "-c", KEEPS_SENDING],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env=dict(os.environ),
    )
    assert writer.stdout is not None
    assert writer.stdout.readline()
    recorder = recorded()
    until(lambda: len(loud(recorder)))
    writer.send_signal(signal.SIGKILL)
    writer.communicate(timeout=LIMIT_S)
    recorder.wait_for(1.5)
    assert len(manage.status().listeners or ()) == 1
    assert not recorder.sound()[-RATE_HZ // 2 :].any()


def test_it_comes_back_after_the_server_did(server, recorded):
    with VirtualMic() as mic:
        server.stop()
        server.start()
        until(lambda: mic.stats.reconnects >= 1)
        recorder = recorded()
        mic.send(tone(1.5))
        assert heard(recorder) == pytest.approx(TONE_HZ, abs=3)


def test_a_listener_follows_a_device_that_was_removed_and_made_again(server, recorded):
    server.add_output("speaker")  # its monitor: another input
    with VirtualMic() as mic:
        recorder = recorded()
        recorder.wait_for(1.5)  # it is looked after once a second
        manage.remove(force=True)
        until(lambda: manage.status().listeners)
        mic.send(tone(3.0))
        assert heard(recorder) == pytest.approx(TONE_HZ, abs=3)


def test_the_default_microphone_stays_what_it_was(server):
    server.add_output("speaker")
    server.pactl("set-default-sink", "speaker")
    server.pactl("set-default-source", "speaker.monitor")
    manage.install()
    status = manage.status()
    assert (status.is_default_input, status.is_default_output) == (False, False)
