"""The record of one referral: everything a bundle of evidence says beside the log, as one JSON.

Built from what the second person may read, group by group as chosen, with the moment and the names
of who asked and who approved on it. Who reported the case (G5) is in no record.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import fields
from datetime import datetime
from typing import Any, Final

import orjson

from protocols.country import Country, said
from referral import queries
from referral.casework import Asked
from referral.casework.bundles import Record
from referral.errors import Refusal
from referral.queries import CaseSeen, HandOffSeen, PersonSeen, ReferralSeen
from referral.session import Actor, WitnessedRead, WriteSession, law_of

FORM: Final = "referral/record/v1"
_SEALED: Final = frozenset({"G2", "G3", "G4"})
_LEFT_OUT: Final = {
    "G1": "Facts, screening and workplace",
    "G2": "Names and what else identifies",
    "G3": "Where the person is now, and how she can be reached safely",
    "G4": "Narrative, notes and medical facts",
}


def recording(session: WriteSession, actor: Actor, *, site: str, now: datetime) -> Record:
    """As ``casework.answer_bundle`` asks for it, for the person who approves."""

    async def record(asked: Asked) -> str | Refusal:
        return await record_of(session, actor, asked, site=site, now=now)

    return record


async def record_of(
    session: WriteSession, actor: Actor, asked: Asked, *, site: str, now: datetime
) -> str | Refusal:
    """What the second person approves, as canonical text; or why she cannot give it out."""
    witnessed = WitnessedRead(
        session.connection, session.vault, session.catalogue, session.request_id
    )
    groups = sorted(_SEALED & set(asked.choice.groups or ()))
    everybody = asked.choice.others
    some = {} if everybody else {"numbers": range(asked.person, asked.person + 1)}
    seen = await queries.case_seen(
        witnessed, actor, asked.case_id, groups=groups, reason=asked.reason, now=now, **some
    )
    if isinstance(seen, Refusal):
        return seen
    if seen.refused:
        return next(iter(seen.refused.values()))
    its = next(one for one in seen.referrals if one.id == asked.referral_id)
    hand_offs = []
    for line in seen.hand_offs:
        if line.referral_id == asked.referral_id:
            found = await queries.hand_off_seen(witnessed, actor, line.id, now=now)
            if isinstance(found, Refusal):
                return found
            hand_offs.append(found)
    country = session.catalogue.country(actor.country)
    told = {
        "form": FORM,
        "made": _made(actor, asked, site, now),
        "case": _case(seen, asked),
        "referral": _referral(session, country, its),
        "persons": [_person(one, asked) for one in seen.persons],
        "hand_offs": [_hand_off(session, country, asked, one) for one in hand_offs],
        "notes": _notes(seen, asked),
        "left_out": _left_out(seen, asked),
        "sources": _sources(country, its, hand_offs),
    }
    return orjson.dumps(told, default=str, option=orjson.OPT_SORT_KEYS).decode()


def _made(actor: Actor, asked: Asked, site: str, now: datetime) -> dict[str, Any]:
    return {
        "bundle": asked.bundle,
        "at": now,
        "by": site,
        "recipient": asked.choice.recipient,
        "asked_by": asked.asked_by,
        "asked_as": asked.asked_name,
        "asked_at": asked.asked_at,
        "why": asked.reason,
        "approved_by": actor.id,
        "approved_as": f"{actor.name}, {actor.unit_name}, {actor.agency_name}",
    }


def _case(seen: CaseSeen, asked: Asked) -> dict[str, Any]:
    envelope = (
        *("reference", "country", "place", "urgency", "reported", "filed_at", "occurred_at"),
        *("occurred_precision", "imported", "voice_contact_at"),
    )
    told = {name: getattr(seen, name) for name in envelope}
    if "G1" in (asked.choice.groups or ()):
        told |= {"facts": seen.facts, "workplace": seen.workplace}
    return told


def _referral(session: WriteSession, country: Country, its: ReferralSeen) -> dict[str, Any]:
    protocol = law_of(session.catalogue, country.iso2, its)
    names = ("id", "track", "protocol_version", "protocol_digest", "state", "holder_agency")
    more = ("holder_since", "lawful_basis", "outcome", "closed_at", "needed", "withheld")
    title = said(protocol.title, "en") if protocol else its.track
    limits = [_plain(one) for one in its.clocks]
    return {name: getattr(its, name) for name in (*names, *more)} | {
        "title": title,
        "limits": limits,
    }


def _person(one: PersonSeen, asked: Asked) -> dict[str, Any]:
    told: dict[str, Any] = {"number": one.number, "role": one.role, "headcount": one.headcount}
    if "G1" in (asked.choice.groups or ()):
        told |= {"facts": one.facts, "findings": one.findings, "overrides": one.overrides}
    sealed = {"identity": one.identity, "safety": one.safety, "narrative": one.narrative}
    return told | {name: value for name, value in sealed.items() if value is not None}


def _hand_off(
    session: WriteSession, country: Country, asked: Asked, one: HandOffSeen
) -> dict[str, Any]:
    line = one.line
    protocol = law_of(session.catalogue, country.iso2, line)
    step = protocol.steps.get(line.step) if protocol else None
    moments = ("requested_at", "received_at", "accepted_at", "first_contact_at", "started_at")
    names = ("id", "step", "kind", "mandate", "state", "sender_agency", "receiver_agency")
    more = ("ended_at", "review_at", "reason_code", "outcome", "attested", "imported", "no_agency")
    return {name: getattr(line, name) for name in (*names, *moments, *more)} | {
        "title": said(step.title, "en") if step else line.step,
        "mandate_title": country.label(line.mandate, "en"),
        "rule": one.reason.get("rule"),
        "sources": one.reason.get("sources", ()),
        "limits": [_plain(clock) for clock in one.clocks],
        "notes": [_note(*note) for note in one.notes]
        if "G4" in (asked.choice.groups or ())
        else [],
    }


def _notes(seen: CaseSeen, asked: Asked) -> list[dict[str, Any]]:
    """Words of the case: they name whom they name, so not where others are to stay out."""
    if not asked.choice.others and seen.last_number > 1:
        return []
    return [_note(*note) for note in seen.notes]


def _note(kind: str, at: datetime, words: str) -> dict[str, Any]:
    return {"kind": kind, "at": at, "words": words}


def _left_out(seen: CaseSeen, asked: Asked) -> list[str]:
    found = [
        words for group, words in _LEFT_OUT.items() if group not in (asked.choice.groups or ())
    ]
    if not asked.choice.others and seen.last_number > 1:
        found.append("Other persons of the case, and the free text, which may name them")
    if asked.choice.closed:
        found.append(f"The bodies of the log's entries {', '.join(map(str, asked.choice.closed))}")
    return [*found, "Who reported the case", "Who may know of the case, and who may not"]


def _sources(
    country: Country, its: ReferralSeen, hand_offs: Iterable[HandOffSeen]
) -> dict[str, Any]:
    """What is cited, in full: title, article, link, and how sure we are that it says so."""
    cited = {one for clock in its.clocks for one in clock.sources}
    for hand_off in hand_offs:
        cited |= set(hand_off.reason.get("sources", ()))
        cited |= {one for clock in hand_off.clocks for one in clock.sources}
    found = {one: country.sources[one] for one in cited if one in country.sources}
    return {
        name: {"title": one.title, "article": one.article, "link": one.link, "grade": one.grade}
        for name, one in found.items()
    }


def _plain(value: Any) -> Mapping[str, Any]:
    return {field.name: getattr(value, field.name) for field in fields(value)}
