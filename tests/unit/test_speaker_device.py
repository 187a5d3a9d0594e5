"""The speaker's choice of a device, and what it hands to one."""

import sys

import numpy as np
import pytest
from pydantic import ValidationError
from rtvc_speaker.adapter import Settings
from rtvc_speaker.device import Output, chosen

from rtvc_bridge.engine import Engine
from rtvc_bridge.errors import DeviceError
from rtvc_bridge.playing import Player
from rtvc_bridge.soundcard import Device, sounddevice
from rtvc_bridge.testing import humming, policy, tone_voice

SOON_S = 20.0


def test_a_device_with_one_channel_gets_each_sample_once():
    sounds = []
    for channels in (1, 2):
        player = Player()
        with Engine(humming(), policy()) as engine:
            engine.play_lane("speaker", player.add)
            line = "The same line for one ear or two."
            engine.say(line, tone_voice("alba", 220.0), lane="speaker").wait(SOON_S)
            out = bytearray(9600 * channels)
            Output(Device(0, "box", "ALSA", channels), player.take).feed(out)
        sounds.append(np.frombuffer(out, "<i2"))
    assert np.any(sounds[0])
    assert np.array_equal(sounds[0], sounds[1][::2])


def test_without_sounddevice_it_says_what_to_install(monkeypatch):
    monkeypatch.setenv("PULSE_PROP_application.name", "test")
    monkeypatch.setitem(sys.modules, "sounddevice", None)
    with pytest.raises(DeviceError, match=r"rtvc-bridge\[mic\]"):
        sounddevice()


DEVICES = (
    Device(0, "HDA Intel PCH: ALC257 Analog (hw:1,0)", "ALSA", 2),
    Device(4, "Speakers (USB)", "MME", 2),
    Device(7, "Speakers (USB)", "Windows WASAPI", 2),
)


@pytest.mark.parametrize(
    ("name", "index"),
    [
        ("", 4),
        ("HDA Intel PCH: ALC257 Analog (hw:1,0)", 0),
        ("HDA Intel PCH: ALC257 Analog", 0),
        ("Speakers (USB)", 4),
        ("Speakers (USB), Windows WASAPI", 7),
    ],
)
def test_a_device_is_chosen_by_any_of_its_names(name, index):
    assert chosen(DEVICES, name, default=4).index == index


def test_without_a_default_the_first_device_is_chosen():
    assert chosen(DEVICES, "", default=-1).index == 0


def test_an_unknown_device_is_refused_with_a_list_of_those_there_are():
    with pytest.raises(DeviceError, match=r'called "Speakers".*"Speakers \(USB\)"'):
        chosen(DEVICES, "Speakers", default=0)


def test_a_computer_without_outputs_is_told_what_to_look_at():
    with pytest.raises(DeviceError, match="Connect one"):
        chosen((), "", default=-1)


@pytest.mark.parametrize("table", [{"volume_db": float("nan")}, {"latency": "lowest"}, {"x": 1}])
def test_wrong_settings_are_refused(table):
    with pytest.raises(ValidationError):
        Settings.model_validate(table)
