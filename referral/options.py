"""What every command may be told, and how it is understood.

It must never know what any command does.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Annotated, Any, Final

import typer

from referral.clock import utc_now
from referral.settings import Settings
from referral.terminal import Terminal


def _remember(ctx: typer.Context, value: bool) -> bool:
    """Errors must be JSON too, so the choice is kept where they are met."""
    ctx.find_root().obj = Terminal(value)
    return value


AsJson = Annotated[
    bool, typer.Option("--json", callback=_remember, is_eager=True, help="Say one JSON value.")
]
DataDir = Annotated[
    Path | None,
    typer.Option(help="Folder of the embedded PostgreSQL, used while no address is set."),
]
File = Annotated[Path, typer.Argument(exists=True, dir_okay=False, readable=True)]
Since = Annotated[
    datetime | None, typer.Option("--from", formats=["%Y-%m-%d"], help="Today if not given.")
]


_LAST_TO_BEGIN: Final = timedelta(hours=12)


def settings_with(data_dir: Path | None = None, **given: Any) -> Settings:
    """The settings of the environment; what was given on the command line goes before."""
    given |= {"data_dir": data_dir}
    return Settings(**{name: value for name, value in given.items() if value is not None})


def day_of(given: datetime | None) -> date:
    """The day that was given, or today where the day begins last (UTC-12).

    What is entered "today" stands at once in every zone: at 02:00 UTC it is still yesterday in
    Argentina, and nobody there could sign in until midnight.
    """
    return given.date() if given else (utc_now() - _LAST_TO_BEGIN).date()


def group(words: str) -> typer.Typer:
    """A group of commands."""
    return typer.Typer(no_args_is_help=True, rich_markup_mode=None, help=words)
