"""The bot's commands: they answer at once, obey the rules, and say honestly what became of it."""

import discord
from discord import app_commands

from rtvc_discord.commands import about, enrol, join, me, moderation, say
from rtvc_discord.commands.answering import failed
from rtvc_discord.commands.moderation import HeldCommands
from rtvc_discord.commands.queue import QueueCommands
from rtvc_discord.commands.settings import SettingsCommands
from rtvc_discord.commands.voice import VoiceCommands
from rtvc_discord.desk import Desk

__all__ = ["add_commands"]


def add_commands(tree: app_commands.CommandTree[discord.Client], desk: Desk) -> None:
    """Add every command to `tree`, and what is done when one fails."""
    for module in (say, join, me, enrol, about, moderation):
        for command in module.commands(desk):
            tree.add_command(command)
    for group in (VoiceCommands, QueueCommands, HeldCommands, SettingsCommands):
        tree.add_command(group(desk))
    tree.error(failed)
