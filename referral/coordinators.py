"""What a coordinator asks at the command line: where her country is, and that she is one.

It must never know what is asked, nor how the answer is printed.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Annotated, TypeVar

import typer

from protocols.catalogue import Catalogue
from referral import installing, keeping
from referral.entry import Installation
from referral.errors import Refusal
from referral.intake.acting import NotAMember, coordinating
from referral.outcomes import Exit
from referral.session import Actor, WriteSession
from referral.settings import Settings
from referral.terminal import Terminal

T = TypeVar("T")
Asking = Callable[[WriteSession, Actor, datetime], Awaitable[T | Refusal]]
Country = Annotated[
    str | None, typer.Option(help="ISO 3166-1 alpha-2; needed if several have the body.")
]
Member = Annotated[
    str | None, typer.Option("--as", help="The coordinator who asks; needed if several are.")
]


@contextmanager
def answerable(terminal: Terminal) -> Iterator[None]:
    """What nobody may ask, or is not there, is said in words, with the exit code of misuse."""
    try:
        yield
    except (LookupError, NotAMember) as fault:
        terminal.refuse(str(fault.args[0]), Exit.MISUSE)
        raise typer.Exit(Exit.MISUSE) from None


def country_of(law: Catalogue, body: str, country: str | None) -> str:
    """The country whose body is meant. Raises LookupError."""
    if country is not None:
        law.country(country)
        return country.upper()
    having = [one for one in law.countries if body in law.country(one).mandates]
    if len(having) != 1:
        known = f"{', '.join(having)} have" if having else "no country has"
        message = f"{known} a body {body}: name the country with --country, or another body."
        raise LookupError(message)
    return having[0]


def asked(
    settings: Settings,
    law: Catalogue,
    member: str | None,
    country: str,
    what: str,
    asking: Asking[T],
) -> T:
    """What a coordinator is told; ``what`` names her token in the log.

    Raises LookupError with what is wrong, NotAMember when nobody may ask.
    """
    with installing.database(settings) as addresses:
        vault = keeping.vault_of(settings, embedded=addresses.embedded)
        made = installing.installation(settings, addresses.of("app"), vault, law)
        found = asyncio.run(_answered(made, member, country, what, asking))
    if isinstance(found, Refusal):
        told = [one["message"] for one in found.extra.get("errors", ())] or [found.detail]
        raise LookupError(" ".join(told))  # noqa: TRY004 - a value that says what is wrong
    return found


async def _answered(
    made: Installation, member: str | None, country: str, what: str, asking: Asking[T]
) -> T | Refusal:
    try:
        async with (
            coordinating(made, member, country, what) as coordinator,
            coordinator.turn() as (session, actor, now),
        ):
            return await asking(session, actor, now)
    finally:
        await made.engine.dispose()
