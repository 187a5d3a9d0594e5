"""What a server and a person have chosen, as values. Ids of Discord throughout; never a message."""

from collections.abc import Mapping
from typing import Annotated

from pydantic import Field

from rtvc_bridge.config import Strict
from rtvc_bridge.pipeline import EXPRESSION_RANGE, SPEED_RANGE

SAY_AS_CHARS = 40
MOST_BLOCKED_WORDS = 200
WORD_CHARS = 60

Id = Annotated[int, Field(ge=0)]
Speed = Annotated[float, Field(ge=SPEED_RANGE[0], le=SPEED_RANGE[1])]
Expression = Annotated[float, Field(ge=EXPRESSION_RANGE[0], le=EXPRESSION_RANGE[1])]
Word = Annotated[str, Field(min_length=1, max_length=WORD_CHARS)]


class GuildSettings(Strict):
    """What a server has chosen."""

    voice: str = ""
    """Id of the voice of those who have chosen none; empty for none."""

    roles: frozenset[Id] = frozenset()
    """Who may have text spoken; empty for everybody."""

    auto_join: bool = False
    """Whether the bot comes into the voice channel of whoever has something to say."""

    same_channel: bool = True
    """Whether only those in the bot's voice channel may have text spoken."""

    read_channel: Id | None = None
    """The text channel whose messages are read aloud."""

    say_names: bool = True
    """Whether a new speaker is named first."""

    max_seconds: Annotated[int, Field(ge=3, le=120)] = 30
    """Longest line, in seconds of sound."""

    user_seconds: Annotated[int, Field(ge=3, le=600)] = 60
    """Seconds of sound that one person may have spoken per minute."""

    guild_seconds: Annotated[int, Field(ge=3, le=600)] = 120
    """Seconds of sound that all of them may have spoken per minute."""

    members_enrol: bool = False
    """Whether members may enrol their own voice."""

    blocked_users: frozenset[Id] = frozenset()
    """Those whose text is not spoken."""

    blocked_words: Annotated[frozenset[Word], Field(max_length=MOST_BLOCKED_WORDS)] = frozenset()
    """Words and phrases that are not spoken, in small letters."""

    language: Annotated[str, Field(max_length=8)] = ""
    """Of the bot's replies; empty for each person's own."""

    stopped: bool = False
    """Whether nothing is said here until a moderator lifts that."""


class UserSettings(Strict):
    """What a person has chosen."""

    voices: Mapping[str, str] = Field(default_factory=dict)
    """By server id, the id of the voice in which their text is spoken there."""

    speed: Speed = 1.0
    """As in Delivery."""

    expression: Expression = 1.0
    """As in Delivery."""

    say_as: Annotated[str, Field(max_length=SAY_AS_CHARS)] = ""
    """How their name is said; empty for the name that Discord shows."""
