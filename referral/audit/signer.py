"""The signer: it re-reads what was placed, hashes it itself, and signs what the tree has become.

1. A process, a key and a memory of its own: the memory (``Signed`` in a file) is no part of any
   database, so that a database put back from a copy, or rewritten, is not signed as if nothing were.
2. It signs only what goes on from what it signed last, and only if the stored tree has its root.
3. The memory is on the disk *before* the signature is in the database. Whoever is killed in between
   finds the note there and publishes that one: never are there two roots for one size.
4. Whatever does not fit stops it, with an alarm that says why; the service goes on meanwhile.

Role ``referral_signer``. It must never know what an entry is about.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from time import monotonic
from typing import Any, Final

import structlog
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from referral.audit import alarms, checkpoints, openings, state_files, statements
from referral.audit.checkpoints import Epoch
from referral.audit.key_files import SigningKey
from referral.audit.memory import Memory, Waiting
from referral.audit.merkle import Frontier
from referral.audit.proof import Checkpoint, Key, ProofError, leaf_hash
from referral.audit.state_files import StateError
from referral.audit.timekeeping import ClockError, Watch
from referral.logs import fault_of
from referral.vault.files import write_secret

_LOG = structlog.get_logger("referral.signer")

IDLE: Final = 1.0  # seconds between two looks: one query, and whatever was placed since is read
AFTER_A_FAULT: Final = 5.0
PULSE: Final = 5.0  # seconds between two signs of life
SEEN: Final = timedelta(hours=1)  # nothing new: that it still holds is said so often
_CHUNK: Final = 10_000  # headers hashed at a time
_KINDS: Final = ("clock", "epoch", "key", "state", "behind", "history", "tree")

# Of the session: it ends with the connection.
_ALONE: Final = "SELECT pg_try_advisory_lock(hashtextextended('log signer', 0))"
_HEADERS: Final = """
SELECT p.position, e.header, e.at, e.act = 'hand_off.accepted' AS accepted
FROM log.position p JOIN referral.audit_entry e ON e.id = p.entry_id
WHERE p.epoch = $1 AND p.position >= $2 AND p.position < $3 ORDER BY p.position
"""
# How all stands: the epoch that grows and how far, and what is published of what was signed last.
_STANDING: Final = """
SELECT e.epoch, e.origin, e.signer, (SELECT max(p.position) FROM log.position p WHERE p.epoch = e.epoch) AS last,
    (SELECT c.root FROM log.checkpoint c WHERE c.epoch = $1 AND c.size = $2) AS root
