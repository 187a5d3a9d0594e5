"""The file of choices: kept, private, and never silently replaced."""

import os
import sqlite3
import threading
from contextlib import closing
from pathlib import Path

import pytest
from rtvc_discord.preferences import GuildSettings, UserSettings
from rtvc_discord.store import Store

from rtvc_bridge.errors import StorageError


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "data" / "discord.db"


def test_what_was_chosen_is_there_after_a_restart(path):
    with closing(Store.opened(path)) as store:
        store.change_guild(5, lambda old: old.model_copy(update={"max_seconds": 12}))
        store.change_user(7, lambda old: old.model_copy(update={"say_as": "Aleece"}))
    with closing(Store.opened(path)) as store:
        assert store.guild(5).max_seconds == 12
        assert store.user(7).say_as == "Aleece"


def test_who_has_chosen_nothing_gets_the_defaults(path):
    with closing(Store.opened(path)) as store:
        assert store.guild(5) == GuildSettings()
        assert store.user(7) == UserSettings()


def test_ids_as_large_as_discords_are_kept(path):
    most = 2**63 - 1
    with closing(Store.opened(path)) as store:
        store.change_user(most, lambda old: old.model_copy(update={"speed": 1.5}))
        assert store.user(most).speed == 1.5


def test_forgetting_a_person_leaves_the_others(path):
    with closing(Store.opened(path)) as store:
        for user in (7, 8):
            store.change_user(user, lambda old: old.model_copy(update={"speed": 1.5}))
        store.forget_user(7)
        assert store.user(7) == UserSettings()
        assert store.user(8).speed == 1.5


def test_a_file_of_version_1_keeps_its_choices_and_loses_who_owns_and_may_use_which_voice(path):
    with closing(Store.opened(path)) as store:
        store.change_guild(5, lambda old: old.model_copy(update={"max_seconds": 12}))
    with closing(sqlite3.connect(path)) as raw:
        raw.executescript(
            "CREATE TABLE owners (voice TEXT PRIMARY KEY, user INTEGER NOT NULL) STRICT;"
            "CREATE TABLE grants (voice TEXT, guild INTEGER, PRIMARY KEY (voice, guild)) STRICT;"
            "INSERT INTO owners VALUES ('ab', 7); PRAGMA user_version = 1;"
        )
    for _ in range(2):
        with closing(Store.opened(path)) as store:
            assert store.guild(5).max_seconds == 12
    with closing(sqlite3.connect(path)) as raw:
        tables = {name for (name,) in raw.execute("SELECT name FROM sqlite_schema")}
        assert tables == {"guilds", "users"}
        assert raw.execute("PRAGMA user_version").fetchone() == (2,)


def test_a_change_that_fails_changes_nothing(path):
    def broken(_: GuildSettings) -> GuildSettings:
        raise ValueError("no")

    with closing(Store.opened(path)) as store:
        with pytest.raises(ValueError, match="no"):
            store.change_guild(5, broken)
        assert store.guild(5) == GuildSettings()


def test_changes_from_many_threads_are_all_kept(path):
    def block(store: Store, user: int) -> None:
        store.change_guild(
            5, lambda old: old.model_copy(update={"blocked_users": old.blocked_users | {user}})
        )

    with closing(Store.opened(path)) as store:
        threads = [threading.Thread(target=block, args=(store, user)) for user in range(20)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert store.guild(5).blocked_users == set(range(20))


@pytest.mark.skipif(os.name != "posix", reason="mode bits say nothing on Windows")
def test_only_its_owner_can_read_the_file(path):
    with closing(Store.opened(path)) as store:
        store.change_guild(5, lambda old: old)
        assert [each.stat().st_mode & 0o077 for each in path.parent.iterdir()] == [0]


@pytest.mark.parametrize("content", [b"not a database at all" * 100, os.urandom(4096)])
def test_a_damaged_file_is_named_and_left_as_it_is(path, content):
    path.parent.mkdir()
    path.write_bytes(content)
    with pytest.raises(StorageError, match="is damaged") as refusal:
        Store.opened(path)
    assert str(path) in str(refusal.value)
    assert path.read_bytes() == content


def test_a_file_damaged_in_the_middle_is_refused(path):
    with closing(Store.opened(path)) as store:
        for guild in range(200):
            store.change_guild(guild, lambda old: old)
    whole = path.read_bytes()
    path.write_bytes(whole[:8192] + os.urandom(4096) + whole[12288:])
    with pytest.raises(StorageError, match="is damaged"):
        Store.opened(path)


def test_another_programs_database_is_refused(path):
    path.parent.mkdir()
    with closing(sqlite3.connect(path)) as other:
        other.execute("CREATE TABLE theirs (x)")
        other.commit()
    with pytest.raises(StorageError, match="another program's"):
        Store.opened(path)


def test_a_file_from_a_newer_version_is_refused(path):
    Store.opened(path).close()
    with closing(sqlite3.connect(path)) as raw:
        raw.execute("PRAGMA user_version = 99")
    with pytest.raises(StorageError, match="newer rtvc-bridge"):
        Store.opened(path)


@pytest.mark.parametrize("row", ["{", '{"max_seconds": "many"}', '{"no_such": 1}', "[]"])
def test_choices_that_make_no_sense_are_not_replaced_by_defaults(path, row):
    with closing(Store.opened(path)) as store:
        store.change_guild(5, lambda old: old)
        with closing(sqlite3.connect(path)) as raw:
            raw.execute("UPDATE guilds SET settings = ?", (row,))
            raw.commit()
        with pytest.raises(StorageError, match="is damaged"):
            store.guild(5)


def test_a_folder_that_cannot_be_made_is_named(tmp_path):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(StorageError, match="Cannot write"):
        Store.opened(tmp_path / "file" / "discord.db")


def test_another_programs_lock_is_said_and_not_waited_for_for_ever(path):
    with closing(Store.opened(path, busy_s=0.05)) as store, closing(sqlite3.connect(path)) as other:
        other.execute("BEGIN EXCLUSIVE")
        with pytest.raises(StorageError, match="locked"):
            store.guild(5)


def test_a_change_that_another_programs_reading_keeps_out_leaves_the_store_usable(path):
    with closing(Store.opened(path, busy_s=0.05)) as store, closing(sqlite3.connect(path)) as other:
        other.execute("BEGIN")
        other.execute("SELECT count(*) FROM users").fetchone()
        with pytest.raises(StorageError, match="locked"):
            store.change_user(7, lambda old: old.model_copy(update={"speed": 1.5}))
        other.rollback()
        assert store.user(7) == UserSettings()
        store.change_user(7, lambda old: old.model_copy(update={"speed": 0.5}))
        assert store.user(7).speed == 0.5


def test_a_store_that_is_closed_is_not_called_damaged(path):
    store = Store.opened(path)
    store.close()
    with pytest.raises(StorageError, match="closed database") as refusal:
        store.guild(5)
    assert "damaged" not in str(refusal.value)
