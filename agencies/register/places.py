"""Places and groups of places, put into the directory.

A place is never taken away (mandates and cases name it); a group is what its file says now.
What this file must never know: agencies.
"""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import delete, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from agencies.models import Grouping, Jurisdiction
from agencies.register.entries import Place
from agencies.register.fitting import parents_first
from agencies.register.stored import Entered, upsert


async def enter_places(
    connection: AsyncConnection, places: Sequence[Place], country: str, entered: Entered
) -> None:
    """Put in the places, and make the groups what these say; no places listed: all stays."""
    rows = [
        {
            "code": place.code,
            "country": country,
            "parent": place.parent,
            "kind": place.kind,
            "names": dict(place.names),
        }
        for place in parents_first(
            places, {place.code: place.parent for place in places}, lambda place: place.code
        )
    ]
    await upsert(connection, Jurisdiction, rows, entered.places)
    wanted = {(place.code, member) for place in places for member in place.members}
    found = await connection.execute(
        select(Grouping.group_code, Grouping.member_code)
        .join(Jurisdiction, Jurisdiction.code == Grouping.group_code)
        .where(Jurisdiction.country == country)
    )
    stored = {(row.group_code, row.member_code) for row in found}
    new = [
        {"group_code": group, "member_code": member} for group, member in sorted(wanted - stored)
    ]
    if new:
        await connection.execute(insert(Grouping), new)
    for group, member in sorted(stored - wanted) if places else ():
        left = delete(Grouping).where(Grouping.group_code == group, Grouping.member_code == member)
        await connection.execute(left)