FROM log.epoch e ORDER BY e.epoch DESC LIMIT 1
"""
_KEEP: Final = """
INSERT INTO log.checkpoint (epoch, size, root, note, signed_at, seen_at) VALUES ($1, $2, $3, $4, $5, $5)
ON CONFLICT (epoch, size) DO NOTHING
"""
_SEEN: Final = (
    "UPDATE log.checkpoint SET seen_at = $3 WHERE epoch = $1 AND size = $2 AND seen_at < $3"
)


class StoppedError(Exception):
    """Nothing is signed: ``kind`` of the alarm, and what to do."""

    def __init__(self, kind: str, what: str) -> None:
        super().__init__(what)
        self.kind = kind


class Signer:
    """One log's signer, its memory read once and held; nobody else may hold the same file."""

    def __init__(
        self,
        key: SigningKey,
        file: Path,
        custodians: Sequence[Key] = (),
        watch: Watch | None = None,
    ) -> None:
        """Raises StateError when the memory cannot be read."""
        self._key, self._file, self._custodians = key, file, tuple(custodians)
        self._watch = watch or Watch()
        kept = state_files.read(file)
        self._memory = Memory.read(kept) if kept else None
        self._epoch = self._memory.epoch if self._memory else 0  # whose tree the edge is of
        self._edge, self._waiting = self._remembered(), Waiting()
        self._newest: datetime | None = None
        self._told = "?"  # the alarm that stands; at first there may be one from before

    def _remembered(self) -> Frontier:
        memory = self._memory
        return Frontier(memory.size, memory.peaks) if memory else Frontier()

    async def look(self, connection: AsyncConnection, now: datetime) -> Checkpoint | None:
        """One look, and a signature if it is time: the checkpoint signed, or None.

        Whatever does not fit raises the alarm and signs nothing. ``connection``: in no transaction.
        """
        here = self._watch.elapsed()  # beside the clock, however long the look takes
        try:
            signed = await self._look(connection, now, here)
        except (StoppedError, ClockError, StateError) as fault:
            await connection.rollback()
            self._edge, self._waiting = self._remembered(), Waiting()
            if str(fault) != self._told:
                await alarms.raise_(connection, _kind(fault), str(fault), now)
            self._told = str(fault)
            return None
        if self._told:
            await alarms.end(connection, _KINDS, now)
            self._told = ""
        return signed

    async def pulse(self, connection: AsyncConnection, now: datetime) -> None:
        """A sign of life, and what still waits to be signed."""
        async with connection.begin():
            waiting = self._waiting
            await alarms.beat(connection, "signer", now, waiting.count, waiting.oldest_at)

    async def _look(
        self, connection: AsyncConnection, now: datetime, here: float
    ) -> Checkpoint | None:
        async with connection.begin():
            memory = self._memory
            values = (memory.epoch, memory.size) if memory else (0, 0)
            found: Any = (await connection.exec_driver_sql(_STANDING, values)).one_or_none()
            await self._current(connection, found)
            placed = 0 if found.last is None else int(found.last) + 1
            await self._published(connection, placed, found.root)
            while self._edge.size < placed:
                await self._read_on(connection, placed, now)
            signed_at = self._memory.signed_at if self._memory else None
            self._watch.look(now, here, signed_at, self._newest)
            if self._waiting.due(now, signed_at):
                return await self._sign(connection, now)
            await self._hold(connection, now)
            return None

    async def _current(self, connection: AsyncConnection, found: Any) -> None:
        if found is None:
            raise StoppedError(
                "epoch",
                "The log has no epoch yet: run `referral migrate` with the "
                "signer's key set, or `referral audit epoch begin`.",
            )
        if found.signer != str(self._key.key) or found.origin != self._key.name:
            raise StoppedError(
                "key",
                f"Epoch {found.epoch} of the log is signed by {found.signer}, and the key given "
                f"here is {self._key.key}: name the file of the right one in REFERRAL_LOG_KEY_FILE.",
            )
        if self._epoch != found.epoch:
            await self._follow(connection, (await checkpoints.epochs(connection))[-1])

    async def _follow(self, connection: AsyncConnection, epoch: Epoch) -> None:
        """Into an epoch this memory knows nothing of: the first, or one two custodians stand for."""
        if self._memory is not None and self._memory.epoch > epoch.number:
            raise StoppedError("behind", _put_back(self._memory, 0))
        found = await checkpoints.latest(connection)
        if found is not None and found.epoch == epoch.number:
            raise StoppedError(
                "state",
                f"The log was signed up to {found.checkpoint.size} entries and the signer's state "
                f"file {self._file} remembers nothing of it. Bring back its copy; if it is lost, "
                "open a new epoch (`referral audit epoch propose`).",
            )
        if epoch.number > 1:
            self._believe(epoch)
        self._memory, self._edge, self._waiting = None, Frontier(), Waiting()
        self._epoch = epoch.number

    def _believe(self, epoch: Epoch) -> None:
        memory = self._memory
        seen = Checkpoint(memory.origin, memory.size, memory.root) if memory else None
        try:
            statements.into(epoch, self._custodians, seen)
        except ProofError as fault:
            raise StoppedError(
                "epoch",
                f"Epoch {epoch.number} is not begun: {fault}. The custodians' keys are named in "
                "REFERRAL_LOG_CUSTODIANS.",
            ) from fault

    async def _published(
        self, connection: AsyncConnection, placed: int, published: bytes | None
    ) -> None:
        """What was signed last is in the database, and the tree still begins with it."""
        memory = self._memory
        if memory is None:
            return
        if placed < memory.size:
            raise StoppedError("behind", _put_back(memory, placed))
        if published is not None and published != memory.root:
            raise StoppedError("history", _rewritten(memory))
        if published is None:
            if await checkpoints.root_at(connection, memory.epoch, memory.size) != memory.root:
                raise StoppedError("history", _rewritten(memory))
            await self._keep(connection, memory)

    async def _read_on(self, connection: AsyncConnection, placed: int, now: datetime) -> None:
        """Hash what was placed since, and see that the stored tree came to the same."""
        start = self._edge.size
        end = min(placed, start + _CHUNK)
        rows = (await connection.exec_driver_sql(_HEADERS, (self._epoch, start, end))).all()
        if [row.position for row in rows] != list(range(start, end)):
            raise StoppedError(
                "tree",
                f"Entries between {start} and {end} were placed and are not "
                "there: somebody deleted entries or places. `referral audit verify` "
                "says which; nothing is signed.",
            )
        if start == 0 and self._epoch > 1:
            await self._opened(connection, rows[0].header)
        for row in rows:
            self._edge.append(leaf_hash(row.header.encode()))
        if await checkpoints.root_at(connection, self._epoch, end) != self._edge.root:
            raise StoppedError(
                "history",
                f"The entries up to {end}, hashed again, do not give the root of the stored tree: "
                "an entry, a place or the tree was changed. `referral audit verify` says where; "
                "nothing is signed.",
            )
        self._waiting = self._waiting.and_also(rows, now)
        self._newest = max(row.at for row in rows)

    async def _opened(self, connection: AsyncConnection, header: str) -> None:
        epoch = (await checkpoints.epochs(connection))[self._epoch - 1]
        if not openings.opens(header, epoch):
            raise StoppedError(
                "epoch",
                f"Epoch {epoch.number} does not begin with the entry that "
                "opened it. Nothing is signed.",
            )

    async def _sign(self, connection: AsyncConnection, now: datetime) -> Checkpoint:
        origin = self._key.name  # it is that of the epoch, or nobody gets here
        checkpoint = Checkpoint(origin, self._edge.size, self._edge.root)
        note = f"{checkpoint}\n{self._key.sign(str(checkpoint))}"
        memory = Memory(
            self._epoch, origin, checkpoint.size, tuple(self._edge.peaks), note, now, now
        )
        write_secret(self._file, memory.written())  # first: from here no other root is signed
        self._memory, self._waiting = memory, Waiting()
        await self._keep(connection, memory)
        return checkpoint

    async def _keep(self, connection: AsyncConnection, memory: Memory) -> None:
        values = (memory.epoch, memory.size, memory.root, memory.note, memory.signed_at)
        await connection.exec_driver_sql(_KEEP, values)

    async def _hold(self, connection: AsyncConnection, now: datetime) -> None:
        """Nothing new for an hour: that the last checkpoint still holds is looked at and said."""
        memory = self._memory
        if memory is None or self._waiting.count or now - memory.seen_at < SEEN:
            return
        if await checkpoints.root_at(connection, memory.epoch, memory.size) != memory.root:
            raise StoppedError("history", _rewritten(memory))
        await connection.exec_driver_sql(_SEEN, (memory.epoch, memory.size, now))
        self._memory = replace(memory, seen_at=now)
        write_secret(self._file, self._memory.written())


