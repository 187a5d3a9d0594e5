"""The loopback Discord's commands, messages and refusals, with a small bot on discord.py."""

import asyncio

import discord
import pytest
from discord import app_commands
from discord_loopback import Loopback
from discord_loopback.tonebot import ToneBot, at_work

pytestmark = pytest.mark.discord

LIMIT_S = 30.0
WAV = b"RIFF not really"


class Name(discord.ui.Modal, title="Your name"):
    name: discord.ui.TextInput[discord.ui.View] = discord.ui.TextInput(
        label="Name", custom_id="name"
    )

    async def on_submit(self, interaction: discord.Interaction) -> None:
        await interaction.response.send_message(f"hello {self.name.value}")


class Buttons(discord.ui.View):
    @discord.ui.button(label="Skip")
    async def skip(self, interaction: discord.Interaction, _: object) -> None:
        await interaction.response.edit_message(content="skipped", view=None)

    @discord.ui.button(label="Name")
    async def ask(self, interaction: discord.Interaction, _: object) -> None:
        await interaction.response.send_modal(Name())

    @discord.ui.select(
        options=[discord.SelectOption(label="one"), discord.SelectOption(label="two")]
    )
    async def choose(
        self, interaction: discord.Interaction, menu: discord.ui.Select[discord.ui.View]
    ) -> None:
        await interaction.response.send_message(f"chose {menu.values[0]}")


class Bot(ToneBot):
    """Has one of each kind of command."""

    def __init__(self, loopback: Loopback, **intents: bool) -> None:
        super().__init__(loopback, **intents)
        self.messages_seen: list[discord.Message] = []
        voice = app_commands.Group(name="voice", description="-")
        use: app_commands.Command[app_commands.Group, ..., None] = app_commands.Command(
            name="use", description="-", callback=self.use
        )
        use.autocomplete("name")(self.names)
        voice.add_command(use)
        self.tree.add_command(voice)
        for name in ("who", "file", "buttons", "late", "secret"):
            self.tree.command(name=name, description="-")(getattr(self, name))
        self.tree.context_menu(name="Speak this")(self.speak_this)

    async def use(
        self, interaction: discord.Interaction, name: app_commands.Range[str, 1, 8]
    ) -> None:
        await interaction.response.send_message(f"voice {name}", embed=discord.Embed(title="card"))
        await interaction.followup.send("and more")

    async def names(self, _: discord.Interaction, typed: str) -> list[app_commands.Choice[str]]:
        known = ("alba", "alma", "bert")
        return [app_commands.Choice(name=n, value=n) for n in known if n.startswith(typed)]

    async def who(
        self,
        interaction: discord.Interaction,
        member: discord.Member,
        role: discord.Role,
        channel: discord.VoiceChannel,
    ) -> None:
        await interaction.response.send_message(f"{member.name} {role.name} {channel.name}")

    async def file(self, interaction: discord.Interaction, sound: discord.Attachment) -> None:
        await interaction.response.send_message(f"{await sound.read()!r}")

    async def buttons(self, interaction: discord.Interaction) -> None:
        await interaction.response.send_message("press", view=Buttons())

    async def late(self, interaction: discord.Interaction) -> None:
        try:
            await interaction.response.defer()
        except discord.NotFound as error:
            assert isinstance(interaction.channel, discord.TextChannel)
            await interaction.channel.send(f"late: {error.code}")

    @app_commands.default_permissions(manage_guild=True)
    async def secret(self, interaction: discord.Interaction) -> None:
        await interaction.response.send_message("shown")

    async def speak_this(self, interaction: discord.Interaction, message: discord.Message) -> None:
        await interaction.response.send_message(f"speaking {message.content}")

    async def on_message(self, message: discord.Message) -> None:
        self.messages_seen.append(message)
        if message.guild and message.author != self.user:
            await message.channel.send(f"read {message.clean_content!r}")


def with_bot(story, *, privileged: tuple[str, ...] = (), **intents: bool) -> None:
    """Run the story with a loopback, a guild, a member, and the bot at work."""

    async def whole():
        async with Loopback(privileged_intents=privileged) as loopback:
            guild = loopback.add_guild("Home")
            alice = guild.add_member("alice")
            async with at_work(loopback, Bot(loopback, **intents)):
                await story(loopback, guild, alice)

    asyncio.run(asyncio.wait_for(whole(), LIMIT_S))


def test_a_subcommand_answers_with_text_card_and_followup():
    async def story(loopback, guild, alice):
        press = guild.press("/voice use", user=alice, name="alba")
        await press.shows("and more")
        assert press.text == "voice alba\ncard\nand more"
        assert [answer.kind for answer in press.answers] == ["message", "followup"]
        assert not press.ephemeral

    with_bot(story)


def test_an_option_completes_itself():
    async def story(loopback, guild, alice):
        assert await guild.complete("/voice use", "name", "al", user=alice) == ["alba", "alma"]

    with_bot(story)


def test_members_roles_and_channels_are_looked_up():
    async def story(loopback, guild, alice):
        role, channel = guild.add_role("DJ"), guild.add_voice_channel("Lounge")
        options = {"channel": channel, "role": role}
        press = guild.press("/who", user=alice, member=guild.me, options=options)
        await press.shows("bridge DJ Lounge")

    with_bot(story)


def test_an_attachment_is_served():
    async def story(loopback, guild, alice):
        sound = loopback.add_attachment("me.wav", WAV)
        await guild.press("/file", user=alice, sound=sound).shows(repr(WAV))

    with_bot(story)


