"""The part of the voices' screen that looks after the speakers' agreements."""

from abc import abstractmethod
from collections.abc import Callable
from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.message import Message

from rtvc_bridge.client import VoiceView
from rtvc_bridge.errors import ConsentError
from rtvc_bridge.tui import words
from rtvc_bridge.tui.api import Daemon
from rtvc_bridge.tui.dialogs import READ_ALOUD, Choice, Field, Form, Pick, aloud_instead
from rtvc_bridge.tui.messages import Ask
from rtvc_bridge.tui.pane import Pane

KEYS = "a agree anew  g who may use it  v revoke for good"
_ADD = ""


class AgreementsPane(Pane):
    """Lets an agreement be given again, shared, and taken back."""

    BINDINGS: ClassVar[list[BindingType]] = [  # shown with the chosen voice: KEYS
        Binding("a", "agree", "Agree anew", show=False),
        Binding("g", "grants", "Who may use it", show=False),
        Binding("v", "revoke", "Revoke", show=False),
    ]

    class Outdated(Message):
        """The voices should be read again.

        Args:
            chosen: The voice to go to then.
        """

        def __init__(self, chosen: str | None = None) -> None:
            super().__init__()
            self.chosen = chosen

    @abstractmethod
    def chosen_voice(self) -> VoiceView | None:
        """Return the voice under the cursor, if there is one."""

    def outdated(self, chosen: str | None = None) -> None:
        """Have the voices read again."""
        self.post_message(self.Outdated(chosen))

    def action_agree(self) -> None:
        """Take the agreement to the chosen voice again: stated, or read aloud."""
        if (voice := self.chosen_voice()) is None:
            return
        name = voice["name"]

        def agree(answer: tuple[str, ...] | None) -> None:
            if answer is None:
                return
            speaker, stated = answer
            if not stated:
                self._read_aloud(name, speaker)
            elif stated.casefold() == words.agreement(speaker).casefold():
                self._state(name, speaker)
            else:
                needed = f"To state it, type “{words.agreement(speaker)}”."
                self.notify(needed, severity="error", markup=False)

        fields = [
            Field("Whose voice it is", voice["consent"]["by"]),
            Field("Type “NAME agreed”; empty: they read a sentence aloud", optional=True),
        ]
        self.app.push_screen(Form(f"The agreement to {name}, given again", fields), agree)

    def action_grants(self) -> None:
        """Let somebody else use the chosen voice, or somebody no more."""
        if (voice := self.chosen_voice()) is None:
            return
        name, consent = voice["name"], voice["consent"]

        def choose(answer: str | None) -> None:
            if answer == _ADD:
                self._grant(name)
            elif answer is not None:
                self._change(name, lambda daemon: daemon.withdraw(name, answer))

        options = {_ADD: "Let somebody else use it …"}
        options |= {to: f"No longer {to}" for to in consent["grants"]}
        question = f"Who may use {name}, besides its owner ({consent['owner']})?"
        self.app.push_screen(Pick(question, options, None), choose)

    def action_revoke(self) -> None:
        """Destroy the chosen voice for good, once that is confirmed."""
        if (voice := self.chosen_voice()) is None:
            return
        name = voice["name"]

        def revoke(answer: str | None) -> None:
            if answer == "revoke":
                self.post_message(
                    Ask(lambda daemon: daemon.revoke(name), lambda cut: self._revoked(name, cut))
                )

        question = (
            f"Take the agreement to “{name}” back? The voice falls silent at once, wherever it "
            "speaks. It is destroyed with all recordings in it, and no copy of it can be "
            "imported here again. This cannot be undone."
        )
        answers = {"keep": "Keep it", "revoke": "Revoke for good"}
        self.app.push_screen(Choice(question, answers), revoke)

    def _revoked(self, name: str, cut: int) -> None:
        self.notify(f"{name} is revoked. Lines cut off: {cut}.", markup=False)
        self.outdated()

    def _grant(self, name: str) -> None:
        def grant(answer: tuple[str, ...] | None) -> None:
            if answer is not None:
                to = answer[0]
                self._change(name, lambda daemon: daemon.grant(name, to))

        fields = [Field("discord:user:12, discord:role:9, discord:guild:3 or everyone")]
        self.app.push_screen(Form(f"Who else may use {name}?", fields), grant)

    def _state(self, name: str, speaker: str) -> None:
        """Hand in that the speaker agreed; where that is not enough, offer to read aloud."""

        def state(daemon: Daemon) -> VoiceView | ConsentError:
            try:
                return daemon.consent(name, consent_by=speaker)
            except ConsentError as error:
                return error

        def answered(answer: VoiceView | ConsentError) -> None:
            if not isinstance(answer, ConsentError):
                self._agreed(answer)
                return
            self.app.push_screen(aloud_instead(str(answer)), read_or_not)

        def read_or_not(answer: str | None) -> None:
            if answer == READ_ALOUD:
                self._read_aloud(name, speaker)

        self.post_message(Ask(state, answered))

    def _read_aloud(self, name: str, speaker: str) -> None:
        from rtvc_bridge.tui.sentence import SentenceScreen  # with soundfile, as the enrolment

        self.app.push_screen(
            SentenceScreen[VoiceView](
                name,
                lambda daemon, sentence, recording: daemon.consent(
                    name, consent_by=speaker, sentence_id=sentence, consent_recording=recording
                ),
            ),
            self._agreed,
        )

    def _agreed(self, voice: VoiceView | None) -> None:
        if voice is not None:
            self.notify(f"The agreement to {voice['name']} was given again.", markup=False)
            self.outdated(voice["name"])

    def _change(self, name: str, verb: Callable[[Daemon], object]) -> None:
        self.post_message(Ask(verb, lambda _: self.outdated(name)))
