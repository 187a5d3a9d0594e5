"""`rtvc-bridge mic ...`: the virtual microphone, by hand."""

import importlib
import json
from collections.abc import Callable
from dataclasses import asdict
from typing import Annotated, Any

import typer

from rtvc_bridge.cli.reach import reached
from rtvc_bridge.client import Client
from rtvc_bridge.errors import DeviceError, UserError

app = typer.Typer(help="Look after the virtual microphone.", no_args_is_help=True)

Device = Annotated[
    str | None, typer.Option(help="Name of the microphone.", show_default="the usual one")
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]


@app.command()
def install(device: Device = None) -> None:
    """Make the microphone, and say what to pick in the other program."""
    print(f'Pick "{_plugin("manage").install(device)}" as the microphone in the other program.')


@app.command()
def remove(
    device: Device = None,
    force: Annotated[
        bool, typer.Option("--force", help="Even if a program listens; it gets the real one.")
    ] = False,
) -> None:
    """Take the microphone away, unless a program listens to it."""
    was_there = _plugin("manage").remove(device, force=force)
    print("Removed." if was_there else "There was none.")


@app.command()
def status(device: Device = None, as_json: Json = False) -> None:
    """Say whether the microphone is there, and who listens to it."""
    found = _plugin("manage").status(device)
    if as_json:
        print(json.dumps(asdict(found)))
        return
    if not found.present:
        print("It is not there. Run: rtvc-bridge mic install")
        return
    print(f'"{found.device}" is there.')
    if found.listeners is not None:
        print(f"Listening now: {', '.join(found.listeners) or 'nobody'}.")
    if found.is_default_input:
        print("It is the default microphone: programs use it without being told to.")
    if found.is_default_output:
        print(
            "It is also the default sound output: whatever this computer plays goes into it. "
            "Pick another output in the system's sound settings."
        )


@app.command(name="test")
def try_out(
    device: Device = None,
    voice: Annotated[
        str | None, typer.Option(help="Of the sentence.", show_default="the first there is")
    ] = None,
    as_json: Json = False,
) -> None:
    """Send a tone and a sentence through the microphone, record them, say how they came through.

    The sentence is said by the running daemon; without one, there is the tone only.
    """
    tone = _plugin("manage").round_trip(device)
    said, instead, failed = _said(lambda client: _plugin("spoken").sentence(client, voice, device))
    well = tone.well and not failed and (said is None or said.well)
    if as_json:
        figures = asdict(said) if said is not None else None
        found = {"well": well, "sentence": figures, "instead": instead or None}
        print(json.dumps({**asdict(tone), **found}))
    else:
        lines = _plugin("spoken").words(said) if said is not None else [instead]
        print("\n".join(_plugin("report").words(tone, hearable=not failed) + lines))
    if not well:
        raise typer.Exit(3)


@app.command()
def bench(
    device: Device = None,
    seconds: Annotated[float, typer.Option(min=5, help="Length of each test for gaps.")] = 60.0,
    as_json: Json = False,
) -> None:
    """Measure the microphone: latency, gaps also under load, what it costs (about 4 minutes)."""
    figures = asdict(_plugin("bench").measured(device, steady_s=seconds))
    said, instead, _ = _said(lambda client: _plugin("spoken").first_sound(client, device))
    if as_json:
        print(json.dumps({**figures, "first_sound": asdict(said) if said else instead}))
        return
    heard = asdict(said) if said else {"none": instead}
    for name, value in (figures | {f"first_sound_{part}": heard[part] for part in heard}).items():
        print(f"{name}: {value:.4g}" if isinstance(value, float) else f"{name}: {value}")


def _said(say: Callable[[Client], Any]) -> tuple[Any, str, bool]:
    """Return how what the daemon said came through, or None and why; and if it got lost."""
    spoken = _plugin("spoken")
    with reached(local=False) as client:
        if client is None:
            return None, "No sentence was said: no daemon runs. Start one: rtvc-bridge run", False
        try:
            return say(client), "", False
        except spoken.UnheardError as error:
            return None, str(error), True
        except UserError as error:
            return None, f"No sentence was heard: {error}", False


def _plugin(part: str) -> Any:  # noqa: ANN401 - a module of a plugin, found at run time
    """Return a module of the plugin; the program runs without it.

    Raises:
        DeviceError: If it is not installed.
    """
    try:
        return importlib.import_module(f"rtvc_virtualmic.{part}")
    except ImportError as error:
        raise DeviceError(
            'The virtual microphone is not installed: pip install "rtvc-bridge[mic]".'
        ) from error
