"""Webhooks as one way notices go: an agency's own system is told that there is something to fetch.

1. Who is told what is the database's word, given anew for every attempt: rights may have changed.
2. Keys are opened for one attempt and forgotten. Of an answer its status is all that is looked at.
3. Who has kept us waiting is left alone for a minute, lest what it is told keep others waiting.
4. An endpoint that says it is gone is gone; its agency is told, and the log.
5. What this file must never know: what a case is about.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from protocols.catalogue import Catalogue
from referral.audit import CLOCKWORK, Done
from referral.audit.streams import log_system
from referral.database import as_json, scalar
from referral.notices import outbound
from referral.notices.channels import Later, Letter, Notice, Outcome, Planned, Refused, Told
from referral.notices.events import MEDIA_TYPE, TEST, Happening, asked_as, body_of
from referral.notices.outbound import Came, Reach
from referral.notices.signatures import Key, headers
from referral.session import ReadSession, WriteSession, keys_of
from referral.settings import Settings
from referral.vault import Vault

NAME: Final = "webhook"
_CALLED: Final = "referral-webhooks/1.0"
_WITHHELD: Final = Refused("withheld")  # since it was planned, the agency has lost its part
_ENDED: Final = Refused("ended")
_RESTING: Final = "resting"
_REST: Final = timedelta(minutes=1)


def reach_of(settings: Settings) -> Reach:
    """What this installation allows; which hosts, its operator has entered for each country."""
    return Reach(frozenset(), loopback=settings.webhooks_loopback)


def source_of(settings: Settings) -> str:
    """What this installation is called in an event."""
    scheme = "https" if settings.by_tls else "http"
    return settings.site or f"{scheme}://{settings.host}:{settings.port}"


@dataclass(slots=True)
class Webhooks:
    """``source``: this installation's address. ``reach``: what it allows, but for the hosts."""

    engine: AsyncEngine
    vault: Vault
    catalogue: Catalogue
    source: str
    reach: Reach
    name: str = NAME
    resting: dict[UUID, datetime] = field(default_factory=dict)  # until when; of this process

    async def plan(
        self, connection: AsyncConnection, notices: Sequence[Notice], now: datetime
    ) -> list[Planned]:
        """Which endpoints are told of which of these, as things stand."""
        asked = {one.id: "test" if one.kind == TEST else asked_as(one.kind) for one in notices}
        known = {notice: word for notice, word in asked.items() if word is not None}
        if not known:
            return []
        found = await connection.exec_driver_sql(
            "SELECT notice::text, webhook_id::text FROM referral.webhooks_for($1, $2, $3)",
            (list(known), list(known.values()), now),
        )
        return [Planned(UUID(row.notice), NAME, UUID(row.webhook_id), now) for row in found]

    async def send(self, letter: Letter, now: datetime) -> Outcome:
        """One attempt."""
        if now < (until := self.resting.get(letter.recipient, now)):
            return Later(_RESTING, until - now)
        notice = letter.notices[0]
        async with self.engine.begin() as connection:
            await scalar(connection, "SELECT referral.begin_worker($1)", letter.country)
            given = await as_json(
                connection,
                "SELECT referral.webhook_to_send($1, $2, $3)",
                *(letter.recipient, notice.id, now),
            )
            if given is None:
                return _ENDED
            if given["knows"] is None:
                return _WITHHELD
            keys = self._keys(connection, letter.recipient, given)
        body = body_of(_happening(letter, notice, self.source, given["knows"]))
        hosts = frozenset((host, port) for host, port in given["hosts"])
        answer = await outbound.send(
            given["url"],
            {
                "content-type": f"{MEDIA_TYPE}; charset=utf-8",
                "user-agent": _CALLED,
                **headers(keys, str(letter.id), now, body),
            },
            body.encode(),
            replace(self.reach, hosts=hosts),
        )
        if answer.came is Came.TIMED_OUT:
            self.resting[letter.recipient] = now + _REST
        if answer.came is Came.TAKEN:
            return Told()
        if answer.came is Came.GONE:
            return Refused(answer.came.value)
        return Later(answer.came.value, answer.wait)

    def _keys(self, connection: AsyncConnection, webhook: UUID, given: dict[str, Any]) -> list[Key]:
        """The newest first."""
        session = ReadSession(connection, self.vault, self.catalogue, "")
        data_key = keys_of(session, [given["wrapped"]])[webhook]
        return [
            Key.read(
                data_key.open(
                    bytes.fromhex(one["content"]),
                    room="webhook_key",
                    column="content",
                    row=UUID(one["id"]),
                ).decode()
            )
            for one in given["keys"]
        ]

    async def settled(
        self, connection: AsyncConnection, letter: Letter, outcome: Outcome, now: datetime
    ) -> None:
        """What became of it, for the administrator to see; who is gone is not asked again."""
        word = Came.TAKEN.value if isinstance(outcome, Told) else outcome.cause
        told = await scalar(
            connection,
            "SELECT referral.webhook_settled($1, $2, $3, $4, $5, $6)",
            *(letter.recipient, letter.id, letter.attempt, letter.notices[0].kind, word, now),
        )
        if told == "ended":
            session = WriteSession(connection, self.vault, self.catalogue, "clockwork")
            await log_system(
                session,
                Done.WEBHOOK_GONE,
                by=CLOCKWORK,
                about=("webhook", letter.recipient),
                now=now,
                to="ended",
            )


def _happening(letter: Letter, notice: Notice, source: str, knows: dict[str, Any]) -> Happening:
    return Happening(
        str(letter.id),
        source,
        notice.kind,
        notice.occurred_at,
        knows.get("referral"),
        knows["data"],
    )
