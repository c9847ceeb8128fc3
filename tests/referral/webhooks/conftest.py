"""A house that tells agencies' systems, and a system that hears: its server is on this machine."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest

from agencies.identity import digest_of
from referral.app import make_app
from referral.notices.outbound import Reach
from referral.notices.telling import Round, Teller
from referral.notices.webhooks import Webhooks
from tests.cast import House
from tests.listening import Listening, listening
from tests.referral.log.running import log

__all__ = ["log"]

SITE = "https://referral.example.org"
HERE = Reach(frozenset(), loopback=True)
EVERYTHING = ("requested", "received", "accepted", "rejected", "overdue", "escalated")


@dataclass(slots=True)
class Hooks:
    """The house as its teller has it."""

    house: House
    reach: Reach = HERE

    async def administrator(self, part: str, country: str = "zz") -> httpx.AsyncClient:
        """Somebody who administers this person's agency, signed in just now."""
        member, seat, player = uuid4(), uuid4(), self.house.player(part, country)
        await self.house.rows(
            "INSERT INTO agencies.member (id, country, kind, user_name, name, active) "
            "VALUES ($1, $2, 'person', 'a.' || $1::uuid, 'An administrator', true)",
            *(member, country.upper()),
        )
        await self.house.rows(
            "INSERT INTO agencies.membership (id, member_id, agency_id, unit_id, role, valid_from) "
            "SELECT $2, $1, x.agency_id, x.unit_id, 'AGENCY_ADMIN', '2026-01-05' "
            "FROM agencies.membership x WHERE x.id = $3",
            *(member, seat, player.membership_id),
        )
        secret = f"session {uuid4()}"
        await self.house.rows(
            "SELECT agencies.open_session($1, $2, $3, $4, $5)",
            *(digest_of(secret), seat, digest_of("unused"), self.house.at()),
            self.house.at() + timedelta(hours=12),
        )
        client = httpx.AsyncClient(
            transport=httpx.ASGITransport(make_app(self.house.installation)),
            base_url="http://127.0.0.1",
            headers={"Sec-Fetch-Site": "same-origin"},
            cookies={self.house.installation.cookie: secret},
        )
        self.house.clients.append(client)
        return client

    async def opened(self, part: str, to: Listening, *types: str, **more: Any) -> dict[str, Any]:
        """An endpoint of this person's agency at that server; what its administrator was told."""
        client = await self.administrator(part)
        told = {"url": f"http://127.0.0.1:{to.port}/hooks", "types": types or EVERYTHING, **more}
        answer = await asks(client, "", told)
        assert answer.status_code == 201, answer.text
        found: dict[str, Any] = answer.json()
        return {**found, "client": client}

    def teller(self) -> Teller:
        """A worker just started."""
        engine, installation = self.house.worker, self.house.installation
        keys = installation.vault, installation.catalogue
        return Teller(engine, [Webhooks(engine, *keys, SITE, self.reach)])

    async def tell(self, by: Teller | None = None) -> Round:
        """All that is to be told by now; other databases' transactions may hold a row up."""
        house, whole, teller = self.house, Round(), by or self.teller()
        for _ in range(200):
            done = await teller.tell(house.at())
            whole.forwarded += done.forwarded
            whole.told += done.told
            whole.later += done.later
            whole.refused += done.refused
            waits = await house.rows("SELECT FROM referral.outbox WHERE told_at IS NULL")
            if not waits and done == Round():
                return whole
        raise AssertionError("something is never told")

    async def stands(self, webhook: str) -> dict[str, Any]:
        """An endpoint as it stands in the table."""
        rows = await self.house.rows("SELECT * FROM referral.webhook WHERE id = $1", UUID(webhook))
        return dict(rows[0])


async def asks(client: httpx.AsyncClient, place: str, told: Any = None) -> httpx.Response:
    """One act of an administrator over JSON."""
    headers = {"Idempotency-Key": f'"{uuid4()}"'}
    return await client.post(f"/api/v1/webhooks{place}", json=told, headers=headers)


def events(there: Listening) -> list[dict[str, Any]]:
    """What came, read."""
    return [json.loads(asked.body) for asked in there.asked]


@pytest.fixture
def hooks(house: House) -> Hooks:
    """A house that may tell systems on this machine."""
    settings = house.installation.settings.model_copy(update={"webhooks_loopback": True})
    house.installation = replace(house.installation, settings=settings)
    return Hooks(house)


@pytest.fixture
async def there() -> AsyncIterator[Listening]:
    """A server that takes everything."""
    here: AbstractAsyncContextManager[Listening] = listening()
    async with here as found:
        yield found
