"""Time itself: a clock's next rung fires. Raises flags and asks others; never moves a state.

Rungs of many cases are fired in one transaction and one call (``pass_time``); each is decided and
logged as if it were alone. One that cannot be decided is left out and named, and spoils no other.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import orjson

from agencies.directory import Serving
from protocols import engine
from protocols.decision import Decision, Refused
from protocols.rungs import RungKind
from referral.access.standing import Locked, moment
from referral.audit.ledger import Ledger, entries_of, post
from referral.casework import carrying, escalation
from referral.casework.recipients import Subject, resolve, subject_of
from referral.casework.run import facts_of, protocol_of, run_of
from referral.database import as_json, decoded, scalar
from referral.session import WriteSession, keys_of
from referral.vault import SubjectKey

# What ``let_time_pass`` takes of many cases at once; whoever needs more is carried out alone.
_AT_ONCE: Final = frozenset({"clock_moves", "clocks", "marks", "referral_changes", "outbox"})


@dataclass(frozen=True, slots=True)
class Claimed:
    """A clock whose next rung is due, with the state of its case, which is locked."""

    id: UUID
    locked: Locked

    @property
    def clock(self) -> str:
        """Its name in the protocol."""
        return str(self._row["clock"])

    @property
    def country(self) -> str:
        """Of its case."""
        return str(self.locked.case["country"])

    @property
    def due(self) -> datetime:
        """The moment of its next rung."""
        return moment(self._row["rungs"][self._row["rung"]]["at"])

    @property
    def kinds(self) -> list[RungKind]:
        """What happens at this rung, and at those of the same moment."""
        left = self._row["rungs"][self._row["rung"] :]
        return [RungKind(one["kind"]) for one in left if moment(one["at"]) == self.due]

    @property
    def hand_off(self) -> str | None:
        """The hand-off it hangs on, if it hangs on one."""
        found: str | None = self._row["hand_off"]
        return found

    @property
    def _row(self) -> Any:
        return next(one for one in self.locked.clocks if one["id"] == str(self.id))


@dataclass(frozen=True, slots=True)
class Passed:
    """What came of claimed clocks: how many fired, and which could not, and why."""

    fired: int
    faults: tuple[tuple[Claimed, Exception], ...] = ()


@dataclass(frozen=True, slots=True)
class _Lapsing:
    """A rung that was decided, with what carrying it out needs."""

    claimed: Claimed
    due: datetime
    subject: Subject
    decision: Decision
    key: SubjectKey


@dataclass(slots=True)
class Together:
    """Parts of many ledgers, each saying of which case it is."""

    cases: list[str] = field(default_factory=list)
    parts: dict[str, list[dict[str, Any]]] = field(default_factory=dict)

    def add(self, ledger: Ledger, entries: list[dict[str, Any]]) -> None:
        """Another case."""
        case = str(ledger.case_id)
        self.cases.append(case)
        for part, rows in (*ledger.rows.items(), ("entries", entries)):
            self.parts.setdefault(part, []).extend({**row, "case_id": case} for row in rows)

    async def send(self, session: WriteSession, through: str) -> None:
        """Carry it out in one call, if it is anything."""
        if self.cases:
            payload = {"cases": list(dict.fromkeys(self.cases)), **self.parts}
            await scalar(
                session.connection,
                f"SELECT referral.{through}($1::jsonb)",
                orjson.dumps(payload).decode(),
            )


async def claim(session: WriteSession, *, most: int, now: datetime) -> list[Claimed]:
    """The earliest due clocks of the session's country, their cases locked without waiting."""
    rows = await session.connection.exec_driver_sql(
        "SELECT referral.claim_clocks($1, $2)", (now, most)
    )
    found = [decoded(row) for row in rows.scalars()]
    return [Claimed(UUID(row["due"]), Locked.from_row(row, None)) for row in found]


async def pass_time(session: WriteSession, claimed: Sequence[Claimed], *, now: datetime) -> Passed:
    """Fire the next rung of every claimed clock, in the order given.

    1. Decide each alone; what cannot be decided is left out.
    2. Ask the directory once, for all of them.
    3. Carry out in one call, each with ``occurred_at`` = the moment it was *due*. A rung that asks
       somebody new, or changes more than time may for many at once, has a call of its own.

    Raises what the database raises: then nothing of it stands, and each is to be tried alone.
    """
    lapsing: list[_Lapsing] = []
    faults: list[tuple[Claimed, Exception]] = []
    for one in claimed:
        try:
            lapsing.append(_decide(session, one))
        except Exception as fault:  # noqa: BLE001 - it may be anything; whoever asked reports it
            faults.append((one, fault))
    if lapsing:
        pairs = [(one.subject, one.decision) for one in lapsing]
        served = await resolve(session, pairs, now)
        await _carry_out(session, lapsing, served, now)
    return Passed(len(lapsing), tuple(faults))


async def lapse(session: WriteSession, clock_id: UUID, *, now: datetime) -> datetime | None:
    """Fire the next rung of one clock alone.

    Returns the rung's moment, or None when somebody else was first or it is no longer due.
    """
    row = await as_json(session.connection, "SELECT referral.claim_clock($1, $2)", clock_id, now)
    if row is None:
        return None
    one = _decide(session, Claimed(clock_id, Locked.from_row(row, None)))
    served = await resolve(session, [(one.subject, one.decision)], now)
    await _alone(session, one, _ledger_of(one, served[0], now))
    return one.due


def _decide(session: WriteSession, claimed: Claimed) -> _Lapsing:
    """What the ladder says at this rung."""
    locked, due = claimed.locked, claimed.due
    keys = keys_of(session, locked.keys)
    run = run_of(locked, facts_of(locked, keys))
    decision = engine.lapse(protocol_of(session, locked), run, str(claimed.id), due)
    if isinstance(decision, Refused):
        message = f"clock {claimed.id} cannot lapse: {decision.explanation}"
        raise RuntimeError(message)  # noqa: TRY004 - a fault of the run, not of a type
    return _Lapsing(claimed, due, subject_of(locked, None), decision, keys[locked.case_id])


def _ledger_of(one: _Lapsing, served: Sequence[Serving], now: datetime) -> Ledger:
    ledger = Ledger(one.claimed.locked.case_id, now, why="clock")
    carrying.enter(ledger, one.subject, one.decision, served, one.due, None)
    hand_off, kinds = one.claimed.hand_off, one.claimed.kinds
    if not ledger.drafts:
        escalation.reached_nobody(ledger, one.subject, hand_off, kinds, one.due)
    escalation.keep_informed(ledger, one.subject, hand_off, kinds)
    return ledger


async def _carry_out(
    session: WriteSession,
    lapsing: Sequence[_Lapsing],
    served: Sequence[Sequence[Serving]],
    now: datetime,
) -> None:
    together = Together()
    for one, answers in zip(lapsing, served, strict=True):
        ledger = _ledger_of(one, answers, now)
        if _only_time(ledger):
            head = one.claimed.locked.head
            together.add(ledger, entries_of(ledger, None, head, one.key))
        else:
            await _alone(session, one, ledger)
    await together.send(session, "let_time_pass")


def _only_time(ledger: Ledger) -> bool:
    """Whether it can be carried out with others: a rung, who is told, and the next limit."""
    if ledger.case_changes or not _AT_ONCE.issuperset(ledger.rows):
        return False
    return not any("limit_moved" in row for row in ledger.rows.get("marks", ()))


async def _alone(session: WriteSession, one: _Lapsing, ledger: Ledger) -> None:
    await post(session, ledger, actor=None, head=one.claimed.locked.head, key=one.key)
