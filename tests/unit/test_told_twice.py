"""Lines that two threads tell of at once, or decide on while they are announced."""

import threading

import pytest
from rtvc_discord.outcomes import Outcomes

from rtvc_bridge.config import ModerationSettings
from rtvc_bridge.engine import Engine, State
from rtvc_bridge.safety.moderation import Moderation
from rtvc_bridge.safety.policy import Policy
from rtvc_bridge.testing import humming, policy, tone_voice

ALBA = tone_voice("alba", 440.0)
SOON_S = 60.0


@pytest.fixture
def engine():
    rules = Policy(policy().trust, moderator=Moderation(ModerationSettings(hold=["maybe"])))
    with Engine(humming(), rules) as engine:
        yield engine


def test_a_line_told_of_twice_has_one_outcome(engine):
    outcomes, line = Outcomes(), engine.say("Hello.", ALBA, lane="test")
    first = outcomes.add(line)
    assert outcomes.add(line) is first
    assert outcomes.entry(line) is first


def test_whoever_hears_that_a_line_is_held_may_decide_at_once(engine):
    decided = threading.Event()

    def approve(status):
        engine.queue.approve(status.id)
        decided.set()

    def hear(status):
        if status.state is State.HELD:
            threading.Thread(target=approve, args=(status,)).start()
            decided.wait(0.2)  # the other thread goes first where it can

    engine.on_status(hear)
    line = engine.say("Maybe.", ALBA, lane="test")
    assert decided.wait(SOON_S)
    assert line.wait(SOON_S).state is State.DONE
