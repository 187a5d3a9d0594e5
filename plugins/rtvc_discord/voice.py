"""The bot's voice in each server: what is said into a server's lane is heard in its channel."""

import asyncio
import contextlib
import logging
import time
from collections.abc import Callable
from dataclasses import dataclass

import discord

from rtvc_bridge.engine import Engine, Utterance
from rtvc_bridge.levels import Levels
from rtvc_bridge.playing import Lineup, Reading
from rtvc_bridge.worker import whereabouts
from rtvc_discord.checks import ChannelError, Place, check_elsewhere, check_place
from rtvc_discord.client import ALONE, SpeechClient
from rtvc_discord.desk import lane
from rtvc_discord.link import USUAL_TIMINGS, Health, Link, Timings
from rtvc_discord.outcomes import Outcome, Outcomes
from rtvc_discord.source import Speech

logger = logging.getLogger(__name__)

LOOK_S = 0.05
"""How often a link is looked at while there is something to say."""
IDLE_LOOK_S = 0.25
PLAYER_END_S = 2.0
NOWHERE = "I am in no voice channel."
LEFT = "I left the voice channel."
BROKEN = "Something unexpected went wrong; the log says where."


@dataclass(frozen=True, slots=True)
class Manners:
    """How the bot behaves in a voice channel.

    Attributes:
        alone_s: How long it stays when nobody else is left; 0 for ever.
        idle_s: How long it stays with nothing to say; 0 for ever.
        gain: What its samples are multiplied by.
        timings: How patient its links are.
    """

    alone_s: float = 60.0
    idle_s: float = 0.0
    gain: float = 1.0
    timings: Timings = USUAL_TIMINGS


USUAL_MANNERS = Manners()


