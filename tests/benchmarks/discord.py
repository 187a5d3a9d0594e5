"""How fast, evenly, wholly and clearly the Discord bot speaks, against the loopback Discord.

    python tests/benchmarks/discord.py [--only say|words|faults|trust|guilds|soak ...]
                                       [--soak MINUTES] [--json]

Each part prints when it is done; `soak` only runs when it is named or its minutes are given. For
say and words RTVC_HOME, or this user's cache, must hold the weights.
"""

import argparse
import asyncio
import gc
import json
import logging
import os
import sys
import tempfile
import threading
import time
from collections.abc import AsyncIterator, Callable, Collection, Iterable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import numpy as np
import psutil

sys.path.pop(0)  # this folder, in which discord is this file
sys.path.insert(0, str(Path(__file__).parents[1]))

from discord_apart import Apart, apart
from discord_loopback import FarEnd, Kind
from discord_running import ALBA, Server, Stage, everybodys, host_of, real, running, stage
from discord_silence import after_panic_s, after_revocation_s
from rtvc_discord import Bot, Settings
from rtvc_discord import Kind as Ending

from rtvc_bridge.audio import joined
from rtvc_bridge.bench.sentences import LINES, TWELVE_WORDS
from rtvc_bridge.bench.words import Heard, Recogniser, error_rate
from rtvc_bridge.engine import Engine
from rtvc_bridge.enrolment import Clip, read_clip
from rtvc_bridge.pipeline import Pipeline
from rtvc_bridge.safety.consent import attested
from rtvc_bridge.stages.weights import Library
from rtvc_bridge.testing import humming, policy
from rtvc_bridge.voices import Voice, VoiceStore
from rtvc_bridge.worker import Worker

RUNS = 20
LIMIT_S = 120.0  # a limit on failure, not a wait
WORD_LINES = 12
FAULT_LINE = "x" * 400  # 4 s
GUILDS = 20
GUILD_LINE = "x" * 500  # 5 s of prepared sound
SOAK_GUILDS = 3
WARM_MINUTES = 5.0  # of a soak; what a process holds grows until all has happened a few times
LOOK_MINUTES = (2.0, 10.0, 15.0, 20.0, 25.0)
KEPT_ALIVE_S = 31.0  # aiohttp lets go of a connection that nobody uses after 15 to 30 s
PAUSE_S = 6.0  # between rounds: Discord takes 120 messages a minute from a bot, joins among them
SOAK_MINUTES = 30.0
HOLDS = ("threads", "sockets", "files", "memory_mb")
PARTS = ("say", "words", "faults", "trust", "guilds", "soak")
Figures = dict[str, float]
Holds = tuple[float, float, float, float]


def percentiles(name: str, values: list[float], *, unit: str = "s") -> Figures:
    """Return median, 95th and 99th percentile and the most, under names that say so."""
    marks = {"p50": 50, "p95": 95, "p99": 99, "max": 100}
    return {f"{name}_{mark}_{unit}": float(np.percentile(values, at)) for mark, at in marks.items()}


def gaps_ms(heard: FarEnd) -> list[float]:
    """Return the gaps between packets of one run; the first is discord.py's own."""
    return [float(gap) * 1000 for gap in heard.gaps_s()[1:]]


async def commands(on: Stage, voice: Voice) -> Figures:
    """Measure /say with the bot in the channel: acknowledgement, first sound, pacing."""
    (server,) = on.servers
    on.bot.desk.voices.add(voice)
    await server.join()
    acknowledged, first, gaps, plain = [], [], [], 0
    for number in range(RUNS + 1):
        server.heard.clear()
        text = TWELVE_WORDS[number % len(TWELVE_WORDS)]
        press = server.guild.press("/say", user=server.alice, text=text, voice=voice.name)
        await server.heard.until_packets(1, limit_s=LIMIT_S)
        # The next line is made while this one is heard.
        after = server.engine.say(text, voice, lane="other")
        await press.shows("Spoken", limit_s=LIMIT_S)
        await asyncio.to_thread(after.wait, LIMIT_S)
        await server.heard.until_quiet()
        if number:  # the first warms up
            acknowledged.append(press.ack_s)
            first.append(server.heard.sounding()[0].at_s - press.sent_s)
            gaps += gaps_ms(server.heard)
            plain += server.heard.counts[Kind.PLAIN]
    await server.voice.leave()
    return {
        **percentiles("acknowledged", acknowledged),
        **percentiles("first_sound", first),
        **percentiles("packet_gap", gaps, unit="ms"),
        "frames_outside_e2ee": float(plain),
    }


