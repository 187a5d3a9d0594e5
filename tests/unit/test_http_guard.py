import asyncio

import httpx
import pytest
from pydantic import ValidationError
from starlette.responses import PlainTextResponse

from rtvc_bridge.errors import ConfigError, StorageError
from rtvc_bridge.http import Settings
from rtvc_bridge.http.credentials import TOKEN_FILE, token_in
from rtvc_bridge.http.guard import SMALL_BODY_BYTES, Guard, Rate, Rules
from rtvc_bridge.http.problems import MEDIA_TYPE
from rtvc_bridge.http.settings import MIB

pytestmark = pytest.mark.http

TOKEN = "0123456789abcdef0123456789abcdef"
KNOWN = {"authorization": f"Bearer {TOKEN}"}


async def app(scope, receive, send):
    """Answers how much it was sent."""
    total, more = 0, True
    while more:
        message = await receive()
        total += len(message.get("body", b""))
        more = message.get("more_body", False)
    await PlainTextResponse(str(total))(scope, receive, send)


def asked(method="GET", path="/v1/status", url="http://127.0.0.1:7878", rules=None, **kwargs):
    rules = rules or Rules.of(Settings(), TOKEN)

    async def ask():
        transport = httpx.ASGITransport(Guard(app, rules))
        async with httpx.AsyncClient(transport=transport, base_url=url) as client:
            return await client.request(method, path, **kwargs)

    return asyncio.run(ask())


def test_whoever_shows_the_token_is_let_in():
    assert asked(headers=KNOWN).status_code == 200


@pytest.mark.parametrize(
    "authorization",
    [None, "", "Bearer", "Bearer ", f"Basic {TOKEN}", f"Bearer {TOKEN}x", f"Bearer {TOKEN[:-1]}"],
)
def test_whoever_does_not_is_told_where_the_token_is(authorization):
    answer = asked(headers={} if authorization is None else {"authorization": authorization})
    assert answer.status_code == 401
    assert answer.headers["content-type"] == MEDIA_TYPE
    assert answer.headers["www-authenticate"].startswith("Bearer")
    assert "token" in answer.json()["detail"]


def test_health_takes_no_token():
    assert asked(path="/v1/health").status_code == 200


@pytest.mark.parametrize("url", ["http://localhost:1", "http://[::1]:7878", "http://LOCALHOST"])
def test_every_name_of_this_computer_is_its_own(url):
    assert asked(url=url, headers=KNOWN).status_code == 200


@pytest.mark.parametrize("url", ["http://evil.example", "http://127.0.0.1.evil.example:7878"])
def test_a_foreign_name_pointed_here_is_refused_even_with_the_token(url):
    answer = asked(url=url, headers=KNOWN)
    assert answer.status_code == 421
    assert "allowed_hosts" in answer.json()["detail"]


def test_a_host_header_that_is_no_host_is_refused():
    assert asked(headers=KNOWN | {"host": "[::1"}).status_code == 421


def test_a_name_in_allowed_hosts_is_let_in():
    rules = Rules.of(Settings(allowed_hosts=("Studio.lan",)), TOKEN)
    assert asked(url="http://studio.lan:7878", headers=KNOWN, rules=rules).status_code == 200


@pytest.mark.parametrize("origin", ["https://evil.example", "null", "http://127.0.0.1:1"])
def test_a_foreign_web_page_is_refused_even_with_the_token(origin):
    answer = asked(headers=KNOWN | {"origin": origin})
    assert answer.status_code == 403
    assert "allowed_origins" in answer.json()["detail"]


def test_a_web_page_of_its_own_or_an_allowed_one_is_let_in():
    rules = Rules.of(Settings(allowed_origins=("https://mine.example",)), TOKEN)
    for origin in ("http://127.0.0.1:7878", "https://mine.example"):
        assert asked(headers=KNOWN | {"origin": origin}, rules=rules).status_code == 200


def test_a_body_that_says_it_is_too_large_is_not_read():
    answer = asked("POST", headers=KNOWN, content=bytes(SMALL_BODY_BYTES + 1))
    assert answer.status_code == 413
    assert f"{SMALL_BODY_BYTES:,} bytes" in answer.json()["detail"]


