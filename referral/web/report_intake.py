"""What was typed into the form of a report, as the rooms take it.

What was not asked stays not known; "asked, none found" is an answer of its own.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from protocols.vocabulary import Entry, FactType, load_vocabulary
from referral.casework import Intake, PersonTold
from referral.errors import Fault, Refusal, invalid_input
from referral.session import Actor
from referral.web.fields import Sent
from referral.web.forms import moment_in
from referral.web.people_table import People, people_in
from referral.web.report_form import (
    CASE_FACTS,
    COMMON,
    IDENTITY,
    MOST_COUNTED,
    MOST_PERSONS,
    NONE_FOUND,
    PERSON_FACTS,
    REPORTER,
    SAFETY,
    WORKPLACE,
)
from referral.web.wording import LANGUAGE, PERSON_ROLES, TOPICS

_NOTHING: Final = (
    "Nothing is told yet, and nobody could act on that. Give a place, or what was seen, or how to "
    "make contact with the person."
)


def persons_in(sent: Sent) -> int:
    """How many persons the form shows."""
    told = sent.one("persons")
    return min(max(int(told), 1), MOST_PERSONS) if told.isdecimal() and len(told) < 4 else 1  # noqa: PLR2004


def intake_in(sent: Sent, key: UUID, actor: Actor) -> tuple[Intake, dict[str, str]] | Refusal:
    """What was typed, as the rooms take it, and which field stands behind which pointer."""
    happened = moment_in(sent, "occurred_at", actor.time_zone)
    if isinstance(happened, Refusal):
        return happened
    pointers = {f"/facts/{name}": name for name in CASE_FACTS}
    pointers |= {"/place": "place", "/occurred_at": "occurred_at"}
    told: list[PersonTold] = []
    for number in range(1, persons_in(sent) + 1):
        person = _told(sent, f"p{number}-")
        if person is not None:
            at = f"/persons/{len(told)}/facts"
            pointers |= {f"{at}/{name}": f"p{number}-{name}" for name in PERSON_FACTS}
            told.append(person)
    people = people_in(sent.one("people"))
    if people.faults:
        return invalid_input([Fault("/people", "unreadable", one) for one in people.faults])
    pointers |= _table(people, len(told))
    told += people.persons
    pointers[f"/persons/{len(told)}/facts/headcount"] = "headcount"
    told += _rest(told, _facts(sent, "", ("headcount",)).get("headcount"))
    reported = sent.one("reported")
    intake = Intake(
        client_id=key,
        place=sent.one("place"),
        facts=_facts(sent, "", CASE_FACTS),
        persons=tuple(told),
        common=_facts(sent, "common-", COMMON),
        reported=reported if reported in TOPICS else None,
        occurred_at=happened if isinstance(happened, datetime) else None,
        occurred_precision="minute" if sent.one("occurred_at-time") or not happened else "day",
        narrative=sent.one("narrative") or None,
        reporter=_words(sent, "reporter-", REPORTER),
        workplace=_words(sent, "workplace-", WORKPLACE),
    )
    if _says_nothing(intake, actor.country):
        return invalid_input([Fault("/place", "missing", _NOTHING)])
    return intake, pointers


def _says_nothing(intake: Intake, country: str) -> bool:
    """Whether it tells only that it is in this country."""
    return replace(intake, occurred_precision="minute") == Intake(intake.client_id, country)


def _table(people: People, first: int) -> dict[str, str]:
    """Pointers into the table: the field, and after a ``#`` the line."""
    return {
        f"/persons/{first + n}/facts": f"people#{line}" for n, line in enumerate(people.lines)
    } | {f"/common/{name}": f"common-{name}" for name in COMMON}


def _rest(told: list[PersonTold], counted: object) -> list[PersonTold]:
    """Who was counted and is not told of: one entry, not yet identified."""
    here = sum(person.headcount for person in told if person.role == "concerned")
    if counted is None or (isinstance(counted, int) and 0 < counted <= here):
        return []
    rest = counted - here if isinstance(counted, int) else counted
    people = rest if isinstance(rest, int) and 1 <= rest <= MOST_COUNTED else 1
    return [PersonTold("concerned", {"headcount": rest}, headcount=people, identified=False)]


def field_of(pointer: str, pointers: Mapping[str, str]) -> str | None:
    """The field of a pointer, or of the fact it points into."""
    while pointer and pointer not in pointers:
        pointer = pointer.rpartition("/")[0]
    return pointers.get(pointer)


def named(message: str, pointer: str, name: str, *, several: bool) -> str:
    """What is wrong with a fact, by the name its field has; ``several``: and whose it is."""
    vocabulary, fact = load_vocabulary(), pointer.rpartition("/")[2]
    if fact == "occurred_at" and message.startswith("This is"):
        message = f"The day is{message.removeprefix('This is')}"
    if fact in vocabulary and message.startswith("This "):
        message = vocabulary[fact].label(LANGUAGE) + message.removeprefix("This")
    person = re.match(r"p(\d+)-", name)
    return f"Person {person[1]}: {message}" if person and several else message


def _told(sent: Sent, prefix: str) -> PersonTold | None:
    """One person; None when nothing was told of her."""
    facts = _facts(sent, prefix, PERSON_FACTS)
    identity = _words(sent, f"{prefix}identity-", IDENTITY)
    safety = _words(sent, f"{prefix}safety-", SAFETY)
    role = sent.one(f"{prefix}role")
    if not facts and not identity and not safety and role in {"", "concerned"}:
        return None
    known = role if role in PERSON_ROLES else "concerned"
    return PersonTold(known, facts, identity, safety, identified="name" in identity)


def _words(sent: Sent, prefix: str, names: Iterable[str]) -> dict[str, str]:
    return {name: sent.one(prefix + name) for name in names if sent.one(prefix + name)}


def _facts(sent: Sent, prefix: str, names: Iterable[str]) -> dict[str, Any]:
    """JSON of the closed list; the vocabulary says what is wrong with it."""
    vocabulary, found = load_vocabulary(), {}
    for name in names:
        value = _value(sent, prefix + name, vocabulary[name])
        if value is not None:
            found[name] = value
    return found


def _value(sent: Sent, name: str, entry: Entry) -> object:
    one = sent.one(name)
    match entry.type:
        case FactType.FLAG:
            return {"yes": True, "no": False}.get(one)
        case FactType.WHOLE:
            return (int(one) if re.fullmatch(r"-?\d{1,6}", one) else one) if one else None
        case FactType.CODE:
            return one or None
        case FactType.INDICATORS:
            return _indicators(sent, name, entry)
        case _:
            chosen = sent.many(name)
            return [code for code in chosen if code != NONE_FOUND] if chosen else None


def _indicators(sent: Sent, name: str, entry: Entry) -> dict[str, Any] | None:
    found: dict[str, Any] = {}
    for code in entry.allowed:
        status, _, basis = sent.one(f"{name}-{code}").partition(" ")
        if status:
            found[code] = {"status": status, "basis": [basis] if basis else []}
    return found or None
