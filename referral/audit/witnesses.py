"""Who countersigns our checkpoints: enrolled by the operator, known by key, kept once each.

A witness needs no account: her signature is what lets her in. What she signed must be a checkpoint
of ours; whatever else comes is refused with its reason.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from referral.audit import Done, checkpoints
from referral.audit.announcing import announce
from referral.audit.checkpoints import Signed
from referral.audit.declared import witness_id
from referral.audit.key_files import COSIGNS
from referral.audit.proof import Checkpoint, Key, Note, ProofError
from referral.session import WriteSession

LONGEST: Final = 8192  # bytes of a note with cosignatures
_SIGNATURES: Final = 16
_APART: Final = timedelta(minutes=5)  # her clock from ours

_KNOWN: Final = """
SELECT w.name, w.key, w.independent, w.agency_id, a.name AS agency, w.enrolled_at, w.ended_at,
    (SELECT max(s.kept_at) FROM log.cosignature s WHERE s.witness = w.name) AS last_at
FROM log.witness w LEFT JOIN agencies.agency a ON a.id = w.agency_id ORDER BY w.name
"""
_KEYS: Final = "SELECT name, key, independent FROM log.witness WHERE ended_at IS NULL ORDER BY name"
_AGENCY: Final = "SELECT id FROM agencies.agency WHERE key = $1 AND country = $2"
_ENROL: Final = """
INSERT INTO log.witness (name, key, agency_id, independent, enrolled_at) VALUES ($1, $2, $3, $4, $5)
ON CONFLICT DO NOTHING RETURNING name
"""
_DISMISS: Final = (
    "UPDATE log.witness SET ended_at = $2 WHERE name = $1 AND ended_at IS NULL "
    "RETURNING name, key, agency_id, independent"
)
_KEEP: Final = "SELECT log.keep_cosignature($1, $2, $3, $4, $5, $6)"


class RefusedCosignature(Exception):
    """What came is not kept: an HTTP status, a code for programs, and why."""

    def __init__(self, status: int, code: str, what: str) -> None:
        super().__init__(what)
        self.status, self.code = status, code


@dataclass(frozen=True, slots=True)
class Witness:
    """Somebody enrolled. ``independent``: she does not run beside the log."""

    name: str
    key: str
    independent: bool


async def enrolled(connection: AsyncConnection) -> list[Witness]:
    """Those whose cosignatures are taken."""
    return [Witness(*tuple(row)) for row in (await connection.exec_driver_sql(_KEYS)).all()]


async def known(connection: AsyncConnection) -> list[dict[str, Any]]:
    """All that ever were, with agency and when something of theirs was last kept; the migrator's."""
    rows = (await connection.exec_driver_sql(_KNOWN)).mappings()
    return [dict(row) for row in rows]


async def agency_of(connection: AsyncConnection, key: str, country: str) -> UUID | None:
    """The agency of this key in this country."""
    found = (await connection.exec_driver_sql(_AGENCY, (key, country))).scalar()
    return None if found is None else UUID(str(found))


async def enrol(
    session: WriteSession, key: Key, agency: UUID | None, *, independent: bool, now: datetime
) -> bool:
    """Take her cosignatures from now on; False when name or key is enrolled already.

    Raises ProofError when the key is none that countersigns.
    """
    if key.kind != COSIGNS:
        raise ProofError(f"{key.name}'s key signs and does not countersign: a witness's is needed")
    values = (key.name, str(key), agency, independent, now)
    if (await session.connection.exec_driver_sql(_ENROL, values)).scalar() is None:
        return False
    its = witness_id(key.name, str(key), agency, independent=independent)
    to = "independent" if independent else "beside the log"
    body = {"name": key.name, "key": str(key)}
    await announce(session, Done.WITNESS_ENROLLED, about=("witness", its), now=now, to=to, **body)
    return True


