"""Answers that are lost on their way to Discord."""

import asyncio
import logging
from types import SimpleNamespace
from typing import Any, cast

import aiohttp
import discord
import pytest
from rtvc_discord.commands.answering import Visit, acknowledged, failed
from rtvc_discord.preferences import GuildSettings
from rtvc_discord.words import words_in

pytestmark = pytest.mark.discord

LOST = [aiohttp.ServerDisconnectedError(), ConnectionResetError(104, "reset"), TimeoutError()]


def unreachable(error: Exception) -> Any:
    """Return an interaction of which every answer is lost."""
    return _Unreachable(error)


class _Unreachable:
    id = 5
    locale = discord.Locale.british_english

    def __init__(self, error: Exception) -> None:
        self._error = error
        self.response = SimpleNamespace(defer=self._lose, is_done=lambda: True)
        self.edit_original_response = self._lose

    def is_expired(self) -> bool:
        return False

    async def _lose(self, **_: object) -> None:
        raise self._error


@pytest.mark.parametrize("error", LOST, ids=lambda error: type(error).__name__)
def test_an_answer_that_is_lost_is_noted_and_nothing_else(error, caplog):
    visit = Visit(cast("Any", None), unreachable(error), words_in("", "en"), GuildSettings())
    asyncio.run(visit.show("hello"))
    assert f"lost: {type(error).__name__}" in caplog.text


@pytest.mark.parametrize("error", LOST, ids=lambda error: type(error).__name__)
def test_a_command_that_cannot_be_acknowledged_is_left_alone(error):
    assert not asyncio.run(acknowledged(unreachable(error)))


def test_what_failed_is_logged_by_its_place_without_its_message(caplog):
    caplog.set_level(logging.ERROR)
    asyncio.run(failed(unreachable(TimeoutError()), ValueError("what somebody said")))
    assert "ValueError" in caplog.text
    assert "what somebody said" not in caplog.text
