"""The command line: ``referral COMMAND``. Every command takes ``--json`` and says one value then.

Exit codes: 0 good, 1 problems were found, 2 the command was used wrongly or something is not set,
3 something could not be reached (database, port, file), 130 interrupted.

This is a door: it reads the clock and the settings, and hands both in. It decides nothing.
"""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import asdict
from datetime import UTC, date, datetime, timedelta
from enum import IntEnum
from pathlib import Path
from typing import Annotated, Any, TypeVar

import asyncpg
import typer
from click import Context
from pydantic import ValidationError
from sqlalchemy.exc import DBAPIError, SQLAlchemyError
from typer.core import TyperGroup

from agencies.identity import Role, Scope
from agencies.members import Kind, Refused, Seat
from protocols import check as protocol_check
from protocols.catalogue import Catalogue
from protocols.problems import ProblemsFound
from referral import administration, demo, installing, logs, serving
from referral.audit.verify import verify
from referral.coverage import Coverage, coverage_of
from referral.embedded import EmbeddedProblem
from referral.entry import Installation
from referral.roles import RolesProblem
from referral.settings import Environment, Settings
from referral.terminal import Terminal

T = TypeVar("T")


class Exit(IntEnum):
    """What a command's end means to whoever started it."""

    GOOD = 0
    PROBLEMS = 1
    MISUSE = 2
    UNREACHABLE = 3
    INTERRUPTED = 130


class Door(TyperGroup):
    """Turns what went wrong into a sentence and an exit code, for every command alike."""

    def invoke(self, ctx: Context) -> Any:
        """Run the command."""
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt:
            raise typer.Exit(Exit.INTERRUPTED) from None
        except Exception as fault:
            found = _meaning(fault)
            if found is None:
                raise
            (ctx.find_object(Terminal) or Terminal()).refuse(*found)
            raise typer.Exit(found[1]) from None


def _meaning(fault: Exception) -> tuple[str, Exit] | None:
    """What a fault means to an operator; None for what nobody foresaw."""
    match fault:
        case ValidationError():
            return "\n".join(_setting(error) for error in fault.errors()), Exit.MISUSE
        case installing.MissingError() | RolesProblem():
            return str(fault), Exit.MISUSE
        case ProblemsFound():
            return str(fault), Exit.PROBLEMS
        case EmbeddedProblem():
            return str(fault), Exit.UNREACHABLE
        case asyncpg.PostgresError() | asyncpg.InterfaceError() | DBAPIError():
            return f"The database refused: {fault}", Exit.UNREACHABLE
        case OSError() | SQLAlchemyError():
            return f"Something could not be reached: {fault}", Exit.UNREACHABLE
        case _:
            return None


def _setting(error: Any) -> str:
    name = "_".join(str(part) for part in error["loc"]).upper()
    words = error["msg"].removeprefix("Value error, ")
    return f"REFERRAL_{name}: {words}" if name else words
