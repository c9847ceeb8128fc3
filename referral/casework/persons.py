"""The persons of a case: their facts by field group, their households, what is sealed of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID, uuid4

import orjson

from protocols import screening
from protocols.facts import Group
from referral.audit.ledger import sealed
from referral.audit.streams import keep_key
from referral.casework.blinding import keep_blinds
from referral.casework.dossier import Dossier
from referral.casework.routing import keep_findings, route
from referral.casework.understanding import Understood
from referral.session import WriteSession
from referral.vault import SubjectKey

_ROOMS = {
    Group.IDENTITY: ("identities", "person_identity"),
    Group.SAFETY: ("safeties", "person_safety"),
    Group.NARRATIVE: ("narratives", "person_narrative"),
}


def keep_persons(
    session: WriteSession,
    dossier: Dossier,
    persons: Sequence[Understood],
    mandates: frozenset[str],
) -> None:
    """Every person with her facts by group; those concerned are screened and routed."""
    households = _households(dossier, persons)
    for number, person in enumerate(persons, start=dossier.numbered + 1):
        person_id = uuid4()
        _keep_person(session, dossier, person, person_id, number, households)
        if person.told.role == "concerned":
            findings = screening.screen(dossier.country.parameters, person.facts)
            keep_findings(dossier, person_id, number, findings)
            route(session, dossier, person_id, person.facts, findings, mandates)


def _households(dossier: Dossier, persons: Sequence[Understood]) -> dict[int, str]:
    found: dict[int, str] = {}
    for person in persons:
        if person.told.household is not None and person.told.household not in found:
            found[person.told.household] = str(uuid4())
            dossier.ledger.add(
                "households",
                id=found[person.told.household],
                case_id=str(dossier.case_id),
                country=dossier.actor.country,
            )
    return found


def _keep_person(
    session: WriteSession,
    dossier: Dossier,
    person: Understood,
    person_id: UUID,
    number: int,
    households: dict[int, str],
) -> None:
    told = person.told
    where = {"case_id": str(dossier.case_id), "country": dossier.actor.country}
    dossier.ledger.add(
        "persons",
        id=str(person_id),
        **where,
        number=number,
        role=told.role,
        household_id=households.get(told.household) if told.household is not None else None,
        identified=told.identified,
        headcount=told.headcount,
    )
    dossier.ledger.add(
        "case_facts",
        id=str(uuid4()),
        **where,
        person_id=str(person_id),
        facts=person.open_facts,
        amended_at=dossier.now.isoformat(),
    )
    contents = {Group.IDENTITY: told.identity, Group.SAFETY: told.safety, Group.NARRATIVE: None}
    if not any(contents.values()) and not person.hidden_facts:
        return
    if dossier.index is not None and told.identity:
        keep_blinds(dossier.ledger, dossier.index, person_id, where, told.identity)
    key, wrapped = session.vault.new_key(person_id, "person")
    keep_key(dossier.ledger, wrapped, dossier.case_id)
    for group, (table, room) in _ROOMS.items():
        content, facts = contents[group], person.hidden_facts.get(group)
        if content or facts:
            dossier.ledger.add(
                table,
                person_id=str(person_id),
                **where,
                key_version=key.version,
                content=_sealed(key, content, room, "content", person_id),
                facts=_sealed(key, facts, room, "facts", person_id),
            )


def _sealed(key: SubjectKey, value: Any, room: str, column: str, row: UUID) -> str | None:
    if not value:
        return None
    return sealed(key, orjson.dumps(value), room=room, column=column, row=row)
