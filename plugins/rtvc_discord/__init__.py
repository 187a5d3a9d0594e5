"""The adapter `discord`: what is said in a server is heard in its voice channel."""

from rtvc_discord.adapter import Settings, run, serve
from rtvc_discord.bot import Bot, Options, ShardedBot
from rtvc_discord.doctor import findings
from rtvc_discord.outcomes import Kind, Outcome
from rtvc_discord.voice import GuildVoice, Manners
from rtvc_discord.voices import Voices

__all__ = [
    "Bot",
    "GuildVoice",
    "Kind",
    "Manners",
    "Options",
    "Outcome",
    "Settings",
    "ShardedBot",
    "Voices",
    "findings",
    "run",
    "serve",
]