async def guilds(on: Stage) -> Figures:
    """Measure the pacing of many servers that hear prepared sound at once."""
    await asyncio.gather(*(server.join() for server in on.servers))
    lines = [server.say(GUILD_LINE) for server in on.servers]
    outcomes = await asyncio.gather(
        *(server.voice.outcome(line) for server, line in zip(on.servers, lines, strict=True))
    )
    gaps = [gap for server in on.servers for gap in gaps_ms(server.heard)]
    spoken = sum(outcome.kind is Ending.SPOKEN for outcome in outcomes)
    return {
        "guilds": float(len(on.servers)),
        "guilds_spoken": float(spoken),
        **percentiles("guilds_packet_gap", gaps, unit="ms"),
    }


async def faults(on: Stage) -> Figures:
    """Measure what a listener misses of a line when the connection is lost in the middle of it."""
    (server,) = on.servers
    other = server.guild.add_voice_channel("Other")
    whole, figures = await frames_heard(server, lambda: None), {}
    call = server.guild.call

    def move() -> None:
        server.alice.join_voice(other)
        call.move_bot(other)

    happenings: dict[str, Callable[[], None]] = {
        "region": call.change_region,
        "4006": partial(call.close, 4006),
        "4015": partial(call.close, 4015),
        "move": move,
    }
    for name, happens in happenings.items():
        figures[f"{name}_frames_lost"] = float(whole - await frames_heard(server, happens))
        figures[f"{name}_hole_s"] = server.heard.hole_s()
        figures[f"{name}_frames_outside_e2ee"] = float(server.heard.counts[Kind.PLAIN])
    return {"frames_without_a_fault": float(whole), **figures}


async def trust(on: Stage) -> Figures:
    """Measure how soon nothing more is heard of a revoked voice, and after /panic."""
    (server,) = on.servers
    allow_much(on.bot, [server.guild.id])
    await server.join()
    revoked = [each async for each in after_revocation_s(on)]
    stopped = [each async for each in after_panic_s(on)]
    return {
        **percentiles("silent_after_revoke", revoked),
        **percentiles("silent_after_panic", stopped),
    }


async def frames_heard(server: Server, happens: Callable[[], None]) -> int:
    """Return how many frames of FAULT_LINE are heard if something happens after 30 of them."""
    await server.join()
    server.heard.clear()
    line = server.say(FAULT_LINE)
    await server.heard.until_packets(30)
    happens()
    await server.outcome(line)
    await server.heard.until_quiet()
    return len(server.heard.sounding())


async def words(on: Stage, voice: Voice, recogniser: Recogniser) -> Figures:
    """Measure how well the words are understood at the far end, and from a file."""
    (server,) = on.servers
    await server.join()
    far: list[Heard] = []
    local: list[Heard] = []
    for line in LINES[:WORD_LINES]:
        server.heard.clear()
        made = await asyncio.to_thread(list, server.engine.say(line, voice, lane="file"))
        await server.outcome(server.say(line, voice))
        await server.heard.until_quiet()
        for sound, pairs in ((joined(made), local), (server.heard.sound(), far)):
            pairs.append(Heard(line, await asyncio.to_thread(recogniser.words, sound)))
    return {
        "far_end_word_error_percent": 100 * error_rate(far),
        "file_word_error_percent": 100 * error_rate(local),
    }


async def soak(folder: Path, minutes: float) -> Figures:
    """Give random commands and have faults happen for `minutes`; measure what is left over.

    Discord is in another process, so that what this one holds is the bot's.
    """
    voices, settings = VoiceStore(folder / "voices"), Settings()
    voices.add(ALBA)
    async with apart(SOAK_GUILDS) as there:
        with Engine(humming(), policy()) as engine:
            host, way = host_of(engine, voices), there.connector()
            async with running(host, settings, way, there.token, there.guilds) as bot:
                allow_much(bot, there.guilds)
                return await soaked(bot, there, minutes)


async def soaked(bot: Bot, there: Apart, minutes: float) -> Figures:
    """Measure what is left over of rounds for `minutes`, also every LOOK_MINUTES."""
    rounds, drained, lines = 0, 0, 0
    start, held = time.monotonic(), dict[float, Holds]()
    warm = min(WARM_MINUTES, minutes / 3)
    looks = sorted({warm, *(at for at in LOOK_MINUTES if at < minutes)})
    while (spent := (time.monotonic() - start) / 60) < minutes:
        if looks and spent >= looks[0]:
            held[looks.pop(0)] = await at_rest(bot, there)
        lines += await there.ask("round")
        rounds += 1
        drained += bot.desk.engine.queue.listed() == ()
        await asyncio.sleep(PAUSE_S)
    figures = {"soak_minutes": minutes, "soak_lines": float(lines), "soak_rounds": float(rounds)}
    figures["soak_rounds_in_which_the_queue_drained"] = float(drained)
    last = await at_rest(bot, there)
    for name, before, after in zip(HOLDS, held[warm], last, strict=True):
        figures |= {f"soak_{name}_before": before, f"soak_{name}_after": after}
    figures["soak_memory_growth_percent"] = 100 * (last[-1] / held[warm][-1] - 1)
    return figures | {f"soak_memory_mb_at_{at:g}_min": each[-1] for at, each in held.items()}


