"""A screen that can start a daemon, and leaves it running or stops it at its own end."""

from abc import abstractmethod

from rtvc_bridge.tui.api import Start, Starting
from rtvc_bridge.tui.asking import AskingApp
from rtvc_bridge.tui.dialogs import Choice
from rtvc_bridge.tui.messages import Ask
from rtvc_bridge.tui.watch import NO_DAEMON

OFFER = "offer"
STARTING = "A daemon is starting …"


class StartingApp(AskingApp):
    """Offers to start a daemon where none runs.

    Args:
        start: Starts a daemon and returns at once; None if that is not possible.

    Attributes:
        starting: Whether one is on its way up.
        not_started: Why the last one did not come up, "" if that is not so.
    """

    def __init__(self, start: Start | None) -> None:
        super().__init__()
        self._start = start
        self._process: Starting | None = None
        self._started = self._offered = False
        self.starting = False
        self.not_started = ""

    @abstractmethod
    def trouble(self, text: str) -> None:
        """Show what is wrong over everything, or nothing."""

    @abstractmethod
    def lost(self, reason: str) -> None:
        """Show that there is no daemon."""

    @property
    def can_start(self) -> bool:
        """Whether starting a daemon makes sense now."""
        return self.daemon is None and self._start is not None and not self.starting

    def offer_start(self, reason: str) -> None:
        """Ask once, at the first, whether to start a daemon, if there is none."""
        if reason == NO_DAEMON and self._start is not None and not self._offered:
            self.push_screen(
                Choice(
                    "No daemon is running, so nothing can be said. Start one now?",
                    {"start": "Start a daemon", "wait": "Not now"},
                    key=OFFER,
                ),
                self._offer_answered,
            )
        self._offered = True

    def check_start(self) -> None:
        """Say so if the daemon that was started has ended instead of listening."""
        if self._process is not None and (problem := self._process.problem()) is not None:
            self._start_failed(problem)

    def started_well(self) -> None:
        """Take note that a daemon listens."""
        self._started = self._started or self.starting
        self.starting, self._process, self.not_started = False, None, ""
        if isinstance(self.screen, Choice) and self.screen.id == OFFER:
            self.screen.dismiss(None)

    async def action_quit(self) -> None:
        """Leave; a daemon that this screen started may be left running."""
        if not self._started or self.daemon is None:
            self.exit()
            return
        answers = {"leave": "Leave it running", "stop": "Stop it"}
        question = "This screen started the daemon. Leave it running, so that others can speak?"
        if not isinstance(self.screen, Choice):
            self.push_screen(Choice(question, answers), self._quit)

    def _quit(self, answer: str | None) -> None:
        if answer == "leave":
            self.exit()
        elif answer == "stop":
            self.post_message(Ask(lambda daemon: daemon.stop(), lambda _: self.exit()))

    def action_start_daemon(self) -> None:
        """Start a daemon; the watcher finds it once it listens."""
        if self._start is None:
            return
        self.starting, self.not_started = True, ""
        self.trouble(STARTING)
        self.on_thread(self._start, self._start_begun, self._start_failed)

    def _start_begun(self, process: Starting) -> None:
        self._process = process

    def _start_failed(self, reason: str) -> None:
        self.starting, self._process = False, None
        self.not_started = f"The daemon could not be started: {reason}"
        self.lost(reason)

    def _offer_answered(self, answer: str | None) -> None:
        if answer == "start":
            self.action_start_daemon()
