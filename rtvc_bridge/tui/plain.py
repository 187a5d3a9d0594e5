"""The screen for screen readers: lines in, lines out, nothing redrawn."""

from collections.abc import Callable, Iterable, Sequence

from rtvc_bridge.errors import RtvcBridgeError
from rtvc_bridge.tui import order, words
from rtvc_bridge.tui.api import Connect, Daemon
from rtvc_bridge.tui.speak import USER
from rtvc_bridge.tui.watch import NO_DAEMON

HELP = """A line is said. A line that begins with a slash is a command:
/voices           the voices, the chosen one marked
/voice NAME       choose a voice
/lane NAME        choose a lane
/speed 1.2        speak faster or slower
/pitch -2         speak higher or lower, in semitones
/expression 1.5   speak livelier, or flatter: 0 to 2
/phrases          the quick phrases; /1 to /8 say them
/queue            what is heard and what waits
/skip             silence what is heard in this lane
/cancel NUMBER    cancel a line
/up NUMBER        let a line pass the one before it of the same lane and user
/down NUMBER      let the one behind it pass
/clear            cancel what waits in this lane; /clear all: everywhere
/pause, /resume   this lane; with all: every lane
/panic            silence everything; nothing is said until /lift
/held             what waits for a moderator, and why
/approve NUMBER   let a held line be spoken
/deny NUMBER WHY  end a held line unsaid; the reason may be left out
/again            say the last line again
/status           the daemon, its adapters and how fast it is
/quit             leave; the daemon goes on"""

RANGES = {"/speed": (0.5, 2.0), "/pitch": (-12.0, 12.0), "/expression": (0.0, 2.0)}
"""What the daemon takes; the API's document says so too."""


_QUIET = frozenset({"/cancel", "/pause", "/resume", "/lift", "/approve", "/deny"})
"""Commands that tell nothing themselves."""