async def at_rest(bot: Bot, there: Apart) -> Holds:
    """Return what this process holds once the bot is in no channel, as HOLDS names it."""
    await asyncio.gather(*(bot.voices.of(real(bot, guild)).leave() for guild in there.guilds))
    await there.ask("quiet")
    await asyncio.sleep(KEPT_ALIVE_S)
    gc.collect()
    me = psutil.Process()
    sockets = len(me.net_connections(kind="inet"))
    return threading.active_count(), sockets, me.num_fds(), me.memory_info().rss / 1e6


@contextmanager
def spoken_by() -> Iterator[tuple[Pipeline, Voice]]:
    """Give the real pipeline, and a voice enrolled by it."""
    audio = read_clip(Library.default().path("demo-speech")).audio
    with Worker("rtvc_bridge.stages.assemble:three_stage", {}) as worker:
        with Engine(worker, policy()) as engine:
            made = engine.enrol(
                [Clip.of(audio)], name="reader", consent=attested("The reader"), keep_clips=False
            )
        yield worker, everybodys(made.voice)


async def spoken_parts(folder: Path, parts: Collection[str]) -> AsyncIterator[tuple[str, Figures]]:
    """Yield the figures of the parts that need the weights."""
    recogniser = Recogniser(Library.default().path("whisper-base")) if "words" in parts else None
    with spoken_by() as (worker, voice):
        os.environ["RTVC_HOME"] = str(folder)  # the weights are found; the rest is thrown away
        async with stage(folder / "one", pipeline=worker) as on:
            allow_much(on.bot, [server.guild.id for server in on.servers])
            if "say" in parts:
                yield "say", await commands(on, voice)
            if recogniser is not None:
                yield "words", await words(on, voice, recogniser)


async def measured(
    folder: Path, parts: Collection[str], minutes: float
) -> AsyncIterator[tuple[str, Figures]]:
    """Yield the figures of each part as soon as they are there."""
    if not {"say", "words"}.isdisjoint(parts):
        async for part in spoken_parts(folder, parts):
            yield part
    os.environ["RTVC_HOME"] = str(folder)
    if "faults" in parts:
        async with stage(folder / "faults", pipeline=humming()) as on:
            yield "faults", await faults(on)
    if "trust" in parts:
        async with stage(folder / "trust", pipeline=humming()) as on:
            yield "trust", await trust(on)
    if "guilds" in parts:
        async with stage(folder / "many", servers=GUILDS, pipeline=humming()) as on:
            yield "guilds", await guilds(on)
    if "soak" in parts:
        yield "soak", await soak(folder / "soak", minutes)


def allow_much(bot: Bot, guilds: Iterable[int]) -> None:
    """Let one person have so many lines a minute spoken as are measured here."""
    generous = {"user_seconds": 600, "guild_seconds": 600}
    for guild in guilds:
        bot.desk.store.change_guild(guild, lambda now: now.model_copy(update=generous))


async def told(folder: Path, parts: Collection[str], minutes: float, *, as_json: bool) -> None:
    """Measure, and print each part when it is done."""
    async for part, figures in measured(folder, parts, minutes):
        table = [f"{part:7} {name:40} {value:10.3f}" for name, value in figures.items()]
        sys.stdout.write((json.dumps({part: figures}) if as_json else "\n".join(table)) + "\n")
        sys.stdout.flush()


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", nargs="+", choices=PARTS, metavar="PART")
    parser.add_argument("--soak", type=float, metavar="MINUTES")
    parser.add_argument("--json", action="store_true")
    chosen = parser.parse_args()
    parts = set(chosen.only or PARTS[:-1]) | ({"soak"} if chosen.soak else set())
    logging.disable(logging.ERROR)
    with tempfile.TemporaryDirectory() as folder:
        minutes = chosen.soak or SOAK_MINUTES
        asyncio.run(told(Path(folder), parts, minutes, as_json=chosen.json))


if __name__ == "__main__":
    main()
