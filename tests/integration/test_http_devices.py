"""Choosing an adapter's sound device: told over the API, kept in the settings file."""

import asyncio

import pytest
from http_host import SOON_S, served

from rtvc_bridge import config
from rtvc_bridge.client import Client
from rtvc_bridge.daemon import Daemon
from rtvc_bridge.engine import Engine
from rtvc_bridge.errors import ConfigError, DeviceError, StorageError, UserError
from rtvc_bridge.http.devices import with_device
from rtvc_bridge.testing import humming, policy
from rtvc_bridge.voices import VoiceStore

pytestmark = pytest.mark.http

ADAPTER = """
import asyncio
from rtvc_bridge.config import Strict
from rtvc_bridge.errors import DeviceError

class Settings(Strict):
    device: str = ""
    broken: bool = False

def devices():
    return ("Lamp", 'Lamp "2"')

async def run(host, settings):
    end = host.engine.play_lane(settings.device or "default", lambda utterance: None)
    try:
        await asyncio.Event().wait()
    finally:
        end()
"""
DEAF = """
from rtvc_deck import Settings, run
from rtvc_bridge.errors import DeviceError

def devices():
    raise DeviceError("The sound system does not answer.")
"""
SETTINGS = """\
# What I changed, and why.
[adapters.http]
port = 0  # any

[adapters.deck]   # the deck in the hall
device = "Lamp"

[engine]
max_chars = 300
"""


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    """A home in which the adapters "deck" and "deaf" are installed."""
    installed = tmp_path / "installed"
    info = installed / "rtvc_deck-1.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: rtvc-deck\nVersion: 1\n")
    (info / "entry_points.txt").write_text(
        "[rtvc_bridge.adapters]\ndeck = rtvc_deck\ndeaf = rtvc_deaf\n"
    )
    (installed / "rtvc_deck.py").write_text(ADAPTER)
    (installed / "rtvc_deaf.py").write_text(DEAF)
    monkeypatch.syspath_prepend(installed)
    monkeypatch.setenv("RTVC_HOME", str(tmp_path))
    return tmp_path


@pytest.fixture
def file(home):
    file = home / "config.toml"
    file.write_text(SETTINGS, encoding="utf-8")
    return file


@pytest.fixture
def daemon(home, file):
    with served(home, settings_file=file) as daemon:
        yield daemon


@pytest.fixture
def client(daemon):
    with Client(daemon.url, daemon.token()) as client:
        yield client


def test_the_devices_of_an_adapter_are_listed_with_the_chosen_one(client):
    assert client.devices("deck") == {"chosen": "Lamp", "devices": ["Lamp", 'Lamp "2"']}


def test_a_chosen_device_is_written_into_the_settings_and_nothing_else_is_changed(
    daemon, client, file
):
    done = client.choose_device("deck", 'Lamp "2"')
    assert done == {"applied": ["adapters.http"], "refused": ["engine"]}, "what the reload says"
    assert daemon.reloads == 1
    written = file.read_text(encoding="utf-8")
    assert written == SETTINGS.replace('device = "Lamp"', 'device = "Lamp \\"2\\""')
    assert config.load(file).adapters["deck"]["device"] == 'Lamp "2"'
    assert client.devices("deck")["chosen"] == 'Lamp "2"'
    client.choose_device("deck", "")
    assert client.devices("deck")["chosen"] == "", "the system's default"


def test_a_settings_file_is_made_when_there_is_none(home):
    file = home / "new" / "config.toml"
    with (
        served(home, settings_file=file) as daemon,
        Client(daemon.url, daemon.token()) as client,
    ):
        assert client.devices("deck")["chosen"] == ""
        client.choose_device("deck", "Lamp")
    assert config.load(file).adapters == {"deck": {"device": "Lamp"}}


