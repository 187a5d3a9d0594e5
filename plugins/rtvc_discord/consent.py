"""The speaker's agreement on Discord: the one place that says what counts as one.

The person who speaks in the recording presses the button themselves; the record names them as
Discord does, at the level "attested".
"""

import discord

from rtvc_bridge.safety.consent import attested
from rtvc_bridge.voices import Consent

_NAME_CHARS = 60


def record(speaker: discord.abc.User) -> Consent:
    """Return the record that `speaker`, who pressed the button now, agreed.

    Raises:
        ConsentError: If that names nobody.
    """
    name = "".join(char for char in speaker.display_name if char.isprintable())[:_NAME_CHARS]
    return attested(f"{name.strip()} (@{speaker.name}, Discord user {speaker.id})".strip())
