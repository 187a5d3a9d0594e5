"""Every error this package raises on purpose.

RtvcBridgeError
├── UserError                safe to show, word for word, to the person who asked
│   ├── TextRejectedError    nothing speakable is left, or too much
│   ├── QueueFullError       the lane, or the engine, takes no more
│   ├── HaltedError          somebody stopped everything
│   ├── QuietError           these are quiet hours
│   ├── BudgetError          too much was spoken lately
│   ├── ClipRejectedError    the recording cannot make a voice
│   ├── ConsentError         the speaker's agreement is missing, or does not cover this
│   ├── VoiceNotFoundError   no voice of that name
│   ├── VoiceNameError       that cannot be, or already is, a voice's name
│   ├── VoiceFileError       a voice file is damaged, foreign or too new
│   ├── UtteranceNotFoundError  no utterance of that number is known any more
│   └── NoPlayerError        nothing plays that lane
└── OperatorError            whoever runs the program must act; the message says how
    ├── ConfigError          the settings file is wrong
    ├── ModelError           weights are missing, damaged, or do not fit their neighbours
    ├── StorageError         the disk is full or the folder cannot be written
    ├── DeviceError          the sound device is missing or refuses
    ├── WorkerError          the synthesis process died or does not answer
    └── DaemonError          the daemon runs already, or cannot be reached
"""


class RtvcBridgeError(Exception):
    """Base of the tree above."""


class UserError(RtvcBridgeError):
    """The request was at fault; the message says how to mend it."""


class TextRejectedError(UserError):
    """Nothing speakable is left after cleaning, or the text is too long."""


class QueueFullError(UserError):
    """This lane already has as many waiting utterances as the config allows."""


HALTED = "Everything was stopped. Speech goes on after: rtvc-bridge lift"


class HaltedError(UserError):
    """Everything was stopped, and nothing is said until that is lifted."""


class QuietError(UserError):
    """Nothing is said at this time of the day."""


class BudgetError(UserError):
    """Too much was spoken lately; the message says when there is room again."""


class ClipRejectedError(UserError):
    """The recording is too short, is not speech, or cannot be read."""


class ConsentError(UserError):
    """The speaker's agreement is missing or does not cover this use."""


class VoiceNotFoundError(UserError):
    """No voice of that name is in the store."""


class VoiceNameError(UserError):
    """That cannot be a voice's name, or another voice has it."""


class VoiceFileError(UserError):
    """A voice file is truncated, altered, not a voice file, or from a newer version."""


class UtteranceNotFoundError(UserError):
    """The utterance is unknown: it never was, or it is long over."""


class NoPlayerError(UserError):
    """No adapter plays the lane."""


class OperatorError(RtvcBridgeError):
    """The installation is at fault; the message says what to run or change."""


class ConfigError(OperatorError):
    """The settings file does not parse or has a wrong key."""


class ModelError(OperatorError):
    """A model file is missing, damaged, or does not fit its neighbours."""


class StorageError(OperatorError):
    """Something could not be written: disk full, or a read-only folder."""


class DeviceError(OperatorError):
    """A sound device is missing or refuses to open."""


class WorkerError(OperatorError):
    """The synthesis process died, or could not start."""


class DaemonError(OperatorError):
    """The daemon runs already, cannot be reached, or refused the client."""
