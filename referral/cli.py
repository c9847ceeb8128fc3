"""The command line: ``referral COMMAND``. Every command takes --json and says one value then.

Exit codes: 0 good; 1 problems were found; 2 the command was used wrongly, or something is not set;
3 something cannot be reached (database, port, file); 130 interrupted.

It decides nothing, and loads of each command no more than its name until it is called.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any, Final

import typer

from referral.loading import loading
from referral.outcomes import Door

# Where each command, or group of commands, is.
ROOMS: Final = {
    "agenda": "agendas:agenda",
    "check": "proving:check",
    "guide": "guiding:guide",
    "replay": "replaying:replay",
    "report": "reporting:report",
    "demo": "starting:start_demo",
    "serve": "starting:start_serving",
    "worker": "starting:start_worker",
    "migrate": "starting:migrate",
    "members": "entering:members",
    "agencies": "entering:agencies",
    "intake": "entering:intake",
    "providers": "federating:providers",
    "clients": "federating:clients",
    "webhooks": "federating:webhooks",
    "keys": "keying:keys",
    "audit": "auditing:audit",
    "log": "sealing:log",
}


class Front(Door):
    """All commands; none waits for what another needs."""

    def list_commands(self, ctx: Any) -> list[str]:  # noqa: ARG002 - as its base has it
        """Their names, in this order."""
        return list(ROOMS)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """The command of this name, loaded by the first who asks; None if there is none."""
        if cmd_name in ROOMS and cmd_name not in self.commands:
            self.commands[cmd_name] = _loaded(cmd_name)
        return super().get_command(ctx, cmd_name)


def _loaded(name: str) -> Any:
    room, _, what = ROOMS[name].partition(":")
    with loading():
        found = getattr(import_module(f"referral.{room}"), what)
    alone = typer.Typer(rich_markup_mode=None, pretty_exceptions_enable=False)
    if isinstance(found, typer.Typer):
        alone.add_typer(found, name=name)
    else:
        alone.command(name)(found)
    return typer.main.get_group(alone).commands[name]


app = typer.Typer(
    cls=Front,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,  # they would print what a case is about
    rich_markup_mode=None,
)


@app.callback(help="\n\n".join((__doc__ or "").split("\n\n")[:2]))
def _front() -> None:
    """The command line itself takes nothing."""
