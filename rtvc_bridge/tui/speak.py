"""The screen for speaking: type a line, and it is said."""

from collections.abc import Sequence
from functools import partial
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Grid, Horizontal, VerticalScroll
from textual.content import Content
from textual.widgets import Input, Label, Select, Static

from rtvc_bridge.client import StatusView, UtteranceView
from rtvc_bridge.tui import words
from rtvc_bridge.tui.api import Daemon
from rtvc_bridge.tui.history import History
from rtvc_bridge.tui.messages import Ask
from rtvc_bridge.tui.pane import Pane
from rtvc_bridge.tui.picker import Picker

USER = "screen"
"""Who the lines of this screen are from."""

NO_VOICE = "There is no voice to say it in. Enrol one: screen 3."
SPEEDS = ("0.5", "0.75", "0.9", "1.0", "1.1", "1.25", "1.5", "2.0")
PITCHES = ("-6", "-4", "-2", "-1", "0", "+1", "+2", "+4", "+6")
"""In semitones."""

EXPRESSIONS = ("0.0", "0.5", "0.75", "1.0", "1.25", "1.5", "2.0")
_SHOWN = 100
_COLOURS = {"speaking": "$primary", "done": "$success", "failed": "$error"}


class SpeakPane(Pane):
    """Pickers, what was said, quick phrases and the line.

    Args:
        phrases: Quick phrases, for F1 to F8.
        phrases_in: The settings file that they are from.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "hush", "Hush"),
        Binding("ctrl+r", "again", "Say again"),
        Binding("up", "older", "Older", show=False),
        Binding("down", "newer", "Newer", show=False),
        *(
            Binding(f"f{number}", f"phrase({number})", f"Phrase {number}", show=False)
            for number in range(1, 9)
        ),
    ]

    def __init__(self, phrases: Sequence[str], phrases_in: str) -> None:
        super().__init__()
        self._phrases = tuple(phrases)
        self._phrases_in = phrases_in
        self._history = History()
        self._lines: dict[int, UtteranceView] = {}
        self._players: frozenset[str] = frozenset()
        self._known = False

    def compose(self) -> ComposeResult:
        """Yield the parts, top to bottom."""
        with Horizontal(classes="pickers"):
            yield Label("Voice")
            yield Picker(key="voice", prompt="no voice yet")
            yield Label("Lane")
            yield Picker((words.DEFAULT_LANE,), key="lane")
        with Horizontal(classes="pickers", id="manner"):
            yield Label("Speed")
            yield Picker(SPEEDS, key="speed", chosen="1.0")
            yield Label("Pitch")
            yield Picker(PITCHES, key="pitch", chosen="0")
            yield Label("Expression")
            yield Picker(EXPRESSIONS, key="expression", chosen="1.0")
        yield Static(id="unheard", classes="warning", markup=False)
        with VerticalScroll(id="said", can_focus=False):
            yield Static(id="lines")
        if self._phrases:
            with Grid(id="phrases"):
                for number, text in enumerate(self._phrases, 1):
                    yield Static(Content.assemble((f"F{number} ", "bold $accent"), text))
        line = Input(placeholder="Type what to say, then Enter", id="line", classes="main")
        line.cursor_blink = False
        yield line

    def on_mount(self) -> None:
        """Nothing was said yet."""
        self.query_one("#said").anchor()
        self._paint()

    def show(self, status: StatusView) -> None:
        """Take in the daemon's status."""
        self._known = True
        self._players = frozenset(status["players"])
        self.query_one("#lane", Picker).offer(words.lanes(status, self._picked("lane")))
        for line in status["queue"]:
            self._keep(line)
        self._paint()

    def show_voices(self, names: Sequence[str]) -> None:
        """Offer these voices."""
        self.query_one("#voice", Picker).offer(names)

    def heard(self, line: UtteranceView) -> None:
        """Take in a line's new state."""
        self._keep(line)
        self._paint()

    @on(Select.Changed)
    def _picked_another(self) -> None:
        self._paint()

    @on(Input.Submitted, "#line")
    def _submitted(self, event: Input.Submitted) -> None:
        if text := event.value.strip():
            self._history.add(text)
            event.input.clear()
            self.say(text)

    def say(self, text: str) -> None:
        """Have a line said; one that is refused comes back, to be mended."""
        voice, lane = self._picked("voice"), self._picked("lane")
        speed, pitch = float(self._picked("speed")), float(self._picked("pitch"))
        expression = float(self._picked("expression"))
        if not voice:
            self._refused(text, NO_VOICE)
            return

        def say(daemon: Daemon) -> UtteranceView:
            return daemon.say(
                text,
                voice=voice,
                lane=lane,
                user=USER,
                speed=speed,
                pitch_semitones=pitch,
                expression=expression,
            )

        self.post_message(Ask(say, self.heard, partial(self._refused, text)))

    def action_phrase(self, number: int) -> None:
        """Say a quick phrase, or tell where they are written."""
        if number <= len(self._phrases):
            self.say(self._phrases[number - 1])
        else:
            self.notify(
                f"F{number} has no quick phrase. They are in the table [tui] of "
                f"{self._phrases_in}, as phrases.",
                markup=False,
            )

    def action_again(self) -> None:
        """Say the last line of this screen again."""
        mine = [number for number, line in self._lines.items() if line["user"] == USER]
        if not mine:
            self.notify("Nothing was said yet.")
            return
        self.post_message(Ask(lambda daemon: daemon.replay(max(mine)), self.heard))

    def action_hush(self) -> None:
        """Silence what is heard in the lane."""
        lane = self._picked("lane")
        self.post_message(Ask(lambda daemon: daemon.skip(lane=lane, user=None)))

    def action_older(self) -> None:
        """Bring back the line before."""
        self._recall(self._history.up(self.query_one("#line", Input).value))

    def action_newer(self) -> None:
        """Go towards the line begun."""
        self._recall(self._history.down(self.query_one("#line", Input).value))

    def _refused(self, text: str, reason: str) -> None:
        self.notify(reason, severity="error", markup=False)
        if not self.query_one("#line", Input).value:
            self._recall(text)

    def _recall(self, text: str) -> None:
        line = self.query_one("#line", Input)
        line.value = text
        line.cursor_position = len(text)

    def _picked(self, which: str) -> str:
        return self.query_one(f"#{which}", Picker).chosen

    def _keep(self, line: UtteranceView) -> None:
        """Remember a line's state; an older one that arrives late changes nothing."""
        known = self._lines.get(line["id"])
        if known is None or known["state"] not in words.ENDED:
            self._lines[line["id"]] = line
        for number in sorted(self._lines)[:-_SHOWN]:
            del self._lines[number]

    def _paint(self) -> None:
        lane = self._picked("lane")
        unheard = words.unheard(lane, self._players) if self._known else ""
        warning = self.query_one("#unheard", Static)
        warning.update(unheard)
        warning.display = bool(unheard)
        shown = [_said(self._lines[number]) for number in sorted(self._lines)]
        empty = Content.styled("What is said appears here.", "$text-muted")
        self.query_one("#lines", Static).update(Content("\n").join(shown) if shown else empty)


def _said(line: UtteranceView) -> Content:
    colour = _COLOURS.get(line["state"], "$text-muted")
    return Content.assemble(
        (f"{words.mark(line['state'])} ", colour),
        str(line["text"]),
        (f"  {line['voice']} · {words.outcome(line)}", "$text-muted"),
    )