async def dismiss(session: WriteSession, name: str, now: datetime) -> bool:
    """Take nothing of hers any more; what she signed stays. False when nobody is enrolled so."""
    found = (await session.connection.exec_driver_sql(_DISMISS, (name, now))).one_or_none()
    if found is None:
        return False
    its = witness_id(found.name, found.key, found.agency_id, independent=found.independent)
    await announce(session, Done.WITNESS_DISMISSED, about=("witness", its), now=now, name=name)
    return True


async def keep(connection: AsyncConnection, whole: str, now: datetime) -> int:
    """Keep the cosignatures of a note; returns how many are new. Raises RefusedCosignature."""
    if len(whole) > LONGEST or whole.count("\n") > _SIGNATURES + 8:
        raise RefusedCosignature(422, "too-many", f"At most {_SIGNATURES} signatures at a time.")
    try:
        note = Note.read(whole)
        checkpoint = Checkpoint.read(note.text)
    except ProofError as fault:
        raise RefusedCosignature(422, "no-checkpoint", f"What was sent: {fault}.") from fault
    ours = await _ours(connection, checkpoint)
    keys = [Key.read(one.key) for one in await enrolled(connection)]
    _all_known(note, keys, checkpoint.origin)
    try:
        moments = note.check(keys)
    except ProofError as fault:
        raise RefusedCosignature(422, "bad-signature", f"Nothing was kept: {fault}.") from fault
    kept = 0
    for key in keys:
        moment = moments.get(key.name)
        if moment is None:
            continue
        _in_time(moment, ours, now)
        values = (ours.epoch, checkpoint.size, key.name, _line(whole, key), moment, now)
        kept += (await connection.exec_driver_sql(_KEEP, values)).scalar() is True
    return kept


async def _ours(connection: AsyncConnection, checkpoint: Checkpoint) -> Signed:
    """The checkpoint of ours that was countersigned."""
    epochs = {epoch.origin: epoch for epoch in await checkpoints.epochs(connection)}
    epoch = epochs.get(checkpoint.origin)
    if epoch is None:
        raise RefusedCosignature(404, "another-log", "This is not the log of that name.")
    ours = await checkpoints.at_size(connection, epoch.number, checkpoint.size)
    if ours is None:
        raise RefusedCosignature(
            409,
            "no-such-checkpoint",
            f"The log has signed no checkpoint of {checkpoint.size} entries; its newest is at "
            "/audit/checkpoint. If yours carries the log's own signature, keep it: it proves that "
            "somebody else signs with this key.",
        )
    if ours.checkpoint != checkpoint:
        raise RefusedCosignature(
            409,
            "another-root",
            f"At {checkpoint.size} entries the log has signed another root. If the log's own "
            "signature is under yours, the log told two stories: keep the note and tell the other "
            "witnesses.",
        )
    return ours


def _all_known(note: Note, keys: list[Key], origin: str) -> None:
    known = {(key.name, key.id) for key in keys}
    theirs = [(name, signature[:4]) for name, signature in note.signatures if name != origin]
    if not theirs:
        raise RefusedCosignature(422, "no-cosignature", "There is no cosignature in this note.")
    strangers = sorted({name for name, key_id in theirs if (name, key_id) not in known})
    if strangers:
        raise RefusedCosignature(
            403,
            "unknown-key",
            f"{', '.join(strangers)[:200]}: no witness of this log has this name and key. Its "
            "operator enrols witnesses.",
        )


def _in_time(moment: datetime, ours: Signed, now: datetime) -> None:
    if moment > now + _APART or moment < ours.signed_at - _APART:
        raise RefusedCosignature(
            422,
            "clock",
            "The cosignature's time is after now, or before the checkpoint was signed: look at "
            "the witness's clock.",
        )


def _line(whole: str, key: Key) -> str:
    """The line as it came. It is found by name and key, of which there is one that fits."""
    lines = whole.rpartition("\n\n")[2].splitlines(keepends=True)
    [*_, line] = [one for one in lines if _is_of(one, key)]
    return line


def _is_of(line: str, key: Key) -> bool:
    [(name, signature)] = Note.read(f"-\n\n{line}").signatures
    return name == key.name and signature[:4] == key.id
