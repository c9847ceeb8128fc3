"""The answer to a filing, rendered again from the case: what was stored is only the way back to it.

The same request, or the same device's intake weeks later, gets the same answer; after an erasure it
shows what is left.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from referral import errors
from referral.casework.answers import Ask
from referral.casework.filings import Filed, PersonFiled, ReferralOpened
from referral.database import as_json
from referral.errors import Refusal
from referral.session import Actor, ReadSession

_AGAIN = """
SELECT jsonb_build_object('reference', c.reference, 'version', c.version, 'warnings', c.warnings,
    'persons', (SELECT coalesce(jsonb_agg(jsonb_build_object('id', p.id, 'number', p.number, 'findings',
        (SELECT s.findings FROM referral.screening s WHERE s.person_id = p.id ORDER BY s.at LIMIT 1)) ORDER BY p.number), '[]')
        FROM referral.person p WHERE p.case_id = c.id AND p.role = 'concerned'),
    'referrals', (SELECT coalesce(jsonb_agg(to_jsonb(r) ORDER BY r.lead DESC, r.opened_at, r.id), '[]')
        FROM referral.referral r WHERE r.case_id = c.id),
    'asks', (SELECT coalesce(jsonb_agg(to_jsonb(h) || jsonb_build_object('place', c.place, 'derivation',
        (SELECT k.derivation FROM referral.clock k WHERE k.hand_off_id = h.id ORDER BY k.due_at LIMIT 1)) ORDER BY h.requested_at, h.id), '[]')
        FROM referral.hand_off h WHERE h.case_id = c.id AND h.sender_unit = c.filed_by_unit AND h.requested_at = c.filed_at))
FROM referral.case c WHERE c.id = $1 AND c.filed_by_unit = $2
"""


async def filed_again(session: ReadSession, actor: Actor, case_id: UUID) -> Filed | Refusal:
    """What this unit was told when it filed this case."""
    found = await as_json(session.connection, _AGAIN, case_id, actor.unit_id)
    if found is None:
        return errors.not_found()
    return Filed(
        case_id=str(case_id),
        reference=found["reference"],
        version=found["version"],
        persons=tuple(
            PersonFiled(one["id"], one["number"], one["findings"])
            for one in found["persons"]
            if one["findings"]
        ),
        referrals=tuple(_referral(one) for one in found["referrals"]),
        asks=tuple(_ask(one) for one in found["asks"]),
        warnings=tuple(found["warnings"]),
        existing=True,
    )


def _referral(row: Mapping[str, Any]) -> ReferralOpened:
    return ReferralOpened(
        referral_id=row["id"],
        person_id=row["person_id"],
        track=row["track"],
        protocol_version=row["protocol_version"],
        protocol_digest=row["protocol_digest"],
        lead=row["lead"],
        triage=row["triage"],
        held=(),
        needed=row["needed"],
        withheld=row["withheld"],
    )


def _ask(row: Mapping[str, Any]) -> Ask:
    return Ask(
        hand_off_id=row["id"],
        batch=row["batch"],
        referral_id=row["referral_id"],
        track=row["track"],
        protocol_version=row["protocol_version"],
        protocol_digest=row["protocol_digest"],
        step=row["step"],
        kind=row["kind"],
        mandate=row["mandate"],
        unit_id=row["receiver_unit"],
        no_agency=row["no_agency"],
        alternates=0,
        rule=row["reason"]["rule"],
        sources=tuple(row["reason"]["sources"]),
        due_at=row["due_at"],
        immediate=row["immediate"],
        basis=row["basis"],
        derivation=tuple(row["derivation"] or ()),
        place=row["place"],
    )
