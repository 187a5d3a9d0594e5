"""What is done with voices while the engine speaks in them: grants, revocation, halt and hold."""

import threading
from dataclasses import dataclass, field, replace

import pytest

from rtvc_bridge.engine import Engine, State, Utterance
from rtvc_bridge.engine.custody import Custody
from rtvc_bridge.errors import (
    ConsentError,
    HaltedError,
    QueueFullError,
    StorageError,
    TextRejectedError,
    UtteranceNotFoundError,
)
from rtvc_bridge.safety.asker import HERE, Asker
from rtvc_bridge.safety.audit.entry import Entry, Kind
from rtvc_bridge.safety.disclosure import SpokenTag
from rtvc_bridge.safety.policy import Policy, Ruling
from rtvc_bridge.safety.trust import Trust
from rtvc_bridge.schedule import Limits
from rtvc_bridge.testing import KEY, humming, policy, tone_voice
from rtvc_bridge.voices import Spoken, VoiceStore

pytestmark = pytest.mark.trust

SOON_S = 20.0
ALBA = tone_voice("alba", 220.0)
ANN = Asker("discord", "12", frozenset({"guild:3"}))
BOB = Asker("discord", "13", frozenset({"guild:3"}))


@dataclass
class Notes:
    """A journal in memory."""

    entries: list[Entry] = field(default_factory=list)
    failing: str | None = None

    def note(self, entry):
        self.entries.append(entry)

    @property
    def kinds(self):
        return [entry.kind for entry in self.entries]


@dataclass
class Careful:
    """A moderator who holds what asks for it."""

    charged: list[tuple[str, float]] = field(default_factory=list)

    def ruled(self, request):
        if "never" in request.text:
            raise TextRejectedError("Not that.")
        text = request.text.replace("rude", "kind").replace("mute", " ")
        return Ruling(text, "Look." if "hold" in text else None)

    def charge(self, request, seconds):
        self.charged.append((request.text, seconds))

    def may_moderate(self, asker):
        return asker.operator


@pytest.fixture
def store(tmp_path):
    store = VoiceStore(tmp_path / "voices")
    store.add(ALBA)
    return store


@pytest.fixture
def notes():
    return Notes()


@pytest.fixture
def held_back(tmp_path):
    """A pipeline that waits for ever after the first sentence."""
    return humming(hold_path=str(tmp_path / "never"))


@pytest.fixture
def engine(store, notes, held_back):
    trust = Trust(KEY, revoked=store.tombstones.has)
    with Engine(held_back, Policy(trust, moderator=Careful(), journal=notes)) as engine:
        yield engine


@pytest.fixture
def custody(store, engine):
    return Custody(store, engine.policy, engine.queue.silence)


def speaking(engine, text="One. Two.", asker=HERE, voice=ALBA, **more):
    """Return a line whose first sentence was made."""
    utterance = engine.say(text, voice, lane="a", asker=asker, **more)
    next(iter(utterance))
    return utterance


def test_revoking_ends_what_is_spoken_and_what_waits_and_lets_nothing_in(store, engine, custody):
    loaded = store.get("alba")
    now = speaking(engine, voice=loaded)
    waits = engine.say("Three.", loaded, lane="a")
    held = engine.say("Please hold.", loaded, lane="a")
    assert custody.revoke("alba", HERE) == 3
    states = {each.wait(SOON_S).state for each in (now, waits, held)}
    assert states == {State.CANCELLED}
    assert list(now) == []
    with pytest.raises(ConsentError, match="took the agreement back"):
        engine.say("Once more.", loaded, lane="a")


def test_a_line_that_waited_is_refused_when_its_voice_is_gone_by_its_turn(store, engine, notes):
    first = speaking(engine)
    second = engine.say("Two.", ALBA, lane="a")
    store.revoke("alba", by="here")  # by a program that does not know this engine
    first.cancel()
    assert second.wait(SOON_S).error == "ConsentError"


