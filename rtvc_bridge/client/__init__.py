"""The daemon as its clients use it: found on this computer, and asked over HTTP."""

from rtvc_bridge.client.client import Client
from rtvc_bridge.client.views import (
    AdapterView,
    ConsentView,
    EnrolmentView,
    FindingView,
    LatencyView,
    ReloadView,
    ReportView,
    StatusView,
    UtteranceView,
    VoiceView,
)

__all__ = [
    "AdapterView",
    "Client",
    "ConsentView",
    "EnrolmentView",
    "FindingView",
    "LatencyView",
    "ReloadView",
    "ReportView",
    "StatusView",
    "UtteranceView",
    "VoiceView",
]
