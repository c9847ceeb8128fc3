"""What a signer remembers, and when it is time to sign. Pure.

The memory is the right edge of the tree it signed last (``merkle.Frontier``) with the note itself.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final, Self

import orjson

from referral.audit.merkle import Frontier
from referral.audit.state_files import StateError

MANY: Final = 256  # entries that are signed at once
BUSY: Final = 128  # entries that are signed when the last signature is a second old
SECOND: Final = timedelta(seconds=1)
ACCEPTED: Final = timedelta(seconds=5)  # an acceptance waits at most so long (promised: 10 s)
LATE: Final = timedelta(seconds=55)  # any entry (promised: 60 s)


@dataclass(frozen=True, slots=True)
class Memory:
    """What was signed last: all that is needed to go on, and to refuse to go back."""

    epoch: int
    origin: str
    size: int
    peaks: tuple[bytes, ...]
    note: str
    signed_at: datetime
    seen_at: datetime

    @classmethod
    def read(cls, text: str) -> Self:
        """Raises StateError when this is none."""
        try:
            told = orjson.loads(text)
            return cls(
                told["epoch"],
                told["origin"],
                told["size"],
                tuple(bytes.fromhex(peak) for peak in told["peaks"]),
                told["note"],
                datetime.fromisoformat(told["signed_at"]),
                datetime.fromisoformat(told["seen_at"]),
            )
        except (ValueError, KeyError, TypeError) as fault:
            raise StateError(
                "The signer's state file is damaged: bring back its copy. If there is none, open a "
                "new epoch (`referral audit epoch propose`)."
            ) from fault

    def written(self) -> str:
        """As it is kept."""
        told: dict[str, Any] = {
            "epoch": self.epoch,
            "origin": self.origin,
            "size": self.size,
            "peaks": [peak.hex() for peak in self.peaks],
            "note": self.note,
            "signed_at": self.signed_at.isoformat(),
            "seen_at": self.seen_at.isoformat(),
        }
        return orjson.dumps(told, option=orjson.OPT_INDENT_2).decode() + "\n"

    @property
    def root(self) -> bytes:
        """The root that was signed."""
        return Frontier(self.size, self.peaks).root


@dataclass(frozen=True, slots=True)
class Waiting:
    """What is hashed and not signed: how many, since when, an acceptance among them since when."""

    count: int = 0
    since: datetime | None = None
    accepted: datetime | None = None
    oldest_at: datetime | None = None  # as the entry says

    def and_also(self, rows: Sequence[Any], now: datetime) -> Waiting:
        """With these rows more, met now."""
        accepted = any(row.accepted for row in rows)
        return Waiting(
            self.count + len(rows),
            self.since or now,
            self.accepted or (now if accepted else None),
            self.oldest_at or rows[0].at,
        )

    def due(self, now: datetime, signed_at: datetime | None) -> bool:
        """Whether it is time to sign (security.md 4.4.2); ``signed_at``: when that was last."""
        if self.since is None:
            return False
        if signed_at is None:
            return True
        return (
            self.count >= MANY
            or (self.count >= BUSY and now - signed_at >= SECOND)
            or now - self.since >= LATE
            or (self.accepted is not None and now - self.accepted >= ACCEPTED)
        )
