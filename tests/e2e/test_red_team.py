"""Attacks on other people's voices, through the doors that attackers have. Each must be refused.

Attacks on spoken consent are in test_red_team_consent.py, on the watermark in
integration/test_watermark_worker.py, from a web page in test_red_team_page.py.
"""

import json
import shutil
import socket
import sqlite3
import struct
import threading
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import httpx
import numpy as np
import pytest
import soundfile
from integration.daemon_process import Home
from safetensors import safe_open
from safetensors.numpy import save_file

from rtvc_bridge.safety.keys import Key
from rtvc_bridge.safety.trust import Trust
from rtvc_bridge.testing import tone_voice
from rtvc_bridge.voices import read_voice, write_voice

pytestmark = pytest.mark.trust

ATTACKER = Key(b"\x07" * 32)
LINE = "A line that an attacker would like to have said."
SPEECH = {"model": "rtvc-bridge", "voice": "alba", "input": LINE}


@pytest.fixture
def home(tmp_path):
    return Home.made(tmp_path / "home")


def voice_file(home):
    (file,) = (home.folder / "data" / "voices").glob("*.voice.safetensors")
    return file


def rewritten(file, change):
    """Rewrite the header of a voice file as an attacker would, every checksum right."""
    with safe_open(file, framework="numpy") as opened:
        meta = opened.metadata()
        tensors = {name: opened.get_tensor(name) for name in opened.keys()}  # noqa: SIM118 - not a dict
    record = json.loads(meta["voice"])
    change(record)
    save_file(tensors, file, {**meta, "voice": json.dumps(record)})


def refused(home, words, *, voice="alba"):
    """Check that neither a command nor the daemon speaks in the voice, and that both say why."""
    here = home.run("say", LINE, "--voice", voice, "--local", "--out", str(home.folder / "out.wav"))
    assert here.returncode == 1
    assert words in here.stderr
    assert not (home.folder / "out.wav").exists()
    with home.daemon(), Door(home) as door:
        answer = door.post("/v1/audio/speech", json={**SPEECH, "voice": voice})
    assert 400 <= answer.status_code < 500
    assert words in answer.json()["detail"]


class Door(httpx.Client):
    """The daemon's API as this computer's user has it."""

    def __init__(self, home, **more):
        address = home.address()
        token = Path(address["token_file"]).read_text(encoding="utf-8").strip()
        super().__init__(
            base_url=address["url"],
            headers={"Authorization": f"Bearer {token}"},
            timeout=60,
            **more,
        )


def owner_changed(record):
    record["consent"]["owner"] = "here"
    record["consent"]["grants"] = ["everyone"]


def consent_invented(record):
    record["consent"]["by"] = "The Target Themselves"


def expiry_taken_out(record):
    record["consent"]["expires_at"] = "2099-01-01T00:00:00+00:00"


@pytest.mark.parametrize("change", [owner_changed, consent_invented, expiry_taken_out])
def test_a_tampered_record_is_refused(home, change):
    rewritten(voice_file(home), change)
    refused(home, "was altered after it was given")


def test_a_record_signed_with_the_attackers_own_key_is_refused(home):
    file = voice_file(home)
    forged = Trust(ATTACKER, revoked=lambda _: False).sign(read_voice(file))
    write_voice(forged, file)
    refused(home, "given on another installation")


def test_a_record_without_its_signature_is_refused(home):
    rewritten(voice_file(home), lambda record: record.pop("signature"))
    refused(home, "carries no signed agreement")


def test_an_expired_agreement_is_refused(home):
    file = voice_file(home)
    old = read_voice(file)
    consent = replace(old.consent, expires_at="2026-01-01T00:00:00+00:00")
    key = Key.opened(home.folder / "data" / "key")
    write_voice(Trust(key, revoked=lambda _: False).sign(replace(old, consent=consent)), file)
    refused(home, "ended on 2026-01-01")


@pytest.mark.parametrize(
    ("at", "words"),
    [
        (0, "There is no voice"),
        (9, "There is no voice"),
        (600, "There is no voice"),
        (-40, "its contents were altered"),
    ],
)
def test_a_tampered_voice_file_is_refused(home, at, words):
    file = voice_file(home)
    content = bytearray(file.read_bytes())
    content[at] ^= 0xFF
    file.write_bytes(content)
    refused(home, words)


def test_a_voice_swapped_under_a_signed_record_is_refused(home):
    file = voice_file(home)
    target = read_voice(file)
    other = tone_voice("bruno", 440.0)
    write_voice(replace(target, embedding=other.embedding, tensors=other.tensors), file)
    refused(home, "was altered after it was given")


