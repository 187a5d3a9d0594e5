"""A real call for tests: WebRTC between two ends in one page of Chromium, and what the far end got.

The near end's microphone is picked by its label, as a person would; what crosses is Opus.
"""

import base64
import functools
import http.server
import subprocess
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from obs_browser import FLAGS, Browser, _page
from sound_server import LIMIT_S, RATE_HZ, until
from websockets.sync.client import connect

from rtvc_bridge.audio import Audio

PAGE = """<!doctype html><title>A call</title>
<style>body { font: 16px sans-serif; margin: 2em } select { font: inherit; padding: .4em }</style>
<h1>A call</h1><label>Microphone <select id="microphones"></select></label>
<audio id="loudspeaker" autoplay muted></audio>
<script>
const heard = [];
async function microphones() {
  const opened = await navigator.mediaDevices.getUserMedia({audio: true});
  opened.getTracks().forEach(track => track.stop());
  const all = await navigator.mediaDevices.enumerateDevices();
  const found = all.filter(device => device.kind === "audioinput");
  document.getElementById("microphones").replaceChildren(
    ...found.map(device => new Option(device.label, device.deviceId)));
  return found;
}
async function call(label, processing) {
  const chosen = (await microphones()).find(device => device.label === label);
  document.getElementById("microphones").value = chosen.deviceId;
  const sound = await navigator.mediaDevices.getUserMedia({audio: {
    deviceId: {exact: chosen.deviceId}, echoCancellation: processing,
    noiseSuppression: processing, autoGainControl: processing}});
  const near = new RTCPeerConnection(), far = new RTCPeerConnection();
  near.onicecandidate = event => event.candidate && far.addIceCandidate(event.candidate);
  far.onicecandidate = event => event.candidate && near.addIceCandidate(event.candidate);
  const arrived = new Promise(done => far.ontrack = event => done(event.streams[0]));
  sound.getTracks().forEach(track => near.addTrack(track, sound));
  await near.setLocalDescription(await near.createOffer());
  await far.setRemoteDescription(near.localDescription);
  await far.setLocalDescription(await far.createAnswer());
  await near.setRemoteDescription(far.localDescription);
  const stream = await arrived;
  document.getElementById("loudspeaker").srcObject = stream;  // else Chromium decodes nothing
  const context = new AudioContext({sampleRate: 48000});
  await context.resume();
  const tap = context.createScriptProcessor(4096, 1, 1);
  tap.onaudioprocess = event => heard.push(event.inputBuffer.getChannelData(0).slice());
  context.createMediaStreamSource(stream).connect(tap);
  tap.connect(context.destination);
  return near.connectionState;
}
function seconds() { return heard.length * 4096 / 48000; }
function taken() {
  const bytes = new Uint8Array(new Float32Array(heard.flatMap(part => [...part])).buffer);
  let text = "";
  for (let at = 0; at < bytes.length; at += 32768)
    text += String.fromCharCode(...bytes.subarray(at, at + 32768));
  return btoa(text);
}
</script>"""
CALL_FLAGS = (
    "--use-fake-ui-for-media-stream",  # says yes when asked for the microphone; it is the real one
    "--autoplay-policy=no-user-gesture-required",
)


class Call:
    """The page. Made by `calling`."""

    def __init__(self, browser: Browser) -> None:
        self._browser = browser
        self.picture = browser.picture
        self.run = browser.read
        self.goto = browser.goto

    def microphones(self) -> list[str]:
        """Return the microphones that Chromium offers."""
        labels: list[str] = self._browser.read(
            "microphones().then(found => found.map(device => device.label))"
        )
        return labels

    def begin(self, microphone: str, *, processing: bool) -> None:
        """Call with that microphone; return once the far end hears something, silence included.

        Args:
            microphone: Its label.
            processing: Whether Chromium cancels echo, suppresses noise and adjusts the level.
        """
        self._browser.read(f"call({microphone!r}, {str(processing).lower()})")
        until(lambda: self._browser.read("seconds()") > 0.5)

    def wait_for(self, seconds: float) -> None:
        """Return once the far end heard that much more."""
        end_s = self._browser.read("seconds()") + seconds
        until(lambda: self._browser.read("seconds()") >= end_s)

    def far_end(self) -> Audio:
        """Return all that the far end heard."""
        samples = np.frombuffer(base64.b64decode(self._browser.read("taken()")), "<f4")
        return Audio(samples.astype(np.float32), RATE_HZ)


@contextmanager
def calling() -> Iterator[Call]:
    """Give the page, in a Chromium that uses the sound server of this process's environment."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        site = Path(folder) / "site"
        site.mkdir()
        (site / "index.html").write_text(PAGE)
        with _served(site) as address, _chromium(f"{folder}/profile") as browser:
            browser.goto(address)
            until(lambda: browser.read("typeof call") == "function")
            yield Call(browser)


class _Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name it has there
        """Say nothing."""


@contextmanager
def _served(folder: Path) -> Iterator[str]:
    handler = functools.partial(_Quiet, directory=str(folder))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_address[1]}/"
        server.shutdown()
        thread.join()


@contextmanager
def _chromium(profile: str) -> Iterator[Browser]:
    command = ("chromium", *FLAGS, *CALL_FLAGS, f"--user-data-dir={profile}", "about:blank")
    with subprocess.Popen(command, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL) as process:
        assert process.stderr is not None
        try:
            listening = next(line for line in process.stderr if b"DevTools listening" in line)
            port = listening.decode().split("127.0.0.1:")[1].split("/")[0]
            drain = threading.Thread(target=process.stderr.read)
            drain.start()
            with connect(_page(int(port)), max_size=None, proxy=None) as socket:
                yield Browser(socket)
        finally:
            process.kill()
            process.wait(LIMIT_S)
            drain.join(LIMIT_S)
