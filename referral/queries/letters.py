"""The official letter of a hand-off: the country's text, filled in from the envelope alone.

It never holds a name or a fact of a person: what it is filled with is G0 and the directory.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID
from zoneinfo import ZoneInfo

from agencies import directory
from protocols.country import Country, said
from protocols.derivation import day_in_words
from protocols.letters import Letter
from referral import errors
from referral.errors import Fault, Refusal
from referral.queries.hand_offs import HandOffSeen, hand_off_seen
from referral.session import Actor, ReadSession, law_of

_USUAL: Final = "OFFICIAL_LETTER"  # where a step requires none


@dataclass(frozen=True, slots=True)
class LetterSeen:
    """A letter as it can be printed and signed."""

    hand_off_id: UUID
    document: str
    number: str
    language: str
    languages: tuple[str, ...]
    documents: tuple[str, ...]  # what else there is
    title: str
    text: str


async def letter_of(
    session: ReadSession,
    actor: Actor,
    hand_off_id: UUID,
    *,
    document: str | None = None,
    language: str | None = None,
    now: datetime,
) -> LetterSeen | Refusal:
    """The letter of a hand-off, to who may see it. Not named: the first its step requires."""
    seen = await hand_off_seen(session, actor, hand_off_id, now=now)
    if isinstance(seen, Refusal):
        return seen
    country = session.catalogue.country(actor.country)
    letters = session.catalogue.letters(actor.country)
    spoken = language if language in country.languages else country.languages[0]
    chosen = _chosen(session, country, seen, letters, document)
    if chosen is None:
        known = ", ".join(letters) or "none"
        message = f"There is no such letter in {country.iso2}; there are: {known}."
        return errors.invalid_input([Fault("/document", "unknown", message)])
    values = await _values(session, actor, country, seen, spoken, now)
    return LetterSeen(
        hand_off_id=hand_off_id,
        document=chosen.code,
        number=values["number"],
        language=spoken,
        languages=tuple(country.languages),
        documents=tuple(letters),
        title=said(chosen.title, spoken),
        text=chosen.filled(values, spoken),
    )


def _chosen(
    session: ReadSession,
    country: Country,
    seen: HandOffSeen,
    letters: Iterable[str],
    document: str | None,
) -> Letter | None:
    found = session.catalogue.letters(country.iso2)
    wanted = [document] if document else [*_required(session, country, seen), _USUAL, *letters]
    return next((found[one] for one in wanted if one in found), None)


def _required(session: ReadSession, country: Country, seen: HandOffSeen) -> tuple[str, ...]:
    """The documents its step asks for, as the version has it that it stands under."""
    protocol = law_of(session.catalogue, country.iso2, seen.line)
    step = protocol.at(seen.line.place).steps.get(seen.line.step) if protocol else None
    return step.requires if step else ()


async def _values(
    session: ReadSession,
    actor: Actor,
    country: Country,
    seen: HandOffSeen,
    language: str,
    now: datetime,
) -> dict[str, str]:
    line = seen.line
    places = await directory.places_in(session.connection, country.iso2)
    protocol = law_of(session.catalogue, country.iso2, line)
    step = protocol.at(line.place).steps.get(line.step) if protocol else None
    mandate = country.label(line.mandate, language)
    cited = [
        country.sources[one] for one in seen.reason.get("sources", ()) if one in country.sources
    ]
    required = [country.label(one, language) for one in _required(session, country, seen)]
    where = places.get(line.jurisdiction, {})
    return {
        "number": seen.docket or line.reference,
        "date": day_in_words(country.day_of(now), language, country.calendar_era),
        "reference": line.reference,
        "sender": line.sender_agency or "–",  # confidential: never by name
        "receiver": line.receiver_agency or mandate,
        "mandate": mandate,
        "step": said(step.title, language) if step else line.step,
        "place": said(where, language) if where else line.jurisdiction,
        "due": _due(line.due_at, actor.time_zone, country, language) if line.due_at else "–",
        "sources": "; ".join(f"{one.title}, {one.article}" for one in cited) or "–",
        "requires": ", ".join(required) or "–",
    }


def _due(at: datetime, zone: str, country: Country, language: str) -> str:
    """A moment in the unit's zone, the zone printed."""
    local = at.astimezone(ZoneInfo(zone))
    day = day_in_words(local.date(), language, country.calendar_era)
    return f"{day}, {local:%H:%M} ({zone})"
