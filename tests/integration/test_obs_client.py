"""The client and what it asks for, against servers that behave as OBS on other systems would."""

import asyncio
import contextlib
import json

import pytest
from obs_program import free_port
from rtvc_obs import Settings
from rtvc_obs.client import AbsentError, RefusedError, connected
from rtvc_obs.connection import Connection
from rtvc_obs.sources import found_or_made
from websockets.asyncio.server import serve
from websockets.typing import Subprotocol

from rtvc_bridge.errors import ConfigError

HELLO = {"op": 0, "d": {"obsWebSocketVersion": "5.1.0", "rpcVersion": 1}}
LOCKED = {"op": 0, "d": {"rpcVersion": 1, "authentication": {"challenge": "c", "salt": "s"}}}
WINDOWS = ["wasapi_input_capture", "text_gdiplus_v3", "text_ft2_source_v2", "browser_source"]
MAC = ["coreaudio_input_capture", "text_ft2_source_v2", "browser_source"]
PAGE = "http://127.0.0.1:7879/secret/"
CABLES = {
    "wasapi_input_capture": "CABLE Output (VB-Audio Virtual Cable)",
    "coreaudio_input_capture": "BlackHole 2ch",
}


class Standin:
    """Answers as an OBS with those kinds of sources does."""

    def __init__(self, kinds, sources=()):
        self.kinds = kinds
        self.made = dict(sources)

    async def answer(self, socket):
        await socket.send(json.dumps(HELLO))
        await socket.recv()
        await socket.send(json.dumps({"op": 2, "d": {"negotiatedRpcVersion": 1}}))
        async for message in socket:
            asked = json.loads(message)["d"]
            kind, data = asked["requestType"], asked["requestData"]
            answer: object = getattr(self, kind, lambda _: {})(data)
            status = {"result": answer is not None, "code": 100 if answer is not None else 601}
            told = {"requestId": asked["requestId"], "requestStatus": status}
            await socket.send(json.dumps({"op": 7, "d": told | {"responseData": answer}}))

    def GetInputKindList(self, _):  # noqa: N802 - OBS's name
        return {"inputKinds": self.kinds}

    def GetInputList(self, _):  # noqa: N802 - OBS's name
        return {"inputs": [{"inputName": name} for name in self.made]}

    def GetInputSettings(self, data):  # noqa: N802 - OBS's name
        return {"inputSettings": self.made[data["inputName"]][1]}

    def SetInputSettings(self, data):  # noqa: N802 - OBS's name
        self.made[data["inputName"]][1].update(data["inputSettings"])
        return {}

    def GetCurrentProgramScene(self, _):  # noqa: N802 - OBS's name
        return {"currentProgramSceneName": "On the air"}

    def GetVideoSettings(self, _):  # noqa: N802 - OBS's name
        return {"baseWidth": 1920, "baseHeight": 1080}

    def CreateInput(self, data):  # noqa: N802 - OBS's name
        if data["sceneName"] not in ("On the air", "Chat"):
            return None
        self.made[data["inputName"]] = (data["inputKind"], data["inputSettings"])
        return {"sceneItemId": len(self.made)}

    def GetInputPropertiesListPropertyItems(self, data):  # noqa: N802 - OBS's name
        cable = CABLES.get(self.made[data["inputName"]][0], "")
        return {"propertyItems": [{"itemName": cable, "itemValue": "of the cable"}]}


@contextlib.asynccontextmanager
async def standing_in(answer, port=None):
    port = port or free_port()
    async with serve(answer, "127.0.0.1", port, subprotocols=[Subprotocol("obswebsocket.json")]):
        yield port


def made_in(standin, page="", **settings):
    """Return what `found_or_made` finds there."""

    async def asked():
        async with standing_in(standin.answer) as port, connected("127.0.0.1", port, "") as obs:
            return await found_or_made(obs, Settings(**settings), page)

    return asyncio.run(asked())


