"""Recording a speaker for a new voice: a text to read, a countdown, a meter, another take."""

from collections.abc import Callable
from enum import Enum, auto
from pathlib import Path
from typing import ClassVar

import soundfile
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.timer import Timer
from textual.widgets import Footer, Static

from rtvc_bridge.audio import Audio
from rtvc_bridge.tui.messages import Ask
from rtvc_bridge.tui.meter import meter
from rtvc_bridge.tui.microphone import Recorder

# The rainbow passage (Fairbanks 1960, public domain): nearly every sound of English.
PASSAGE = (
    "When the sunlight strikes raindrops in the air, they act as a prism and form a rainbow. "
    "The rainbow is a division of white light into many beautiful colors. These take the shape "
    "of a long round arch, with its path high above, and its two ends apparently beyond the "
    "horizon."
)
COUNTDOWN = 3
STEP_S = 1.0
METER_S = 0.1
METER_WIDTH = 40
LEAST_S = 5.0


class Step(Enum):
    """How far a take is."""

    READY = auto()
    COUNTING = auto()
    RECORDING = auto()
    TAKEN = auto()


class RecordScreen(ModalScreen[Path | None]):
    """Gives the file of the take that was kept, or None after Escape.

    Args:
        record: Starts a recording; called on a thread, and may raise DeviceError.
        file: Where the take is written.
        step_s: Between two numbers of the countdown.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "onwards", "Start, stop, keep"),
        Binding("r", "again", "Another take"),
        Binding("escape", "cancel", "Cancel"),
    ]

    def __init__(
        self, record: Callable[[], Recorder], file: Path, *, step_s: float = STEP_S
    ) -> None:
        super().__init__()
        self._record = record
        self._file = file
        self._step_s = step_s
        self._step = Step.READY
        self._recorder: Recorder | None = None
        self._timer: Timer | None = None
        self._left = COUNTDOWN

    def compose(self) -> ComposeResult:
        """Yield the text to read over the meter."""
        with Vertical(classes="dialog"):
            yield Static("Read this aloud, at your usual pace and distance", classes="heading")
            yield Static(PASSAGE, markup=False)
            yield Static(id="take", markup=False)
        yield Footer(compact=True)

    def on_mount(self) -> None:
        """Wait for the speaker."""
        self._tell("Press Enter when you are ready. Any silence at the ends is cut off.")

    def on_unmount(self) -> None:
        """Let go of the microphone."""
        if self._recorder is not None:
            self._recorder.stop()

    def action_onwards(self) -> None:
        """Start, stop, or keep the take."""
        if self._step is Step.READY:
            self.action_again()
        elif self._step is Step.RECORDING:
            self._stop()
        elif self._step is Step.TAKEN:
            self.dismiss(self._file)

    def action_again(self) -> None:
        """Begin a take, unless one is going on."""
        if self._step in (Step.READY, Step.TAKEN):
            self._step, self._left = Step.COUNTING, COUNTDOWN
            self._tell(f"{self._left} …")
            self._every(self._step_s, self._count)

    def action_cancel(self) -> None:
        """Keep nothing."""
        self.dismiss(None)

    def _count(self) -> None:
        self._left -= 1
        self._tell(f"{self._left} …")
        if self._left == 0:
            self._every(None, self._count)
            self.post_message(Ask(lambda _: self._record(), self._recording, self._failed))

    def _recording(self, recorder: Recorder) -> None:
        if not self.is_mounted:
            recorder.stop()
            return
        self._recorder, self._step = recorder, Step.RECORDING
        self._every(METER_S, self._measure)
        self._measure()

    def _measure(self) -> None:
        if self._recorder is not None:
            bar = meter(self._recorder.level_db(), width=METER_WIDTH)
            self._tell(f"Recording: Enter stops it.\n{bar}")

    def _stop(self) -> None:
        recorder, self._recorder = self._recorder, None
        self._every(None, self._measure)
        if recorder is not None:
            self.post_message(Ask(lambda _: self._keep(recorder.stop()), self._taken, self._failed))

    def _keep(self, sound: Audio) -> float:
        soundfile.write(self._file, sound.samples, sound.rate_hz)
        return sound.seconds

    def _taken(self, seconds: float) -> None:
        self._step = Step.TAKEN
        short = f" {LEAST_S:.0f} s or more make a voice: take another." if seconds < LEAST_S else ""
        self._tell(f"{seconds:.1f} s recorded.{short}\nEnter keeps it; r records another take.")

    def _failed(self, reason: str) -> None:
        self._step = Step.READY
        self._tell(reason)

    def _every(self, seconds: float | None, call: Callable[[], None]) -> None:
        """Call `call` again and again, and nothing else; not at all with None."""
        if self._timer is not None:
            self._timer.stop()
        self._timer = None if seconds is None else self.set_interval(seconds, call)

    def _tell(self, text: str) -> None:
        self.query_one("#take", Static).update(text)
