"""The adapter as the daemon runs it: from its settings to Discord and back out."""

import asyncio
import ctypes.util
import gc
import threading
from contextlib import asynccontextmanager

import psutil
import pytest
from discord import opus
from discord.gateway import KeepAliveHandler
from discord_loopback import Loopback
from discord_running import ALBA, host_of, in_loop, room, stage, until
from rtvc_discord import Settings, credentials, serve

from rtvc_bridge.engine import Engine
from rtvc_bridge.errors import ConfigError, OperatorError
from rtvc_bridge.testing import humming, policy
from rtvc_bridge.voices import VoiceStore

pytestmark = pytest.mark.discord

LONG = (
    "Here is a line of so many words that all of it takes more than a second to be spoken to them."
)
SETTINGS = Settings()


@pytest.fixture(autouse=True)
def _home(tmp_path, monkeypatch):
    monkeypatch.setenv("RTVC_HOME", str(tmp_path / "home"))
    monkeypatch.delenv(SETTINGS.token_env, raising=False)


@pytest.fixture
def host(tmp_path):
    voices = VoiceStore(tmp_path / "voices")
    voices.add(ALBA)
    with Engine(humming(), policy()) as engine:
        yield host_of(engine, voices)


def store_token(token):
    file = credentials.file("")
    file.parent.mkdir(parents=True, exist_ok=True)
    file.touch(mode=0o600)
    file.write_text(token)


@asynccontextmanager
async def served(host, loopback, settings=SETTINGS):
    """Run the adapter in front of a loopback."""
    store_token(loopback.token)
    adapter = asyncio.create_task(serve(host, settings, connector=loopback.connector()))
    try:
        await loopback.ready()
        yield adapter
    finally:
        adapter.cancel()
        await asyncio.wait({adapter})


def held():
    """What this process holds: threads and open files."""
    gc.collect()
    threads = sorted(
        thread.name for thread in threading.enumerate() if not thread.name.startswith("asyncio")
    )
    return threads, psutil.Process().num_fds()


async def until_commands(loopback):
    await loopback.changes.until(lambda: loopback.commands(loopback.guilds[0]), "the commands")


@in_loop
async def test_a_command_is_acknowledged_spoken_and_told_of(tmp_path):
    async with stage(tmp_path, SETTINGS) as on:
        (server,) = on.servers
        await server.join()
        press = server.guild.press("/say", user=server.alice, text=LONG, voice="alba")
        await press.shows("Spoken")
        await server.heard.until_quiet()
        assert len(server.heard.sounding()) >= len(LONG) // 2


@in_loop
async def test_a_wrong_token_is_said_to_be_wrong(host):
    async with Loopback() as loopback:
        store_token("wrong")
        with pytest.raises(ConfigError, match="does not know the bot's token"):
            await serve(host, SETTINGS, connector=loopback.connector())


@in_loop
async def test_a_token_that_is_reset_while_it_speaks_is_said_to_be_wrong(host):
    async with Loopback() as loopback:
        guild, _, alice = room(loopback, 0)
        async with served(host, loopback) as adapter:
            await guild.press("/join", user=alice).shows("I am in")
            press = guild.press("/say", user=alice, text=LONG, voice="alba")
            await alice.heard.until_packets(20)
            loopback.gateway.reset_token()
            await asyncio.wait({adapter})
            with pytest.raises(ConfigError, match="does not know the bot's token"):
                await adapter
            await press.shows("Cut off after")
        assert host.engine.players == frozenset()
        assert host.engine.queue.listed() == ()


@in_loop
async def test_without_the_opus_library_it_does_not_start(host, monkeypatch):
    monkeypatch.setattr(opus, "_lib", None)
    monkeypatch.setattr(ctypes.util, "find_library", lambda _: None)
    async with Loopback() as loopback:
        connector = loopback.connector()
        with pytest.raises(OperatorError, match="libopus0"):
            await serve(host, SETTINGS, connector=connector)
        assert loopback.rest.requests == []
        await connector.close()


@in_loop
async def test_messages_that_may_not_be_read_are_said_to_need_an_intent(host):
    async with Loopback() as loopback:
        store_token(loopback.token)
        settings = Settings(read_messages=True)
        with pytest.raises(ConfigError, match="Message Content Intent"):
            await serve(host, settings, connector=loopback.connector())


@in_loop
async def test_a_discord_out_of_reach_is_said_to_be(host):
    async with Loopback() as loopback:
        connector = loopback.connector()
        store_token(loopback.token)
        loopback.refuse("GET", "/users/@me", status=500, message="down", times=10)
        with pytest.raises(OperatorError, match="Discord"):
            await serve(host, SETTINGS, connector=connector)


@in_loop
async def test_discord_is_told_of_the_commands_once(host):
    async with Loopback() as loopback:
        loopback.add_guild("Home")
        for _ in range(2):
            async with served(host, loopback):
                await until_commands(loopback)
        puts = [each for each in loopback.rest.requests if each.method == "PUT"]
        assert len(puts) == 1


@pytest.mark.skipif(not hasattr(psutil.Process, "num_fds"), reason="counts as POSIX")
@in_loop
async def test_a_cancelled_adapter_leaves_no_thread_no_socket_and_no_task(host):
    async with Loopback(dave=True) as loopback:
        guild, _, alice = room(loopback, 0)
        tasks, files = len(asyncio.all_tasks()), []
        for _ in range(3):
            async with served(host, loopback) as adapter:
                press = guild.press("/join", user=alice)
                await press.shows("I am in")
                guild.press("/say", user=alice, text=LONG, voice="alba")
                await alice.heard.until_packets(20)
                adapter.cancel()
                await asyncio.wait({adapter})
                assert adapter.cancelled()
            alice.heard.clear()
            await loopback.changes.until(lambda: not guild.call.live, "the end of the call")
            threads, count = held()
            assert not {name for name in threads if name.startswith(("audio", "voice-"))}
            files.append(count)
        assert host.engine.players == frozenset()
        assert host.engine.queue.listed() == ()
        assert len(asyncio.all_tasks()) == tasks
        assert len(set(files[1:])) == 1  # the first run opened what stays, such as libraries


@in_loop
async def test_two_shards_speak_in_their_own_servers(tmp_path):
    settings = Settings(shards=2)
    async with stage(tmp_path, settings, servers=2, shards=2) as on:
        await asyncio.gather(*(server.join() for server in on.servers))
        lines = [server.say(LONG) for server in on.servers]
        for server, line in zip(on.servers, lines, strict=True):
            assert (await server.outcome(line)).kind == "spoken"
            await server.heard.until_quiet()
            assert len(server.heard.sounding()) >= len(LONG) // 2


def hearts():
    """The threads that keep connections to the gateway alive."""
    return {thread for thread in threading.enumerate() if isinstance(thread, KeepAliveHandler)}


@pytest.mark.parametrize("shards", [1, 2])
@in_loop
async def test_closed_while_it_waits_to_identify_itself_it_leaves_no_heart_beating(
    tmp_path, shards
):
    settings = SETTINGS.model_copy(update={"shards": shards})
    async with stage(tmp_path, settings, shards=shards) as on:
        before = hearts()
        on.loopback.gateway.forget()
        # discord.py waits for 5 s before it identifies itself again.
        await until(lambda: hearts() - before and not hearts() & before, "the greeting")
    for heart in hearts():
        await asyncio.to_thread(heart.join, 1.0)
    assert hearts() == set()
