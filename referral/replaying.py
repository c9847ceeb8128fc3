"""The command that weighs law by the service's own history: nothing is changed, nobody is told.

A coordinator asks, and her log says so. What another version would have done is decided by the
law's own engine; what is handed to it and what comes back names nobody.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from protocols.catalogue import Catalogue
from protocols.replay import desk, draft
from protocols.weighing import weighed
from referral import coordinators
from referral.options import AsJson, DataDir, settings_with
from referral.queries.past import history_of
from referral.terminal import Terminal

_DAY = re.compile(r"\d{4}-\d\d-\d\d")
_HISTORY = "history"  # what stands where a file's name would


def replay(
    country: Annotated[str, typer.Argument(help="ISO 3166-1 alpha-2.")],
    track: Annotated[str, typer.Argument()],
    against: Annotated[
        str | None, typer.Option(help="Another version by its day, or the file of a draft.")
    ] = None,
    version: Annotated[str | None, typer.Option(help="In force, if not given.")] = None,
    until: Annotated[
        datetime | None,
        typer.Option(
            formats=["%Y-%m-%d"], help="When the history ends; its last act, if not given."
        ),
    ] = None,
    member: coordinators.Member = None,
    processes: Annotated[int, typer.Option(min=1)] = 2,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """What would this law have made of what was filed here? Of two versions the later is after."""
    terminal, settings = Terminal(as_json), settings_with(data_dir)
    ends = until.replace(tzinfo=UTC) if until else None
    with (
        coordinators.answerable(terminal),
        _ordered(country, track, version, against) as order,
    ):
        lines = coordinators.asked(
            *(settings, Catalogue.load(goes_on=True), member, order.country, "replay of history"),
            lambda session, actor, now: history_of(session, actor, track, until=ends, now=now),
        )
        with terminal.progress("referrals") as told:
            tally = desk.replay(order, lines, told, processes=processes)
        found = desk.desk_of(order)
    plain, words = weighed(found, tally)
    terminal.answer(plain)
    terminal.say(words)


@contextmanager
def _ordered(
    country: str, track: str, version: str | None, against: str | None
) -> Iterator[desk.Order]:
    """What is to be replayed: of two versions the one that takes force later is the one after."""
    iso2 = country.upper()
    order = desk.Order(None, iso2, track, version, None, _HISTORY)
    if against is None:
        yield order
        return
    standing = Catalogue.load(only=(iso2,)).version_of(iso2, track, version).version
    if _DAY.fullmatch(against):
        before, after = sorted((standing, against))
        yield replace(order, version=after, against=before)
        return
    file = Path(against)
    if not file.is_file():
        message = f"'{against}' is neither the day of a version nor a file"
        raise LookupError(message)
    with draft.beside(iso2, track, file) as (folder, day):
        before, after = sorted((standing, day))
        yield replace(order, folder=folder, version=after, against=before)
