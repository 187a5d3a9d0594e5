"""Agreements, grants, moderation and the panic stop over the API, by its client."""

import io
import threading
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
import soundfile
from http_host import SOON_S, check_that_hears, served
from unit.test_enrolment import speech

from rtvc_bridge.client import Client
from rtvc_bridge.config import ConsentSettings, ModerationSettings, Settings
from rtvc_bridge.engine import State, Utterance
from rtvc_bridge.errors import (
    ConsentError,
    HaltedError,
    TextRejectedError,
    UserError,
    UtteranceNotFoundError,
    VoiceNotFoundError,
)
from rtvc_bridge.safety import attestation
from rtvc_bridge.safety.keys import Key
from rtvc_bridge.safety.moderation import Moderation
from rtvc_bridge.safety.policy import Policy
from rtvc_bridge.safety.trust import Trust
from rtvc_bridge.testing import KEY, humming, tone_voice
from rtvc_bridge.voices import VoiceStore, write_voice

pytestmark = [pytest.mark.http, pytest.mark.trust]

STRANGER = Key(bytes(32))


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("RTVC_HOME", str(tmp_path))
    return tmp_path


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
def start(home, heard):
    """Serves the API with those [consent] settings, and gives the daemon and a client."""

    def begin(**consent):
        voices = VoiceStore(home / "voices")
        voices.add(tone_voice("alba", 220.0))
        moderation = Moderation(ModerationSettings(hold=["secret"]))
        trust = Trust(KEY, revoked=voices.tombstones.has)
        check = check_that_hears(heard)
        return served(
            home,
            pipeline=humming(hold_path=str(home / "release")),
            voices=voices,
            rules=Policy(trust, moderator=moderation),
            shown=Settings(consent=ConsentSettings(**consent)),
            consent=check,
        )

    return begin


@pytest.fixture
def daemon(start):
    with start() as daemon:
        yield daemon


@pytest.fixture
def client(daemon):
    with Client(daemon.url, daemon.token()) as client:
        yield client


@pytest.fixture
def api(daemon):
    with daemon.client() as api:
        yield api


@pytest.fixture
def played(daemon):
    """What was said into the lane "speaker", which a player has."""
    said: list[Utterance] = []
    end = daemon.engine.play_lane("speaker", said.append)
    yield said
    end()


def enrolled(api, clip, **fields):
    """The answer to a form that is to make the voice "cara"."""
    form = {"name": "cara", "consent_by": "Cara C."} | fields
    return api.post("/v1/voices", data=form, files={"clips": clip.read_bytes()})


def proof(key=KEY, *, age_s=0):
    made = attestation.made(
        key, "cara", "Cara C.", now=lambda: datetime.now(UTC) - timedelta(seconds=age_s)
    )
    return {"attested_at": made.at, "attestation": made.signature}


# -- agreeing


def test_this_users_program_states_the_agreement_with_the_users_key(client, daemon, clip):
    consent = client.enrol("cara", [clip], consent_by="Cara C.")["voice"]["consent"]
    assert (consent["level"], consent["by"], consent["owner"]) == ("attested", "Cara C.", "here")
    assert list(daemon.engine.say("Hello.", daemon.voices.get("cara"), lane="http"))


@pytest.mark.parametrize(
    ("fields", "status", "words"),
    [
        ({}, 403, "reading a sentence aloud"),
        (proof(STRANGER), 403, "not signed with the key"),
        (proof(age_s=301), 403, "good for 300 s"),
        (proof() | {"consent_by": "Somebody else"}, 403, "another voice or speaker"),
        ({"attestation": "00" * 64}, 422, "goes with its attested_at"),
        ({"sentence_id": "x"}, 422, "goes with a consent_recording"),
    ],
)
def test_recordings_without_an_agreement_that_counts_make_no_voice(
    daemon, api, clip, fields, status, words
):
    answer = enrolled(api, clip, **fields)
    assert (answer.status_code, words in answer.json()["detail"]) == (status, True)
    assert daemon.voices.names() == ["alba"]