class GuildVoice:
    """The bot's voice in one server. For the event loop.

    While it is in a channel, or on its way there, it is the player of the server's lane.

    Args:
        client: The bot.
        guild_id: The server.
        engine: Of whose utterances it is the reader.
        levels: Is told how loud it is.
        manners: How it behaves.
    """

    def __init__(
        self,
        client: discord.Client,
        guild_id: int,
        engine: Engine,
        levels: Levels,
        manners: Manners,
    ) -> None:
        self.lane = lane(guild_id)
        self._engine = engine
        self._levels = levels
        self._manners = manners
        self._loop = asyncio.get_running_loop()
        self._link = Link(client, guild_id, manners.timings)
        self._lineup = Lineup()
        self._outcomes = Outcomes()
        self._speech: Speech | None = None
        self._playing: asyncio.Event | None = None  # set once the player has ended
        self._changed = asyncio.Event()
        self._moving = asyncio.Lock()
        self._keeping: asyncio.Task[None] | None = None
        self._end_lane: Callable[[], object] | None = None
        self._why = LEFT
        self._quiet = _Since()
        self._alone = _Since()

    @property
    def channel(self) -> Place | None:
        """The channel it is in."""
        return None if self._keeping is None else self._link.channel

    async def join(self, channel: Place, *, move: bool = True) -> None:
        """Be in `channel`; what is said from now on is spoken there.

        Raises:
            ChannelError: Why it cannot; it stays where it was if that could be known beforehand.
            UserError: If it is in another channel and may not `move`.
        """
        check_place(channel)
        self._listen()
        try:
            async with self._moving:
                check_elsewhere(None if move else self.channel, channel)
                if self.channel != channel:
                    self._listen()
                    await self._link.join(channel)
                if self._keeping is None:
                    self._keeping = asyncio.create_task(self._keep(), name=f"voice {self.lane}")
                    self._keeping.add_done_callback(self._kept)
        except ChannelError as error:
            await self._leave(str(error))
            raise
        except asyncio.CancelledError:
            await self._leave(LEFT)
            raise
        self.wake()

    async def leave(self) -> None:
        """Be in no channel; what was not spoken is cancelled."""
        await self._leave(LEFT)

    async def outcome(self, utterance: Utterance) -> Outcome:
        """Return how the utterance ended, once it has."""
        entry = self._outcomes.entry(utterance)
        if entry is None:  # it was said when the bot was not yet on its way
            entry = self._outcomes.add(utterance)
            self._lineup.add(utterance)
            if self._end_lane is None:
                utterance.cancel()
                self._outcomes.settle(NOWHERE)
            self.wake()
        return await self._outcomes.of(entry)

    def wake(self) -> None:
        """See at once whether something has changed."""
        if (voice := self._link.voice) is not None:
            voice.look()
        self._changed.set()

    def distrust(self) -> None:
        """See whether the bot is still where it should be: the gateway was away."""
        self._link.distrust()
        self.wake()

    def _listen(self) -> None:
        """Be the player of the lane."""
        if self._end_lane is None:
            self._end_lane = self._engine.play_lane(self.lane, self._said)

    def _said(self, utterance: Utterance) -> None:
        """Take in what was said; for any thread."""
        self._outcomes.add(utterance)
        self._lineup.add(utterance)

    async def _keep(self) -> None:
        """Keep the link up and speak, until that is over."""
        reason = BROKEN
        try:
            reason = await self._kept_up()
        except asyncio.CancelledError:
            reason = self._why
            raise
        finally:
            async with self._moving:
                await self._end(reason)
        logger.info("%s: out of voice", self.lane)

    async def _kept_up(self) -> str:
        """Keep the link up and speak; return why that is over."""
        while True:
            self._changed.clear()
            self._outcomes.settle()
            try:
                reason = await self._step()
            except ChannelError as error:
                reason = str(error)
            if reason is not None:
                return reason
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(LOOK_S if self._outcomes.open else IDLE_LOOK_S):
                    await self._changed.wait()

    async def _step(self) -> str | None:
        """Do what is to be done now; return why to leave, if so.

        Raises:
            ChannelError: If the link cannot be kept up.
        """
        if self._moving.locked():
            return None
        match self._link.health():
            case Health.OUT:
                return self._link.reason
            case Health.LOST:
                async with self._moving:
                    await self._link.mend()
            case Health.UP:
                await self._speak()
        return self._idle()

    async def _speak(self) -> None:
        """Start a player if there is something to say and none runs."""
        if self._playing is not None:
            if not self._playing.is_set():
                return
            self._playing = None
        if self._speech is None or self._speech.over:
            self._speech = self._new_speech()
        if (voice := self._link.voice) is not None and self._speech.begin():
            self._playing = ended = asyncio.Event()
            self._play(voice, self._speech, ended)

    def _play(self, voice: SpeechClient, speech: Speech, ended: asyncio.Event) -> None:
        def after(error: Exception | None) -> None:
            if error is not None:
                logger.error("%s: the player broke: %s", self.lane, type(error).__name__)
            self._hop(ended.set)
            self._hop(self.wake)

        voice.speak(speech, after)

    def _new_speech(self) -> Speech:
        return Speech(
            self._lineup,
            self._outcomes,
            reading=lambda utterance: Reading(
                utterance, gain=self._manners.gain, levels=self._levels
            ),
            changed=lambda: self._hop(self.wake),
        )

    def _hop(self, call: Callable[[], None]) -> None:
        """Have `call` made on the event loop; from a player's thread."""
        with contextlib.suppress(RuntimeError):  # the loop is closed: nobody waits any more
            self._loop.call_soon_threadsafe(call)

    def _idle(self) -> str | None:
        """Return why there is no reason to stay, if so."""
        quiet_s = self._quiet.note(happens=not self._outcomes.open)
        voice = self._link.voice
        alone_s = self._alone.note(happens=voice is not None and not voice.people())
        if 0 < self._manners.alone_s < alone_s:
            return ALONE
        if 0 < self._manners.idle_s < quiet_s:
            return "Nothing was said for a while."
        return None

    async def _leave(self, reason: str) -> None:
        self._why = reason
        if self._keeping is not None:
            self._keeping.cancel()
            await asyncio.wait({self._keeping})
        async with self._moving:
            await self._end(reason)

    async def _end(self, reason: str) -> None:
        """Let go of channel and lane; what was not spoken to the end was not for `reason`."""
        if self._end_lane is not None:
            self._end_lane()
            self._end_lane = None
        self._engine.clear(self.lane)
        await self._link.close()
        if self._playing is not None:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(PLAYER_END_S):
                    await self._playing.wait()
            self._playing = None
        if self._speech is not None:
            self._speech.abandon()
            self._speech = None
        self._lineup.cancel()
        self._keeping = None
        self._outcomes.settle(reason)

    def _kept(self, task: "asyncio.Task[None]") -> None:
        """Say in the log if `_keep` broke: nobody awaits it."""
        if not task.cancelled() and (error := task.exception()) is not None:
            logger.error("%s: voice broke: %s", self.lane, whereabouts(error))


class _Since:
    """For how long something has been so."""

    def __init__(self) -> None:
        self._since: float | None = None

    def note(self, *, happens: bool) -> float:
        """Return for how many seconds it has been so, up to now."""
        now = time.monotonic()
        if not happens:
            self._since = None
        elif self._since is None:
            self._since = now
        return 0.0 if self._since is None else now - self._since
