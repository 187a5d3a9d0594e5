"""A table of rows with keys, whose cursor stays on its row when the rows change."""

from collections.abc import Sequence

from rich.cells import cell_len
from rich.text import Text
from textual.widgets import DataTable

Row = tuple[str, tuple[str, ...]]
"""A key, and the cells."""

_PADDING = 1
_LEAST = 8


class Rows(DataTable[Text]):
    """Rows of plain text; the last column gets the width that is left.

    Args:
        headings: Of the columns.
        key: Id of the widget.
    """

    def __init__(self, headings: Sequence[str], *, key: str) -> None:
        super().__init__(id=key, classes="main", cursor_type="row", cell_padding=_PADDING)
        self._headings = tuple(headings)
        self._rows: tuple[Row, ...] = ()

    def on_mount(self) -> None:
        """Set the columns."""
        self._draw(None)

    def on_resize(self) -> None:
        """Give the last column what is left now."""
        self._draw(self.chosen)

    @property
    def chosen(self) -> str | None:
        """The key of the row under the cursor; None if there is no row."""
        if not self._rows:
            return None
        return self._rows[min(self.cursor_row, len(self._rows) - 1)][0]

    def fill(self, rows: Sequence[Row], *, chosen: str | None = None) -> None:
        """Show these rows; the cursor goes to `chosen`, or stays on its row."""
        chosen = chosen or self.chosen
        if tuple(rows) != self._rows or chosen != self.chosen:
            self._rows = tuple(rows)
            self._draw(chosen)

    def _draw(self, chosen: str | None) -> None:
        before, left = self.cursor_row, self._left()
        cut = [(*cells[:-1], _cut(cells[-1], left)) for _, cells in self._rows]
        self.clear(columns=True)
        # A table that measures its columns does so later, and keeps what it painted before.
        for column in zip(self._headings, *cut, strict=True):
            self.add_column(column[0], width=max(map(cell_len, column)))
        for (key, _), cells in zip(self._rows, cut, strict=True):
            self.add_row(*map(Text, cells), key=key)
        keys = [key for key, _ in self._rows]
        self.move_cursor(row=keys.index(chosen) if chosen in keys else before)

    def _left(self) -> int:
        """Return the width, in cells, that the other columns leave to the last."""
        table = [self._headings, *(cells for _, cells in self._rows)]
        others = [max(len(row[at]) for row in table) for at in range(len(self._headings) - 1)]
        used = sum(others) + 2 * _PADDING * len(self._headings) + self.scrollbar_size_vertical
        return max(_LEAST, self.size.width - used)


def _cut(text: str, left: int) -> str:
    return text if len(text) <= left else f"{text[: left - 1]}…"