class Plain:
    """A conversation in lines with the daemon.

    Args:
        connect: Gives the running daemon, or None.
        write: Called with each line of text to show.
        phrases: Quick phrases.
    """

    def __init__(
        self, connect: Connect, write: Callable[[str], object], *, phrases: Sequence[str] = ()
    ) -> None:
        self._connect = connect
        self._write = write
        self._phrases = phrases
        self._voice, self._lane = "", words.DEFAULT_LANE
        self._speed, self._pitch, self._expression = 1.0, 0.0, 1.0
        self._last: int | None = None
        self._commands: dict[str, Callable[[Daemon, str], object]] = {
            "/voices": self._voices,
            "/voice": self._choose_voice,
            "/lane": self._choose_lane,
            "/speed": self._choose_speed,
            "/pitch": self._choose_pitch,
            "/expression": self._choose_expression,
            "/phrases": self._list_phrases,
            "/queue": self._queue,
            "/skip": lambda d, _: self._count("silenced", d.skip(lane=self._lane, user=None)),
            "/cancel": lambda d, number: d.cancel(int(number)),
            "/up": lambda d, number: self._move(d, int(number), up=True),
            "/down": lambda d, number: self._move(d, int(number), up=False),
            "/clear": lambda d, to: self._count("cancelled", d.clear(lane=self._to(to), user=None)),
            "/pause": lambda d, to: d.pause(lane=self._to(to)),
            "/resume": lambda d, to: d.resume(lane=self._to(to)),
            "/panic": lambda d, _: self._halt(d),
            "/lift": lambda d, _: d.lift(),
            "/held": lambda d, _: self._held(d),
            "/approve": lambda d, number: d.approve(int(number)),
            "/deny": self._deny,
            "/again": self._again,
            "/status": self._status,
        }

    def run(self, lines: Iterable[str]) -> None:
        """Take lines until they end or one says /quit."""
        self._write("Type a line and press Enter to say it. /help lists the commands.")
        for line in map(str.strip, lines):
            if line == "/quit":
                return
            if line == "/help":
                self._write(HELP)
            elif line:
                self._take(line)

    def _take(self, line: str) -> None:
        try:
            daemon = self._connect()
            if daemon is None:
                self._write(f"{NO_DAEMON} Start one in another terminal: rtvc-bridge run")
                return
            try:
                self._do(daemon, line)
            finally:
                daemon.close()
        except RtvcBridgeError as error:
            self._write(f"Error: {error}")

    def _do(self, daemon: Daemon, line: str) -> None:
        if not line.startswith("/"):
            self._say(daemon, line)
            return
        name, _, rest = line.partition(" ")
        if name[1:].isdecimal():
            self._say_phrase(daemon, int(name[1:]))
            return
        command = self._commands.get(name)
        if command is None:
            self._write(f"There is no command {name}. /help lists them.")
            return
        try:
            command(daemon, rest.strip())
        except ValueError:
            limits = RANGES.get(name)
            between = f" from {limits[0]:g} to {limits[1]:g}" if limits else ""
            self._write(f"{name} needs a number{between}.")
            return
        if name in _QUIET:
            self._write("Done.")

    def _say(self, daemon: Daemon, text: str) -> None:
        voice = self._voice or self._first_voice(daemon)
        if not voice:
            self._write("There is no voice yet. Enrol one: rtvc-bridge enrol NAME CLIP ...")
            return
        said = daemon.say(
            text,
            voice=voice,
            lane=self._lane,
            user=USER,
            speed=self._speed,
            pitch_semitones=self._pitch,
            expression=self._expression,
        )
        self._last = said["id"]
        self._write(f"Line {said['id']}, {said['state']}.")

    def _say_phrase(self, daemon: Daemon, number: int) -> None:
        if 1 <= number <= len(self._phrases):
            self._say(daemon, self._phrases[number - 1])
        else:
            self._write(f"There is no quick phrase {number}. /phrases lists them.")

    def _list_phrases(self, _: Daemon, __: str) -> None:
        for number, phrase in enumerate(self._phrases, 1):
            self._write(f"/{number}: {phrase}")
        if not self._phrases:
            self._write("There are no quick phrases.")

    def _first_voice(self, daemon: Daemon) -> str:
        for voice in daemon.voices():
            self._voice = voice["name"]
            return self._voice
        return ""

    def _voices(self, daemon: Daemon, _: str) -> None:
        self._first_voice(daemon) if not self._voice else None
        for voice in daemon.voices():
            chosen = ", chosen" if voice["name"] == self._voice else ""
            self._write(f"{voice['name']}, speaker {voice['consent']['by']}{chosen}")
            if voice["trouble"]:
                self._write(f"{voice['name']} cannot be used: {voice['trouble']}")

    def _choose_voice(self, daemon: Daemon, name: str) -> None:
        names = [voice["name"] for voice in daemon.voices()]
        if name in names:
            self._voice = name
            self._write(f"Voice: {name}.")
        else:
            self._write(f"There is no voice {name!r}. Voices: {', '.join(names) or 'none'}.")

    def _choose_lane(self, daemon: Daemon, name: str) -> None:
        self._lane = name or words.DEFAULT_LANE
        self._write(words.unheard(self._lane, daemon.status()["players"]) or f"Lane: {self._lane}.")

    def _choose_speed(self, _: Daemon, speed: str) -> None:
        self._speed = _number("/speed", speed)
        self._write(f"Speed: {self._speed:g}.")

    def _choose_pitch(self, _: Daemon, semitones: str) -> None:
        self._pitch = _number("/pitch", semitones)
        self._write(f"Pitch: {self._pitch:+g} semitones.")

    def _choose_expression(self, _: Daemon, expression: str) -> None:
        self._expression = _number("/expression", expression)
        self._write(f"Expression: {self._expression:g}.")

    def _move(self, daemon: Daemon, number: int, *, up: bool) -> None:
        lines = daemon.status()["queue"]
        place = order.step(lines, number, up=up)
        if place is None:
            self._write("It stays: lines pass waiting ones of the same lane and user.")
            return
        daemon.move(number, before=place.before)
        ids = [line["id"] for line in order.moved(lines, number, place)]
        self._write(f"Line {number} is now number {ids.index(number) + 1} in the queue.")

    def _queue(self, daemon: Daemon, _: str) -> None:
        status = daemon.status()
        for line in status["queue"]:
            who = f", {line['user']}" if line["user"] else ""
            state = words.heard_state(line)
            self._write(f"{line['id']}, {state}, lane {line['lane']}{who}: {line['text']}")
        if not status["queue"]:
            self._write("Nothing is being said and nothing waits.")
        if status["held"]:
            self._write(f"{words.held(status['held'])} /held lists them.")

    def _halt(self, daemon: Daemon) -> None:
        self._count("silenced", daemon.halt())
        self._write("Everything is stopped. /lift lets it go on.")

    def _held(self, daemon: Daemon) -> None:
        lines = daemon.held()
        for line in lines:
            who = f", {line['user']}" if line["user"] else ""
            self._write(f"{line['id']}, lane {line['lane']}{who}: {line['text']}")
            self._write(f"Held: {line['reason'] or 'no reason is told.'}")
        if not lines:
            self._write("Nothing waits for a moderator.")

    def _deny(self, daemon: Daemon, argument: str) -> None:
        number, _, reason = argument.partition(" ")
        daemon.deny(int(number), reason.strip())

    def _again(self, daemon: Daemon, _: str) -> None:
        if self._last is None:
            self._write("Nothing was said yet.")
            return
        self._last = daemon.replay(self._last)["id"]
        self._write(f"Line {self._last}.")

    def _status(self, daemon: Daemon, _: str) -> None:
        status = daemon.status()
        self._write(f"Daemon: {words.summary(status)}.")
        for adapter in status["adapters"]:
            reason = f": {adapter['reason']}" if adapter["reason"] else ""
            self._write(f"Adapter {adapter['name']}: {adapter['state']}{reason}")
        for lane, figures in status["latency"].items():
            half = words.duration(figures["first_audio_p50_s"])
            self._write(f"Lane {lane}: first sound after {half}, half of the time.")
        self._write(words.unheard(self._lane, status["players"]) or f"Lane {self._lane} is played.")

    def _to(self, argument: str) -> str | None:
        return None if argument == "all" else self._lane

    def _count(self, what: str, lines: int) -> None:
        self._write(f"{lines} {what}.")


def _number(command: str, text: str) -> float:
    """Return the number in `text`.

    Raises:
        ValueError: If it is none, or out of the command's range.
    """
    least, most = RANGES[command]
    if not least <= (number := float(text)) <= most:  # also false of NaN
        raise ValueError
    return number
