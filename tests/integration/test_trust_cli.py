"""Agreements, moderation and the panic stop as a shell sees them, with a daemon and without."""

import json
import re
import subprocess

import pytest
import soundfile
from http_host import SOON_S, check_that_hears, served
from integration.daemon_process import PROGRAM, SETTINGS, Home
from unit.test_enrolment import speech

from rtvc_bridge.config import ModerationSettings
from rtvc_bridge.daemon import held_state
from rtvc_bridge.engine import State, Utterance
from rtvc_bridge.safety.keys import Key
from rtvc_bridge.safety.moderation import Moderation
from rtvc_bridge.safety.policy import Policy
from rtvc_bridge.safety.trust import Trust
from rtvc_bridge.testing import KEY, tone_voice
from rtvc_bridge.voices import VoiceStore, write_voice

pytestmark = [pytest.mark.http, pytest.mark.trust]


@pytest.fixture
def home(tmp_path, monkeypatch):
    """A user's folder with the voice "alba" and settings that hum."""
    home = Home.made(tmp_path / "home")
    monkeypatch.setenv("RTVC_HOME", str(home.folder))
    return home


@pytest.fixture
def clip(tmp_path):
    """A recording of eight seconds of speech."""
    file = tmp_path / "clip.wav"
    sound = speech(8)
    soundfile.write(file, sound.samples, sound.rate_hz)
    return file


@pytest.fixture
def heard():
    """The words that are heard in whatever is handed in."""
    return []


@pytest.fixture
def daemon(home, heard):
    """A daemon's API within this process, which holds secrets."""
    voices = VoiceStore(home.folder / "data" / "voices")
    rules = Policy(
        Trust(KEY, revoked=voices.tombstones.has),
        moderator=Moderation(ModerationSettings(hold=["secret"])),
    )
    check = check_that_hears(heard)
    with (
        held_state(home.folder / "state") as state,
        served(home.folder / "data", voices=voices, rules=rules, consent=check) as daemon,
    ):
        state.announce(daemon.url, daemon.token_file)
        yield daemon


@pytest.fixture
def played(daemon):
    """What was said into the lane "speaker", which a player has."""
    said: list[Utterance] = []
    end = daemon.engine.play_lane("speaker", said.append)
    yield said
    end()


def test_a_sentence_is_shown_and_its_recording_handed_in(daemon, home, clip, heard):
    words = ["enrol", "cara", clip, "--consent-by", "Cara C.", "--json"]
    command = [*PROGRAM, *map(str, words), "--spoken", "--consent-recording", str(clip)]
    shown = b""
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        assert process.stdin
        assert process.stderr
        while not shown.endswith(b"press Enter.") and (piece := process.stderr.read(1)):
            shown += piece
        sentence = re.search(r"I agree .* words are[^.]*\.", " ".join(shown.decode().split()))
        assert sentence
        heard.append(sentence.group())
        said, errors = process.communicate(b"\n", timeout=SOON_S)
    assert process.returncode == 0, errors
    assert json.loads(said)["name"] == "cara"
    consent = json.loads(home.run("voice", "info", "cara", "--json").stdout)["consent"]
    assert consent["level"] == "spoken"
    assert consent["spoken"]["sentence"] in " ".join(shown.decode().split())


@pytest.mark.parametrize("mode", [[], ["--local"]])
def test_a_voice_from_elsewhere_is_marked_until_its_speaker_agrees_here(daemon, home, mode):
    file = home.folder / "foreign"
    elsewhere = Trust(Key(bytes(32)), revoked=lambda _: False)
    write_voice(elsewhere.sign(tone_voice("berta", 330.0)), file)
    assert home.run("voice", "import", file, *mode).returncode == 0
    listed = home.run("voices", *mode)
    assert "not usable: The agreement for 'berta' was given on another" in listed.stderr
    out = home.folder / "x.wav"
    refused = home.run("say", "Hello.", "--voice", "berta", "--out", out, *mode)
    assert (refused.returncode, "voice consent 'berta'" in refused.stderr) == (1, True)
    agreed = home.run("voice", "consent", "berta", "--by", "Berta B.", *mode)
    assert agreed.stdout == "Berta B. agreed to 'berta'.\n"
    info = home.run("voice", "info", "berta", *mode).stdout
    assert "Berta B." in info
    assert "trouble" not in info


