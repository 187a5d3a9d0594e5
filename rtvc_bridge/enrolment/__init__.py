"""From recordings to a voice: read, judge, cut down to speech, enrol."""

from rtvc_bridge.enrolment.clips import Clip, read_clip
from rtvc_bridge.enrolment.enrol import Enrolment, enrol, examine
from rtvc_bridge.enrolment.quality import ClipFigures, Finding, Report, Severity
from rtvc_bridge.enrolment.vad import SpeechDetector

__all__ = [
    "Clip",
    "ClipFigures",
    "Enrolment",
    "Finding",
    "Report",
    "Severity",
    "SpeechDetector",
    "enrol",
    "examine",
    "read_clip",
]
