"""Months of work in any of the countries: a drawn history, moved to its units, law and places."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Final
from uuid import UUID

from tests.cast import House
from tests.referral.figures.histories import Drawing, History

BEGINS: Final = datetime(2025, 11, 1, tzinfo=UTC)
NOW: Final = datetime(2026, 3, 2, 12, tzinfo=UTC)
MONTH: Final = "2026-02"


async def drawn(house: House, country: str, count: int) -> House:
    """So many hand-offs of one country; its supervisor's and coordinator's units among them."""
    history = await Drawing(house, 1, BEGINS, NOW).some(count)
    await (await moved(house, history, country.upper())).enter(house)
    house.at.to(NOW)
    return house


async def moved(house: House, history: History, country: str) -> History:
    """The same rows, of another country."""
    law = house.installation.catalogue
    versions = law.in_force(country, law.day_in(country, NOW))
    steps = [(one, step) for one in versions for step in list(one.steps)[:4]]
    units = await house.rows(
        "SELECT id, agency_id, key FROM agencies.unit WHERE country = $1 ORDER BY key, id LIMIT 7",
        country,
    )
    own = house.player("supervisor", country.lower())
    places = [(own.unit_id, await _agency(house, own.unit_id))]
    places += [(row["id"], row["agency_id"]) for row in units]
    rows = []
    for at, row in enumerate(history.rows):
        protocol, step = steps[at * 7 % len(steps)]
        sender, receiver = places[at % len(places)], places[at * at % len(places)]
        clocks = tuple(
            (f"{step}.{name.rpartition('.')[2]}", basis, length + timedelta(days=1), ended, state)
            for name, basis, length, ended, state in row.limits
        )
        rows.append(
            replace(
                row,
                country=country,
                track=protocol.track,
                version=protocol.version,
                step=step,
                jurisdiction=country,
                sender_unit=sender[0],
                receiver_unit=receiver[0],
                receiver_agency=receiver[1],
                sender_member=None,
                limits=clocks,
            )
        )
    return History(rows)


async def _agency(house: House, unit: UUID) -> UUID:
    (row,) = await house.rows("SELECT agency_id FROM agencies.unit WHERE id = $1", unit)
    found: UUID = row["agency_id"]
    return found