def test_a_stolen_export_does_not_speak_elsewhere(home, tmp_path):
    thief = Home.made(tmp_path / "thief", voices=())
    (thief.folder / "data" / "key").unlink(missing_ok=True)
    stolen = tmp_path / "stolen.voice.safetensors"
    assert home.run("voice", "export", "alba", str(stolen)).returncode == 0
    assert thief.run("voice", "import", str(stolen)).returncode == 0
    refused(thief, "given on another installation")


def test_a_stolen_key_of_others_does_not_open_a_voice_once_it_is_revoked(home, tmp_path):
    copy = tmp_path / "copy.voice.safetensors"
    assert home.run("voice", "export", "alba", str(copy)).returncode == 0
    assert home.run("voice", "revoke", "alba", "--yes").returncode == 0
    again = home.run("voice", "import", str(copy))
    assert again.returncode == 1
    assert "took the agreement back" in again.stderr
    old = read_voice(copy)
    key = Key.opened(home.folder / "data" / "key")
    renamed = tmp_path / "renamed.voice.safetensors"
    write_voice(Trust(key, revoked=lambda _: False).sign(replace(old, id="a" * 32)), renamed)
    assert "took the agreement back" in home.run("voice", "import", str(renamed)).stderr
    shutil.copy(copy, home.folder / "data" / "voices" / f"{old.id}.voice.safetensors")
    refused(home, "took the agreement back")


def test_nothing_of_a_revoked_voice_is_left_in_the_whole_folder(home, tmp_path):
    rate_hz = 16_000
    at_s = np.arange(8 * rate_hz) / rate_hz
    swell = 0.4 * np.abs(np.sin(2 * np.pi * 2.1 * at_s))
    sound = swell * np.sin(2 * np.pi * 180 * at_s + 3 * np.sin(2 * np.pi * 3 * at_s))
    voice = read_voice(voice_file(home))
    flac = tmp_path / "clip.flac"
    soundfile.write(flac, sound, rate_hz, subtype="PCM_16")
    key = Key.opened(home.folder / "data" / "key")
    with_clip = Trust(key, revoked=lambda _: False).sign(replace(voice, clips=(flac.read_bytes(),)))
    write_voice(with_clip, voice_file(home))
    needles = (voice.embedding.tobytes(), flac.read_bytes()[100:400])
    assert all(any(needle in each for each in contents(home)) for needle in needles)
    with home.daemon(), Door(home) as door:
        assert door.post("/v1/audio/speech", json=SPEECH).status_code == 200
        assert door.post("/v1/voices/alba/revoke").status_code == 200
    left = [each for each in contents(home) if any(needle in each for needle in needles)]
    assert not left


def contents(home):
    return [file.read_bytes() for file in home.folder.rglob("*") if file.is_file()]


def test_a_revoked_voice_is_cut_off_and_refused_in_every_lane(home):
    with home.daemon(), Door(home) as door:
        body = {**SPEECH, "input": "One. " * 90, "response_format": "pcm"}
        cut = threading.Event()

        def listen():
            with Door(home) as other, other.stream("POST", "/v1/audio/speech", json=body) as sound:
                try:
                    for number, _ in enumerate(sound.iter_raw()):
                        if number == 0:
                            begun.set()
                except httpx.RemoteProtocolError:
                    cut.set()
                else:
                    ended.set()

        begun, ended = threading.Event(), threading.Event()
        listener = threading.Thread(target=listen)
        listener.start()
        begun.wait(30)
        assert door.post("/v1/voices/alba/revoke").status_code == 200
        listener.join(30)
        assert cut.is_set() or ended.is_set()
        for lane in ("speaker", "mic", "obs", "discord:1"):
            said = door.post("/v1/say", json={"text": LINE, "voice": "alba", "lane": lane})
            assert 400 <= said.status_code < 500
        assert door.post("/v1/audio/speech", json=body).status_code == 404


TRICKS = (
    "../../data/key",
    "..\\..\\key",
    "/etc/passwd",
    "C:\\key",
    "a/../../key",
    "%2e%2e/key",
    "..",
)


