"""Every address names the action it asks for, every table the field group it holds.

A new route or table fails here until somebody has written down who may use it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any

import asyncpg

from referral import access
from referral.app import make_app
from tests.cast import House
from tests.conftest import Database

BESIDE = {"anybody", "oneself"}
HOLDS = {"released", "own", "named", "parties", "rules", "log", "key", "counts"}


def routes_in(routes: Iterable[Any]) -> Iterator[str]:
    """Method and path of every route, those of included routers too."""
    for route in routes:
        inner = getattr(route, "original_router", None)
        if inner is not None:
            yield from routes_in(inner.routes)
        else:
            yield from (f"{method} {route.path}" for method in route.methods)


def actions_of(asked: str | list[str]) -> list[str]:
    """One, or several."""
    return [asked] if isinstance(asked, str) else asked


async def test_every_route_names_its_action(house: House) -> None:
    routes = sorted(routes_in(make_app(house.installation).routes))
    named = access.doors()["routes"]
    assert sorted(set(routes) - set(named)) == [], "name its action in access/doors.yaml"
    assert sorted(set(named) - set(routes)) == [], "there is no such address any more"
    assert len(routes) > 80


def test_every_action_named_stands_in_the_matrix() -> None:
    known = set(access.matrix().on_a_case) | set(access.matrix().by_role) | BESIDE
    for route, asked in access.doors()["routes"].items():
        assert set(actions_of(asked)) <= known, route


async def test_an_address_for_whoever_is_signed_in_shows_nobody_else_anything(house: House) -> None:
    """Whoever has not signed in is sent to sign in, or answered 401: nothing of a page comes."""
    stranger = house.stranger()
    some = "6f9619ff-8b86-4d01-b42d-00cf4fc964ff"
    looked = 0
    for route, asked in access.doors()["routes"].items():
        method, _, path = route.partition(" ")
        if asked == "anybody" or method != "GET":
            continue
        path = re.sub(r"\{(?:\w+_id|batch)\}", some, path)
        path = path.replace("{country}", "ZZ").replace("{track}", "trafficking")
        answer = await stranger.get(path.replace("{step}", "ZZ-T01"))
        assert answer.status_code in {303, 401}, route
        looked += 1
    assert looked > 20


async def test_every_table_names_its_group(database: Database) -> None:
    connection = await asyncpg.connect(database.superuser_url)
    try:
        rows = await connection.fetch(
            "SELECT format('%s.%s', schemaname, tablename) AS name FROM pg_tables "
            "WHERE schemaname IN ('referral', 'vault')"
        )
    finally:
        await connection.close()
    named = access.doors()["tables"]
    assert {row["name"] for row in rows} == set(named)
    groups = set(named.values())
    assert groups <= set(access.matrix().classes) | HOLDS
    assert set(access.matrix().classes) <= groups


async def test_the_rules_are_a_page_and_two_files(house: House) -> None:
    browser = await house.browser("auditor")
    page = await browser.get("/matrix")
    assert page.status_code == 200
    for words in ("Access rules", "Read safety", "Break-glass", "Find duplicates"):
        assert words in page.text, words
    data = (await browser.get("/api/v1/matrix")).json()
    assert data["on_a_case"]["seal"]["holder"] == "2R"
    assert data["routes"]["GET /matrix"] == "see_matrix"
    assert data["tables"]["referral.reporter"] == "G5"
    table = await browser.get("/api/v1/matrix.csv")
    assert table.headers["content-type"].startswith("text/csv")
    lines = table.text.splitlines()
    assert lines[0] == "table,action,who,cell"
    assert "on_a_case,read_safety,break_glass,RS" in lines
    cells = sum(len(row) for name in ("on_a_case", "by_role") for row in data[name].values())
    assert len(lines) == cells + 1
