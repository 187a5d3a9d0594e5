"""What the bot tells people, by language: another is another mapping with the same keys."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

ENGLISH: Mapping[str, str] = MappingProxyType(
    {
        "queued": "Queued, {before} before it, about {seconds:.0f} s. "
        "{voice} is a synthetic voice.",
        "next": "Next, about {seconds:.0f} s. {voice} is a synthetic voice.",
        "speaking": "Speaking now. {voice} is a synthetic voice.",
        "spoken": "Spoken: {seconds:.1f} s. {voice} is a synthetic voice.",
        "cut off": "Cut off after {seconds:.1f} s{reason}. {voice} is a synthetic voice.",
        "skipped": "Skipped after {seconds:.1f} s{reason}.",
        "unheard": "Nobody heard it{reason}.",
        "failed": "Not spoken{reason}.",
        "too slow": "it took longer than the {limit} s allowed here",
        "broken": "That needs whoever runs me: something is wrong on the computer I run on.",
        "unexpected": "Something unexpected went wrong. Whoever runs me can see where in the log.",
        "no guild": "Use this in a server that I have joined.",
        "joined": "I am in {channel}.",
        "left": "I have left {channel}.",
        "nowhere": "I am in no voice channel.",
        "voice in use": "Your lines here are spoken as {voice} from now on. "
        "It is a synthetic voice.",
        "voices": "You may speak here as:\n{voices}",
        "your voices": "Voices that are yours:\n{voices}",
        "voice line": "- **{voice}**{notes}",
        "note yours": "yours",
        "note chosen": "in use",
        "note default": "the server's",
        "note shared": "for everybody here",
        "no voices": "There is no voice here that you may use. /help says how to make one.",
        "no own voices": "No voice is yours. /help says how to make one.",
        "voice info": "**{voice}**, a synthetic voice. {by} agreed to it on {date} ({level}). "
        "Enrolled by: {owner}. Everybody here may use it: {shared}. "
        "Kept recordings: {clip_seconds:.0f} s.",
        "the operator": "whoever runs me",
        "yes": "yes",
        "no": "no",
        "none": "none",
        "everybody": "everybody",
        "allowed": "Everybody in this server may now speak as {voice}.",
        "disallowed": "Only its owner may speak as {voice} now.",
        "voice deleted": "The voice {voice} and the recordings kept in it are deleted.",
        "queue line": "{place}. {who}, as {voice}{state}{text}",
        "queue empty": "Nothing waits.",
        "queue paused": "The queue is paused; /queue resume goes on.",
        "heard": " (now)",
        "skipped line": "Skipped.",
        "cleared": "Taken out of the queue: {count}.",
        "paused": "Paused. What is made already is still spoken.",
        "resumed": "Goes on.",
        "me": "Voice here: {voice}. Speed: {speed:g}. Expression: {expression:g}. "
        "Your name is said: {say_as}.",
        "settings": "Default voice: {voice}\nMay speak: {roles}\nJoin by itself: {auto_join}\n"
        "Only those in the bot's voice channel: {same_channel}\nReads aloud: {read_channel}\n"
        "Names new speakers: {say_names}\nLongest line: {max_seconds} s\n"
        "Speech per minute: {user_seconds} s each, {guild_seconds} s together\n"
        "Members may enrol their own voice: {members_enrol}\nBlocked: {blocked_users}\n"
        "Blocked words: {blocked_words}\nLanguage of replies: {language}",
        "automatic": "each person's own",
        "read intent": "Whoever runs me must switch on reading messages for this: "
        "read_messages in the settings, and the Message Content intent at Discord.",
        "agree": "{speaker}, a synthetic voice called **{voice}** will be made from your recording "
        "{recording}. Whoever you allow can make it say any text, which sounds like you. It is "
        "kept on the computer of whoever runs me, and only you may use it until you allow "
        "others. /forget-me deletes it at any time.\n\n**Press Agree only if you are the person "
        "who speaks in the recording, and want this.**",
        "agree button": "I speak in it and I agree",
        "refuse button": "No",
        "asked": "I have asked {speaker}, who has {minutes} minutes to agree.",
        "enrolling": "Making the voice. This takes a moment.",
        "enrolled": "The voice **{voice}** is made from {seconds:.0f} s of speech. Only {speaker} "
        "may use it; /voice use {voice} chooses it.{findings}",
        "modal title": "Make a voice of this recording",
        "modal name": "What to call the voice",
        "forget": "This deletes what I keep about you: your voice, speed and name in all "
        "servers{voices}. It cannot be undone.",
        "forget voices": ", and for good the voices that are yours: {names}",
        "forget button": "Delete",
        "keep button": "Keep",
        "forgotten": "Deleted.",
        "kept": "Nothing was deleted.",
        "help": "**/join**, then **/say** your text: I say it in a synthetic voice.\n"
        "**/voice list** shows the voices you may use, **/voice use** chooses one, "
        "**/me** sets speed and how your name is said.\n"
        "**/enrol** makes a voice of a recording of you: 10 s or more of clear speech in a quiet "
        "room. Only the person who speaks in it can agree to it. Or right-click your own voice "
        "message: Apps, Enrol this recording.\n"
        "**/queue** shows what waits; **/queue skip** stops your line.\n"
        "Right-click a message: Apps, Speak this.\n"
        "**/privacy** says what is kept, **/forget-me** deletes it.",
        "privacy": "I keep ids, never what is said: which voice, speed and name you chose, which "
        "voices are yours, what this server's managers set, among it who they blocked. A voice "
        "you enrol is kept with the speech it was made from and your name at Discord. Text is "
        "turned into sound on the computer I run on, goes to this server's voice channel and is "
        "not stored. With auto-read on, I read the messages of one channel to speak them. "
        "/forget-me deletes your choices and your voices.",
    }
)
CATALOGUES: Mapping[str, Mapping[str, str]] = MappingProxyType({"en": ENGLISH})
"""By language, as Discord's locales begin."""


@dataclass(frozen=True, slots=True)
class Words:
    """The bot's words in one language."""

    catalogue: Mapping[str, str]

    def __call__(self, key: str, **values: object) -> str:
        """Return the words called `key`, with `values` in them."""
        return self.catalogue[key].format(**values)


def words_in(language: str, locale: str) -> Words:
    """Return the words of `language`; of the Discord locale if that is ""; else English."""
    return Words(CATALOGUES.get(language or locale.partition("-")[0], ENGLISH))
