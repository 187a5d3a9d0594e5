import ctypes.util
import importlib.metadata
import os
from types import SimpleNamespace
from typing import Any

import discord
import pytest
from discord import opus
from rtvc_discord import Settings, checks, credentials
from rtvc_discord.people import operators

from rtvc_bridge.errors import ConfigError, OperatorError

VARIABLE = "RTVC_DISCORD_TOKEN"


@pytest.fixture(autouse=True)
def _home(tmp_path, monkeypatch):
    monkeypatch.setenv("RTVC_HOME", str(tmp_path))
    monkeypatch.delenv(VARIABLE, raising=False)


def test_this_computer_has_all_that_speaking_needs():
    assert list(checks.missing()) == []
    checks.require()


@pytest.mark.parametrize("package", ["davey", "PyNaCl"])
def test_a_missing_package_is_named_with_what_mends_it(monkeypatch, package):
    version = importlib.metadata.version

    def without(name):
        if name == package:
            raise importlib.metadata.PackageNotFoundError(name)
        return version(name)

    monkeypatch.setattr(importlib.metadata, "version", without)
    with pytest.raises(OperatorError, match=package) as refusal:
        checks.require()
    assert checks.INSTALL in str(refusal.value)


def test_a_missing_opus_library_is_named_before_anybody_joins(monkeypatch):
    monkeypatch.setattr(opus, "_lib", None)
    monkeypatch.setattr(ctypes.util, "find_library", lambda _: None)
    with pytest.raises(OperatorError, match="libopus0"):
        checks.require()


def test_a_discord_py_without_encryption_is_too_old(monkeypatch):
    monkeypatch.setattr(discord, "version_info", (2, 6, 4))
    with pytest.raises(OperatorError, match=r"at least 2\.7"):
        checks.require()


def test_the_environment_comes_before_the_file(tmp_path, monkeypatch):
    file = stored(tmp_path / "token", "from file")
    assert credentials.token(VARIABLE, str(file)) == "from file"
    monkeypatch.setenv(VARIABLE, " from environment ")
    assert credentials.token(VARIABLE, str(file)) == "from environment"


def test_the_default_file_is_beside_the_voices():
    stored(credentials.file(""), "secret")
    assert credentials.token(VARIABLE, "") == "secret"


def test_without_a_token_it_says_where_it_looked():
    with pytest.raises(ConfigError, match=VARIABLE) as refusal:
        credentials.token(VARIABLE, "")
    assert str(credentials.file("")) in str(refusal.value)


@pytest.mark.skipif(os.name != "posix", reason="modes are POSIX")
def test_a_token_that_others_can_read_is_refused_and_not_shown(tmp_path):
    file = stored(tmp_path / "token", "secret")
    file.chmod(0o644)
    with pytest.raises(ConfigError, match="chmod 600") as refusal:
        credentials.token(VARIABLE, str(file))
    assert "secret" not in str(refusal.value)


def test_an_empty_token_file_is_refused(tmp_path):
    with pytest.raises(ConfigError, match="is empty"):
        credentials.token(VARIABLE, str(stored(tmp_path / "token", "")))


@pytest.mark.parametrize(
    "table", [{"token": "secret"}, {"alone_s": -1}, {"shards": 0}, {"volume_db": float("inf")}]
)
def test_wrong_settings_are_refused(table):
    with pytest.raises(ValueError, match="validation error"):
        Settings.model_validate(table)


def stored(file, text):
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)
    file.chmod(0o600)
    return file


def test_a_file_that_the_settings_name_holds_the_token(tmp_path):
    assert credentials.file(str(tmp_path / "mine")) == tmp_path / "mine"


def test_those_of_a_team_who_may_only_look_do_not_run_the_bot():
    roles = discord.TeamMemberRole
    members = [
        SimpleNamespace(id=number, role=role, membership_state=discord.TeamMembershipState.accepted)
        for number, role in enumerate((roles.admin, roles.developer, roles.read_only))
    ]
    team = SimpleNamespace(members=members)
    client: Any = SimpleNamespace(application=SimpleNamespace(team=team))
    assert operators(client) == {0, 1}
