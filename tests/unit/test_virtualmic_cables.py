"""What doctor says of virtual cables, from device lists as Windows and macOS give them."""

from rtvc_virtualmic.cables import present
from rtvc_virtualmic.doctor import cable_findings

from rtvc_bridge.soundcard import Device

CABLE = "CABLE Input (VB-Audio Virtual Cable)"
SPEAKERS = "Speakers (Realtek High Definition Audio)"
MACBOOK = "MacBook Pro Speakers"


def windows(*names):
    """Return outputs as Windows lists them: each under every host API, for MME cut short."""
    apis = ("MME", "Windows DirectSound", "Windows WASAPI", "Windows WDM-KS")
    listed = [(name[:31] if api == "MME" else name, api) for api in apis for name in names]
    return [Device(index, name, api, 2) for index, (name, api) in enumerate(listed)]


def macos(*names):
    return [Device(index, name, "Core Audio", 2) for index, name in enumerate(names)]


def test_both_ends_of_a_windows_cable_are_named():
    (cable,) = cable_findings(windows(SPEAKERS, CABLE), 0, "win32")
    assert cable.well
    assert f'plays into "{CABLE}"' in cable.detail
    assert 'pick "CABLE Output (VB-Audio Virtual Cable)"' in cable.detail


def test_a_cable_that_became_the_default_output_is_warned_of():
    cable, default = cable_findings(windows(CABLE, SPEAKERS), 0, "win32")
    assert cable.well
    assert not default.well
    assert "all that this computer plays" in default.detail


def test_without_any_cable_it_is_said_how_to_get_one():
    (missing,) = cable_findings(windows(SPEAKERS), 0, "win32")
    assert not missing.well
    assert "Install VB-CABLE" in missing.fix
    assert "Install Voicemeeter" in missing.fix


def test_blackhole_is_to_be_picked_by_its_one_name_on_macos():
    (cable,) = cable_findings(macos(MACBOOK, "BlackHole 2ch"), 0, "darwin")
    assert 'pick "BlackHole 2ch"' in cable.detail


def test_a_mac_without_a_cable_is_told_the_command_that_gets_one():
    (missing,) = cable_findings(macos(MACBOOK), 0, "darwin")
    assert "brew install blackhole-2ch" in missing.fix


def test_the_ends_of_cables_that_are_there_can_be_chosen_each_once():
    aux = "Voicemeeter AUX Input (VB-Audio Voicemeeter VAIO)"
    assert present(windows(SPEAKERS, aux, CABLE)) == (CABLE, aux)
    assert present(macos(MACBOOK, "BlackHole 16ch")) == ("BlackHole 16ch",)
    assert present(windows(SPEAKERS)) == ()


def test_the_other_end_of_a_chosen_cable_is_named():
    aux = "Voicemeeter AUX Input (VB-Audio Voicemeeter VAIO)"
    found, *_ = cable_findings(windows(SPEAKERS, CABLE, aux), 0, "win32", aux)
    assert f'plays into "{aux}"; pick "Voicemeeter Out B2' in found.detail