async def run(
    engine: AsyncEngine, signer: Signer, clock: Callable[[], datetime], stopping: asyncio.Event
) -> int:
    """Look, and sign when it is time, until told to stop; returns how often it signed.

    On one connection that holds the signers' lock: a second signer waits until the first has gone.
    """
    signed = 0
    while not stopping.is_set():
        try:
            async with engine.connect() as connection:
                signed += await _looks(connection, signer, clock, stopping)
        except Exception as fault:  # noqa: BLE001 - the next look tries again
            _LOG.error("signing failed", **fault_of(fault))
            await _pause(stopping, AFTER_A_FAULT)
    return signed


async def _looks(
    connection: AsyncConnection,
    signer: Signer,
    clock: Callable[[], datetime],
    stopping: asyncio.Event,
) -> int:
    signed, beaten, alone = 0, -PULSE, False
    while not stopping.is_set():
        if not alone:
            async with connection.begin():
                alone = bool((await connection.exec_driver_sql(_ALONE)).scalar())
        if alone:
            signed += await signer.look(connection, clock()) is not None
            if monotonic() - beaten >= PULSE:
                beaten = monotonic()
                await signer.pulse(connection, clock())
        await _pause(stopping, IDLE if alone else AFTER_A_FAULT)
    return signed


async def _pause(stopping: asyncio.Event, seconds: float) -> None:
    try:
        await asyncio.wait_for(stopping.wait(), seconds)
    except TimeoutError:
        return


def _kind(fault: StoppedError | ClockError | StateError) -> str:
    if isinstance(fault, StoppedError):
        return fault.kind
    return "clock" if isinstance(fault, ClockError) else "state"


def _put_back(memory: Memory, placed: int) -> str:
    return (
        f"The log {memory.origin} was signed up to {memory.size} entries, and this database has "
        f"{placed} of them: it was put back from a copy, or its tail was cut off. Nothing is signed, "
        "because every witness would take it for a forgery. If it was put back: "
        "`referral audit epoch propose` writes the statement that two custodians sign, and "
        "`referral audit epoch open` enters it."
    )


def _rewritten(memory: Memory) -> str:
    return (
        f"The first {memory.size} entries are no longer those that were signed at "
        f"{memory.signed_at:%Y-%m-%d %H:%M:%S} UTC: history was rewritten, or this is another "
        "database. Nothing is signed. Keep this database as it is, and compare it with a copy "
        "(`referral audit verify`)."
    )