@pytest.mark.parametrize("mode", [[], ["--local"]])
def test_a_voice_is_granted_withdrawn_and_revoked(daemon, home, tmp_path, mode):
    granted = home.run("voice", "grant", "alba", "discord:role:9", *mode)
    assert granted.stdout == "'alba' is granted to: discord:role:9.\n"
    assert home.run("voice", "grant", "alba", "bob", *mode).returncode == 1
    withdrawn = home.run("voice", "withdraw", "alba", "discord:role:9", *mode)
    assert withdrawn.stdout == "'alba' is granted to: nobody.\n"
    assert home.run("voice", "export", "alba", tmp_path / "copy", *mode).returncode == 0
    assert home.run("voice", "revoke", "alba", *mode, input="n\n").returncode == 1
    assert "0 lines cut off" in home.run("voice", "revoke", "alba", "--yes", *mode).stdout
    back = home.run("voice", "import", tmp_path / "copy", *mode)
    assert (back.returncode, "took the agreement back" in back.stderr) == (1, True)


def test_held_lines_are_seen_approved_and_denied(daemon, played, home):
    assert home.run("queue", "held").stdout == "Nothing waits for a moderator.\n"
    said = ["say", "-", "--voice", "alba", "--lane", "speaker"]
    told = home.run(*said, input="One secret.\nTwo secret.\n")
    assert "Line 1 waits for a moderator: rtvc-bridge queue approve 1" in told.stderr
    assert "Two secret." in home.run("queue", "held").stdout
    assert "2 lines held for a moderator" in home.run("queue", "show").stdout
    assert home.run("queue", "deny", "2", "--reason", "Not here.").stdout == "Denied line 2.\n"
    assert home.run("queue", "approve", "1").stdout == "Approved line 1.\n"
    assert played[0].wait(SOON_S).state is State.DONE
    assert daemon.engine.queue.find(2).status.reason == "Not here."
    assert home.run("queue", "approve", "2").returncode == 1


def test_a_panic_stops_everything_until_it_is_lifted(daemon, played, home):
    daemon.engine.queue.pause()
    daemon.engine.say("Hello.", daemon.voices.get("alba"), lane="speaker")
    assert home.run("panic").stdout.startswith("Silenced 1 line.")
    refused = home.run("say", "Hello.", "--voice", "alba", "--lane", "speaker")
    assert (refused.returncode, "rtvc-bridge lift" in refused.stderr) == (1, True)
    assert "rtvc-bridge lift" in home.run("status").stdout
    assert home.run("lift").stdout == "Speech goes on.\n"
    assert daemon.engine.queue.halted is False


def test_without_a_daemon_a_held_line_is_not_spoken(home, tmp_path):
    (home.folder / "config.toml").write_text(f'{SETTINGS}\n[moderation]\nhold = ["secret"]\n')
    refused = home.run("say", "One secret.", "--voice", "alba", "--out", tmp_path / "x.wav")
    assert (refused.returncode, "through the daemon" in refused.stderr) == (1, True)
    assert not (tmp_path / "x.wav").exists()


def test_where_a_sentence_is_asked_for_a_statement_does_not_do(home, clip):
    (home.folder / "config.toml").write_text(f'{SETTINGS}\n[consent]\nhere = "spoken"\n')
    for words in (
        ["enrol", "cara", clip, "--consent-by", "Cara C."],
        ["voice", "consent", "alba", "--by", "Alba"],
        ["say", "Hello.", "--like", clip, "--consent-by", "Cara C.", "--out", "x.wav"],
    ):
        refused = home.run(*words)
        assert (refused.returncode, "--spoken" in refused.stderr) == (1, True), refused.stderr
