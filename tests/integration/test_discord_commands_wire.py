"""The commands over the real wire: the bot as it is, the loopback Discord, a humming engine."""

import pytest
from discord_running import Server, Stage, in_loop, stage

from rtvc_bridge.testing import humming, tone_voice

pytestmark = pytest.mark.discord

VOICE = "the synthetic voice of alba"
LONG = "a line of some words that goes on for a while " * 3


@pytest.fixture(autouse=True)
def _home(tmp_path, monkeypatch):
    monkeypatch.setenv("RTVC_HOME", str(tmp_path / "home"))


def say(server: Server, text: str, **options):
    return server.guild.press("/say", user=server.alice, text=text, voice="alba", **options)


@in_loop
async def test_an_answer_goes_from_queued_over_speaking_to_spoken(tmp_path):
    async with stage(tmp_path) as on:
        (server,) = on.servers
        await server.guild.press("/join", user=server.alice).shows("I am in")
        press = say(server, LONG)
        await press.acknowledged()
        assert press.deferred
        assert press.ephemeral
        await press.shows("voice of alba: 1.5 s")
        steps = [text for text in press.history if text]
        assert [text.split()[0] for text in steps] == ["Next,", "Speaking", "Spoken"]
        assert all(VOICE in text for text in steps)
        assert server.heard.sounding()


async def refused(on, press):
    """Wait until Discord has refused to take the answer to a press."""
    await on.loopback.changes.until(
        lambda: [each for each in on.loopback.rest.requests if each.path.endswith("/callback")],
        "the refusal",
    )
    assert press.text == ""


@in_loop
async def test_a_line_behind_another_tells_how_many_come_before(tmp_path):
    async with stage(tmp_path, pipeline=humming(hold_path=str(tmp_path / "go"))) as on:
        (server,) = on.servers
        await server.guild.press("/join", user=server.alice).shows("I am in")
        first = say(server, "One two three. And four five.")
        await first.shows("Speaking now")
        second = say(server, "Six seven.")
        await second.shows("Queued, 1 before it")
        listed = server.guild.press("/queue show", user=server.alice)
        await listed.shows("2. <@")
        assert "(now): alice says: One two three." in listed.text
        (tmp_path / "go").touch()
        await second.shows("Spoken")
        await first.shows("Spoken")


@in_loop
async def test_what_is_skipped_and_cut_off_is_told_as_it_was(tmp_path):
    async with stage(tmp_path, pipeline=humming(hold_path=str(tmp_path / "never"))) as on:
        (server,) = on.servers
        await server.guild.press("/join", user=server.alice).shows("I am in")
        first, second = say(server, f"{LONG}. And more."), say(server, "Six seven.")
        await first.shows("Speaking now")
        await second.shows("Queued")
        await server.guild.press("/queue clear-mine", user=server.alice).shows(
            "Taken out of the queue: 1."
        )
        await second.shows("Skipped after 0.0 s.")
        await server.guild.press("/queue skip", user=server.alice).shows("Skipped.")
        await first.shows("Cut off after")


@in_loop
async def test_an_interaction_that_came_too_late_is_left_alone(tmp_path):
    async with stage(tmp_path) as on:
        (server,) = on.servers
        await server.join()
        on.loopback.refuse(
            "POST",
            "/interactions/*/callback",
            status=404,
            code=10062,
            message="Unknown interaction",
        )
        await refused(on, say(server, "not this"))
        press = say(server, "but this")
        await press.shows("Spoken")
        assert len(on.engine.queue.listed()) == 0
        assert server.heard.sound().seconds < 1.0


@in_loop
async def test_a_press_that_was_answered_already_harms_nothing(tmp_path):
    async with stage(tmp_path) as on:
        (server,) = on.servers
        await server.join()
        on.loopback.refuse(
            "POST",
            "/interactions/*/callback",
            status=400,
            code=40060,
            message="Interaction has already been acknowledged.",
        )
        await refused(on, say(server, "not this"))
        await say(server, "but this").shows("Spoken")


@in_loop
async def test_a_rate_limit_delays_the_answer_and_loses_nothing(tmp_path):
    async with stage(tmp_path) as on:
        (server,) = on.servers
        await server.join()
        on.loopback.refuse("PATCH", "/webhooks/*", status=429, retry_after_s=0.1, times=2)
        await say(server, "hello there").shows("Spoken")


