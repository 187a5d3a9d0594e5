"""The speaker's agreement on Discord: the one place that writes it down.

The person who speaks in the recording agrees themselves, and decides over the voice from then on;
the record names them as Discord does.
"""

import discord

from rtvc_bridge.safety.consent import attested, spoken
from rtvc_bridge.voices import Consent, Spoken
from rtvc_discord.people import user_name

_NAME_CHARS = 60


def pressed(speaker: discord.abc.User, *, valid_days: int) -> Consent:
    """Return the record that `speaker`, who pressed the button now, agreed.

    Raises:
        ConsentError: If that names nobody.
    """
    return attested(_called(speaker), owner=user_name(speaker.id), valid_days=valid_days)


def read_aloud(speaker: discord.abc.User, shown: Spoken, *, valid_days: int) -> Consent:
    """Return the record that `speaker` read a sentence aloud, judged as `shown` says.

    Raises:
        ConsentError: If that names nobody.
    """
    return spoken(_called(speaker), shown, owner=user_name(speaker.id), valid_days=valid_days)


def _called(speaker: discord.abc.User) -> str:
    name = "".join(char for char in speaker.display_name if char.isprintable())[:_NAME_CHARS]
    return f"{name.strip()} (@{speaker.name}, Discord user {speaker.id})".strip()
