"""The overlay page: what it shows in a real browser, and what it tells to whom."""

import asyncio
import contextlib
import shutil
import threading
import time

import httpx
import pytest
from obs_browser import browsing
from rtvc_obs import overlay
from rtvc_obs.settings import Settings
from rtvc_obs.timeline import Caption, Show

from rtvc_bridge.errors import DeviceError
from rtvc_bridge.levels import Levels

LIMIT_S = 30
HELLO = Caption(1, "mic", "Alba", "Hello & <b>welcome</b>!", first=True)
SHOWN = "document.getElementById('text').textContent"


class Page:
    """The overlay, served on a loop of its own."""

    def __init__(self):
        self.levels = Levels()
        self.loop = asyncio.new_event_loop()
        self.address = ""
        self.board: Show | None = None

    def show(self, caption):
        assert self.board is not None
        self.loop.call_soon_threadsafe(self.board, caption)

    async def serve(self, ready, over):
        settings = Settings(overlay_port=0)
        async with overlay.served(self.levels, settings) as (self.board, self.address):
            ready.set()
            await over.wait()


@contextlib.contextmanager
def serving():
    page, ready, over = Page(), threading.Event(), asyncio.Event()
    thread = threading.Thread(
        target=lambda: page.loop.run_until_complete(page.serve(ready, over)), name="overlay"
    )
    thread.start()
    assert ready.wait(LIMIT_S)
    yield page
    page.loop.call_soon_threadsafe(over.set)
    thread.join(LIMIT_S)
    page.loop.run_until_complete(page.loop.shutdown_asyncgens())
    page.loop.run_until_complete(page.loop.shutdown_default_executor())
    page.loop.close()
    assert not thread.is_alive()


@pytest.fixture
def page(tmp_path, monkeypatch):
    monkeypatch.setenv("RTVC_HOME", str(tmp_path))
    with serving() as page:
        yield page


@pytest.fixture
def browser():
    if shutil.which("chromium") is None:
        pytest.skip("chromium is not installed")
    with browsing() as browser:
        yield browser


def until(condition):
    give_up_at = time.monotonic() + LIMIT_S
    while not condition():
        assert time.monotonic() < give_up_at, "it never came to that"
        threading.Event().wait(0.02)  # leaves the processor to what is waited for


def get(page, path="", **headers):
    return httpx.get(page.address + path, headers=headers, trust_env=False)


def watched(page):
    """Return how one more watcher is answered."""
    with httpx.stream("GET", page.address + "events", timeout=LIMIT_S, trust_env=False) as stream:
        return stream.status_code


def opened(browser, page, query=""):
    browser.goto(page.address + query)
    until(lambda: browser.read("typeof events !== 'undefined' && events.readyState") == 1)


@pytest.mark.browser
def test_the_page_shows_what_is_said_and_by_whom_and_then_nothing(page, browser):
    opened(browser, page)
    assert browser.read("caption.hidden")
    page.show(HELLO)
    until(lambda: browser.read(SHOWN) == HELLO.text)
    assert browser.read("document.getElementById('voice').textContent") == "Alba"
    assert not browser.read("caption.hidden")
    assert browser.read("getComputedStyle(document.body).backgroundColor") == "rgba(0, 0, 0, 0)"
    page.show(None)
    until(lambda: browser.read("caption.hidden") and browser.read(SHOWN) == "")


@pytest.mark.browser
def test_a_page_that_is_opened_late_shows_the_phrase_that_is_heard(page, browser):
    page.show(HELLO)
    opened(browser, page)
    until(lambda: browser.read(SHOWN) == HELLO.text)


@pytest.mark.browser
def test_the_bar_follows_the_level(page, browser):
    def bar():
        return browser.read("new DOMMatrix(getComputedStyle(level).transform).a")

    opened(browser, page)
    page.show(HELLO)
    stop = threading.Event()

    def speak():
        while not stop.wait(0.02):
            page.levels.note("mic", 0.5)

    speaking = threading.Thread(target=speak)
    speaking.start()
    until(lambda: 0.85 < bar() < 0.95)  # -6 dB of the 60 that it shows
    stop.set()
    speaking.join()
    until(lambda: bar() == 0)


