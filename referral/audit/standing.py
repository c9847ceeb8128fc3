"""How the log stands: grown, signed, countersigned; and what of it is wrong, for whoever watches.

Reads as any role that may read the schema ``log``; ``watch`` raises and ends alarms, as the worker.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy.ext.asyncio import AsyncConnection

from referral.audit import alarms, checkpoints, promises
from referral.audit.alarms import Alarm, Pulse

SILENT: Final = timedelta(seconds=60)  # without a sign of life
PENDING: Final = timedelta(minutes=10)  # a checkpoint that does not become final
_KINDS: Final = ("sequencer", "signer", "witnesses")

_COUNTS: Final = """
SELECT (SELECT count(*) FROM log.witness WHERE ended_at IS NULL) AS enrolled,
    (SELECT bool_and(independent) FROM log.witness WHERE ended_at IS NULL) AS independent,
    (SELECT min(signed_at) FROM log.checkpoint WHERE epoch = $1 AND size > $2) AS pending_since
"""


@dataclass(frozen=True, slots=True)
class Standing:
    """Sizes in entries. ``pending_since``: when the oldest checkpoint not final yet was signed."""

    epoch: int
    origin: str | None
    placed: int
    signed: int
    final: int
    signed_at: datetime | None
    pending_since: datetime | None
    enrolled: int
    quorum: int
    independent: bool
    pulses: dict[str, Pulse]
    alarms: tuple[Alarm, ...]

    def lag(self, now: datetime) -> float:
        """Seconds the oldest entry waits for its signature; 0 when none does."""
        oldest = [pulse.oldest_at for pulse in self.pulses.values() if pulse.oldest_at]
        return max(0.0, (now - min(oldest)).total_seconds()) if oldest else 0.0

    def state(self, now: datetime) -> str:
        """``signed``, ``unsigned`` (nobody signs) or ``stopped`` (the signer says why)."""
        if any(alarm.kind not in (*_KINDS, promises.ALARM) for alarm in self.alarms):
            return "stopped"
        return "unsigned" if self.silent("signer", now) or self.origin is None else "signed"

    def silent(self, process: str, now: datetime) -> bool:
        """Whether it has given no sign of life lately."""
        pulse = self.pulses.get(process)
        return pulse is None or now - pulse.at > SILENT

    def wrong(self, now: datetime) -> dict[str, str]:
        """What whoever watches from outside the two processes can see: kind and words."""
        found: dict[str, str] = {}
        if self.silent("sequencer", now):
            found["sequencer"] = (
                "Nobody gives entries their place in the log: start `referral log sequence`. "
                "Nothing is lost meanwhile; receipts wait."
            )
        if self.silent("signer", now):
            found["signer"] = (
                "The log is not signed: start `referral log sign`, with REFERRAL_LOG_KEY_FILE and "
                "REFERRAL_LOG_STATE set. The service goes on; nothing is proved meanwhile."
            )
        if self.pending_since is not None and now - self.pending_since >= PENDING:
            found["witnesses"] = self._unwitnessed()
        return found

    def _unwitnessed(self) -> str:
        if self.enrolled < self.quorum:
            return (
                f"{self.enrolled} witnesses are enrolled and {self.quorum} make a checkpoint final: "
                "enrol more with `referral audit witnesses add`. Receipts stay provisional."
            )
        return (
            f"No checkpoint after {self.final} entries has the {self.quorum} cosignatures that make "
            "it final, for more than ten minutes: ask the agencies whose witness is silent "
            "(`referral audit witnesses list`). The log goes on; receipts stay provisional."
        )


async def standing(connection: AsyncConnection, quorum: int) -> Standing:
    """Read it all; ``connection`` in a transaction or not."""
    epochs = await checkpoints.epochs(connection)
    epoch = epochs[-1].number if epochs else 1
    newest = await checkpoints.latest(connection)
    mine = newest is not None and newest.epoch == epoch
    final = await checkpoints.last_final(connection, epoch, quorum)
    size = final.checkpoint.size if final else 0
    counts = (await connection.exec_driver_sql(_COUNTS, (epoch, size))).one()
    return Standing(
        epoch=epoch,
        origin=epochs[-1].origin if epochs else None,
        placed=await checkpoints.placed(connection, epoch),
        signed=newest.checkpoint.size if newest and mine else 0,
        final=size,
        signed_at=newest.signed_at if newest and mine else None,
        pending_since=counts.pending_since,
        enrolled=counts.enrolled,
        quorum=quorum,
        independent=counts.independent is True,
        pulses=await alarms.pulses(connection),
        alarms=tuple(await alarms.standing(connection)),
    )


async def watch(connection: AsyncConnection, quorum: int, now: datetime) -> dict[str, str]:
    """Raise what is wrong and end what is over; ``connection`` in no transaction."""
    async with connection.begin():
        found = await standing(connection, quorum)
    wrong = found.wrong(now)
    stand = {alarm.kind: alarm.what for alarm in found.alarms}
    for kind, words in wrong.items():
        if stand.get(kind) != words:
            await alarms.raise_(connection, kind, words, now)
    over = [kind for kind in _KINDS if kind in stand and kind not in wrong]
    if over:
        await alarms.end(connection, over, now)
    return wrong
