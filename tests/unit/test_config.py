import re
import tomllib
from importlib.metadata import entry_points
from itertools import takewhile
from pathlib import Path

import pytest

from rtvc_bridge import config, plugins
from rtvc_bridge.errors import ConfigError

EXAMPLE = Path(__file__).parents[2] / "config.example.toml"


def written(folder, text):
    path = folder / "config.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_the_example_file_shows_every_default_and_nothing_else():
    shown = tomllib.loads(EXAMPLE.read_text(encoding="utf-8"))
    adapters = shown.pop("adapters")
    assert shown == config.Settings().model_dump(exclude={"adapters"})
    assert set(adapters) == {"http"}
    model = plugins.adapter("http").Settings
    assert adapters["http"] == model().model_dump(mode="json")


@pytest.mark.parametrize("name", ["speaker", "virtualmic", "discord", "obs"])
def test_the_example_file_shows_the_defaults_of_each_adapter_that_may_be_added(name):
    lines = EXAMPLE.read_text(encoding="utf-8").splitlines()
    begin = lines.index(f"# [adapters.{name}]")
    table = takewhile(lambda line: line.startswith("# "), lines[begin:])
    shown = tomllib.loads("\n".join(line.removeprefix("# ") for line in table))
    assert shown["adapters"][name] == plugins.adapter(name).Settings().model_dump(mode="json")


def test_the_example_file_shows_every_adapter_that_may_be_added():
    tables = re.findall(r"^# \[adapters\.(\w+)\]$", EXAMPLE.read_text(encoding="utf-8"), re.M)
    assert {*tables, "http"} == {each.name for each in entry_points(group=plugins.ADAPTERS)}


def test_every_wrong_key_and_value_is_named_at_once(tmp_path):
    path = written(tmp_path, '[engine]\nmax_char = 3\nmax_queued = "many"\n[voice]\n')
    with pytest.raises(ConfigError) as caught:
        config.load(path)
    message = str(caught.value)
    assert "engine.max_char: no such setting" in message
    assert "engine.max_queued: " in message
    assert "voice: no such setting" in message


@pytest.mark.parametrize(
    ("text", "words"),
    [("engine = [", "not valid TOML"), ("[engine]\nmax_chars = 0", "engine.max_chars")],
)
def test_a_broken_file_is_refused_with_its_path(tmp_path, text, words):
    path = written(tmp_path, text)
    with pytest.raises(ConfigError, match=words) as caught:
        config.load(path)
    assert str(path) in str(caught.value)


def test_a_file_that_was_named_must_exist(tmp_path):
    with pytest.raises(ConfigError, match="cannot be read"):
        config.load_or_default(tmp_path / "none.toml", tmp_path / "default.toml")


def test_without_a_file_the_defaults_hold(tmp_path):
    assert config.load_or_default(None, tmp_path / "default.toml") == config.Settings()


def test_the_usual_file_is_read_when_it_is_there(tmp_path):
    path = written(tmp_path, "[engine]\nmax_chars = 7\n")
    assert config.load_or_default(None, path).engine.max_chars == 7


def test_a_file_that_is_not_text_is_refused(tmp_path):
    path = tmp_path / "config.toml"
    path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ConfigError, match="cannot be read"):
        config.load(path)
