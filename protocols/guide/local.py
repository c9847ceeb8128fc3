"""The local guide: in this town, whom, what, by when, on which article, with which letter.

The track's own words, with the bodies of one town put in for the mandates. Plain values, for JSON,
text and paper; nothing is decided. A mandate nobody is named for is listed, so that the hole is
seen before a child falls into it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, replace
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from protocols import derivation
from protocols.calendars import CalendarNotCovered
from protocols.explain import in_order
from protocols.guide.directory import Directory
from protocols.law import HOLDER, ROLES, Asking, Clock, Level, Step
from protocols.protocol import Protocol
from protocols.spoken import Speaker
from protocols.step_words import Plain
from protocols.working_time import due_at

_FRIDAY, _AFTERNOON = 4, time(15, 40)  # the hour at which most things go wrong


def local_guide(plain: Plain, say: Speaker, town: Directory, day: date | None = None) -> Plain:
    """The guide (``plain``: the procedure it is made from). ``day``: of the worked examples."""
    begun = _moment(say.protocol, day)
    steps = {step["id"]: step for step in plain["steps"]}
    cards = [
        _card(say, town, step, steps[step.id], number, begun)
        for number, step in enumerate(in_order(say.protocol), 1)
    ]
    return {
        **{key: plain[key] for key in ("country", "country_name", "track", "version", "stage")},
        **{
            key: plain[key]
            for key in ("digest", "language", "title", "applies", "triage", "asks_for")
        },
        **{key: plain[key] for key in ("exclusions", "gates", "closings", "totals")},
        "place": town.place,
        "place_name": town.name,
        "cards": cards,
        "nobody_named": _unnamed(say, town),
    }


def _moment(protocol: Protocol, day: date | None) -> datetime:
    """When the examples begin: a Friday afternoon of the law's first whole year, if it is known."""
    calendars, years = protocol.calendars, protocol.calendars.covered
    if day is None:
        first = date(max(years.start, min(protocol.in_force_from.year + 1, years.stop - 2)), 1, 1)
        day = first + timedelta(days=(_FRIDAY - first.weekday()) % 7)
    return datetime.combine(day, _AFTERNOON, tzinfo=ZoneInfo(calendars.time_zone))


def _card(
    say: Speaker, town: Directory, step: Step, spoken: Plain, number: int, begun: datetime
) -> Plain:
    clocks = {clock.id: clock for clock in (*say.protocol.clocks.values(), say.protocol.review)}
    return {
        "number": number,
        **{key: spoken[key] for key in ("id", "title", "instruction", "kind", "after", "only_if")},
        "asked": list(_asked(say, town, step)),
        "duty": say.phrase("duty") if step.kept else "",
        "limits": [
            {
                **limit,
                **_example(say, town, step, clocks[limit["id"]], begun),
                "above": _called(say, town, clocks[limit["id"]].escalates_to),
            }
            for limit in spoken["limits"]
        ],
        "letters": spoken["documents"],
        "declines": spoken["declines"],
        "outcomes": spoken["outcomes"],
        "panel": spoken["panel"],
        "basis": spoken["basis"],
        "sources": spoken["sources"],
    }


def _asked(say: Speaker, town: Directory, step: Step) -> Iterator[Plain]:
    """Everybody who may be asked, in order, with the way each comes in."""
    if step.kept:
        return
    together = len(step.ask) > 1
    for mandate in step.ask:
        turn = say.guided(step.asking if together and step.asking is not Asking.ONE else "first")
        yield _named(say, town, mandate, turn, national=step.level is Level.NATIONAL)
    for mandate in step.then:
        turn = say.guided("then")
        yield _named(say, town, mandate, turn, national=step.level is Level.NATIONAL)
    if step.last:
        yield _named(say, town, step.last, say.guided("last"), national=True)


def _named(say: Speaker, town: Directory, mandate: str, turn: str, *, national: bool) -> Plain:
    contact = town.of(mandate, national=national)
    found = asdict(contact) if contact else {}
    return {
        "turn": turn,
        "mandate": mandate,
        "label": say.mandate(mandate),
        "known": contact is not None or mandate in ROLES,
        **found,
    }


def _called(say: Speaker, town: Directory, body: str | None) -> Plain | None:
    return _named(say, town, body, "", national=True) if body else None


def _example(
    say: Speaker, town: Directory, step: Step, clock: Clock, begun: datetime
) -> dict[str, object]:
    """When the limit would end if it began on that afternoon; nothing where no calendar knows."""
    mandate = clock.calendar_of or (HOLDER if step.kept else step.ask[0])
    calendar = say.protocol.calendars.of(mandate, town.place)
    if say.language in derivation.LANGUAGES:
        calendar = replace(calendar, language=say.language)
    try:
        due = due_at(begun, clock.limit, calendar)
    except CalendarNotCovered:
        return {"example": [], "due": None}
    return {"example": list(due.derivation), "due": due.moment.isoformat()}


def _unnamed(say: Speaker, town: Directory) -> list[str]:
    """Mandates this track asks for, of which nobody knows who has them here."""
    asked: dict[str, None] = {}
    for step in say.protocol.steps.values():
        asked |= dict.fromkeys(step.order)
    missing = (one for one in asked if one not in ROLES and town.of(one, national=True) is None)
    return [say.mandate(mandate) for mandate in missing]