@pytest.mark.parametrize(
    ("kinds", "audio", "text"),
    [
        (WINDOWS, "wasapi_input_capture", "text_gdiplus_v3"),
        (MAC, "coreaudio_input_capture", "text_ft2_source_v2"),
    ],
)
def test_sources_are_made_of_the_kinds_that_the_system_has(kinds, audio, text):
    standin = Standin(kinds)
    sources = made_in(standin)
    assert {name: kind for name, (kind, _) in standin.made.items()} == {
        "RTVC Voice": audio,
        "RTVC Captions": text,
    }
    assert standin.made["RTVC Voice"][1] == {"device_id": "of the cable"}
    assert (sources.audio, sources.captions, sources.lacking) == (
        "RTVC Voice",
        "RTVC Captions",
        (),
    )


def test_the_overlay_becomes_a_browser_source_and_keeps_its_theme():
    standin = Standin(WINDOWS)
    made_in(standin, PAGE)
    kind, settings = standin.made["RTVC Overlay"]
    assert (kind, settings["url"], settings["width"]) == ("browser_source", PAGE, 1920)
    assert settings["shutdown"] is False
    settings["url"] = f"{PAGE}?theme=box"
    made_in(standin, PAGE)
    assert standin.made["RTVC Overlay"][1]["url"] == f"{PAGE}?theme=box"
    made_in(standin, PAGE.replace("7879", "9000"))
    assert standin.made["RTVC Overlay"][1]["url"].startswith("http://127.0.0.1:9000/")


def test_what_an_obs_lacks_is_said():
    sources = made_in(Standin(["color_source_v3"]))
    assert (sources.audio, sources.captions) == (None, None)
    assert len(sources.lacking) == 2


def test_a_scene_that_is_not_there_is_refused_in_words():
    with pytest.raises(RefusedError, match="OBS refuses CreateInput"):
        made_in(Standin(WINDOWS), scene="Nowhere")


def test_an_obs_that_closes_while_it_is_asked_is_absent():
    async def closes(socket):
        await socket.send(json.dumps(HELLO))
        await socket.recv()
        await socket.send(json.dumps({"op": 2, "d": {}}))
        await socket.recv()

    async def asked():
        async with standing_in(closes) as port, connected("127.0.0.1", port, "") as obs:
            await obs.call("GetVersion")

    with pytest.raises(AbsentError, match="closed"):
        asyncio.run(asked())


def test_something_else_on_the_port_is_no_obs():
    async def web_page(reader, writer):
        await reader.readline()
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
        writer.close()

    async def asked():
        port = free_port()
        async with (
            await asyncio.start_server(web_page, "127.0.0.1", port),
            connected("127.0.0.1", port, ""),
        ):
            raise AssertionError

    with pytest.raises(AbsentError, match="does not answer"):
        asyncio.run(asked())


@pytest.mark.parametrize(
    ("hello", "code", "words"),
    [
        (LOCKED, 4009, "password_env or password_file"),
        (HELLO, 4010, "OBS 28 or later"),
    ],
)
def test_what_keeps_obs_from_letting_us_in_is_said(hello, code, words):
    async def refuses(socket):
        await socket.send(json.dumps(hello))
        await socket.recv()
        await socket.close(code)

    async def asked(password):
        async with standing_in(refuses) as port, connected("127.0.0.1", port, password):
            raise AssertionError

    for password in ("", "wrong"):
        with pytest.raises(ConfigError, match=words):
            asyncio.run(asked(password))


def test_how_it_fares_is_told_once_per_change():
    async def kept():
        port, told = free_port(), asyncio.Queue[str]()
        connection = Connection(Settings(port=port), "", told.put_nowait, first_pause_s=0.01)
        keeping = asyncio.create_task(connection.keep())
        async with asyncio.timeout(20):
            words = [await told.get()]
            async with standing_in(Standin(WINDOWS).answer, port):
                words.append(await told.get())
            words.append(await told.get())
            keeping.cancel()
            await asyncio.gather(keeping, return_exceptions=True)
            return words

    absent, there, gone = asyncio.run(kept())
    assert "Start it" in absent
    assert there == "Connected to OBS."
    assert "tried again by itself" in gone
