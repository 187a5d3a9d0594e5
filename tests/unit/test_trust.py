"""Whether a voice may speak: every way in which its agreement can be wrong, told apart."""

import stat
import sys
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from rtvc_bridge.errors import ConsentError, StorageError
from rtvc_bridge.safety.asker import EVERYONE, HERE, Asker
from rtvc_bridge.safety.keys import SEED_BYTES, Key, verified
from rtvc_bridge.safety.trust import Trust, may_use
from rtvc_bridge.testing import KEY, tone_voice
from rtvc_bridge.voices import Signature, Spoken, VoiceStore, read_summary, read_voice, write_voice

pytestmark = pytest.mark.trust

ALBA = tone_voice("alba", 220.0)
ELSEWHERE = Key(bytes(SEED_BYTES))
NOON = datetime(2026, 7, 1, 12, tzinfo=UTC)
ANN = Asker("discord", "12", frozenset({"guild:3", "role:9", "everyone"}))


def trust(*, revoked=(), trusted_keys=(), now=NOON):
    return Trust(KEY, revoked=revoked.__contains__, trusted_keys=trusted_keys, now=lambda: now)


def agreed(**changes):
    """Return alba, signed with another agreement."""
    return trust().sign(replace(ALBA, consent=replace(ALBA.consent, **changes)))


def test_a_voice_that_is_signed_here_speaks_for_its_owner():
    trust().check(ALBA, HERE, "mic")
    trust().check(agreed(owner="discord:user:12"), ANN, "discord:3")


def altered(**changes):
    return replace(ALBA, consent=replace(ALBA.consent, **changes))


SPOKEN = Spoken("Read this.", "0" * 64, 1.0, 0.9, 0.8, 0.6)


@pytest.mark.parametrize(
    ("voice", "words"),
    [
        (replace(ALBA, signature=None), "no signed agreement"),
        (Trust(ELSEWHERE, revoked=lambda _: False).sign(ALBA), "on another installation"),
        (replace(ALBA, signature=Signature(KEY.public, "0" * 128)), "was altered"),
        (altered(by="Somebody else"), "was altered"),
        (altered(given_at="2026-06-01T00:00:00Z"), "was altered"),
        (altered(owner="discord:user:12"), "was altered"),
        (altered(grants=(EVERYONE,)), "was altered"),
        (altered(uses=("mic",)), "was altered"),
        (altered(expires_at="2027-01-01T00:00:00+00:00"), "was altered"),
        (altered(level="spoken", spoken=SPOKEN), "was altered"),
        (replace(ALBA, id="0" * 32), "was altered"),
        (replace(ALBA, created_at="2026-02-02T00:00:00Z"), "was altered"),
        (replace(ALBA, embedding=tone_voice("b", 440.0).embedding), "was altered"),
        (replace(ALBA, tensors=tone_voice("b", 440.0).tensors), "was altered"),
        (replace(ALBA, clips=(b"another",)), "was altered"),
        (altered(level="spoken"), "incomplete"),
        (altered(spoken=SPOKEN), "incomplete"),
        (agreed(expires_at="2026-07-01T12:00:00+00:00"), "ended on 2026-07-01"),
        (agreed(expires_at="2026-07-01T12:00:00"), "ended on 2026-07-01"),
        (agreed(expires_at="some day"), "ended on"),
        (agreed(uses=("discord", "obs")), "covers discord, obs, and not 'mic'"),
        (agreed(owner="discord:user:12"), "not granted it to you"),
    ],
)
def test_what_is_wrong_with_an_agreement_is_told_apart(voice, words):
    with pytest.raises(ConsentError, match=words):
        trust().check(voice, HERE, "mic")


def test_a_revoked_voice_does_not_speak():
    with pytest.raises(ConsentError, match="took the agreement back"):
        trust(revoked={ALBA.id}).check(ALBA, HERE, "mic")


def test_an_agreement_holds_until_the_second_in_which_it_ends():
    voice = agreed(expires_at="2026-07-01T12:00:00+00:00")
    trust(now=NOON.replace(hour=11, minute=59)).check(voice, HERE, "mic")


def test_a_new_name_needs_no_new_agreement():
    trust().check(replace(ALBA, name="bruna"), HERE, "mic")


def test_the_word_of_another_installation_counts_once_its_key_is_trusted():
    voice = Trust(ELSEWHERE, revoked=lambda _: False).sign(ALBA)
    trust(trusted_keys=[ELSEWHERE.public.upper()]).check(voice, HERE, "mic")


