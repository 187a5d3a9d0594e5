"""Messages as a person would read them out. Pure: no Discord object, no clock."""

from rtvc_discord.text.heard import Attached, Heard
from rtvc_discord.text.reading import read

__all__ = ["Attached", "Heard", "read"]
