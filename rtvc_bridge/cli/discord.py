"""`rtvc-bridge discord ...`: setting the Discord bot up."""

import asyncio
import importlib
import os
import sys
from typing import Annotated, Any

import typer

from rtvc_bridge import plugins
from rtvc_bridge.config import Settings
from rtvc_bridge.errors import ConfigError

app = typer.Typer(no_args_is_help=True)


@app.callback()
def discord() -> None:
    """Set the Discord bot up."""


@app.command()
def setup(
    ctx: typer.Context,
    store: Annotated[
        bool, typer.Option("--store", help="Keep the token in a file that only you can read.")
    ] = False,
    read_messages: Annotated[
        bool, typer.Option("--read-messages", help="The bot is to read a text channel aloud.")
    ] = False,
) -> None:
    """Check the bot's token, and print the link that invites the bot into a server.

    The token is taken from the environment variable RTVC_DISCORD_TOKEN (or the one that the
    settings name), or asked for, or read from standard input.
    """
    steps = _plugin("setup")
    settings = _settings(ctx.obj)
    token = _given(settings.token_env)
    known = asyncio.run(steps.look_up(token))
    print(f"The token is right. It belongs to {known.name} (application {known.id}).")
    if store:
        file = _plugin("credentials").file(settings.token_file)
        steps.keep(token, file)
        print(f"It is kept in {file}.")
    print(f"\nInvite the bot:\n{steps.invite_link(known.id, read_messages=read_messages)}")
    if read_messages and not known.message_content:
        print(
            "\nTo read messages aloud it needs a privileged intent: switch on Message Content "
            f"Intent at {steps.PORTAL}/{known.id}/bot, and put read_messages = true under "
            "[adapters.discord] in the settings."
        )
    print("\nThen put a table [adapters.discord] into the settings, and run: rtvc-bridge run")


def _settings(settings: Settings) -> Any:  # noqa: ANN401 - the plugin's own model
    """Return the bot's table of the settings, or its defaults."""
    _plugin("adapter")
    return plugins.checked_settings("discord", settings.adapters.get("discord", {}))


def _given(env: str) -> str:
    """Return the token that the user gives, never shown.

    Raises:
        ConfigError: If none is given.
    """
    if token := os.environ.get(env, "").strip():
        return token
    if sys.stdin.isatty():
        print("Discord's page for it: https://discord.com/developers/applications, Bot.")
        return str(typer.prompt("Token of the bot", hide_input=True)).strip()
    if token := sys.stdin.readline().strip():
        return token
    raise ConfigError(f"No token was given: set {env}, or send it to standard input.")


def _plugin(part: str) -> Any:  # noqa: ANN401 - a module of a plugin, found at run time
    """Return a module of the plugin; the program runs without it.

    Raises:
        ConfigError: If it is not installed.
    """
    try:
        return importlib.import_module(f"rtvc_discord.{part}")
    except ImportError as error:
        raise ConfigError(
            'The Discord bot is not installed: pip install "rtvc-bridge[discord]".'
        ) from error
