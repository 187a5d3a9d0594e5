"""The program: global options, the commands by topic, and what its exit codes mean.

0 done; 1 refused (the message says how to mend the request); 2 wrong usage;
3 the installation needs something (the message says what to run); 4 `detect` found the
watermark; 130 Ctrl-C.
"""

import logging
import sys
from importlib import import_module
from importlib.metadata import version
from pathlib import Path
from typing import Annotated, Any, cast

import typer
from rich.console import Console
from rich.logging import RichHandler
from typer.core import TyperCommand, TyperGroup

from rtvc_bridge import config, paths
from rtvc_bridge.errors import RtvcBridgeError, UserError

EXIT_REFUSED = 1
EXIT_INSTALLATION = 3
WITHOUT_SETTINGS = frozenset(
    {"config", "status", "stop", "reload", "queue", "panic", "lift", "service", None}
)
"""Commands that work while the settings file is wrong: they ask the daemon, or check the file."""

COMMANDS = {
    "demo": "demo:demo",
    "run": "run:run",
    "tui": "tui:tui",
    "status": "status:status",
    "stop": "status:stop",
    "reload": "status:reload",
    "say": "speak:say",
    "queue": "queue:app",
    "panic": "panic:panic",
    "lift": "panic:lift",
    "enrol": "voices:enrol",
    "voices": "voices:list_voices",
    "voice": "voices:app",
    "mic": "mic:app",
    "discord": "discord:app",
    "service": "service:app",
    "models": "models:app",
    "config": "settings:app",
    "audit": "audit:app",
    "bench": "benching:app",
    "detect": "detect:detect",
    "doctor": "doctor:doctor",
}
"""Where each command is: a module of this package, and what in it."""


class Commands(TyperGroup):
    """The commands. One is imported when it is named: all of them together take half a second."""

    def list_commands(self, ctx: Any) -> list[str]:  # noqa: ANN401 - typer's own click is private
        """Return their names, in the order of the help."""
        return list(COMMANDS)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:  # noqa: ANN401 - as above
        """Return the command of that name, None if there is none."""
        if cmd_name not in COMMANDS:
            return None
        module, _, attribute = COMMANDS[cmd_name].partition(":")
        found = getattr(import_module(f"rtvc_bridge.cli.{module}"), attribute)
        command: TyperCommand | TyperGroup
        if isinstance(found, typer.Typer):
            command = typer.main.get_group(found)
        else:
            alone = typer.Typer(add_completion=False)
            alone.command()(found)
            command = cast("TyperCommand", typer.main.get_command(alone))
        command.name = cmd_name
        return command


app = typer.Typer(
    cls=Commands,
    help="Speak typed text in a cloned voice.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


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