@pytest.mark.browser
def test_the_address_chooses_among_the_themes_and_what_is_shown(page, browser):
    looks = set()
    for theme in ("plain", "box", "karaoke", "large"):
        opened(browser, page, f"?theme={theme}")
        page.show(HELLO)
        until(lambda: browser.read(SHOWN) == HELLO.text)
        assert browser.read("document.body.dataset.theme") == theme
        looks.add(browser.picture())
    assert len(looks) == 4
    opened(browser, page, "?theme=none&voice=0&meter=0")
    assert browser.read("document.body.dataset.theme") == "plain"
    for part in ("voice", "meter"):
        assert browser.read(f"getComputedStyle({part}).display") == "none"


@pytest.mark.browser
def test_the_page_connects_again_by_itself_and_shows_nothing_meanwhile(page, browser):
    opened(browser, page)
    page.show(HELLO)
    until(lambda: browser.read(SHOWN) == HELLO.text)
    page.loop.call_soon_threadsafe(page.board.__self__.close)
    until(lambda: browser.read("caption.hidden"))
    until(lambda: not browser.read("caption.hidden"))


def test_only_who_knows_the_address_gets_anything(page):
    token = page.address.split("/")[-2]
    assert get(page).status_code == 200
    for path in ("", "events", "overlay.js"):
        wrong = page.address.replace(token, "x" * len(token))
        assert httpx.get(wrong + path, trust_env=False).status_code == 404
    for path in ("../../etc/passwd", "%2e%2e/overlay.py", "..", "__init__.py"):
        assert get(page, path).status_code == 404
    assert httpx.post(page.address, trust_env=False).status_code == 405


def test_a_web_page_that_lets_its_name_point_here_gets_nothing(page):
    assert get(page, Host="evil.example:7879").status_code == 400


def test_nothing_may_be_loaded_from_elsewhere_or_kept(page):
    for path in ("", "overlay.css", "overlay.js"):
        headers = get(page, path).headers
        assert headers["content-security-policy"].startswith("default-src 'none'")
        assert headers["referrer-policy"] == "no-referrer"
        assert headers["cache-control"] == "no-store"
        assert "access-control-allow-origin" not in headers


def test_the_address_stays_the_same_from_start_to_start(tmp_path, monkeypatch):
    monkeypatch.setenv("RTVC_HOME", str(tmp_path))
    tokens = set()
    for _ in range(2):
        with serving() as page:
            tokens.add(page.address.split("/")[-2])
    assert len(tokens) == 1
    assert len(tokens.pop()) >= 43


def test_the_address_is_kept_for_its_owner_only(page):
    file = overlay.address_file()
    assert file.read_text() == page.address
    assert file.stat().st_mode & 0o077 == 0


def test_a_page_too_many_is_refused_and_one_that_ends_makes_room(page):
    with contextlib.ExitStack() as streams, contextlib.ExitStack() as one:
        read = []
        for number in range(overlay.MAX_WATCHERS):
            stream = httpx.stream("GET", page.address + "events", timeout=LIMIT_S, trust_env=False)
            read.append((streams if number else one).enter_context(stream).iter_raw())
            assert next(read[-1]).startswith(b"event: caption")
        assert get(page, "events").status_code == 503
        one.close()
        until(lambda: watched(page) == 200)


def test_a_taken_port_is_said(page, tmp_path, monkeypatch):
    monkeypatch.setenv("RTVC_HOME", str(tmp_path))
    port = int(page.address.split(":")[2].split("/")[0])

    async def second():
        async with overlay.served(Levels(), Settings(overlay_port=port)):
            raise AssertionError

    with pytest.raises(DeviceError, match="overlay_port"):
        asyncio.run(second())


def test_a_page_that_is_dropped_during_its_first_write_makes_room():
    async def dropped(board):
        events = board.events()
        await anext(events)
        await events.aclose()

    async def dropped_all(board):
        for _ in range(overlay.MAX_WATCHERS):
            await dropped(board)

    board = overlay.Board()
    asyncio.run(dropped_all(board))
    assert not board.full