def test_where_others_may_attest_no_proof_is_asked_for(start, clip):
    with start(others="attested", valid_days=30) as daemon, daemon.client() as api:
        consent = enrolled(api, clip).json()["voice"]["consent"]
    assert consent["level"] == "attested"
    left = datetime.fromisoformat(consent["expires_at"]) - datetime.now(UTC)
    assert timedelta(days=29) < left <= timedelta(days=30)


def test_where_a_sentence_is_asked_for_a_statement_does_not_do(start, clip):
    with start(here="spoken") as daemon, Client(daemon.url, daemon.token()) as client:
        with pytest.raises(ConsentError, match="reading a sentence aloud"):
            client.enrol("cara", [clip], consent_by="Cara C.")
        with pytest.raises(ConsentError, match="reading a sentence aloud"):
            client.consent("alba", consent_by="Alba")


def test_a_sentence_read_aloud_makes_a_voice_once(client, daemon, clip, heard):
    given = client.sentence("cara")
    assert "cara" in given["sentence"]
    heard.append(given["sentence"])
    read = {"sentence_id": given["id"], "consent_recording": clip}
    made = client.enrol("cara", [clip], consent_by="Cara C.", **read)["voice"]
    spoken = made["consent"]["spoken"]
    assert made["consent"]["level"] == "spoken"
    assert spoken["sentence"] == given["sentence"]
    assert spoken["words"] >= spoken["words_least"] > 0
    assert spoken["speaker"] >= spoken["speaker_least"] > 0
    assert made["trouble"] is None
    with pytest.raises(ConsentError, match="used already"):
        client.enrol("dora", [clip], consent_by="Dora D.", **read)
    assert daemon.voices.names() == ["alba", "cara"]


def test_other_words_make_no_voice(client, daemon, clip, heard):
    given = client.sentence("cara")
    heard.append("I am reading something else today, and nobody can tell me why.")
    with pytest.raises(ConsentError, match="random words"):
        client.enrol(
            "cara",
            [clip],
            consent_by="Cara C.",
            sentence_id=given["id"],
            consent_recording=clip,
        )
    assert daemon.voices.names() == ["alba"]


def test_a_daemon_that_cannot_hear_gives_no_sentence(home):
    with (
        served(home) as daemon,
        Client(daemon.url, daemon.token()) as client,
        pytest.raises(ConsentError, match="Nothing in this daemon can judge"),
    ):
        client.sentence("cara")


def test_a_voice_from_elsewhere_is_of_no_use_until_its_speaker_agrees_here(
    client, played, home, clip, heard
):
    file = home / "foreign"
    elsewhere = Trust(STRANGER, revoked=lambda _: False)
    write_voice(elsewhere.sign(tone_voice("berta", 330.0)), file)
    assert "another installation" in client.import_(file)["trouble"]
    with pytest.raises(ConsentError, match="another installation"):
        client.say("Hello.", voice="berta")
    agreed = client.consent("berta", consent_by="Berta B.")
    assert (agreed["trouble"], agreed["consent"]["by"]) == (None, "Berta B.")
    client.say("Hello.", voice="berta")
    assert played[0].wait(SOON_S).state is State.DONE


def test_an_agreement_is_given_again_by_reading_aloud(client, clip, heard):
    client.enrol("cara", [clip], consent_by="Cara C.")
    given = client.sentence("cara")
    heard.append(given["sentence"])
    agreed = client.consent(
        "cara", consent_by="Cara C.", sentence_id=given["id"], consent_recording=clip
    )
    assert agreed["consent"]["level"] == "spoken"


def test_a_long_recording_of_a_sentence_is_not_too_large(api, daemon):
    file = io.BytesIO()
    sound = np.zeros(30 * 48_000, np.float32)
    soundfile.write(file, sound, 48_000, format="WAV")
    form = {"consent_by": "Alba", "sentence_id": "never given"}
    recording = {"consent_recording": file.getvalue()}
    answer = api.post("/v1/voices/alba/consent", data=form, files=recording)
    assert (answer.status_code, "is unknown here" in answer.json()["detail"]) == (403, True)


# -- granting and revoking


def test_a_voice_is_granted_and_withdrawn(client):
    assert client.grant("alba", "discord:role:9")["consent"]["grants"] == ["discord:role:9"]
    assert client.grant("alba", "everyone")["trouble"] is None
    assert client.withdraw("alba", "everyone")["consent"]["grants"] == ["discord:role:9"]


