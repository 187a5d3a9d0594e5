"""Agreeing aloud: a sentence for one reading, its time limit, a meter, and what came of it."""

from collections.abc import Callable
from enum import Enum, auto
from pathlib import Path
from tempfile import TemporaryDirectory
from time import monotonic
from typing import ClassVar, Generic, TypeVar

import soundfile
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.widgets import Footer, Static

from rtvc_bridge.client import SentenceView
from rtvc_bridge.tui.api import Daemon
from rtvc_bridge.tui.messages import Ask
from rtvc_bridge.tui.meter import meter
from rtvc_bridge.tui.microphone import Microphone, Recorder

T = TypeVar("T")
HandIn = Callable[[Daemon, str, Path], T]
"""Called on a thread with a sentence's id and the recording of it."""

TICK_S = 0.1
METER_WIDTH = 40
ASKING = "A sentence is being made …"
JUDGING = "It is being listened to …"
TOO_LATE = "The time for this sentence is over."
AGAIN = "Enter asks for another sentence."


class Step(Enum):
    """How far the reading is."""

    ASKING = auto()
    READY = auto()
    STARTING = auto()
    RECORDING = auto()
    JUDGED = auto()
    OVER = auto()


class SentenceScreen(ModalScreen[T | None], Generic[T]):
    """Gives what came of handing the reading in, or None after Escape.

    Args:
        voice: What is agreed to: the voice's name.
        hand_in: Hands it in.
        record: Starts a recording; called on a thread, and may raise DeviceError.
        clock: Seconds that only go forward.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "onwards", "Start, hand in"),
        Binding("n", "another", "Another sentence"),
        Binding("escape", "cancel", "Cancel"),
    ]

    def __init__(
        self,
        voice: str,
        hand_in: HandIn[T],
        *,
        record: Callable[[], Recorder] = Microphone,
        clock: Callable[[], float] = monotonic,
    ) -> None:
        super().__init__()
        self._voice = voice
        self._hand_in = hand_in
        self._record = record
        self._clock = clock
        self._folder = TemporaryDirectory(prefix="rtvc-agreed-", ignore_cleanup_errors=True)
        self._step = Step.ASKING
        self._sentence_id = ""
        self._ends_at = 0.0
        self._note = ""
        self._recorder: Recorder | None = None

    def compose(self) -> ComposeResult:
        """Yield the sentence over the time that is left."""
        with Vertical(classes="dialog"):
            yield Static(
                "To agree, the speaker of the recordings reads this aloud", classes="heading"
            )
            yield Static(id="sentence", markup=False)
            yield Static(id="take", markup=False)
        yield Footer(compact=True)

    def on_mount(self) -> None:
        """Ask for a sentence."""
        self._ask_for_one()
        self.set_interval(TICK_S, self._tick)

    def on_unmount(self) -> None:
        """Let go of the microphone, and leave no recording behind."""
        self._drop()
        self._folder.cleanup()

    def action_onwards(self) -> None:
        """Start to record, hand in, or after a refusal begin anew."""
        if self._step is Step.READY:
            self._step = Step.STARTING
            self.post_message(Ask(lambda _: self._record(), self._recording, self._no_microphone))
        elif self._step is Step.RECORDING and (recorder := self._recorder) is not None:
            self._step = Step.JUDGED
            self._tell(JUDGING)
            self.post_message(
                Ask(lambda daemon: self._send(daemon, recorder), self._agreed, self._over)
            )
        elif self._step is Step.OVER:
            self._ask_for_one()

    def action_another(self) -> None:
        """Begin anew with another sentence, unless one is being asked for or judged."""
        if self._step in (Step.READY, Step.RECORDING, Step.OVER):
            self._drop()
            self._ask_for_one()

    def action_cancel(self) -> None:
        """Agree to nothing."""
        self.dismiss(None)

    def _ask_for_one(self) -> None:
        self._step, self._note = Step.ASKING, ""
        self.query_one("#sentence", Static).update("")
        self._tell(ASKING)
        self.post_message(Ask(lambda daemon: daemon.sentence(self._voice), self._given, self._over))

    def _given(self, sentence: SentenceView) -> None:
        if self._left:
            return
        self._sentence_id, self._ends_at = sentence["id"], self._clock() + sentence["seconds"]
        self._step = Step.READY
        self.query_one("#sentence", Static).update(sentence["sentence"])
        self._tick()

    def _tick(self) -> None:
        """Show the time that is left, and how loud it is."""
        if self._step not in (Step.READY, Step.RECORDING):
            return
        left_s = self._ends_at - self._clock()
        if left_s <= 0:
            self._over(TOO_LATE)
        elif self._recorder is None:
            self._tell(f"{self._note}{left_s:.0f} s left. Enter, then read it aloud, then Enter.")
        else:
            bar = meter(self._recorder.level_db(), width=METER_WIDTH)
            self._tell(f"Recording, {left_s:.0f} s left: Enter hands it in.\n{bar}")

    def _recording(self, recorder: Recorder) -> None:
        if self._left:
            recorder.stop()
            return
        self._recorder, self._step = recorder, Step.RECORDING
        self._tick()

    def _no_microphone(self, reason: str) -> None:
        if not self._left:
            self._step, self._note = Step.READY, f"{reason}\n"
            self._tick()

    def _send(self, daemon: Daemon, recorder: Recorder) -> T:
        """Hand in what was recorded; on a thread."""
        self._recorder = None  # it is stopped here, or by `_over` if there is no daemon
        sound, file = recorder.stop(), Path(self._folder.name) / "sentence.wav"
        soundfile.write(file, sound.samples, sound.rate_hz)
        return self._hand_in(daemon, self._sentence_id, file)

    def _agreed(self, answer: T) -> None:
        if not self._left:
            self.dismiss(answer)

    def _over(self, reason: str) -> None:
        """Show why this reading does not count."""
        if not self._left:
            self._drop()
            self._step = Step.OVER
            self._tell(f"{reason}\n{AGAIN}")

    @property
    def _left(self) -> bool:
        return not self.is_mounted or self._closing

    def _drop(self) -> None:
        if self._recorder is not None:
            self._recorder.stop()
            self._recorder = None

    def _tell(self, text: str) -> None:
        self.query_one("#take", Static).update(text)