def test_a_body_may_be_as_large_as_the_limit():
    assert asked("POST", headers=KNOWN, content=bytes(SMALL_BODY_BYTES)).text == str(MIB)


def test_uploads_of_voices_have_a_limit_of_their_own():
    rules = Rules.of(Settings(max_body_bytes=2 * MIB), TOKEN)
    size = 2 * MIB
    for path in ("/v1/voices", "/v1/voices/import"):
        sent = asked("POST", path, headers=KNOWN, content=bytes(size), rules=rules)
        assert sent.text == str(size)
        sent = asked("POST", path, headers=KNOWN, content=bytes(size + 1), rules=rules)
        assert sent.status_code == 413


def test_only_so_many_requests_a_minute_are_answered():
    rules = Rules.of(Settings(requests_per_minute=3), TOKEN)
    codes = [asked(headers=KNOWN, rules=rules).status_code for _ in range(5)]
    assert codes == [200, 200, 200, 429, 429]


def test_a_halt_is_let_in_when_a_program_asks_too_often():
    rules = Rules.of(Settings(requests_per_minute=1), TOKEN)
    codes = [asked(headers=KNOWN, rules=rules).status_code for _ in range(3)]
    assert codes == [200, 429, 429]
    assert asked("POST", "/v1/halt", headers=KNOWN, rules=rules).status_code == 200
    assert asked("POST", "/v1/halt", rules=rules).status_code == 401


def test_strangers_do_not_use_up_the_rate():
    rules = Rules.of(Settings(requests_per_minute=1), TOKEN)
    assert [asked(rules=rules).status_code for _ in range(3)] == [401] * 3
    assert asked(headers=KNOWN, rules=rules).status_code == 200


def test_a_rate_fills_up_again_with_time_and_no_further():
    now = 0.0
    rate = Rate(60, clock=lambda: now)
    assert [rate.allows() for _ in range(61)] == [True] * 60 + [False]
    now = 2.0
    assert [rate.allows() for _ in range(3)] == [True, True, False]
    now = 1000.0
    assert sum(rate.allows() for _ in range(100)) == 60


def test_beyond_this_computer_a_token_of_ones_own_is_needed_and_the_error_says_why():
    with pytest.raises(ValidationError, match="other computers speak in your voices"):
        Settings(host="0.0.0.0")
    assert not Settings(host="0.0.0.0", token=TOKEN).loopback


@pytest.mark.parametrize("host", ["127.0.0.1", "127.8.9.1", "::1", "localhost"])
def test_this_computer_alone_needs_none(host):
    assert Settings(host=host).loopback


@pytest.mark.parametrize("token", ["short", "ünïcodeünïcodeünïcode", "with spaces in the token"])
def test_a_weak_or_unsendable_token_is_refused(token):
    with pytest.raises(ValidationError, match="want a token"):
        Settings(token=token)


def test_the_token_is_made_once_and_only_its_owner_can_read_it(tmp_path):
    token, file = token_in(tmp_path / "state")
    assert len(token) >= 32
    assert file.stat().st_mode & 0o777 == 0o600
    assert token_in(tmp_path / "state") == (token, file)


def test_the_settings_token_replaces_the_one_in_the_file(tmp_path):
    token_in(tmp_path)
    assert token_in(tmp_path, fixed=TOKEN)[0] == TOKEN
    file = tmp_path / TOKEN_FILE
    assert file.read_text() == TOKEN
    assert file.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o644])
def test_a_token_file_that_others_can_read_is_refused_with_a_way_out(tmp_path, mode):
    token_in(tmp_path)
    (tmp_path / TOKEN_FILE).chmod(mode)
    with pytest.raises(ConfigError, match=r"Other users can read .* delete it and start again"):
        token_in(tmp_path)


def test_an_empty_or_unreadable_token_file_is_refused_with_a_way_out(tmp_path):
    file = tmp_path / TOKEN_FILE
    file.touch(mode=0o600)
    with pytest.raises(ConfigError, match=r"is empty.* delete it"):
        token_in(tmp_path)
    file.unlink()
    file.mkdir(mode=0o700)
    with pytest.raises(ConfigError, match=r"Cannot read .* delete it"):
        token_in(tmp_path)


def test_a_folder_that_cannot_be_made_is_named(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(StorageError, match="Cannot write the token file"):
        token_in(tmp_path / "file" / "state")
