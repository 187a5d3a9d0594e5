"""Setting the bot up: a token that Discord takes, the link that invites it, and the doctor."""

import os
import stat
from urllib.parse import parse_qs, urlsplit

import discord
import pytest
from discord_loopback import Loopback
from discord_running import in_loop
from rtvc_discord import Settings, credentials, doctor, setup
from typer.testing import CliRunner

from rtvc_bridge import plugins
from rtvc_bridge.cli.discord import app
from rtvc_bridge.config import Settings as AllSettings
from rtvc_bridge.errors import ConfigError, OperatorError

pytestmark = pytest.mark.discord


@pytest.fixture(autouse=True)
def _home(tmp_path, monkeypatch):
    monkeypatch.setenv("RTVC_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("RTVC_DISCORD_TOKEN", raising=False)


@in_loop
async def test_a_right_token_tells_whose_it_is():
    async with Loopback() as loopback:
        known = await setup.look_up(loopback.token, connector=loopback.connector())
        assert (known.id, known.name) == (loopback.bot.id, loopback.bot.name)
        assert not known.message_content


@in_loop
async def test_a_wrong_token_is_refused_in_words():
    async with Loopback() as loopback:
        with pytest.raises(ConfigError, match="Discord does not take this token"):
            await setup.look_up("wrong", connector=loopback.connector())


@in_loop
async def test_a_discord_that_fails_is_told_from_a_wrong_token():
    async with Loopback() as loopback:
        loopback.refuse("GET", "/users/@me", status=403, times=9)
        with pytest.raises(OperatorError, match="Discord cannot be reached") as error:
            await setup.look_up(loopback.token, connector=loopback.connector())
        assert not isinstance(error.value, ConfigError)


def test_the_link_invites_with_what_the_bot_needs_and_no_more():
    link = urlsplit(setup.invite_link(42, read_messages=False))
    asked = parse_qs(link.query)
    assert asked["client_id"] == ["42"]
    assert set(asked["scope"][0].split()) == {"bot", "applications.commands"}
    assert discord.Permissions(int(asked["permissions"][0])) == discord.Permissions(
        view_channel=True,
        connect=True,
        speak=True,
        use_voice_activation=True,
        send_messages=True,
    )


def test_reading_messages_asks_for_their_history_too():
    assert setup.permissions(read_messages=True).read_message_history


def test_a_kept_token_is_found_again_and_only_its_owner_reads_it():
    path = credentials.file("")
    setup.keep("first", path)
    setup.keep("secret", path)
    assert credentials.token("NO_SUCH_VARIABLE", "") == "secret"
    if os.name == "posix":
        assert stat.S_IMODE(path.stat().st_mode) == 0o600


@in_loop
async def test_the_doctor_names_a_missing_token():
    found = {each.part: each for each in await doctor.examined(Settings())}
    assert not found["discord token"].well
    assert "rtvc-bridge discord setup" in found["discord token"].fix


@in_loop
async def test_the_doctor_tells_what_it_found(monkeypatch):
    async with Loopback() as loopback:
        monkeypatch.setenv("RTVC_DISCORD_TOKEN", loopback.token)
        found = await doctor.examined(Settings(), connector=loopback.connector())
        by_part = {each.part: each for each in found}
        assert by_part["discord voice"].well
        assert discord.__version__ in by_part["discord voice"].detail
        assert str(loopback.bot.id) in by_part["discord token"].detail


@in_loop
async def test_the_doctor_names_the_intent_that_reading_needs(monkeypatch):
    wanted = Settings(read_messages=True)
    async with Loopback() as loopback:
        monkeypatch.setenv("RTVC_DISCORD_TOKEN", loopback.token)
        found = await doctor.examined(wanted, connector=loopback.connector())
        (intents,) = [each for each in found if each.part == "discord intents"]
        assert not intents.well
        assert "Message Content Intent" in intents.fix
    async with Loopback(privileged_intents=("message_content",)) as loopback:
        monkeypatch.setenv("RTVC_DISCORD_TOKEN", loopback.token)
        found = await doctor.examined(wanted, connector=loopback.connector())
        (intents,) = [each for each in found if each.part == "discord intents"]
        assert intents.well


def test_the_doctor_of_all_parts_has_the_bots_findings():
    found = plugins.findings("discord", {"read_messages": True})
    assert [each.part for each in found] == ["discord voice", "discord token"]


def test_setup_without_a_token_says_how_to_give_one():
    answer = CliRunner().invoke(app, ["setup"], obj=AllSettings(), input="\n")
    assert isinstance(answer.exception, ConfigError)
    assert "RTVC_DISCORD_TOKEN" in str(answer.exception)
