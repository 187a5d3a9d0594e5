"""What the bot tells people, by language: another is another mapping with the same keys."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

ENGLISH: Mapping[str, str] = MappingProxyType(
    {
        "held": "It waits for a moderator. {why} Here you see what becomes of it.",
        "queued": "Queued, {before} before it, about {seconds:.0f} s, "
        "in the synthetic voice of {voice}.",
        "next": "Next, about {seconds:.0f} s, in the synthetic voice of {voice}.",
        "speaking": "Speaking now in the synthetic voice of {voice}.",
        "spoken": "Spoken in the synthetic voice of {voice}: {seconds:.1f} s.",
        "cut off": "Cut off after {seconds:.1f} s in the synthetic voice of {voice}{reason}.",
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
        "note allowed": "may be used by {who}",
        "nobody else": "nobody else",
        "trouble": "\n  It cannot be used now: {why}",
        "until": " Until {date}.",
        "allowed": "{voice} may now be used by: {who}.",
        "disallowed": "Besides you, {voice} may now be used by: {who}.",
        "revoked": "Nobody speaks as {voice} any more: the voice and the recordings in it are "
        "destroyed, and it cannot be brought back here. Lines cut off: {count}.",
        "voice deleted": "The voice {voice} and the recordings kept in it are deleted.",
        "held line": "{number}. {who}, as {voice}: {text}",
        "held more": "And {count} more.",
        "nothing held": "Nothing waits for a moderator.",
        "approved": "Line {number} of {who} may be spoken now.",
        "denied": "Line {number} of {who} is not spoken; they are told.",
        "stopped": "Silence: nothing is said in this server until /panic lift. "
        "Lines cut off: {count}.",
        "lifted": "Speech goes on in this server.",
        "stopped everything": "Silence everywhere, until /panic lift everything. "
        "Lines cut off: {count}.",
        "lifted everything": "Speech goes on, but for servers that their moderators have stopped.",
        "operator only": "Only whoever runs me may do that.",
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
        "who speaks in the recording, and want this.**{then}",
        "agree then": " Then I show you a sentence to read aloud, as proof that it is you.",
        "sentence": "Record yourself reading this aloud, and hand the recording in within "
        "{seconds:.0f} s:\n> {sentence}\nOnly you see it, and it counts once. A voice recorder, or "
        "your phone's, does; read in a quiet room, best with the same microphone.",
        "hand in button": "Hand in the recording",
        "reading title": "Your reading of the sentence",
        "reading label": "The recording",
        "again button": "Show me another sentence",
        "not read": "No recording of the sentence came within {seconds:.0f} s, so no voice is "
        "made. /enrol starts again.",
        "listening": "Listening to what you read. This takes some seconds.",
        "agreed aloud": "You read the sentence, and it is your voice.",
        "agree button": "I speak in it and I agree",
        "refuse button": "No",
        "agree again": "This renews your agreement to **{voice}**, a synthetic voice of yours that "
        "whoever you allow can make say any text. Whom you allowed before, you allow again "
        "yourself.{then}",
        "computer's": "**{voice}** belongs to the computer I run on; its agreement is given again "
        "there: rtvc-bridge voice consent",
        "agreed again": "**{voice}** can be used again, by you alone until you allow others.",
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
        "**/voice allow** lets this server, a role or a person use a voice of yours; "
        "**/voice revoke** ends it for good.\n"
        "**/queue** shows what waits; **/queue skip** stops your line.\n"
        "Every voice here is synthetic. Moderators: **/held** for lines that wait for you, "
        "**/panic** for silence at once.\n"
        "Right-click a message: Apps, Speak this.\n"
        "**/privacy** says what is kept, **/forget-me** deletes it.",
        "privacy": "I keep ids, and which voice, speed and name you chose, and what this server's "
        "managers set, among it who they blocked. A voice you enrol is kept with the speech it was "
        "made from, your name at Discord, whom you let use it and that you agreed; of a sentence "
        "that you read aloud for it its words and how it was judged, not the recording. Text is "
        "turned into sound on the computer I run on and goes to this server's voice channel, with "
        "a watermark that says it is synthetic; if it waits for a moderator, moderators of this "
        "server read it. {record} With auto-read on, I read the messages of one channel to speak "
        "them. /forget-me deletes your choices and destroys your voices; that a voice was taken "
        "back is remembered, by numbers that do not tell how it sounded, so that it stays away.",
        "record": "A record is kept of who had which voice say how much, when and where, and not "
        "of what was said; /forget-me does not delete it.",
        "record with text": "A record is kept of who had which voice say how much, when and where, "
        "and, encrypted, of what was said; /forget-me does not delete it.",
        "no record": "What was said is not recorded.",
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
