"""The sentence that a speaker reads aloud to agree: made for one reading.

It says what is agreed to, the voice's name, the day and four random words, so that a recording
of anything said earlier cannot be it.
"""

import functools
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from importlib.resources import files

from rtvc_bridge.errors import ConsentError
from rtvc_bridge.text.normalise import spoken

SECRET_WORDS = 4


@dataclass(frozen=True, slots=True)
class Language:
    """How the sentence goes in one language.

    Attributes:
        sentence: With {name}, {day} and {words} to fill in.
        joined: Puts a list of words into a sentence.
        dated: Puts a day into words.
        spelled: Returns a text's words as they are spoken, without case and punctuation.
    """

    sentence: str
    joined: Callable[[tuple[str, ...]], str]
    dated: Callable[[date], str]
    spelled: Callable[[str], list[str]]


@dataclass(frozen=True, slots=True)
class Phrase:
    """A sentence to read.

    Attributes:
        name: What the voice is to be called.
        day: When it is read.
        words: The random ones, that nobody can know before.
        language: Key of LANGUAGES.
    """

    name: str
    day: date
    words: tuple[str, ...]
    language: str = "en"

    @property
    def sentence(self) -> str:
        """As it is shown."""
        return self._with_name(self.name)

    @property
    def known(self) -> list[str]:
        """What can be known before it is read, as spoken: all but the random words and the name.

        The name is left out because recognisers do not know names.
        """
        said = self.spelled(self._with_name(""))
        return said[: len(said) - len(self.secret)]

    @property
    def secret(self) -> list[str]:
        """The random words as spoken; the sentence ends with them."""
        return self.spelled(LANGUAGES[self.language].joined(self.words))

    def spelled(self, text: str) -> list[str]:
        """Return the words of `text` as this language speaks them."""
        return LANGUAGES[self.language].spelled(text)

    def _with_name(self, name: str) -> str:
        how = LANGUAGES[self.language]
        filled = {"day": how.dated(self.day), "words": how.joined(self.words)}
        return how.sentence.format(name=name, **filled)


def drawn(name: str, day: date, language: str = "en") -> Phrase:
    """Return a sentence with random words, which cannot be guessed.

    Raises:
        ConsentError: If there are no words in that language.
    """
    if language not in LANGUAGES:
        known = ", ".join(LANGUAGES)
        msg = f"Spoken consent is not there in the language {language!r}; there is: {known}."
        raise ConsentError(msg)
    words = secrets.SystemRandom().sample(word_list(language), SECRET_WORDS)
    return Phrase(name, day, tuple(words), language)


@functools.lru_cache
def word_list(language: str) -> tuple[str, ...]:
    """Return the words that are drawn from, as their file in `words/` has them."""
    text = files("rtvc_bridge.safety").joinpath("words", f"{language}.txt").read_text("utf-8")
    return tuple(line for line in text.splitlines() if line and not line.startswith("#"))


def _listed(words: tuple[str, ...]) -> str:
    return ", ".join(words)


def _english_day(day: date) -> str:
    return spoken(day.isoformat()).text


def _english_words(text: str) -> list[str]:
    words = spoken(text).text.casefold().replace("'", "").replace("’", "")  # noqa: RUF001 - apostrophe
    return "".join(char if char.isalpha() else " " for char in words).split()


LANGUAGES = {
    "en": Language(
        sentence=(
            "I agree that my voice is cloned, under the name {name}. "
            "Today is {day}. The words are: {words}."
        ),
        joined=_listed,
        dated=_english_day,
        spelled=_english_words,
    ),
}
"""By the code that the recogniser knows it by."""