@pytest.mark.parametrize("trick", TRICKS)
def test_a_path_in_place_of_a_name_reaches_no_file(home, tmp_path, trick):
    copy = tmp_path / "copy.voice.safetensors"
    home.run("voice", "export", "alba", str(copy))
    before = sorted(home.folder.parent.rglob("*"))
    with home.daemon(), Door(home) as door:
        upload = {"file": (trick, copy.read_bytes())}
        answers = [
            door.post("/v1/voices/import", files=upload, data={"name": trick}),
            door.patch("/v1/voices/alba", json={"name": trick}),
            door.post("/v1/say", json={"text": LINE, "voice": trick, "lane": "speaker"}),
            door.get("/v1/voices/" + trick.replace("/", "%2f")),
            door.get("/v1/voices/" + trick.replace("/", "%2f") + "/file"),
        ]
    assert all(400 <= answer.status_code < 500 for answer in answers), [a.text for a in answers]
    added = {each.name for each in set(home.folder.parent.rglob("*")) - set(before)}
    assert not {"key", "passwd"} & added
    assert home.run("voices", "--json").stdout.count('"name"') == 1


def test_the_api_gives_strangers_nothing(home):
    with home.daemon(), Door(home) as door:
        url = str(door.base_url)
        for headers in (
            {},
            {"Authorization": "Bearer wrong"},
            {**door.headers, "Host": "evil.example"},
            {**door.headers, "Origin": "https://evil.example"},
        ):
            for path in ("/v1/voices", "/v1/held", "/v1/status"):
                answer = httpx.get(url + path, headers=headers)
                assert answer.status_code in (401, 403, 421), (path, headers)
                assert "alba" not in answer.text
            assert httpx.post(url + "/v1/halt", headers=headers).status_code in (401, 403, 421)
        assert not door.get("/v1/status").json()["halted"]


def test_an_enrolment_without_an_agreement_is_refused(home, tmp_path):
    clip = tmp_path / "clip.wav"
    soundfile.write(clip, np.zeros(80_000), 16_000)
    form = {"name": "target", "consent_by": "The Target"}
    with home.daemon(), Door(home) as door:
        plain = door.post("/v1/voices", data=form, files={"clips": clip.read_bytes()})
        forged = door.post(
            "/v1/voices",
            data={**form, "attested_at": "2026-11-23T00:00:00+00:00", "attestation": "0" * 128},
            files={"clips": clip.read_bytes()},
        )
    assert (plain.status_code, forged.status_code) == (403, 403)
    assert "reading a sentence aloud" in plain.text


def test_what_is_oversized_or_malformed_is_refused_and_the_daemon_goes_on(home, tmp_path):
    claims = [
        struct.pack("<Q", 2**60) + b"{}",
        struct.pack("<Q", 2**20) + b"{" * 2**20,
        b"\x80\x04\x95" + b"\0" * 100,  # a pickle
        b"PK\x03\x04" + b"\0" * 100,  # a zip
        b"",
        b"\0" * 5_000_000,
    ]
    with home.daemon(), Door(home) as door:
        for content in claims:
            imported = door.post("/v1/voices/import", files={"file": content})
            enrolled = door.post(
                "/v1/voices",
                data={"name": "x", "consent_by": "x"},
                files={"clips": content},
            )
            assert 400 <= imported.status_code < 500, imported.text
            assert 400 <= enrolled.status_code < 500, enrolled.text
        assert oversized(door) == 413
        for body in (b"{", b"[]", b'{"text": 1}', b"\xff\xfe", b'{"text":' + b"[" * 100_000):
            said = door.post("/v1/say", content=body, headers={"content-type": "application/json"})
            assert 400 <= said.status_code < 500
        assert door.get("/v1/health").status_code == 200


def oversized(door):
    """Return the status of an upload that claims a terabyte, before any of it is sent."""
    with socket.create_connection((door.base_url.host, door.base_url.port), 30) as raw:
        head = (
            "POST /v1/voices/import HTTP/1.1",
            f"Host: {door.base_url.host}:{door.base_url.port}",
            f"Authorization: {door.headers['authorization']}",
            "Content-Length: 1099511627776",
            "Content-Type: application/octet-stream",
            "",
            "",
        )
        raw.sendall("\r\n".join(head).encode())
        return int(raw.recv(64).split()[1])


def test_a_deleted_audit_row_is_noticed(home):
    with home.daemon(), Door(home) as door:
        for _ in range(3):
            assert door.post("/v1/audio/speech", json=SPEECH).status_code == 200
    assert home.run("audit", "verify").returncode == 0
    with closing(sqlite3.connect(home.folder / "data" / "audit.db")) as database, database:
        tables = [
            name
            for (name,) in database.execute("SELECT name FROM sqlite_schema WHERE type = 'trigger'")
        ]
        for name in tables:
            database.execute(f"DROP TRIGGER {name}")
        database.execute("DELETE FROM rows WHERE number = 2")
    broken = home.run("audit", "verify")
    assert broken.returncode != 0
    assert "2" in broken.stderr
