"""Who is told of a notice: whoever is in charge of it, else who is on duty, else her unit.

Pure. It knows seats and days, and nothing of a case. Whoever is kept out of the case is nobody
here: not told herself, and no deputy of hers is told in her place.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from referral.notices.channels import Notice

# Whom a notice to a unit means when it names no role: those who work there. Who administers its
# accounts, audits or counts is told nothing about work.
WORKING: Final = frozenset({"OFFICER", "SUPERVISOR", "COORDINATOR"})


@dataclass(frozen=True, slots=True)
class Seat:
    """Somebody who might be told: a membership, and how its member wants to be told.

    ``of_unit``: the unit she was found for; of a deputy from elsewhere not her own. Hours 0–23 of
    ``time_zone``.
    """

    of_unit: UUID
    seat: UUID
    role: str
    time_zone: str
    present: bool = True
    on_duty: bool = False
    deputy: UUID | None = None
    stands_in: bool = False
    address: bool = False
    mode: str = "each"
    digest_hour: int = 8
    quiet: tuple[int, int] | None = None

    @classmethod
    def of(cls, row: Mapping[str, Any]) -> Seat:
        """As the database tells it; without a preference, the defaults."""
        quiet = row["quiet_from"], row["quiet_until"]
        return cls(
            of_unit=UUID(row["of_unit"]),
            seat=UUID(row["seat"]),
            role=row["role"],
            time_zone=row["time_zone"],
            present=row["present"],
            on_duty=row["on_duty"],
            deputy=UUID(row["deputy"]) if row["deputy"] else None,
            stands_in=row["stands_in"],
            address=row["address"],
            mode=row["mode"] or "each",
            digest_hour=row["digest_hour"] if row["digest_hour"] is not None else 8,
            quiet=None if None in quiet else (int(quiet[0]), int(quiet[1])),
        )


def told_of(
    notice: Notice,
    seats: Sequence[Seat],
    *,
    in_charge: frozenset[UUID] = frozenset(),
    kept_out: frozenset[UUID] = frozenset(),
) -> tuple[Seat, ...]:
    """Everybody to be told, each once; nobody when nobody is there.

    1. A role was asked for: those who have it.
    2. Somebody is in charge: she; where neither she nor her deputy is there, as if nobody were.
    3. Who is on duty in the unit; without a roster everybody who works there.
    Who is away is stood in for by her deputy.
    """
    known = {
        one.seat: one for one in seats if one.of_unit == notice.to_unit and one.seat not in kept_out
    }
    own = [one for one in known.values() if not one.stands_in]
    if notice.to_role is not None:
        return _there((one for one in own if one.role == notice.to_role), known)
    charged = _there((one for one in own if one.seat in in_charge), known)
    if charged:
        return charged
    working = [one for one in own if one.role in WORKING]
    return _there((one for one in working if one.on_duty), known) or _there(working, known)


def _there(wanted: Any, known: Mapping[UUID, Seat]) -> tuple[Seat, ...]:
    found: dict[UUID, Seat] = {}
    for one in wanted:
        stands = one if one.present else known.get(one.deputy)
        if stands is not None and stands.present:
            found[stands.seat] = stands
    return tuple(found.values())