def test_everything_is_silenced_by_a_halt_until_it_is_lifted(engine, notes):
    lines = [
        speaking(engine),
        engine.say("Two.", ALBA, lane="b"),
        engine.say("hold", ALBA, lane="a"),
    ]
    assert engine.queue.halt() == 3
    assert {each.wait(SOON_S).state for each in lines} == {State.CANCELLED}
    with pytest.raises(HaltedError, match="rtvc-bridge lift"):
        engine.say("Three.", ALBA, lane="a")
    engine.queue.lift()
    assert engine.say("Four.", ALBA, lane="a").wait(SOON_S).state is State.DONE


def test_a_held_line_reaches_its_player_once_it_is_approved(engine):
    played: list[Utterance] = []
    engine.play_lane("a", played.append)
    line = engine.say("Please hold this rude line.", ALBA, lane="a")
    assert (line.status.state, line.status.reason) == (State.HELD, "Look.")
    assert engine.queue.held() == engine.queue.held("a") == (line,)
    assert engine.queue.held("b") == ()
    assert not engine.queue.listed()
    assert not played
    engine.queue.approve(line.status.id)
    assert line.wait(SOON_S).state is State.DONE
    assert line.text == "Please hold this kind line."
    assert played == [line]
    with pytest.raises(UtteranceNotFoundError):
        engine.queue.approve(line.status.id)


def test_a_denied_line_says_why_and_makes_no_sound(engine, notes):
    line = engine.say("Please hold.", ALBA, lane="a")
    engine.queue.deny(line.status.id, "Not here.")
    status = line.wait(SOON_S)
    assert (status.state, status.reason) == (State.CANCELLED, "Not here.")
    assert list(line) == []
    assert notes.entries[-1].reason == "Not here."


def test_a_held_line_stays_held_while_its_lane_is_full(store):
    with Engine(
        humming(hold_path="nowhere"),
        Policy(policy().trust, moderator=Careful()),
        limits=Limits(user=9, lane=1, total=9),
    ) as engine:
        line = engine.say("Please hold.", ALBA, lane="a")
        speaking(engine)
        waits = engine.say("Three.", ALBA, lane="a")
        with pytest.raises(QueueFullError):
            engine.queue.approve(line.status.id)
        assert engine.queue.held() == (line,)
        waits.cancel()
        engine.queue.approve(line.status.id)
        assert line.status.state is State.QUEUED


def test_clearing_ends_held_lines_too(engine):
    line = engine.say("hold", ALBA, lane="a", user="ann")
    assert engine.clear("a", "bob") == 0
    assert engine.clear("a", "ann") == 1
    assert line.wait(SOON_S).state is State.CANCELLED


def test_each_line_is_noted_and_charged_once_whatever_becomes_of_it(store, notes):
    careful = Careful()
    trust = Trust(KEY, revoked=store.tombstones.has)
    with Engine(
        humming(), Policy(trust, moderator=careful, journal=notes), limits=Limits(9, 0, 9)
    ) as engine:
        with pytest.raises(TextRejectedError):
            engine.say("never", ALBA, lane="a", user="u")
        with pytest.raises(ConsentError):
            engine.say("Hello.", ALBA, lane="a", asker=ANN)
        with pytest.raises(QueueFullError):
            engine.say("Hello.", ALBA, lane="a")
    assert notes.kinds == [Kind.REFUSED] * 3
    assert careful.charged == [("Hello.", 0.0)]  # only what was ruled has to be charged
    assert notes.entries[1].who == {"discord:user:12"}
    notes.entries.clear()
    with Engine(humming(), Policy(trust, moderator=careful, journal=notes)) as engine:
        engine.say("Hello.", ALBA, lane="a").wait(SOON_S)
    (entry,) = notes.entries
    assert (entry.kind, entry.outcome, entry.voice_id) == (Kind.SAID, "done", ALBA.id)
    assert entry.seconds == pytest.approx(0.06)


