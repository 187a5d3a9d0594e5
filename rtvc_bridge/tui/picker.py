"""A list to pick one of, that keeps the choice when the list changes."""

from collections.abc import Sequence

from textual.widgets import Select


class Picker(Select[str]):
    """One of a few words; the first until another is chosen.

    Args:
        options: To pick from.
        key: Id of the widget.
        prompt: Shown while there is nothing to pick from.
        chosen: Picked at first.
    """

    def __init__(
        self, options: Sequence[str] = (), *, key: str, prompt: str = "", chosen: str | None = None
    ) -> None:
        self._offered = tuple(options)
        pairs = [(option, option) for option in options]
        first = chosen or (options[0] if options else Select.NULL)
        super().__init__(pairs, id=key, prompt=prompt, value=first, compact=True)

    @property
    def chosen(self) -> str:
        """What is picked, "" if nothing can be."""
        return self.value if isinstance(self.value, str) else ""

    def offer(self, options: Sequence[str]) -> None:
        """Change what can be picked; the choice stays if it is still there."""
        if tuple(options) == self._offered:
            return
        self._offered = tuple(options)
        kept = self.chosen if self.chosen in options else next(iter(options), None)
        with self.prevent(Select.Changed):
            self.set_options([(option, option) for option in options])
            if kept is not None:
                self.value = kept
