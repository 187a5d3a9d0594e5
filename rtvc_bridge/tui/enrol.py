"""Making a voice: recordings, a name, and the speaker's agreement."""

import glob
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import ClassVar, TypeVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, VerticalScroll
from textual.screen import ModalScreen
from textual.widgets import Checkbox, Footer, Input, Label, Static

from rtvc_bridge.client import EnrolmentView
from rtvc_bridge.errors import ConsentError
from rtvc_bridge.tui import words
from rtvc_bridge.tui.api import Daemon
from rtvc_bridge.tui.dialogs import READ_ALOUD, aloud_instead
from rtvc_bridge.tui.messages import Ask
from rtvc_bridge.tui.microphone import Microphone, Recorder
from rtvc_bridge.tui.record import RecordScreen
from rtvc_bridge.tui.sentence import SentenceScreen

T = TypeVar("T")

WORKING = "Making the voice …"


class EnrolScreen(ModalScreen[EnrolmentView | None]):
    """Gives the new voice with its quality report, or None after Escape.

    Args:
        record: Starts a recording with the microphone.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("tab", "app.focus_next", "Next field"),
        Binding("ctrl+s", "enrol", "Make it"),
        Binding("ctrl+r", "record", "Record"),
        Binding("ctrl+t", "aloud", "Agree aloud"),
        Binding("ctrl+z", "drop", "Drop file"),
        Binding("escape", "cancel", "Cancel"),
    ]

    def __init__(self, record: Callable[[], Recorder] = Microphone) -> None:
        super().__init__()
        self._record = record
        self._takes = TemporaryDirectory(prefix="rtvc-takes-")
        self._clips: list[Path] = []
        self._busy = False

    def compose(self) -> ComposeResult:
        """Yield the form."""
        with VerticalScroll(classes="form", can_focus=False):
            yield Static("Enrol a voice", classes="heading")
            yield from _field("Name", "name", "what the voice will be called")
            yield from _field("Files", "files", "path or *.wav, Enter adds it; ^r records")
            yield Static(id="clips", markup=False)
            yield from _field("Speaker", "speaker", "whose voice it is")
            yield Static(id="statement", markup=False)
            yield from _field("Consent", "consent", "")
            yield Checkbox("Keep the speech in the voice file", value=True, compact=True)
        yield Static(id="trouble", markup=False)
        yield Footer(compact=True)

    def on_mount(self) -> None:
        """Begin with the name."""
        self._paint()
        self.query_one("#name").focus()

    def on_unmount(self) -> None:
        """Leave no recording behind."""
        self._takes.cleanup()

    @on(Input.Submitted, "#files")
    def _add(self, event: Input.Submitted) -> None:
        pattern = event.value

        def add(found: list[Path]) -> None:
            if not found:
                self._complain(f"There is no such file: {pattern}")
                return
            self._clips += [path for path in found if path not in self._clips]
            self.query_one("#files", Input).clear()
            self._complain("")
            self._paint()

        self.post_message(Ask(lambda _: matching(pattern), self._if_shown(add)))

    @on(Input.Submitted, "#name, #speaker")
    def _onwards(self) -> None:
        self.focus_next()

    @on(Input.Submitted, "#consent")
    def _complete(self) -> None:
        self.action_enrol()

    @on(Input.Changed, "#speaker")
    def _named(self) -> None:
        self._paint()

    def action_drop(self) -> None:
        """Take the last recording out again."""
        del self._clips[-1:]
        self._paint()

    def action_record(self) -> None:
        """Record the speaker here."""
        if self._busy:
            return
        file = Path(self._takes.name) / f"take-{len(self._clips) + 1}.wav"
        self.app.push_screen(RecordScreen(self._record, file), self._recorded)

    def _recorded(self, file: Path | None) -> None:
        if file is not None:
            self._clips += [file] if file not in self._clips else []
            self._paint()

    def action_enrol(self) -> None:
        """Make the voice, or say what is missing."""
        if self._busy:
            return
        if missing := self._missing() or self._unstated():
            self._complain(missing)
            return
        make = self._maker()

        def enrol(daemon: Daemon) -> EnrolmentView | ConsentError:
            try:
                return make(daemon, None, None)
            except ConsentError as error:
                return error

        self._busy = True
        self._complain(WORKING)
        self.post_message(Ask(enrol, self._if_shown(self._answered), self._if_shown(self._refused)))

    def action_aloud(self) -> None:
        """Make the voice once its speaker has read a sentence aloud."""
        if self._busy:
            return
        if missing := self._missing():
            self._complain(missing)
            return
        self._complain("")
        self.app.push_screen(
            SentenceScreen[EnrolmentView](self._typed("name"), self._maker(), record=self._record),
            self._agreed,
        )

    def action_cancel(self) -> None:
        """Make none."""
        self.dismiss(None)

    def _maker(self) -> Callable[[Daemon, str | None, Path | None], EnrolmentView]:
        """Return what makes the voice of this form, for any thread."""
        name, speaker = self._typed("name"), self._typed("speaker")
        keep, clips = self.query_one(Checkbox).value, tuple(self._clips)

        def make(daemon: Daemon, sentence: str | None, recording: Path | None) -> EnrolmentView:
            return daemon.enrol(
                name,
                clips,
                consent_by=speaker,
                keep_clips=keep,
                sentence_id=sentence,
                consent_recording=recording,
            )

        return make

    def _answered(self, answer: EnrolmentView | ConsentError) -> None:
        if not isinstance(answer, ConsentError):
            self.dismiss(answer)
            return
        self._refused(str(answer))
        self.app.push_screen(aloud_instead(str(answer)), self._read_or_not)

    def _read_or_not(self, answer: str | None) -> None:
        if answer == READ_ALOUD:
            self.action_aloud()

    def _agreed(self, made: EnrolmentView | None) -> None:
        if made is not None:
            self.dismiss(made)

    def _missing(self) -> str:
        """Return what the form still needs, "" if nothing."""
        if not self._typed("name"):
            return "Give the voice a name."
        if not self._clips:
            return "Add a recording: 5 s or more of one speaker. Enter adds the file."
        if not self._typed("speaker"):
            return "Say whose voice this is."
        return ""

    def _unstated(self) -> str:
        """Return what is to be typed so that the agreement is stated, "" once it is."""
        if self._typed("consent").casefold() != self._agreement().casefold():
            return f"Without the speaker's agreement no voice is made: type “{self._agreement()}”."
        return ""

    def _refused(self, reason: str) -> None:
        self._busy = False
        self._complain(reason)

    def _if_shown(self, call: Callable[[T], object]) -> Callable[[T], None]:
        """Return `call`, but for when this screen was left meanwhile."""

        def guarded(argument: T) -> None:
            if self.is_mounted and not self._closing:
                call(argument)

        return guarded

    def _agreement(self) -> str:
        return words.agreement(self._typed("speaker"))

    def _typed(self, which: str) -> str:
        return self.query_one(f"#{which}", Input).value.strip()

    def _complain(self, text: str) -> None:
        self.query_one("#trouble", Static).update(text)

    def _paint(self) -> None:
        names = ", ".join(path.name for path in self._clips)
        count = f"{len(self._clips)}: {names}" if names else "none yet"
        self.query_one("#clips", Static).update(count)
        self.query_one("#statement", Static).update(
            f"Did {self._typed('speaker') or 'the speaker'} agree to have this voice cloned here?\n"
            f"If so, type: {self._agreement()}\n"
            "Or press ^t, and they read a sentence aloud."
        )


def matching(pattern: str) -> list[Path]:
    """Return the files that a path, or a pattern such as "~/takes/*.wav", stands for."""
    expanded = Path(pattern.strip()).expanduser()
    if expanded.is_file():
        return [expanded]
    return sorted(path for path in map(Path, glob.glob(str(expanded))) if path.is_file())  # noqa: PTH207 - Path.glob takes no absolute pattern


def _field(label: str, name: str, hint: str) -> ComposeResult:
    with Horizontal(classes="field"):
        yield Label(label)
        line = Input(placeholder=hint, id=name, compact=True)
        line.cursor_blink = False
        yield line