def test_nothing_is_said_that_cannot_be_written_down(engine, notes):
    notes.failing = "The disk is full."
    with pytest.raises(StorageError, match="disk is full"):
        engine.say("Hello.", ALBA, lane="a")


def test_a_grant_lets_its_receiver_speak_and_its_end_cuts_them_off(store, engine, custody, notes):
    custody.grant("alba", "discord:user:12", HERE)
    voice = store.get("alba")
    theirs = speaking(engine, voice=voice, asker=ANN)
    mine = engine.say("Mine.", voice, lane="a")
    custody.withdraw("alba", "discord:user:12", HERE)
    assert theirs.wait(SOON_S).state is State.CANCELLED
    assert mine.wait(SOON_S).state is State.DONE
    with pytest.raises(ConsentError, match="not granted"):
        engine.say("Once more.", store.get("alba"), lane="a", asker=ANN)
    assert [kind for kind in notes.kinds if kind is not Kind.SAID] == [
        Kind.GRANTED,
        Kind.WITHDRAWN,
        Kind.REFUSED,
    ]


def test_only_the_owner_grants_and_only_owner_or_operator_revokes(store, custody):
    bruno = tone_voice("bruno", 110.0)
    owned = replace(bruno, consent=replace(bruno.consent, owner="discord:user:12"))
    custody.add(owned, ANN)
    for stranger in (HERE, BOB):
        with pytest.raises(ConsentError, match="owner"):
            custody.grant("bruno", "everyone", stranger)
    for change in (custody.revoke, custody.delete):
        with pytest.raises(ConsentError, match="owner"):
            change("bruno", BOB)
    assert custody.grant("bruno", "discord:guild:3", ANN).consent.grants == ("discord:guild:3",)
    custody.revoke("bruno", HERE)
    assert store.names() == ["alba"]


def test_a_grant_does_not_make_a_bad_agreement_good(store, custody):
    def forged(voice):
        return replace(voice, consent=replace(voice.consent, by="Somebody else"))

    store.update("alba", forged)
    with pytest.raises(ConsentError, match="altered"):
        custody.grant("alba", "everyone", HERE)


def test_an_agreement_given_again_makes_a_foreign_voice_speak(store, engine, custody, tmp_path):
    foreign = replace(tone_voice("carla", 330.0), signature=None)
    elsewhere = VoiceStore(tmp_path / "elsewhere")
    elsewhere.add(foreign)
    elsewhere.export("carla", tmp_path / "carla")
    custody.import_(tmp_path / "carla", None, HERE)
    with pytest.raises(ConsentError, match="no signed agreement"):
        engine.say("Hello.", store.get("carla"), lane="a")
    custody.consent("carla", foreign.consent, HERE)
    assert engine.say("Hello.", store.get("carla"), lane="a").wait(SOON_S).state is State.DONE


def test_an_agreement_given_again_does_not_take_a_voice_from_its_owner(store, custody):
    bruno = tone_voice("bruno", 110.0)
    ended = replace(bruno.consent, owner="discord:user:12", expires_at="2026-01-01T00:00:00+00:00")
    custody.add(replace(bruno, consent=ended), ANN)
    with pytest.raises(ConsentError, match="owner"):
        custody.consent("bruno", bruno.consent, HERE)
    assert custody.consent("bruno", replace(ended, expires_at=""), ANN).consent.expires_at == ""


def test_the_spoken_tag_goes_before_a_voices_first_line_and_again_if_that_was_cut_off(held_back):
    tagging = Policy(policy().trust, tag=SpokenTag("Synthetic voice.", again_s=600))
    with Engine(humming(), tagging) as engine:
        said = [engine.say(text, ALBA, lane="a") for text in ("One.", "Two.")]
        said.append(engine.say("Three.", tone_voice("bruno", 110.0), lane="a"))
        for line in said:
            line.wait(SOON_S)
    texts = ["Synthetic voice. One.", "Two.", "Synthetic voice. Three."]
    assert [line.text for line in said] == texts
    assert [sum(audio.seconds for audio in line) for line in said] == pytest.approx(
        [0.20, 0.04, 0.22]
    )
    with Engine(held_back, tagging) as engine:
        cut = speaking(engine, "Four. Five.", voice=ALBA)
        cut.cancel()
        cut.wait(SOON_S)
        assert speaking(engine, "Six.").text == "Synthetic voice. Six."


