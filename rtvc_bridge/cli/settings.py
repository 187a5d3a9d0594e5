"""`rtvc-bridge config`: the settings file."""

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from rtvc_bridge import config, paths, plugins
from rtvc_bridge.safety.moderation import Moderation

app = typer.Typer(help="Look at the settings file.", no_args_is_help=True)


@app.command()
def check(
    ctx: typer.Context,
    file: Annotated[
        Path | None, typer.Argument(help="Settings file; the usual place when left out.")
    ] = None,
) -> None:
    """Say whether a settings file is right, or name everything that is wrong with it."""
    path = file or ctx.obj or paths.config_file()
    settings = config.load(path)
    Moderation(settings.moderation)
    plugins.pipeline_factory(settings.models.pipeline)
    for name, table in settings.adapters.items():
        plugins.checked_settings(name, table)
    Console().print(f"{path}: OK", highlight=False, soft_wrap=True)


@app.command()
def path() -> None:
    """Print where the settings file is looked for."""
    print(paths.config_file())