def test_buttons_menus_and_forms_work():
    async def story(loopback, guild, alice):
        press = guild.press("/buttons", user=alice)
        await press.shows("press")
        await press.choose("two").shows("chose two")
        form = press.click("Name")
        await form.acknowledged()
        await form.submit(name="Ada").shows("hello Ada")
        await press.click("Skip").shows("skipped")
        assert press.text == "skipped"
        with pytest.raises(LookupError):
            press.click("Skip")

    with_bot(story)


def test_a_message_has_commands_too():
    async def story(loopback, guild, alice):
        message = guild.say_message(alice, "hear hear")
        await guild.press_message("Speak this", message, user=alice).shows("speaking hear hear")

    with_bot(story)


def test_what_discord_would_not_send_is_not_sent():
    async def story(loopback, guild, alice):
        with pytest.raises(LookupError):
            guild.press("/nothing", user=alice)
        with pytest.raises(LookupError):
            guild.press("/voice", user=alice)
        with pytest.raises(LookupError):
            guild.press("/voice use", user=alice, name="alba", speed=2)
        with pytest.raises(ValueError, match="name"):
            guild.press("/voice use", user=alice)
        with pytest.raises(ValueError, match="name"):
            guild.press("/voice use", user=alice, name="much too long")
        with pytest.raises(PermissionError):
            guild.press("/secret", user=alice)
        alice.give(guild.add_role("Moderator", "manage_guild"))
        await guild.press("/secret", user=alice).shows("shown")

    with_bot(story)


def test_an_answer_that_comes_too_late_meets_an_unknown_interaction():
    async def story(loopback, guild, alice):
        press = guild.press("/late", user=alice)
        press.expired = True
        await loopback.changes.until(lambda: loopback.rest.posts, "the bot's complaint")
        assert loopback.rest.posts[0]["content"] == "late: 10062"

    with_bot(story)


def test_a_rate_limit_holds_until_retry_after():
    async def story(loopback, guild, alice):
        loopback.refuse("POST", "/interactions/*/callback", retry_after_s=0.3, times=1)
        press = guild.press("/voice use", user=alice, name="alba")
        await press.shows("and more")
        tries = [r for r in loopback.rest.requests if r.path.endswith("/callback")]
        assert len(tries) == 2
        assert tries[1].at_s - tries[0].at_s >= 0.3

    with_bot(story)


def test_messages_are_read_where_the_portal_allows_it():
    async def story(loopback, guild, alice):
        guild.say_message(alice, f"hi {guild.me.mention}")
        await loopback.changes.until(lambda: loopback.rest.posts, "the bot's answer")
        assert loopback.rest.posts[0]["content"] == "read 'hi @bridge'"

    allowed = ("message_content",)
    with_bot(story, privileged=allowed, guild_messages=True, message_content=True)
    with pytest.raises(discord.PrivilegedIntentsRequired):
        with_bot(story, guild_messages=True, message_content=True)


def test_without_the_intent_a_message_is_empty():
    async def story(loopback, guild, alice):
        guild.say_message(alice, "hello")
        await loopback.changes.until(lambda: loopback.rest.posts, "the bot's answer")
        assert loopback.rest.posts[0]["content"] == "read ''"

    with_bot(story, guild_messages=True)


def test_a_route_that_the_loopback_does_not_know_fails_the_test():
    async def story():
        async with Loopback() as loopback:
            bot = ToneBot(loopback)
            async with at_work(loopback, bot):
                with pytest.raises(discord.NotFound):
                    await bot.http.request(discord.http.Route("GET", "/nowhere"))

    with pytest.raises(AssertionError, match="GET /nowhere"):
        asyncio.run(asyncio.wait_for(story(), LIMIT_S))


def test_what_changes_while_the_bot_runs_is_told():
    async def story():
        async with Loopback() as loopback:
            bot = ToneBot(loopback)
            async with at_work(loopback, bot):
                await bot.wait_until_ready()
                joined = asyncio.create_task(bot.wait_for("guild_join"))
                await asyncio.sleep(0)
                later = loopback.add_guild("Later")
                guild = await joined
                made = asyncio.create_task(bot.wait_for("guild_channel_create"))
                await asyncio.sleep(0)
                lounge = later.add_voice_channel("Lounge")
                assert (await made).name == "Lounge"
                changed = asyncio.create_task(bot.wait_for("guild_channel_update"))
                await asyncio.sleep(0)
                lounge.deny(later.me, "connect")
                _, after = await changed
                assert not after.permissions_for(guild.me).connect
                left = asyncio.create_task(bot.wait_for("guild_remove"))
                await asyncio.sleep(0)
                later.remove_bot()
                assert (await left).name == "Later"

    asyncio.run(asyncio.wait_for(story(), LIMIT_S))


def test_shards_get_their_own_guilds():
    async def story():
        async with Loopback(shards=2) as loopback:
            guilds = [loopback.add_guild("First")]
            while len({(guild.id >> 22) % 2 for guild in guilds}) < 2:
                guilds.append(loopback.add_guild("Next"))
                loopback.new_id()
            bot = discord.AutoShardedClient(
                intents=discord.Intents(guilds=True),
                connector=loopback.connector(),
                guild_ready_timeout=0.2,
            )
            async with at_work(loopback, bot):
                await bot.wait_until_ready()
                shards = {guild.id: guild.shard_id for guild in bot.guilds}
                guilds[0].add_text_channel("Only there")
                last = {each.shard: each.events[-1]["t"] for each in loopback.gateway.sessions}
            first = guilds[0].id >> 22
            assert last == {first % 2: "CHANNEL_CREATE", (first + 1) % 2: "GUILD_CREATE"}
            assert shards == {guild.id: (guild.id >> 22) % 2 for guild in guilds}

    asyncio.run(asyncio.wait_for(story(), LIMIT_S))