def test_a_replacement_that_leaves_nothing_to_say_is_refused(engine):
    with pytest.raises(TextRejectedError):
        engine.say("mute", ALBA, lane="a")


def test_a_halt_reaches_lines_that_were_made_long_before_they_are_heard(store):
    with Engine(humming(), policy(), limits=Limits(99, 99, 99)) as engine:
        lines = [engine.say("One.", ALBA, lane="a") for _ in range(70)]
        for line in lines:
            line.wait(SOON_S)
        assert engine.queue.halt() == 70
        assert not any(list(line) for line in lines)


def test_a_line_of_a_withdrawn_grant_or_a_deleted_voice_cannot_be_replayed(store):
    trust = Trust(KEY, revoked=store.tombstones.has, current=store.known)
    with Engine(humming(), Policy(trust)) as engine:
        custody = Custody(store, engine.policy, engine.queue.silence)
        custody.grant("alba", "discord:user:12", HERE)
        theirs = engine.say("Theirs.", store.get("alba"), lane="a", asker=ANN)
        mine = engine.say("Mine.", store.get("alba"), lane="a")
        for line in (theirs, mine):
            line.wait(SOON_S)
        custody.withdraw("alba", "discord:user:12", HERE)
        with pytest.raises(ConsentError, match="not granted"):
            engine.queue.replay(theirs.status.id)
        custody.delete("alba", HERE)
        with pytest.raises(ConsentError, match="not here any more"):
            engine.queue.replay(mine.status.id)


def test_a_reading_does_not_vouch_for_a_voice_that_was_made_elsewhere(store, custody):
    store.add(replace(tone_voice("carla", 330.0), signature=None))
    shown = Spoken("Read this.", "0" * 64, 1.0, 0.75, 0.8, 0.72)
    with pytest.raises(ConsentError, match="enrolled anew"):
        custody.consent("carla", replace(ALBA.consent, level="spoken", spoken=shown), HERE)


def test_a_held_line_that_waited_too_long_cannot_be_approved(store):
    now = 0.0
    moderated = Policy(policy().trust, moderator=Careful())
    with Engine(humming(), moderated, clock=lambda: now) as engine:
        line = engine.say("hold", ALBA, lane="a")
        now = 1_801.0
        with pytest.raises(UtteranceNotFoundError):
            engine.queue.approve(line.status.id)
        assert line.wait(SOON_S).state is State.EXPIRED


def test_a_held_line_that_a_halt_cancelled_is_over(engine):
    line = engine.say("hold", ALBA, lane="a")
    engine.queue.halt()
    assert line.wait(SOON_S).state is State.CANCELLED
    assert engine.queue.held() == ()


def test_closing_ends_what_is_held(store):
    with Engine(humming(), Policy(policy().trust, moderator=Careful())) as engine:
        line = engine.say("hold", ALBA, lane="a")
    assert line.wait(SOON_S).state is State.CANCELLED


def test_lines_that_arrive_during_a_halt_do_not_slip_through(engine):
    refused = threading.Event()

    def pour():
        while not refused.is_set():
            try:
                engine.say("One.", ALBA, lane="a")
            except (HaltedError, QueueFullError) as error:
                if isinstance(error, HaltedError):
                    refused.set()

    threads = [threading.Thread(target=pour) for _ in range(4)]
    for thread in threads:
        thread.start()
    engine.queue.halt()
    for thread in threads:
        thread.join(SOON_S)
    assert refused.is_set()
    assert all(each.cancelled or each.over for each in engine.queue.listed())