@pytest.mark.parametrize(
    ("grants", "allowed"),
    [
        ((), False),
        (("discord:user:12",), True),
        (("discord:user:1",), False),
        (("discord:guild:3",), True),
        (("discord:role:9",), True),
        (("discord:everyone",), True),
        ((EVERYONE,), True),
        (("here",), False),
        (("http:user:12",), False),
    ],
)
def test_a_grant_reaches_whom_it_names(grants, allowed):
    assert may_use(agreed(grants=grants).consent, ANN) is allowed


def test_a_group_cannot_pass_for_a_person_or_for_this_computer():
    sly = Asker("discord", "", frozenset({"here", "user"}))
    assert not may_use(agreed().consent, sly)


def test_a_voice_keeps_its_signature_through_its_file(tmp_path):
    voice = agreed(grants=("discord:guild:3",), uses=("mic",), level="spoken", spoken=SPOKEN)
    write_voice(voice, tmp_path / "v.voice.safetensors")
    trust().check(read_voice(tmp_path / "v.voice.safetensors"), HERE, "mic")
    trust().check(read_summary(tmp_path / "v.voice.safetensors"), HERE, "mic")
    assert read_voice(tmp_path / "v.voice.safetensors").consent == voice.consent


def test_the_key_is_made_once_and_is_its_owners_alone(tmp_path):
    path = tmp_path / "data" / "key"
    first, second = Key.opened(path), Key.opened(path)
    assert first.public == second.public
    assert verified(first.public, b"words", second.sign(b"words"))
    assert not verified(first.public, b"other words", second.sign(b"words"))
    assert not verified(ELSEWHERE.public, b"words", first.sign(b"words"))
    assert first.derived("one") == second.derived("one") != first.derived("two")
    if sys.platform != "win32":
        assert stat.S_IMODE(path.stat().st_mode) == 0o600


@pytest.mark.skipif(sys.platform == "win32", reason="mode bits say nothing on Windows")
def test_a_key_that_others_can_read_is_refused(tmp_path):
    path = tmp_path / "key"
    Key.opened(path)
    path.chmod(0o640)
    with pytest.raises(StorageError, match="chmod 600"):
        Key.opened(path)


def test_what_is_no_key_is_refused_and_left_alone(tmp_path):
    path = tmp_path / "key"
    path.write_bytes(b"short")
    path.chmod(0o600)
    with pytest.raises(StorageError, match="Restore it from a copy"):
        Key.opened(path)
    assert path.read_bytes() == b"short"


def test_nonsense_is_no_signature():
    for public, signature in (("", ""), ("zz" * 32, "00" * 64), (KEY.public, "00")):
        assert not verified(public, b"words", signature)


def test_a_revoked_voice_leaves_a_tombstone_and_nothing_else(tmp_path):
    store = VoiceStore(tmp_path / "voices")
    store.add(ALBA)
    copy = tmp_path / "copy.voice.safetensors"
    store.export("alba", copy)
    needle = ALBA.embedding.tobytes()
    assert any(needle in file.read_bytes() for file in (tmp_path / "voices").iterdir())
    stone = store.revoke("alba", by="here")
    assert store.names() == []
    assert not any(needle in file.read_bytes() for file in (tmp_path / "voices").iterdir())
    assert store.tombstones.has(ALBA.id)
    assert (stone.id, stone.by) == (ALBA.id, "here")
    with pytest.raises(ConsentError, match="took the agreement back"):
        store.import_(copy)
    with pytest.raises(ConsentError, match="took the agreement back"):
        store.add(replace(ALBA, id="f" * 32))  # the same d-vector under another id


def test_a_damaged_voice_can_be_revoked_by_its_id(tmp_path):
    store = VoiceStore(tmp_path / "voices")
    store.add(ALBA)
    (file,) = (tmp_path / "voices").glob("*.safetensors")
    file.write_bytes(file.read_bytes()[:-5])
    store.revoke(ALBA.id, by="here")
    assert store.listing().damaged == ()
    with pytest.raises(ConsentError):
        store.add(ALBA)


def test_a_tombstone_that_cannot_be_read_keeps_every_new_voice_out(tmp_path):
    store = VoiceStore(tmp_path / "voices")
    store.add(ALBA)
    store.revoke("alba", by="here")
    (stone,) = (tmp_path / "voices").glob("*.revoked.json")
    stone.write_text("{")
    with pytest.raises(StorageError, match="cannot be read"):
        store.add(tone_voice("bruno", 110.0))
