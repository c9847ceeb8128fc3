"""What goes out of a case's log: every act and refusal in the order of recording, with its hash."""

from __future__ import annotations

from datetime import datetime
from typing import Self
from uuid import UUID

from referral.api.answers import Answer, Titled
from referral.api.wording import Wording
from referral.queries import TimelineLine


class Happened(Answer):
    """One line of the log: when recorded, when it happened, who, what, to which hand-off."""

    seq: int
    at: datetime
    occurred_at: datetime | None
    act: str
    agency: str | None
    by_clock: bool
    object_type: str
    object_id: UUID | None
    step: str | None
    kind: str | None
    mandate: Titled | None
    receiver: str | None
    from_state: str | None
    to_state: str | None
    previous_hash: str
    hash: str
    header: str | None
    warning: str | None

    @classmethod
    def of(cls, line: TimelineLine, words: Wording) -> Self:
        """From one line of the log."""
        other = {"mandate", "from_state", "to_state", "receiver"}
        same = {name: getattr(line, name) for name in cls.model_fields if name not in other}
        mandate = (
            Titled(code=line.mandate, title=words.code(line.mandate)) if line.mandate else None
        )
        return cls(
            **same,
            mandate=mandate,
            receiver=line.receiver or (mandate.title if mandate else None),
            from_state=line.from_,
            to_state=line.to,
        )


class Timeline(Answer):
    """A case's log, in the order of recording."""

    case_id: UUID
    lines: tuple[Happened, ...]
