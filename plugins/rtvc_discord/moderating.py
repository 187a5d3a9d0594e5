"""What moderators decide in their server: on lines that are held, and that nothing is said."""

import asyncio
import contextlib

from rtvc_bridge.engine import Engine, State, Status, Utterance
from rtvc_bridge.errors import HaltedError, UtteranceNotFoundError
from rtvc_bridge.safety.audit.entry import Kind as Noted
from rtvc_discord.desk import Desk, lane
from rtvc_discord.outcomes import Kind, Outcome
from rtvc_discord.people import Person, check_sees_held
from rtvc_discord.preferences import GuildSettings

STOPPED = "A moderator has stopped all speech in this server. It goes on after /panic lift."
UNDECIDED = "No moderator has decided in time."
DENIED = "A moderator did not let it pass"


def check_may_decide(desk: Desk, person: Person) -> None:
    """Pass if `person` may decide on what is held in their server, and stop all speech there.

    Raises:
        NotAllowedError: If not.
    """
    check_sees_held(person, moderator=desk.engine.policy.may_moderate(person.asker))


def check_not_stopped(settings: GuildSettings) -> None:
    """Pass unless all speech is stopped in the server with those settings.

    Raises:
        HaltedError: If it is.
    """
    if settings.stopped:
        raise HaltedError(STOPPED)


async def decided(engine: Engine, utterance: Utterance) -> Outcome | None:
    """Return, once nobody holds it any more, None if a line is let in, else how it ended."""
    loop, changed = asyncio.get_running_loop(), asyncio.Event()

    def note(status: Status) -> None:
        if status.id == number:
            with contextlib.suppress(RuntimeError):  # the loop is closed
                loop.call_soon_threadsafe(changed.set)

    number, was_held = utterance.status.id, utterance.status.state is State.HELD
    end = engine.on_status(note)
    try:
        while utterance.status.state is State.HELD:
            await changed.wait()
            changed.clear()
    finally:
        end()
    return _kept_out(utterance.status, was_held=was_held)


def held(desk: Desk, guild: int) -> tuple[Utterance, ...]:
    """Return what waits for a moderator in that server, oldest first."""
    return desk.engine.queue.held(lane(guild))


def approve(desk: Desk, person: Person, number: int) -> Utterance:
    """Let a line that is held in that person's server be spoken; return it.

    Raises:
        UtteranceNotFoundError: If it is not held there.
        UserError: If nothing may be said now; it stays held.
    """
    check_not_stopped(desk.store.guild(person.guild))
    line = _find(desk, person.guild, number)
    desk.engine.queue.approve(number)
    _note(desk, Noted.APPROVED, person, line)
    return line


def deny(desk: Desk, person: Person, number: int, reason: str) -> Utterance:
    """End a line that is held in that person's server, telling its author why; return it.

    Raises:
        UtteranceNotFoundError: If it is not held there.
    """
    line = _find(desk, person.guild, number)
    desk.engine.queue.deny(number, f"{DENIED}: {reason}" if reason else f"{DENIED}.")
    _note(desk, Noted.DENIED, person, line, reason)
    return line


async def stop(desk: Desk, person: Person) -> int:
    """Silence that person's server until `lift`; return how many lines ended."""
    where = lane(person.guild)
    desk.engine.queue.pause(where)
    ended = desk.engine.queue.empty(where)
    await asyncio.to_thread(_set_stopped, desk, person.guild, stopped=True)
    async with desk.ordering:  # what was being put into the queue meanwhile is there now
        ended += desk.engine.queue.empty(where)
    desk.engine.policy.note(Noted.HALTED, person.asker, lane=where)
    return ended


async def lift(desk: Desk, person: Person) -> None:
    """Let things be said in that person's server again."""
    await asyncio.to_thread(_set_stopped, desk, person.guild, stopped=False)
    desk.engine.queue.resume(lane(person.guild))
    desk.engine.policy.note(Noted.LIFTED, person.asker, lane=lane(person.guild))


def stop_everything(desk: Desk, person: Person) -> int:
    """Silence all that this computer says, until `lift_everything`; return how many lines ended."""
    ended = desk.engine.queue.halt()
    desk.engine.policy.note(Noted.HALTED, person.asker)
    return ended


def lift_everything(desk: Desk, person: Person) -> None:
    """Let things be said again, but for the servers that are stopped."""
    desk.engine.queue.lift()
    desk.engine.policy.note(Noted.LIFTED, person.asker)


def _set_stopped(desk: Desk, guild: int, *, stopped: bool) -> None:
    desk.store.change_guild(guild, lambda old: old.model_copy(update={"stopped": stopped}))


def _find(desk: Desk, guild: int, number: int) -> Utterance:
    for line in held(desk, guild):
        if line.status.id == number:
            return line
    msg = (
        f"Line number {number} does not wait for a moderator here. /held list shows those that do."
    )
    raise UtteranceNotFoundError(msg)


def _note(desk: Desk, kind: Noted, person: Person, line: Utterance, reason: str = "") -> None:
    voice, where = line.request.voice, line.request.lane
    desk.engine.policy.note(kind, person.asker, voice, lane=where, reason=reason)


def _kept_out(status: Status, *, was_held: bool) -> Outcome | None:
    if status.state is State.CANCELLED and status.error is not None:  # denied
        return Outcome(Kind.FAILED, 0.0, status.reason)
    if was_held and status.state is State.EXPIRED:
        return Outcome(Kind.SKIPPED, 0.0, UNDECIDED)
    if was_held and status.state is State.CANCELLED:
        return Outcome(Kind.SKIPPED, 0.0)
    return None
