"""The screen of the voices: who is enrolled, and looking after them."""

from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.widgets import DataTable, Static

from rtvc_bridge.client import DamagedView, EnrolmentView, VoiceView
from rtvc_bridge.tui import words
from rtvc_bridge.tui.agreements import KEYS, AgreementsPane
from rtvc_bridge.tui.dialogs import Choice, Field, Form
from rtvc_bridge.tui.messages import Ask
from rtvc_bridge.tui.report import ReportScreen
from rtvc_bridge.tui.speak import USER
from rtvc_bridge.tui.table import Rows

NONE_YET = "No voices yet. Press e to enrol one from recordings, or i to import a voice file."
SAMPLE = "Hello. This is how I sound."


class VoicesPane(AgreementsPane):
    """The voices, and what is known of the chosen one."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("e", "enrol", "Enrol"),
        Binding("l", "listen", "Listen"),
        Binding("r", "rename", "Rename"),
        Binding("d,delete", "delete", "Delete", key_display="d"),
        Binding("x", "export", "Export"),
        Binding("i", "import", "Import"),
    ]

    def __init__(self) -> None:
        super().__init__()
        self._voices: dict[str, VoiceView] = {}

    def compose(self) -> ComposeResult:
        """Yield the table over the details."""
        yield Rows(("voice", "speaker", "agreement", "made", "speech kept"), key="voices-table")
        yield Static(NONE_YET, id="details", markup=False)
        yield Static(id="damaged", classes="warning", markup=False)

    def show_voices(self, voices: Sequence[VoiceView], chosen: str | None = None) -> None:
        """Show these voices, with the cursor on `chosen`."""
        self._voices = {voice["name"]: voice for voice in voices}
        rows = [(name, _cells(voice)) for name, voice in self._voices.items()]
        self.query_one(Rows).fill(rows, chosen=chosen)
        self._paint()

    def show_damaged(self, files: Sequence[DamagedView]) -> None:
        """Show which voice files cannot be used, and why."""
        damaged = self.query_one("#damaged", Static)
        damaged.update(words.damaged(files))
        damaged.display = bool(files)

    def chosen_voice(self) -> VoiceView | None:
        """Return the voice under the cursor, if there is one."""
        return self._voices.get(self._chosen() or "")

    @on(DataTable.RowHighlighted)
    def _moved(self) -> None:
        self._paint()

    def action_enrol(self) -> None:
        """Make a voice from recordings."""
        from rtvc_bridge.tui.enrol import EnrolScreen  # with soundfile: later than the first paint

        self.app.push_screen(EnrolScreen(), self._enrolled)

    def action_listen(self) -> None:
        """Have the chosen voice say a few words."""
        if (name := self._chosen()) is not None:
            self.post_message(
                Ask(
                    lambda daemon: daemon.say(
                        SAMPLE, voice=name, lane=words.DEFAULT_LANE, user=USER
                    ),
                    lambda _: self.notify(f"{name} says: {SAMPLE}", markup=False),
                )
            )

    def action_rename(self) -> None:
        """Give the chosen voice another name."""
        if (name := self._chosen()) is None:
            return

        def rename(answer: tuple[str, ...] | None) -> None:
            if answer is not None:
                new = answer[0]
                self.post_message(
                    Ask(lambda daemon: daemon.rename(name, new), lambda _: self.outdated(new))
                )

        self.app.push_screen(Form(f"Rename {name}", [Field("New name", name)]), rename)

    def action_delete(self) -> None:
        """Delete the chosen voice, once that is confirmed."""
        if (name := self._chosen()) is None:
            return

        def delete(answer: str | None) -> None:
            if answer == "delete":
                self.post_message(
                    Ask(lambda daemon: daemon.delete(name), lambda _: self.outdated())
                )

        question = f"Delete the voice “{name}” and the recordings kept in it, for good?"
        self.app.push_screen(Choice(question, {"keep": "Keep it", "delete": "Delete"}), delete)

    def action_export(self) -> None:
        """Write the chosen voice to a file."""
        if (name := self._chosen()) is None:
            return

        def export(answer: tuple[str, ...] | None) -> None:
            if answer is not None:
                path = Path(answer[0]).expanduser()
                self.post_message(
                    Ask(
                        lambda daemon: daemon.export(name, path),
                        lambda _: self.notify(f"Written: {path}", markup=False),
                    )
                )

        fields = [Field("File to write", f"{name}.voice")]
        self.app.push_screen(Form(f"Export {name}", fields), export)

    def action_import(self) -> None:
        """Take in a voice file."""

        def take_in(answer: tuple[str, ...] | None) -> None:
            if answer is not None:
                path, name = Path(answer[0]).expanduser(), answer[1] or None
                self.post_message(
                    Ask(
                        lambda daemon: daemon.import_(path, name=name),
                        lambda voice: self.outdated(voice["name"]),
                    )
                )

        fields = [Field("Voice file"), Field("Another name for it, if you like", optional=True)]
        self.app.push_screen(Form("Import a voice", fields), take_in)

    def _enrolled(self, made: EnrolmentView | None) -> None:
        if made is not None:
            self.outdated(made["voice"]["name"])
            self.app.push_screen(ReportScreen(made))

    def _chosen(self) -> str | None:
        return self.query_one(Rows).chosen

    def _paint(self) -> None:
        voice = self.chosen_voice()
        details = self.query_one("#details", Static)
        details.update(NONE_YET if voice is None else _details(voice))


def _cells(voice: VoiceView) -> tuple[str, ...]:
    consent = voice["consent"]
    kept = f"{voice['clip_seconds']:.0f} s" if voice["clip_seconds"] else "none"
    how = "✗ cannot be used" if voice["trouble"] else consent["level"]
    return (voice["name"], consent["by"], how, voice["created_at"][:10], kept)


def _details(voice: VoiceView) -> Content:
    consent = voice["consent"]
    kept = voice["clip_seconds"]
    trouble, heard = voice["trouble"], words.heard_how(consent)
    return Content.assemble(
        (voice["name"], "bold"),
        (f"\nIt cannot be used: {trouble}" if trouble else "", "$text-error"),
        f"\nMade {voice['created_at'][:10]} with the consent of {consent['by']}, "
        f"{consent['level']} on {consent['given_at'][:10]}.\n",
        f"{heard}\n" if heard else "",
        f"{words.shared(consent)}\n",
        f"{kept:.1f} s of speech are kept in its file." if kept else "No recordings are kept.",
        (f"\nid {voice['id']}\n{KEYS}", "$text-muted"),
    )
