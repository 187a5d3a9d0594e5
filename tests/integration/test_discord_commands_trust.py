"""Held lines and silence over the real wire: what their authors read, and what is heard."""

from contextlib import asynccontextmanager

import pytest
from discord_loopback import Member, Press
from discord_running import Server, everybodys, in_loop, stage

from rtvc_bridge.config import ModerationSettings
from rtvc_bridge.safety.moderation import Moderation
from rtvc_bridge.safety.policy import Policy
from rtvc_bridge.testing import humming, policy, tone_voice

pytestmark = [pytest.mark.discord, pytest.mark.trust]

LONG = "a line of some words that goes on for a while " * 8


@pytest.fixture(autouse=True)
def _home(tmp_path, monkeypatch):
    monkeypatch.setenv("RTVC_HOME", str(tmp_path / "home"))


@asynccontextmanager
async def holding(folder):
    """Give a server where every line with "maybe" in it is held, and its manager."""
    rules = Policy(policy().trust, moderator=Moderation(ModerationSettings(hold=["maybe"])))
    async with stage(folder, rules=rules) as on:
        (server,) = on.servers
        await server.join()
        role = server.guild.add_role("managers", "manage_guild")
        yield server, server.guild.add_member("manager", roles=(role,))


def say(server: Server, text: str) -> Press:
    return server.guild.press("/say", user=server.alice, text=text, voice="alba")


def decide(server: Server, manager: Member, command: str, **options) -> Press:
    return server.guild.press(command, user=manager, **options)


@in_loop
async def test_a_held_line_says_so_and_is_heard_once_a_moderator_approves_it(tmp_path):
    async with holding(tmp_path) as (server, manager):
        held = say(server, "maybe this")
        await held.shows("It waits for a moderator. It has a word in it")
        after = say(server, "but this")
        await after.shows("Spoken")  # what is held holds up nothing
        listed = decide(server, manager, "/held list")
        await listed.shows(", as alba: alice says: maybe this")
        server.heard.clear()
        await decide(server, manager, "/held approve", number=1).shows("may be spoken now")
        await held.shows("Spoken in the synthetic voice of alba")
        assert server.heard.sounding()


@in_loop
async def test_the_author_of_a_denied_line_is_told_why_and_nothing_is_heard(tmp_path):
    async with holding(tmp_path) as (server, manager):
        held = say(server, "maybe this")
        await held.shows("It waits for a moderator.")
        decide(server, manager, "/held deny", number=1, reason="not today")
        await held.shows("Not spoken: A moderator did not let it pass: not today.")
        assert not server.heard.sounding()


@in_loop
async def test_panic_cuts_off_what_is_heard_and_what_is_held(tmp_path):
    async with holding(tmp_path) as (server, manager):
        held, heard = say(server, "maybe this"), say(server, LONG)
        await held.shows("It waits for a moderator.")
        await server.heard.until_packets(10)
        await decide(server, manager, "/panic").shows("Lines cut off: 2.")
        await heard.shows("Cut off after")
        await held.shows("Skipped")


@in_loop
async def test_a_revoked_voice_is_cut_off_and_refused_from_then_on(tmp_path):
    async with stage(tmp_path, pipeline=humming()) as on:
        (server,) = on.servers
        owner = next(each for each in server.guild.members if each.user is on.loopback.owner)
        on.bot.desk.voices.add(everybodys(tone_voice("bert", 330.0)))
        await server.join()
        heard = server.guild.press("/say", user=server.alice, text=LONG, voice="bert")
        await server.heard.until_packets(10)
        revoked = server.guild.press("/voice revoke", user=owner, voice="bert")
        await revoked.shows("Lines cut off: 1.")
        await heard.shows("Cut off after")
        again = server.guild.press("/say", user=server.alice, text="hello", voice="bert")
        await again.shows("There is no voice 'bert' that you may use here.")
