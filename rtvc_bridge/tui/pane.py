"""What a tab shows."""

from textual.containers import Vertical


class Pane(Vertical):
    """The content of a tab; of its parts, the one of class "main" gets the focus."""

    def focus_main(self) -> None:
        """Go to the main part."""
        self.query_one(".main").focus()
