"""What keeps the Discord bot from working, part by part, each with what mends it."""

import asyncio
import importlib.metadata
from collections.abc import Iterator

import aiohttp
from discord import opus

from rtvc_bridge.errors import OperatorError
from rtvc_bridge.plugins import Finding
from rtvc_discord import checks, credentials, setup
from rtvc_discord.adapter import Settings


def findings(settings: Settings) -> list[Finding]:
    """Return what was found, here and at Discord. It blocks."""
    return asyncio.run(examined(settings))


async def examined(
    settings: Settings, *, connector: aiohttp.BaseConnector | None = None
) -> list[Finding]:
    """Return what was found, here and at Discord.

    Args:
        settings: Of the adapter.
        connector: What reaches Discord.
    """
    try:
        token = credentials.token(settings.token_env, settings.token_file)
        known = await setup.look_up(token, connector=connector)
    except OperatorError as error:
        unusable = Finding("discord token", well=False, detail="not usable", fix=str(error))
        return [*_packages(), unusable]
    return [*_packages(), *_account(known, read_messages=settings.read_messages)]


def _account(known: setup.Application, *, read_messages: bool) -> Iterator[Finding]:
    yield Finding("discord token", well=True, detail=f"{known.name}, application {known.id}")
    if read_messages and not known.message_content:
        fix = f"switch on Message Content Intent: {setup.PORTAL}/{known.id}/bot"
        yield Finding("discord intents", well=False, detail="may not read messages", fix=fix)
    elif read_messages:
        yield Finding("discord intents", well=True, detail="may read messages")
    if known.guilds is not None:
        link = setup.invite_link(known.id, read_messages=read_messages)
        fix = "" if known.guilds else f"invite it: {link}"
        servers = f"{known.guilds} server{'' if known.guilds == 1 else 's'}"
        yield Finding("discord servers", well=known.guilds > 0, detail=servers, fix=fix)


def _packages() -> Iterator[Finding]:
    lacks = list(checks.missing())
    for each in lacks:
        yield Finding("discord voice", well=False, detail="cannot speak", fix=each)
    if not lacks:
        packages = ("discord.py", "davey", "PyNaCl")
        versions = [f"{name} {importlib.metadata.version(name)}" for name in packages]
        detail = ", ".join([*versions, opus.Encoder.get_opus_version()])
        yield Finding("discord voice", well=True, detail=detail)