def test_a_settings_file_that_is_a_link_stays_one(home, file):
    link = home / "link.toml"
    link.symlink_to(file)
    with (
        served(home, settings_file=link) as daemon,
        Client(daemon.url, daemon.token()) as client,
    ):
        client.choose_device("deck", "")
    assert link.is_symlink()
    assert config.load(file).adapters["deck"]["device"] == ""


@pytest.mark.parametrize(
    ("adapter", "device", "kind", "words"),
    [
        ("deck", "Lampe", UserError, 'There are: "Lamp"; "Lamp "2""'),
        ("http", "Lamp", UserError, "'http' has no devices"),
        ("a/b c", "Lamp", UserError, "nothing at this address"),
        ("none", "Lamp", UserError, "no adapter called 'none'"),
        ("deaf", "Lamp", DeviceError, "does not answer"),
    ],
)
def test_what_cannot_be_chosen_is_refused_and_changes_nothing(
    daemon, client, file, adapter, device, kind, words
):
    with pytest.raises(kind, match=words):
        client.choose_device(adapter, device)
    assert file.read_text(encoding="utf-8") == SETTINGS
    assert daemon.reloads == 0


@pytest.mark.parametrize("wrong", ["[engine]\nno_such = 1\n", "[adapters.deck]\nbroken = 7\n", "["])
def test_wrong_settings_are_named_and_not_touched(daemon, client, file, wrong):
    file.write_text(wrong, encoding="utf-8")
    with pytest.raises(ConfigError, match=r"no_such|broken|not valid TOML"):
        client.choose_device("deck", "Lamp")
    assert file.read_text(encoding="utf-8") == wrong
    assert daemon.reloads == 0


def test_a_settings_file_that_cannot_be_written_is_told(home):
    (home / "not a folder").touch()
    file = home / "not a folder" / "config.toml"
    with (
        served(home, settings_file=file) as daemon,
        Client(daemon.url, daemon.token()) as client,
    ):
        with pytest.raises(StorageError, match=r"Cannot change .*config\.toml"):
            client.choose_device("deck", "Lamp")
        assert daemon.reloads == 0


@pytest.mark.parametrize(
    "text",
    [
        "",
        "# only a comment",
        "[adapters]\ndeck.device = 'x'\n",
        "adapters = {}\n",
        "adapters = {deck = {}}\n",
        "adapters.deck.device = 'x' # why\n",
        "[adapters.http]\n\n[engine]\nmax_chars = 3\n\n[adapters.deck]\n",
        "[adapters.http]\r\nport = 1\r\n",
    ],
)
def test_a_device_is_written_however_the_file_is_laid_out(text):
    changed = with_device(text, "deck", "Lamp")
    assert '"Lamp"' in changed
    assert all(line.partition("=")[0] in changed for line in text.splitlines())
    assert with_device(changed, "deck", "Lamp") == changed


def test_two_choices_in_a_row_leave_the_second_in_force(home, file):
    """Without turns, the second restart meets the first one half done."""
    chosen = ["Lamp", 'Lamp "2"', ""]
    settings = [
        config.Settings(adapters={"http": {"port": 0}, "deck": {"device": device}})
        for device in chosen
    ]

    async def live():
        loop, changed = asyncio.get_running_loop(), asyncio.Event()
        daemon = Daemon(
            engine,
            VoiceStore(home / "voices"),
            settings.pop(0),
            reread=lambda: settings.pop(0),
            announce=lambda url, token_file: changed.set(),
            settings_file=file,
        )
        serving = loop.create_task(daemon.run())
        async with asyncio.timeout(SOON_S):
            await changed.wait()
            assert engine.players == {"Lamp"}
            assert daemon.reload().applied == ("adapters.deck",)
            assert daemon.reload().applied == ("adapters.deck",)
            while engine.players != {"default"}:  # noqa: ASYNC110 - an adapter tells nobody
                await asyncio.sleep(0)
        daemon.stop()
        await serving

    with Engine(humming(), policy()) as engine:
        asyncio.run(live())
