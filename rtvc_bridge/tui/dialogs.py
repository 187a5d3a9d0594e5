"""Questions in front of the screen: choose one of a few answers, or fill in a few lines."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.screen import ModalScreen
from textual.widgets import Button, Footer, Input, Label, OptionList, Static


class Choice(ModalScreen[str | None]):
    """Gives the key of the answer chosen, or None after Escape.

    Args:
        question: In plain words.
        answers: What each button says, by key; the first has the focus.
        key: Id of the screen.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "cancel", "Cancel"),
        Binding("left,up", "app.focus_previous", "Other answer", show=False),
        Binding("right,down", "app.focus_next", "Other answer", show=False),
    ]

    def __init__(
        self, question: str, answers: Mapping[str, str], *, key: str | None = None
    ) -> None:
        super().__init__(id=key)
        self._question = question
        self._answers = answers

    def compose(self) -> ComposeResult:
        """Yield the question over its answers."""
        with Vertical(classes="dialog"):
            yield Static(self._question, markup=False)
            with Horizontal(classes="buttons"):
                for key, label in self._answers.items():
                    yield Button(label, id=key, compact=True)
        yield Footer(compact=True)

    def on_button_pressed(self, event: Button.Pressed) -> None:
        """Give the answer, unless the question went away meanwhile."""
        if self.is_current:
            self.dismiss(event.button.id)

    def action_cancel(self) -> None:
        """Give none."""
        self.dismiss(None)


class Pick(ModalScreen[str | None]):
    """Gives the key of the option picked from a list, or None after Escape.

    Args:
        question: In plain words.
        options: What each line says, by key.
        chosen: The one that holds now; marked, and where the cursor is at first. None: no one.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "pick", "Choose", show=True),
        Binding("escape", "cancel", "Cancel"),
    ]

    def __init__(self, question: str, options: Mapping[str, str], chosen: str | None) -> None:
        super().__init__()
        self._question = question
        self._options = options
        self._chosen = chosen

    def compose(self) -> ComposeResult:
        """Yield the question over the options."""
        lines = [
            f"{'●' if key == self._chosen else ' '} {label}" for key, label in self._options.items()
        ]
        with Vertical(classes="dialog"):
            yield Static(self._question, markup=False, classes="heading")
            yield OptionList(*lines, markup=False, compact=True)
        yield Footer(compact=True)

    def on_mount(self) -> None:
        """Begin at the option that holds."""
        keys = list(self._options)
        if self._chosen is None or self._chosen in keys:
            at = 0 if self._chosen is None else keys.index(self._chosen)
            self.query_one(OptionList).highlighted = at

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        """Give the option, unless the question went away meanwhile."""
        if self.is_current:
            self.dismiss(list(self._options)[event.option_index])

    def action_pick(self) -> None:
        """Give the option under the cursor."""
        self.query_one(OptionList).action_select()

    def action_cancel(self) -> None:
        """Give none."""
        self.dismiss(None)


READ_ALOUD = "read"


def aloud_instead(reason: str) -> Choice:
    """Return the question whether the speaker reads a sentence aloud, as `reason` asks for."""
    return Choice(reason, {READ_ALOUD: "Read a sentence aloud", "back": "Not now"})


@dataclass(frozen=True, slots=True)
class Field:
    """One line to fill in.

    Attributes:
        label: Over the line.
        value: What stands there at first.
        optional: Whether it may stay empty.
    """

    label: str
    value: str = ""
    optional: bool = False


class Form(ModalScreen[tuple[str, ...] | None]):
    """Gives what was filled in, field by field, or None after Escape."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "done", "Done"),
        Binding("tab", "app.focus_next", "Next field"),
        Binding("escape", "cancel", "Cancel"),
    ]

    def __init__(self, title: str, fields: Sequence[Field]) -> None:
        super().__init__()
        self._title = title
        self._fields = fields

    def compose(self) -> ComposeResult:
        """Yield the fields."""
        with Vertical(classes="dialog"):
            yield Static(self._title, markup=False, classes="heading")
            for field in self._fields:
                yield Label(field.label, markup=False)
                line = Input(field.value)
                line.cursor_blink = False
                yield line
        yield Footer(compact=True)

    def on_input_submitted(self) -> None:
        """Enter in a line is Enter in the form."""
        self.action_done()

    def action_done(self) -> None:
        """Go to the first field that must not be empty, or end."""
        lines = list(self.query(Input))
        for field, line in zip(self._fields, lines, strict=True):
            if not (field.optional or line.value.strip()):
                line.focus()
                return
        self.dismiss(tuple(line.value.strip() for line in lines))

    def action_cancel(self) -> None:
        """Give nothing."""
        self.dismiss(None)
