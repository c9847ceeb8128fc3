"""Which figures are asked for, in the words of an address: from which month to which, of what.

Months are written ``2026-03``; both are part of the period. What is left out is not narrowed to.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, fields, replace
from datetime import date, datetime
from typing import Final
from uuid import UUID

from referral import errors
from referral.errors import Fault, Refusal
from referral.figures import Cut, Figure, Figures, Group, Kept, Period, month_of, months_on
from referral.queries.figure_rows import zone_of
from referral.session import Actor, ReadSession

USUAL_MONTHS: Final = 12  # that are told where nobody says which, the current one included
BESIDE_OTHERS: Final = frozenset({Cut.AGENCY, Cut.AGENCY_TRACK})
_MONTH: Final = re.compile(r"(199\d|20\d\d)-(0[1-9]|1[0-2])", re.ASCII)
_CODE: Final = re.compile(r"[\w.-]{1,64}", re.ASCII)
_CODES: Final = ("jurisdiction", "track", "step", "version")
_UNTOLD: Final = Kept(None, None, None, None, None)


@dataclass(frozen=True, slots=True)
class Wanted:
    """As it was written. ``since`` and ``until`` are months; ``agency`` an id; the rest codes."""

    since: str = ""
    until: str = ""
    agency: str = ""
    jurisdiction: str = ""
    track: str = ""
    step: str = ""
    version: str = ""

    def read(
        self, session: ReadSession, actor: Actor, now: datetime
    ) -> tuple[Period, Group] | Refusal:
        """The period and the group, or every fault of it at once."""
        current = month_of(now, zone_of(session, actor))
        last = month_in(self.until) if self.until else current
        first = month_in(self.since) if self.since else months_on(last or current, 1 - USUAL_MONTHS)
        codes = {name: getattr(self, name) for name in _CODES}
        faults = [_no_month(name) for name, at in (("since", first), ("until", last)) if at is None]
        faults += [
            _no_code(name) for name, code in codes.items() if code and not _CODE.fullmatch(code)
        ]
        faults += [_no_code("agency")] if self.agency and self.agency_id is None else []
        if faults or first is None or last is None:
            return errors.invalid_input(faults)
        return Period(first, months_on(last, 1)), self.group

    def narrowed(self, group: Group) -> Wanted:
        """The same months, of this group."""
        told = {one.name: getattr(group, one.name) for one in fields(group)}
        named = {name.removesuffix("_id"): str(value or "") for name, value in told.items()}
        return replace(self, **named)

    def over(self, period: Period) -> Wanted:
        """The same group, of these months."""
        last = months_on(period.ends, -1)
        return replace(self, since=f"{period.begins:%Y-%m}", until=f"{last:%Y-%m}")

    @property
    def group(self) -> Group:
        """What it is narrowed to."""
        codes = {name: getattr(self, name) or None for name in _CODES}
        return Group(agency_id=self.agency_id, **codes)

    @property
    def agency_id(self) -> UUID | None:
        """The agency, if one is named by its id."""
        return _id_in(self.agency)

    @property
    def query(self) -> dict[str, str]:
        """As it stands in an address, without what is left out."""
        told = {one.name: getattr(self, one.name) for one in fields(self)}
        return {name: value for name, value in told.items() if value}


def month_in(text: str) -> date | None:
    """The first of a month written ``2026-03``; None: it is none."""
    return date.fromisoformat(f"{text}-01") if _MONTH.fullmatch(text) else None


def without_targets(found: Figures) -> Figures:
    """Proposed targets are nobody's failure: they never stand beside other agencies."""
    return replace(found, groups=apart(found.groups)) if found.cut in BESIDE_OTHERS else found


def apart(groups: Iterable[Figure]) -> tuple[Figure, ...]:
    """Agencies beside each other, without their proposed targets."""
    return tuple(replace(one, proposed=_UNTOLD) for one in groups)


def _id_in(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None


def _no_month(name: str) -> Fault:
    return Fault(f"/{name}", "malformed", "Write a month as year and month: 2026-03.")


def _no_code(name: str) -> Fault:
    return Fault(f"/{name}", "malformed", "This is no code of ours: follow the links of a table.")
