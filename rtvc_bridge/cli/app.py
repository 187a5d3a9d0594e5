"""The program: global options, the commands by topic, and what its exit codes mean.

0 done; 1 refused (the message says how to mend the request); 2 wrong usage;
3 the installation needs something (the message says what to run); 130 Ctrl-C.
"""

import logging
import sys
from importlib.metadata import version
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.logging import RichHandler

from rtvc_bridge import config, paths
from rtvc_bridge.cli import (
    benching,
    demo,
    doctor,
    mic,
    models,
    queue,
    run,
    service,
    settings,
    speak,
    status,
    tui,
    voices,
)
from rtvc_bridge.errors import RtvcBridgeError, UserError

EXIT_REFUSED = 1
EXIT_INSTALLATION = 3
WITHOUT_SETTINGS = frozenset({"config", "status", "stop", "reload", "queue", "service", None})
"""Commands that work while the settings file is wrong: they ask the daemon, or check the file."""

app = typer.Typer(
    help="Speak typed text in a cloned voice.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command()(demo.demo)
app.command()(run.run)
app.command()(tui.tui)
app.command()(status.status)
app.command()(status.stop)
app.command()(status.reload)
app.command()(speak.say)
app.add_typer(queue.app, name="queue")
app.command()(voices.enrol)
app.command(name="voices")(voices.list_voices)
app.add_typer(voices.app, name="voice")
app.add_typer(mic.app, name="mic")
app.add_typer(service.app, name="service")
app.add_typer(models.app, name="models")
app.add_typer(settings.app, name="config")
app.add_typer(benching.app, name="bench")
app.command()(doctor.doctor)


def _show_version(wanted: bool) -> None:
    if wanted:
        print(version("rtvc-bridge"))
        raise typer.Exit


@app.callback()
def _options(
    ctx: typer.Context,
    config_file: Annotated[
        Path | None, typer.Option("--config", help="Settings file to use.", show_default=False)
    ] = None,
    verbose: Annotated[
        int, typer.Option("--verbose", "-v", count=True, help="Log more; twice for debug.")
    ] = 0,
    _version: Annotated[
        bool,
        typer.Option("--version", callback=_show_version, is_eager=True, help="Print the version."),
    ] = False,
) -> None:
    level = (logging.WARNING, logging.INFO, logging.DEBUG)[min(verbose, 2)]
    handler = RichHandler(console=Console(stderr=True), show_path=False, markup=False)
    logging.basicConfig(level=level, format="%(name)s: %(message)s", handlers=[handler])
    if ctx.invoked_subcommand in WITHOUT_SETTINGS:
        ctx.obj = config_file
    else:
        ctx.obj = config.load_or_default(config_file, paths.config_file())


def main() -> None:
    """Run the program; errors meant for a reader go to stderr as one message."""
    try:
        app()
    except RtvcBridgeError as error:
        print(f"rtvc-bridge: {error}", file=sys.stderr)
        sys.exit(EXIT_REFUSED if isinstance(error, UserError) else EXIT_INSTALLATION)
