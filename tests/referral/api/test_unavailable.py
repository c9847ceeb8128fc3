"""Without its database the service says so, at once, with when to come back; and it recovers."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import asyncpg
import httpx
import pytest
from sqlalchemy import event
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from referral.app import make_app
from referral.database import make_engine
from referral.outages import refusal_for
from tests.cast import House
from tests.referral.api.desk import ROOT, Desk, key, problem, report

NOBODY = "postgresql://referral_app:x@127.0.0.1:1/referral"


@pytest.fixture
async def unconnected(house: House) -> AsyncIterator[httpx.AsyncClient]:
    """A client of an installation whose database is not there."""
    engine = make_engine(NOBODY)
    app = make_app(replace(house.installation, engine=engine))
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    headers = {"Authorization": "Bearer token of inspector.zz"}
    async with httpx.AsyncClient(
        transport=transport, base_url="http://127.0.0.1", headers=headers
    ) as client:
        yield client
    await engine.dispose()


async def test_acts_and_questions_are_answered_503(unconnected: httpx.AsyncClient) -> None:
    for answer in (
        await unconnected.post(f"{ROOT}/cases", json=report(), headers=key()),
        await unconnected.get(f"{ROOT}/hand-offs"),
        await unconnected.get("/health/ready"),
    ):
        told = problem(answer, 503, "unavailable")
        assert answer.headers["retry-after"] == "10"
        assert "127.0.0.1" not in str(told)
    alive = await unconnected.get("/health/live")
    assert alive.json() == {"status": "alive"}


async def test_people_are_told_so_on_a_page(unconnected: httpx.AsyncClient) -> None:
    del unconnected.headers["Authorization"]
    unconnected.cookies.set("referral_session", "of the inspector")
    answer = await unconnected.get("/hand-offs")
    assert answer.status_code == 503
    assert answer.headers["content-type"].startswith("text/html")


async def test_after_its_connections_were_cut_it_goes_on(desk: Desk) -> None:
    await desk.files()
    await desk.house.rows(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
        "WHERE datname = $1 AND usename = 'referral_app'",
        desk.house.database.name,
    )
    answers = [await desk.reads("inspector", "hand-offs?box=out") for _ in range(3)]
    for answer in answers:
        if answer.status_code != 200:
            problem(answer, 503, "unavailable")
    assert answers[-1].status_code == 200


async def test_a_case_that_is_locked_too_long_is_answered_503(desk: Desk) -> None:
    hand_off = await desk.asks()
    impatient = make_engine(desk.house.database.url)

    @event.listens_for(impatient.sync_engine, "connect")
    def hurry(connection: Any, _: object) -> None:
        connection.cursor().execute("SET lock_timeout = '50ms'")

    desk.house.installation = replace(desk.house.installation, engine=impatient)
    holder = await asyncpg.connect(desk.house.database.superuser_url)
    try:
        async with holder.transaction():
            await holder.execute('SELECT 1 FROM referral."case" FOR UPDATE')
            answer = await desk.sends("social_worker", f"hand-offs/{hand_off}/acceptance")
        problem(answer, 503, "busy")
        assert answer.headers["retry-after"] == "1"
        await desk.acts("social_worker", hand_off, "acceptance")
    finally:
        await holder.close()
        await impatient.dispose()


class _Said(Exception):
    """A driver's fault with PostgreSQL's code."""

    def __init__(self, sqlstate: str) -> None:
        super().__init__("Amal Doe")
        self.sqlstate = sqlstate


@pytest.mark.parametrize(
    ("sqlstate", "status", "kind"),
    [
        ("40001", 503, "busy"),
        ("40P01", 503, "busy"),
        ("55P03", 503, "busy"),
        ("57014", 503, "busy"),
        ("53300", 503, "busy"),
        ("53100", 503, "unavailable"),
        ("57P01", 503, "unavailable"),
        ("57P03", 503, "unavailable"),
        ("08006", 503, "unavailable"),
        ("28P01", 503, "unavailable"),
        ("25006", 503, "unavailable"),
        ("RF003", 500, "unforeseen"),
        ("42P01", 500, "unforeseen"),
    ],
)
def test_each_code_of_the_database_has_its_answer(sqlstate: str, status: int, kind: str) -> None:
    refusal = refusal_for(DBAPIError("SELECT", {}, _Said(sqlstate)))
    assert (refusal.status, refusal.type) == (status, kind)
    assert (status == 503) == ("Retry-After" in refusal.headers)


def test_faults_without_a_code_have_theirs() -> None:
    assert refusal_for(PoolTimeout("all are taken")).type == "busy"
    assert refusal_for(ConnectionRefusedError()).type == "unavailable"
    assert refusal_for(asyncpg.InterfaceError("closed")).type == "unavailable"
    clash = refusal_for(IntegrityError("INSERT", {}, _Said("23505")))
    assert (clash.status, clash.type) == (409, "conflict")
    assert "Amal" not in str(clash)