@in_loop
async def test_a_line_is_spoken_to_its_end_though_its_answer_cannot_be_edited(tmp_path):
    async with stage(tmp_path) as on:
        (server,) = on.servers
        await server.join()
        on.loopback.refuse(
            "PATCH", "/webhooks/*", status=401, code=50027, message="Invalid Webhook Token", times=9
        )
        press = say(server, LONG)
        await press.acknowledged()
        await server.heard.until_packets(70)
        await server.heard.until_quiet(0.2)
        assert server.heard.sound().seconds > 1.0
        await say(server, "still here").acknowledged()


@in_loop
async def test_a_failure_of_discord_while_answering_does_not_end_the_bot(tmp_path):
    async with stage(tmp_path) as on:
        (server,) = on.servers
        on.loopback.refuse("POST", "/interactions/*/callback", status=403, code=50013)
        await refused(on, server.guild.press("/help", user=server.alice))
        await server.guild.press("/help", user=server.alice).shows("/say")


@in_loop
async def test_typing_offers_voices_over_the_wire(tmp_path):
    async with stage(tmp_path) as on:
        (server,) = on.servers
        assert await server.guild.complete("/say", "voice", "al", user=server.alice) == ["alba"]
        assert await server.guild.complete("/say", "voice", "zz", user=server.alice) == []


@in_loop
async def test_discord_hides_the_settings_from_those_who_do_not_manage_the_server(tmp_path):
    async with stage(tmp_path) as on:
        (server,) = on.servers
        await server.join()
        with pytest.raises(PermissionError):
            server.guild.press("/settings show", user=server.alice)
        press = server.guild.press("/settings limits", user=_manager(server), max_seconds=5)
        await press.shows("Longest line: 5 s")
        await say(server, "many words " * 20).shows("the limit here is 5 s")


@in_loop
async def test_why_the_bot_cannot_come_is_shown(tmp_path):
    async with stage(tmp_path) as on:
        (server,) = on.servers
        server.lounge.deny(server.guild.me, "speak")
        await server.guild.press("/join", user=server.alice).shows("I lack Speak")


def joining_by_itself(on: Stage, server: Server) -> None:
    """Have the bot come by itself to whoever has something to say."""
    change = {"auto_join": True}
    on.bot.desk.store.change_guild(server.guild.id, lambda now: now.model_copy(update=change))


@in_loop
async def test_a_line_for_which_the_bot_cannot_come_is_cancelled_and_says_why(tmp_path):
    async with stage(tmp_path) as on:
        (server,) = on.servers
        joining_by_itself(on, server)
        server.guild.call.refuse.append(4017)
        await say(server, LONG).shows("update it: pip install")
        assert on.engine.queue.listed() == ()
        assert on.engine.players == frozenset()
        await say(server, LONG).shows("Spoken")


@in_loop
async def test_a_mute_is_told_of_in_the_answer(tmp_path):
    async with stage(tmp_path) as on:
        (server,) = on.servers
        await server.join()
        press = say(server, LONG)
        await server.heard.until_packets(10)
        server.guild.me.mute()
        await press.shows("I was muted in this server.")


@in_loop
async def test_the_one_who_owns_the_application_may_use_every_voice(tmp_path):
    async with stage(tmp_path) as on:
        (server,) = on.servers
        on.bot.desk.voices.add(tone_voice("secret", 330.0))
        await server.join()
        press = server.guild.press("/say", user=server.alice, text="hello", voice="secret")
        await press.shows("There is no voice 'secret' that you may use here.")
        owner = on.loopback.owner
        member = next(each for each in server.guild.members if each.user is owner)
        member.join_voice(server.lounge)
        press = server.guild.press("/say", user=member, text="hello", voice="secret")
        await press.shows("Spoken")


@in_loop
async def test_a_message_is_spoken_from_its_menu(tmp_path):
    async with stage(tmp_path) as on:
        (server,) = on.servers
        await server.join()
        await server.guild.press("/voice use", user=server.alice, voice="alba").shows("synthetic")
        bob = server.guild.add_member("bob")
        message = server.guild.say_message(bob, "look https://example.com")
        press = server.guild.press_message("Speak this", message, user=server.alice)
        await press.shows("Spoken")


@in_loop
async def test_people_who_are_mentioned_but_not_around_are_named_all_the_same(tmp_path):
    async with stage(tmp_path) as on:
        (server,) = on.servers
        await server.join()
        bob = server.guild.add_member("bob")
        await say(server, f"hi <@{bob.user.id}> and <@{bob.user.id + 12345}>").shows("Spoken")
        assert on.engine.queue.find(1).text == "alice says: hi bob and somebody"


def _manager(server: Server):
    role = server.guild.add_role("managers", "manage_guild")
    return server.guild.add_member("manager", roles=(role,))
