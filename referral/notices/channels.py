"""What a channel is: mail, a webhook, whatever else tells somebody something.

A channel says whom it reaches of a notice (``plan``) and makes one attempt (``send``). When, how
often, what if it fails, and that nothing is lost or doubled is nobody's business here: that is
``forwarding`` and ``delivering``. A notice never holds anything of a case but opaque ids.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final, NamedTuple, Protocol, TypeAlias
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

IN_APP: Final = "in_app"
MAIL: Final = "mail"
PEOPLE: Final = frozenset({IN_APP, MAIL})  # a system that was told is nobody who was told
FOR_SYSTEMS: Final = frozenset({"webhook.tested", "audit.checkpoint"})  # of no interest to people


class Notice(NamedTuple):
    """One row of the outbox. ``danger``: neither quiet hours nor digests hold it back."""

    id: UUID
    country: str
    kind: str
    case_id: UUID | None
    hand_off_id: UUID | None
    to_unit: UUID
    to_role: str | None
    to_member: UUID | None
    occurred_at: datetime
    danger: bool

    @classmethod
    def of(cls, row: Mapping[str, Any]) -> Notice:
        """As the database tells it."""
        return cls(
            id=UUID(row["id"]),
            country=row["country"],
            kind=row["kind"],
            case_id=_id(row["case_id"]),
            hand_off_id=_id(row["hand_off_id"]),
            to_unit=UUID(row["to_unit"]),
            to_role=row["to_role"],
            to_member=_id(row["to_member"]),
            occurred_at=datetime.fromisoformat(row["occurred_at"]),
            danger=row["danger"],
        )


class Planned(NamedTuple):
    """One delivery to make. ``together``: in one letter with what else is due for her by then.

    ``cause``: it cannot be made at all (a code of ours); it is written down as failed.
    """

    notice: UUID
    channel: str
    recipient: UUID
    due_at: datetime
    together: bool = False
    cause: str | None = None


class Mailed(NamedTuple):
    """Where a letter goes that goes by mail, and in which language, if she chose one.

    ``quiet``: from which hour until which she wants none; hours of ``time_zone``.
    """

    address: str
    language: str | None
    quiet: tuple[int, int] | None = None
    time_zone: str = "UTC"


class Letter(NamedTuple):
    """What one attempt sends. ``id`` is the same over all attempts; ``since``: of the first."""

    id: UUID
    country: str
    channel: str
    recipient: UUID
    notices: tuple[Notice, ...]
    attempt: int
    since: datetime
    mail: Mailed | None = None

    @property
    def danger(self) -> bool:
        """Whether anything in it may not wait."""
        return any(notice.danger for notice in self.notices)

    @classmethod
    def of(cls, row: Mapping[str, Any]) -> Letter:
        """As the database tells it."""
        return cls(
            id=UUID(row["id"]),
            country=row["country"],
            channel=row["channel"],
            recipient=UUID(row["recipient"]),
            notices=tuple(Notice.of(one) for one in row["notices"]),
            attempt=row["attempt"],
            since=datetime.fromisoformat(row["since"]),
            mail=_mailed(row["mail"]),
        )


@dataclass(frozen=True, slots=True)
class Told:
    """It has arrived where we can see it arrive."""


@dataclass(frozen=True, slots=True)
class Later:
    """Not now. ``cause``: a code ``^[a-z_]+$``, never a text from outside."""

    cause: str
    not_before: timedelta | None = None


@dataclass(frozen=True, slots=True)
class Refused:
    """Never again: the other side said so, or there is no other side any more."""

    cause: str


Outcome: TypeAlias = Told | Later | Refused


class Channel(Protocol):
    """One way to reach somebody."""

    @property
    def name(self) -> str:
        """``^[a-z_]{1,20}$``; stands in every delivery."""

    async def plan(
        self, connection: AsyncConnection, notices: Sequence[Notice], now: datetime
    ) -> list[Planned]:
        """Whom it reaches of these notices, all of one country; in the forwarder's transaction."""

    async def send(self, letter: Letter, now: datetime) -> Outcome:
        """One attempt, a minute at most, with no transaction open. What it raises is Later."""

    async def settled(
        self, connection: AsyncConnection, letter: Letter, outcome: Outcome, now: datetime
    ) -> None:
        """Whatever it must note itself, in the transaction that writes the outcome down."""


def _mailed(told: Mapping[str, Any] | None) -> Mailed | None:
    if told is None or told["address"] is None:
        return None
    quiet = told["quiet_from"], told["quiet_until"]
    hours = None if None in quiet else (int(quiet[0]), int(quiet[1]))
    return Mailed(told["address"], told["language"], hours, told["time_zone"] or "UTC")


def _id(told: str | None) -> UUID | None:
    return UUID(told) if told is not None else None