@pytest.mark.parametrize("to", ["", "bob", "discord:user:", "discord:user:1\n", "x" * 300])
def test_a_voice_is_granted_to_somebody_only(client, to):
    with pytest.raises(UserError):
        client.grant("alba", to)
    assert client.voice("alba")["consent"]["grants"] == []


def test_somebody_elses_voice_is_not_granted_from_here(client, daemon):
    trust = daemon.engine.policy.trust
    voice = tone_voice("berta", 330.0)
    theirs = replace(voice, consent=replace(voice.consent, owner="discord:user:12"))
    daemon.voices.add(trust.sign(theirs))
    with pytest.raises(ConsentError, match="Only the owner"):
        client.grant("berta", "everyone")
    assert client.voice("berta")["consent"]["owner"] == "discord:user:12"


def test_a_revoked_voice_falls_silent_and_never_comes_back(client, daemon, played, home):
    client.export("alba", home / "copy")
    client.pause()
    for text in ("One.", "Two."):
        client.say(text, voice="alba")
    assert client.revoke("alba") == 2
    assert [line.wait(SOON_S).state for line in played] == [State.CANCELLED] * 2
    with pytest.raises(VoiceNotFoundError):
        client.voice("alba")
    with pytest.raises(ConsentError, match="took the agreement back"):
        client.import_(home / "copy")
    with pytest.raises(VoiceNotFoundError):
        client.revoke("alba")


# -- moderation


def test_a_held_line_waits_for_a_yes(client, played):
    line = client.say("This is secret.", voice="alba")
    assert (line["state"], played) == ("held", [])
    assert "moderator" in line["reason"]
    assert client.queue() == []
    assert [each["text"] for each in client.held()] == ["This is secret."]
    assert client.status()["held"] == 1
    client.approve(line["id"])
    assert played[0].wait(SOON_S).state is State.DONE
    assert client.held() == []
    for verb in (client.approve, client.deny):
        with pytest.raises(UtteranceNotFoundError, match="does not wait for a moderator"):
            verb(line["id"])


def test_a_denied_line_is_not_spoken_and_says_why(client, daemon):
    refused = []

    def speak():
        with pytest.raises(TextRejectedError) as caught:
            list(client.speech("This is secret.", voice="alba"))
        refused.append(str(caught.value))

    with closing(client.events()) as events:
        next(events)
        speaking = threading.Thread(target=speak)
        speaking.start()
        view = next(view for name, view in events if name == "status")
    assert (view["state"], view["text"]) == ("held", "This is secret.")
    client.deny(view["id"], "Not here.")
    speaking.join(SOON_S)
    assert refused == ["Not here."]


# -- stopping everything


def test_a_halt_silences_everything_until_it_is_lifted(client, daemon, api):
    pieces = client.speech("Hello. Held back.", voice="alba")
    next(pieces)
    with closing(client.events()) as events:
        assert next(events)[1]["halted"] is False
        assert client.halt() == 1
        changes = (data for name, data in events if name == "halted")
        assert next(changes) == {"halted": True}
        assert client.status()["halted"] is True
        with pytest.raises(HaltedError, match="rtvc-bridge lift"):
            list(client.speech("Hello.", voice="alba"))
        answer = api.post(
            "/v1/audio/speech", json={"model": "tts-1", "voice": "alba", "input": "Hello."}
        )
        assert (answer.status_code, answer.json()["type"]) == (423, "urn:rtvc-bridge:halted")
        client.lift()
        assert next(changes) == {"halted": False}
    assert list(client.speech("Hello.", voice="alba"))


def test_metrics_count_refusals_by_their_kind(client, api, played):
    client.say("This is secret.", voice="alba")
    client.halt()
    with pytest.raises(HaltedError):
        client.say("Hello.", voice="alba")
    with pytest.raises(VoiceNotFoundError):
        client.voice("nobody")
    lines = api.get("/metrics").text.splitlines()
    for line in (
        'rtvc_refusals_total{kind="halted"} 1.0',
        'rtvc_refusals_total{kind="voice-not-found"} 1.0',
        "rtvc_halted 1.0",
        "rtvc_held 0.0",
    ):
        assert line in lines
