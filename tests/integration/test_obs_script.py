"""The OBS script, run by a real OBS, with the real HTTP API behind it."""

import json
from pathlib import Path

import pytest
import rtvc_obs
from http_host import served
from obs_program import desktop, missing, until, with_script

pytestmark = pytest.mark.obs

SCRIPT = Path(rtvc_obs.__file__).parent / "script" / "rtvc_bridge_say.py"
CHOSEN = {"voice": "alba", "text": "Hello from OBS.", "lane": "speaker", "state_source": "State"}


@pytest.fixture
def obs(tmp_path, monkeypatch):
    """An OBS with the script and a text source for its state."""
    if name := missing():
        pytest.skip(f"{name} is not installed")
    with desktop(tmp_path, monkeypatch.setenv, fps=5) as program:
        with_script(program, SCRIPT, dict(CHOSEN))
        program.start()
        if "scripting" not in (tmp_path / "obs.log").read_text(errors="replace").lower():
            pytest.skip("this OBS runs no scripts")
        program.ask(
            "CreateInput",
            sceneName=program.ask("GetCurrentProgramScene")["currentProgramSceneName"],
            inputName="State",
            inputKind="text_ft2_source_v2",
            inputSettings={"text": ""},
        )
        yield program


@pytest.fixture
def daemon(tmp_path, obs):
    """The API, announced as the daemon announces it."""
    with served(tmp_path / "home") as daemon:
        heard: list[str] = []
        end = daemon.engine.play_lane("speaker", lambda line: heard.append(line.text))
        address = {"url": daemon.url, "token_file": daemon.token_file}
        (tmp_path / "state" / "daemon.json").write_text(json.dumps(address))
        yield daemon, heard
        end()


def state(program):
    return program.ask("GetInputSettings", inputName="State")["inputSettings"]["text"]


def press(program, hotkey):
    program.ask("TriggerHotkeyByName", hotkeyName=hotkey)


def test_without_a_daemon_the_script_says_what_to_start(obs):
    until(lambda: "Start it: rtvc-bridge run" in state(obs))
    press(obs, "rtvc_bridge_say")
    until(lambda: obs.ask("GetStats"))  # OBS goes on


def test_the_hotkey_says_the_line_and_the_other_silences_it(obs, daemon):
    host, heard = daemon
    until(lambda: state(obs) == "rtvc-bridge is ready.")
    press(obs, "rtvc_bridge_say")
    until(lambda: heard == ["Hello from OBS."])
    until(lambda: state(obs) == "alba speaks.")
    press(obs, "rtvc_bridge_skip")
    until(lambda: not host.engine.queue.listed())
    until(lambda: state(obs) == "rtvc-bridge is ready.")


def test_a_refusal_is_shown_in_the_daemons_words(obs, daemon):
    host, _ = daemon
    host.voices.delete("alba")
    press(obs, "rtvc_bridge_say")
    until(lambda: "alba" in state(obs) and "speaks" not in state(obs))
