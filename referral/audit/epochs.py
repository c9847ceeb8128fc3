"""Beginning the log, and beginning it anew: a key that changes, a database put back from a copy.

1. ``propose`` writes down what stands and what does not: the statement.
2. Two custodians sign it, offline.
3. ``open_epoch`` enters it: the entry that opens the epoch, and the epoch, in one transaction.

From there the sequencer tells anew whatever the kept checkpoint does not cover, the signer follows
if the custodians' signatures are those it knows, and so does each witness. As ``referral_migrator``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Final

from sqlalchemy.ext.asyncio import AsyncConnection

from referral.audit import Done, checkpoints, openings
from referral.audit.announcing import announce
from referral.audit.checkpoints import Epoch, Signed
from referral.audit.declared import epoch_id
from referral.audit.proof import EMPTY, Checkpoint, Key, Note, ProofError
from referral.audit.statements import Statement, into
from referral.session import WriteSession

_BEGIN: Final = """
INSERT INTO log.epoch (epoch, origin, signer, opened_at) SELECT 1, $1, $2, $3
WHERE NOT EXISTS (SELECT FROM log.epoch) RETURNING epoch
"""
_OPEN: Final = """
INSERT INTO log.epoch (epoch, origin, entry_id, signer, kept, statement, opening, opened_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
"""
_ENROLLED: Final = "SELECT count(*) FROM log.witness WHERE ended_at IS NULL"


async def begin(connection: AsyncConnection, signer: Key, now: datetime) -> bool:
    """The first epoch, if there is none; its origin is the key's name. Whether it was begun now."""
    values = (signer.name, str(signer), now)
    return (await connection.exec_driver_sql(_BEGIN, values)).scalar() is not None


async def propose(
    connection: AsyncConnection, signer: Key, why: str, last: Checkpoint | None, quorum: int
) -> Statement:
    """What two custodians should sign: ``last`` is the newest checkpoint known outside.

    Kept is the newest final checkpoint here, or without witnesses the newest. Raises ProofError.
    """
    known = await checkpoints.epochs(connection)
    if not known:
        raise ProofError("The log has no epoch yet: `referral audit epoch begin` makes the first.")
    epoch = known[-1]
    stands, newest = await _stands(connection, epoch, quorum)
    here = newest.checkpoint if newest and newest.epoch == epoch.number else stands
    if last is None or last.origin != epoch.origin or last.size < here.size:
        last = here
    if last.size == here.size and last != here:
        raise ProofError(
            f"The checkpoint of {last.size} entries that is known outside has another root than "
            "the one in this database: this is no older copy of the log but another one. Do not "
            "open an epoch; find out who changed it."
        )
    statement = Statement(last, stands, signer.name, str(signer), " ".join(why.split()))
    return Statement.read(str(statement))


async def _stands(
    connection: AsyncConnection, epoch: Epoch, quorum: int
) -> tuple[Checkpoint, Signed | None]:
    newest = await checkpoints.latest(connection)
    final = await checkpoints.last_final(connection, epoch.number, quorum)
    enrolled = (await connection.exec_driver_sql(_ENROLLED)).scalar()
    found = final or (newest if not enrolled else None)
    if found is None or found.epoch != epoch.number:
        return Checkpoint(epoch.origin, 0, EMPTY), newest
    return found.checkpoint, newest


async def open_epoch(
    session: WriteSession, note: str, custodians: Sequence[Key], now: datetime
) -> Epoch:
    """Enter what two custodians have signed. Raises ProofError: by whom it is not, or what not.

    ``session``: in a transaction as ``referral_migrator``, whose end makes it all stand.
    """
    connection = session.connection
    known = await checkpoints.epochs(connection)
    told = Statement.read(Note.read(note).text)
    epoch = Epoch(len(known) + 1, told.to, told.signer, None, told.kept.size, note, None, now)
    into(epoch, custodians, None)
    if not known or known[-1].origin != told.last.origin:
        raise ProofError("the statement speaks of an epoch that is not the last one here")
    await _kept(connection, known[-1], told)
    from_, to = openings.told_by(told)
    entry = await announce(
        session,
        Done.EPOCH_OPENED,
        about=("epoch", epoch_id(note)),
        now=now,
        from_=from_,
        to=to,
        why=told.why,
        last=told.last.size,
        signed_by=sorted(Note.read(note).check(custodians)),
    )
    opened = replace(epoch, entry_id=entry.id, opening=entry.header)
    values = (
        epoch.number,
        epoch.origin,
        entry.id,
        epoch.signer,
        epoch.kept,
        note,
        entry.header,
        now,
    )
    await connection.exec_driver_sql(_OPEN, values)
    return opened


async def _kept(connection: AsyncConnection, epoch: Epoch, told: Statement) -> None:
    """What is said to stand stands here, as it was signed."""
    if told.kept.size == 0:
        return
    here = await checkpoints.at_size(connection, epoch.number, told.kept.size)
    if here is None or here.checkpoint != told.kept:
        raise ProofError(
            f"the checkpoint of {told.kept.size} entries that is to be kept is not one of this "
            "database"
        )
    root = await checkpoints.root_at(connection, epoch.number, told.kept.size)
    if root != told.kept.root:
        raise ProofError(f"the first {told.kept.size} entries here are no longer those signed")
