"""Releases over JSON, by systems; what is published needs no token."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import httpx
import pytest

from referral import preparing
from tests.cast import House
from tests.stories.test_released import YEAR, answered, filed, seen_by


@pytest.fixture
async def year(house: House) -> House:
    """A year that is over."""
    await filed(house, 40, sex="female")
    house.at.to(datetime(2027, 1, 11, 9, tzinfo=UTC))
    return house


async def sent(client: httpx.AsyncClient, address: str, key: str = "", **body: Any) -> Any:
    headers = {"Idempotency-Key": f'"{key or uuid4()}"'}
    return await client.post(f"/api/v1{address}", json=body, headers=headers)


async def test_prepared_once_however_often_it_is_sent(year: House) -> None:
    stella = year.client("statistician")
    first = await sent(stella, "/releases", "one", kind="public", period=str(YEAR))
    again = await sent(stella, "/releases", "one", kind="public", period=str(YEAR))
    assert first.status_code == again.status_code == 201
    assert first.json() == again.json()
    listed = (await stella.get("/api/v1/releases")).json()["releases"]
    assert [one["id"] for one in listed] == [first.json()["id"]]
    assert (listed[0]["state"], listed[0]["digest"]) == ("asked", None)
    await preparing.prepare_all(year.clockwork, year.at())
    one = (await stella.get(f"/api/v1/releases/{first.json()['id']}")).json()
    assert one["document"]["year"] == YEAR
    assert one["counted"] == {t["table"]: len(t["rows"]) for t in one["document"]["tables"]}
    assert one["mine"]
    assert (await stella.get(f"/api/v1/releases/{uuid4()}")).status_code == 404


async def test_a_token_is_no_fresh_proof_so_no_system_publishes(year: House) -> None:
    stella, dalia = year.client("statistician"), year.client("data_officer")
    which = (await sent(stella, "/releases", kind="public", period=str(YEAR))).json()["id"]
    await preparing.prepare_all(year.clockwork, year.at())
    digest = (await seen_by(year, "data_officer", which)).digest
    refused = await sent(dalia, f"/releases/{which}/answer", approve=True, digest=digest)
    assert refused.status_code == 403
    assert refused.json()["type"].endswith("step-up-required")
    assert (await sent(stella, f"/releases/{which}/hand-over")).status_code == 403
    assert isinstance((await answered(year, which)).state, str)  # type: ignore[union-attr] # not refused
    years = (await year.stranger().get("/api/v1/published/ZZ")).json()["periods"]
    assert [(one["period"], one["digest"]) for one in years] == [(str(YEAR), digest)]


async def test_what_cannot_be_is_refused_with_words(year: House) -> None:
    stella = year.client("statistician")
    for body, status in (
        ({"kind": "public", "period": str(YEAR + 1)}, 422),
        ({"kind": "public", "period": str(YEAR), "recipient": "Somebody"}, 422),
        ({"kind": "secret", "period": str(YEAR)}, 422),
        ({"kind": "public", "period": "2026-13"}, 422),
        ({"kind": "ctdc", "period": "2026-Q1", "recipient": "Somebody"}, 422),
    ):
        answer = await sent(stella, "/releases", **body)
        assert answer.status_code == status, body
        assert answer.json()["title"]
    for part in ("inspector", "outsider"):
        answer = await sent(year.client(part), "/releases", kind="public", period=str(YEAR))
        assert answer.status_code == 403
    strange = await year.stranger().get("/api/v1/published/zz/2026")
    assert strange.status_code == 404
