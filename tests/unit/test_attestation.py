from datetime import UTC, datetime, timedelta

import pytest

from rtvc_bridge.errors import ConsentError, StorageError
from rtvc_bridge.safety import attestation
from rtvc_bridge.safety.attestation import GOOD_FOR_S, Attestation, check, made, made_here
from rtvc_bridge.safety.keys import Key
from rtvc_bridge.testing import KEY, keep_key

pytestmark = pytest.mark.trust

NOW = datetime(2026, 11, 23, 1, 20, tzinfo=UTC)


def now():
    return NOW


def at(seconds):
    """The clock so many seconds later."""
    return lambda: NOW + timedelta(seconds=seconds)


@pytest.fixture
def given():
    """Stated now: Alba A. agreed to the voice "alba"."""
    return made(KEY, "alba", "Alba A.", now=now)


@pytest.mark.parametrize("later_s", [0, GOOD_FOR_S, -1])
def test_what_was_stated_counts_for_some_minutes(given, later_s):
    check(KEY.public, given, "alba", "Alba A.", now=at(later_s))


def test_what_was_stated_too_long_ago_counts_no_more(given):
    with pytest.raises(ConsentError, match="301 s old; it is good for 300 s"):
        check(KEY.public, given, "alba", "Alba A.", now=at(GOOD_FOR_S + 1))


def test_what_is_dated_in_the_future_does_not_count(given):
    with pytest.raises(ConsentError, match="future"):
        check(KEY.public, given, "alba", "Alba A.", now=at(-60))


@pytest.mark.parametrize(("name", "by"), [("berta", "Alba A."), ("alba", "Berta B.")])
def test_what_was_stated_about_another_voice_or_speaker_does_not_count(given, name, by):
    with pytest.raises(ConsentError, match="another voice or speaker"):
        check(KEY.public, given, name, by, now=now)


def test_a_date_cannot_be_changed_afterwards(given):
    altered = Attestation("2026-11-23T01:20:01+00:00", given.signature)
    with pytest.raises(ConsentError, match="not signed"):
        check(KEY.public, altered, "alba", "Alba A.", now=now)


def test_what_another_key_signed_does_not_count():
    foreign = made(Key(bytes(32)), "alba", "Alba A.", now=now)
    with pytest.raises(ConsentError, match="not signed with the key of this"):
        check(KEY.public, foreign, "alba", "Alba A.", now=now)


@pytest.mark.parametrize("signature", ["", "no hex", "00" * 64, "00" * 63])
def test_what_is_no_signature_does_not_count(given, signature):
    with pytest.raises(ConsentError, match="not signed"):
        check(KEY.public, Attestation(given.at, signature), "alba", "Alba A.", now=now)


def test_a_date_that_cannot_be_read_does_not_count():
    words = attestation.statement_of("alba", "Alba A.", "today")
    with pytest.raises(ConsentError, match="no readable date"):
        check(KEY.public, Attestation("today", KEY.sign(words)), "alba", "Alba A.", now=now)


def test_name_and_speaker_cannot_be_cut_elsewhere():
    one, other = (attestation.statement_of(*words, "now") for words in (("a", "bc"), ("ab", "c")))
    assert one != other


def test_it_is_made_with_this_users_key_where_there_is_one(tmp_path, monkeypatch):
    monkeypatch.setenv("RTVC_HOME", str(tmp_path))
    assert made_here("alba", "Alba A.") is None
    assert not (tmp_path / "data").exists()
    keep_key(tmp_path / "data")
    stated = made_here("alba", "Alba A.")
    assert stated is not None
    check(KEY.public, stated, "alba", "Alba A.")
    (tmp_path / "data" / "key").chmod(0o644)
    with pytest.raises(StorageError, match="chmod 600"):
        made_here("alba", "Alba A.")
