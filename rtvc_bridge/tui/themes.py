"""The two colour themes."""

from textual.theme import Theme

DARK = Theme(
    name="bridge-dark",
    primary="#7aa2d6",
    secondary="#5f7f9f",
    accent="#e0b36a",
    success="#86b380",
    warning="#e0b36a",
    error="#d9726b",
    foreground="#d8dbe0",
    background="#16181c",
    surface="#1c1f24",
    panel="#24282f",
    dark=True,
)
LIGHT = Theme(
    name="bridge-light",
    primary="#2f5f9e",
    secondary="#54708c",
    accent="#8a5a00",
    success="#2f6b2a",
    warning="#8a5a00",
    error="#a8322a",
    foreground="#22262c",
    background="#fafaf8",
    surface="#f1f1ee",
    panel="#e6e6e1",
    dark=False,
)
