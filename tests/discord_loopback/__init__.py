"""A Discord on this machine: the real discord.py connects to it, and nothing is patched.

README.md beside this file says how it is used.
"""

from .farend import FarEnd, Kind, Packet
from .messages import Attachment
from .people import Member, Role, User
from .places import Channel, Guild
from .press import Answer, Press
from .server import Loopback
from .voice import Call

__all__ = [
    "Answer",
    "Attachment",
    "Call",
    "Channel",
    "FarEnd",
    "Guild",
    "Kind",
    "Loopback",
    "Member",
    "Packet",
    "Press",
    "Role",
    "User",
]
