"""The daemon as its clients use it: found on this computer, and asked over HTTP."""

from rtvc_bridge.client.client import Client
from rtvc_bridge.client.views import (
    AdapterView,
    ConsentView,
    DamagedView,
    DevicesView,
    EnrolmentView,
    FindingView,
    LatencyView,
    ReloadView,
    ReportView,
    SentenceView,
    SpokenView,
    StatusView,
    UtteranceView,
    VoiceView,
)

__all__ = [
    "AdapterView",
    "Client",
    "ConsentView",
    "DamagedView",
    "DevicesView",
    "EnrolmentView",
    "FindingView",
    "LatencyView",
    "ReloadView",
    "ReportView",
    "SentenceView",
    "SpokenView",
    "StatusView",
    "UtteranceView",
    "VoiceView",
]
