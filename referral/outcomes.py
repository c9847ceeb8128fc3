"""How a command ends: what a fault means to an operator, in words and as an exit code.

It must never know what any command does.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import IntEnum
from typing import Any, Final

import asyncpg
import typer
from pydantic import ValidationError
from sqlalchemy.exc import DBAPIError, SQLAlchemyError
from typer.core import TyperGroup

from protocols.problems import ProblemsFound
from referral.addresses import MissingError
from referral.embedded import EmbeddedProblem
from referral.roles import RolesProblem
from referral.terminal import Terminal
from referral.vault import SealBrokenError
from referral.vault.root_keys import KeeperDownError


class Exit(IntEnum):
    """What a command's end means to whoever started it."""

    GOOD = 0
    PROBLEMS = 1
    MISUSE = 2
    UNREACHABLE = 3
    INTERRUPTED = 130


class Door(TyperGroup):
    """Turns what went wrong into a sentence and an exit code, for every command alike."""

    def invoke(self, ctx: Any) -> Any:
        """Run the command."""
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt:
            raise typer.Exit(Exit.INTERRUPTED) from None
        except Exception as fault:
            found = meaning(fault)
            if found is None:
                raise
            (ctx.find_object(Terminal) or Terminal()).refuse(*found)
            raise typer.Exit(found[1]) from None


def meaning(fault: Exception) -> tuple[str, Exit] | None:
    """What a fault means to an operator; None for what nobody foresaw."""
    for kinds, words, code in _MEANINGS:
        if isinstance(fault, kinds):
            return words(fault), code
    return None


def _settings(fault: ValidationError) -> str:
    return "\n".join(_setting(error) for error in fault.errors())


def _setting(error: Any) -> str:
    name = "_".join(str(part) for part in error["loc"]).upper()
    words: str = error["msg"].removeprefix("Value error, ")
    return f"REFERRAL_{name}: {words}" if name else words


def _refused(fault: Exception) -> str:
    said = fault.orig or fault if isinstance(fault, DBAPIError) else fault
    return (
        f"The database did not do it, and nothing was changed. It says: {said}. If a table or "
        "function is missing, run `referral migrate` first."
    )


def _unreachable(fault: OSError) -> str:
    if fault.errno is None and fault.args:  # our own words
        return str(fault)
    where = f": {fault.filename}" if fault.filename else ""
    return f"Something cannot be reached{where}. {fault.strerror or type(fault).__name__}."


# The first that fits.
_MEANINGS: Final[tuple[tuple[Any, Callable[[Any], str], Exit], ...]] = (
    (ValidationError, _settings, Exit.MISUSE),
    ((MissingError, RolesProblem), str, Exit.MISUSE),
    (ProblemsFound, str, Exit.PROBLEMS),
    (SealBrokenError, str, Exit.PROBLEMS),
    ((EmbeddedProblem, KeeperDownError), str, Exit.UNREACHABLE),
    ((asyncpg.PostgresError, asyncpg.InterfaceError, SQLAlchemyError), _refused, Exit.UNREACHABLE),
    (OSError, _unreachable, Exit.UNREACHABLE),
)
