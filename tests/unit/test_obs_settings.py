"""[adapters.obs], and what OBS is told to make."""

import ast
import sys
from pathlib import Path

import pytest
import rtvc_obs
from pydantic import ValidationError
from rtvc_obs import Settings
from rtvc_obs.client import proof
from rtvc_obs.sources import TEXT_KINDS, matching, text_settings

from rtvc_bridge.errors import ConfigError

WINDOWS = [
    ("Default", "default"),
    ("CABLE In 16ch (VB-Audio Virtual Cable)", "{0.0.1}.{1}"),
    ("CABLE Output 16ch (VB-Audio Virtual Cable)", "{0.0.1}.{2}"),
    ("CABLE Output (VB-Audio Virtual Cable)", "{0.0.1}.{3}"),
    ("Microphone (Realtek Audio)", "{0.0.1}.{4}"),
]
MAC = [("Default", "default"), ("MacBook Pro Microphone", "a"), ("BlackHole 2ch", "b")]
LINUX = [("Built-in Audio", "alsa_input"), ("RTVC Virtual Microphone", "rtvc_mic")]


def test_the_password_comes_from_where_the_settings_say(tmp_path, monkeypatch):
    file = tmp_path / "password"
    file.write_text("one\n")
    monkeypatch.setenv("OBS_PASSWORD", "two")
    assert Settings(password_file=str(file)).password() == "one"
    assert Settings(password_env="OBS_PASSWORD").password() == "two"
    assert Settings().password() == ""


def test_a_password_that_is_not_there_is_said(tmp_path, monkeypatch):
    monkeypatch.delenv("OBS_PASSWORD", raising=False)
    with pytest.raises(ConfigError, match="OBS_PASSWORD"):
        Settings(password_env="OBS_PASSWORD").password()
    with pytest.raises(ConfigError, match="cannot be read"):
        Settings(password_file=str(tmp_path / "none")).password()


@pytest.mark.parametrize(
    "wrong",
    [
        {"transport": "udp", "host": "192.0.2.7"},
        {"password_env": "A", "password_file": "b"},
        {"password": "plain"},
        {"lanes": []},
    ],
)
def test_settings_that_cannot_be_are_refused(wrong):
    with pytest.raises(ValidationError):
        Settings.model_validate(wrong)


def test_the_password_is_proven_as_the_protocol_says():
    """The example in obs-websocket's protocol.md."""
    salt = "lM1GncleQOaCu9lT1yeUZhFYnqhsLLP1G5lAGo3ixaI="
    challenge = "+IxH4CnCiqpX1rM9scsNynZzbOe4KhDeYcTNS3PDaeY="
    shown = proof("supersecretpassword", salt, challenge)
    assert shown == "1Ct943GAT+6YQUUX47Ia/ncufilbe6+oD6lY+5kaCu4="


@pytest.mark.parametrize(
    ("devices", "wanted", "value"),
    [
        (WINDOWS, "", "{0.0.1}.{3}"),
        (WINDOWS, "Microphone (Realtek Audio)", "{0.0.1}.{4}"),
        (MAC, "", "b"),
        (LINUX, "", "rtvc_mic"),
        (LINUX, "rtvc_mic", "rtvc_mic"),
        (LINUX, "another", None),
        (LINUX[:1], "", None),
    ],
)
def test_our_microphone_is_found_among_those_that_obs_lists(devices, wanted, value):
    assert matching(devices, wanted) == value


@pytest.mark.parametrize("kind", TEXT_KINDS)
def test_captions_wrap_within_the_picture(kind):
    settings = text_settings(kind, 1920, 1080)
    width = settings.get("extents_cx") or settings["custom_width"]
    assert 0 < width < 1920
    assert settings.get("extents_wrap") or settings["word_wrap"]
    assert settings["text"] == ""


def test_the_obs_script_needs_nothing_that_obs_does_not_bring():
    script = Path(rtvc_obs.__file__).parent / "script" / "rtvc_bridge_say.py"
    tree = ast.parse(script.read_text(encoding="utf-8"))
    imports = [node for node in ast.walk(tree) if isinstance(node, ast.Import)]
    names = {each.name for node in imports for each in node.names}
    names |= {str(node.module) for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    assert {name.split(".")[0] for name in names} - sys.stdlib_module_names == {"obspython"}
