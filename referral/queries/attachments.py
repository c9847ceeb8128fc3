"""Files of a case, for those whom the narrative reaches (G4): the list, and one of them opened."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import orjson
from sqlalchemy import text

from referral import access, errors
from referral.attachments import BY_TYPE
from referral.audit.streams import witness
from referral.errors import Refusal
from referral.queries.referrals import related_to
from referral.queries.sealed import case_keys
from referral.session import Actor, WitnessedRead


@dataclass(frozen=True, slots=True)
class AttachmentLine:
    """One file: its state, and what was told of it when it was added."""

    id: UUID
    kind: str
    state: str
    code: str | None
    media_type: str
    size: int
    added_at: datetime
    hand_off_id: UUID | None
    name: str
    shows: str
    sha256: str


@dataclass(frozen=True, slots=True)
class AttachmentOpened:
    """The bytes, under a name that tells nothing of the case."""

    media_type: str
    file_name: str
    content: bytes

    def __repr__(self) -> str:
        """Never the content."""
        return f"AttachmentOpened({self.file_name})"


async def attachments_of(
    session: WitnessedRead,
    actor: Actor,
    case_id: UUID,
    *,
    reason: str | None = None,
    now: datetime,
) -> tuple[AttachmentLine, ...] | Refusal:
    """Every file of the case, newest first; their names are narrative, so this is witnessed."""
    ground = await _ground(session, actor, case_id, "read_narrative", reason, now)
    if isinstance(ground, Refusal):
        return ground
    asked = {"case": case_id, "travels": ground.travels, "unit": actor.unit_id}
    rows = (await session.connection.execute(_LINES, asked)).mappings().all()
    keys = await case_keys(session, case_id) if rows else {}
    await witness(session, actor, case_id, ["G4"], why=ground.why, now=now)
    return tuple(
        AttachmentLine(
            **{name: value for name, value in row.items() if name != "about"},
            **orjson.loads(
                keys[case_id].open(row["about"], room="attachment", column="about", row=row["id"])
            ),
        )
        for row in rows
    )


_LINES = text("""
SELECT id, kind, state, code, media_type, size, added_at, hand_off_id, about
FROM referral.attachment WHERE case_id = :case AND (:travels OR by_unit = :unit) AND about <> '' ORDER BY added_at DESC, id
""")
_CASE = text(
    "SELECT case_id, by_unit, state, media_type FROM referral.attachment "
    "WHERE id = :id AND about <> ''"
)
_CONTENT = text(
    "SELECT content FROM referral.attachment_content WHERE attachment_id = :id AND copy = :copy"
)


async def attachment_opened(
    session: WitnessedRead,
    actor: Actor,
    attachment_id: UUID,
    *,
    original: bool = False,
    reason: str | None = None,
    now: datetime,
) -> AttachmentOpened | Refusal:
    """The copy to look at; ``original``: the evidence as it came, with all a camera wrote into it.

    Nothing that is in quarantine or was refused, whoever asks.
    """
    row = (await session.connection.execute(_CASE, {"id": attachment_id})).mappings().first()
    if row is None:
        return errors.not_found()
    action = "read_original" if original else "read_narrative"
    ground = await _ground(session, actor, row["case_id"], action, reason, now)
    if isinstance(ground, Refusal):
        return ground
    if not (ground.travels or row["by_unit"] == actor.unit_id):
        return errors.not_found()
    if row["state"] != "viewable":
        explanation = "It was refused." if row["state"] == "refused" else "Come back in a minute."
        return errors.not_allowed_now(row["state"], "open", [], explanation)
    copy = "original" if original else "view"
    sealed = await session.connection.scalar(_CONTENT, {"id": attachment_id, "copy": copy})
    key = (await case_keys(session, row["case_id"]))[row["case_id"]]
    content = key.open(sealed, room="attachment_content", column=copy, row=attachment_id)
    await witness(session, actor, row["case_id"], ["G4"], why=ground.why, now=now)
    end = BY_TYPE[row["media_type"]].extensions[0]
    return AttachmentOpened(row["media_type"], f"{attachment_id.hex[:12]}.{end}", content)


@dataclass(frozen=True, slots=True)
class _Ground:
    """Under which cell; whether the narrative travels here, or only what the own unit has added."""

    why: str
    travels: bool


async def _ground(
    session: WitnessedRead,
    actor: Actor,
    case_id: UUID,
    action: str,
    reason: str | None,
    now: datetime,
) -> _Ground | Refusal:
    """Under which cell she may, or the refusal, which is in the log."""
    parties = await access.standing_in(session, case_id, now)
    relationships = await related_to(session, actor, case_id, parties)
    resource = access.Resource.of(relationships, parties)
    decision = access.decide(actor, action, resource, access.Context.of(actor, reason, now))
    if decision.allow:
        return _Ground(decision.reason_code, "G4" in resource.travelled)
    await witness(session, actor, case_id, [], why=decision.reason_code, now=now)
    return access.refusal_for(action, decision)
