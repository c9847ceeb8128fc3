"""Every answer there is, page, program, picture or error, carries every security header."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Any
from uuid import uuid4

import httpx
import pytest
from fastapi import FastAPI

from referral import casework, edge
from referral.app import make_app
from referral.edge import files
from referral.settings import Environment, Settings
from referral.web.pages import version
from tests.cast import House, asked, child_at_work
from tests.referral.web.second_factors import SITE
from tests.referral.web.visiting import read

KNOWN = {"country": "ZZ", "track": "trafficking", "path": f"{version()}/referral.css"}
# Pages about the law and the directory: nobody's case is on them.
PUBLISHED = ("/published/", "/api/v1/published/")
BARE = ("/agencies", "/coverage", "/matrix", "/protocols", "/api/v1/docs", "/sign-in", "/published")


def routes(app: FastAPI) -> set[tuple[str, str]]:
    """(method, template) of every route, however deep it is mounted."""
    found = set(_walked(app.routes))
    assert len(found) > 100, "the walk has lost its way"
    return found


def _walked(some: Any, prefix: str = "") -> Iterator[tuple[str, str]]:
    for route in some:
        inner = getattr(route, "routes", None) or getattr(
            getattr(route, "original_router", None), "routes", None
        )
        if inner is not None:
            yield from _walked(inner, prefix)
        else:
            for method in getattr(route, "methods", None) or ("GET",):
                yield method, prefix + route.path


def address(template: str, ids: dict[str, str]) -> str:
    """The template with ids of something that is there, or that nobody has."""
    told = re.sub(r":path", "", template)
    return re.sub(r"\{(\w+)\}", lambda m: {**KNOWN, **ids}.get(m[1]) or str(uuid4()), told)


def missing(answer: httpx.Response, *, tls: bool = False) -> set[str]:
    """Which of the headers are not there, or not as written."""
    wanted = dict(edge.SECURITY)
    if answer.headers.get("content-type") == "application/pdf":
        wanted["Content-Security-Policy"] += f"; {files.SANDBOX}"  # never shown in our pages
    if tls:
        wanted["Strict-Transport-Security"] = edge.STRICT_TRANSPORT
    lacking = {name for name, value in wanted.items() if answer.headers.get(name) != value}
    cached = answer.headers.get("cache-control", "")
    if answer.request.url.path.startswith(PUBLISHED) and answer.status_code == 200:
        wanted_cache = "public, max-age=3600"  # what everybody may read, and nothing else
        return lacking if cached == wanted_cache else lacking | {"Cache-Control"}
    open_to_all = ("/static/", *edge.PUBLIC) if answer.is_success else ("/static/",)
    if cached != "no-store" and not answer.request.url.path.startswith(open_to_all):
        lacking.add("Cache-Control")
    return lacking


async def _standing(house: House) -> dict[str, str]:
    """Something of each kind that has an address."""
    filed = await house.manages("inspector", casework.file, child_at_work())
    return {
        "case_id": str(filed.case_id),
        "hand_off_id": str(asked(filed, "ZZ-C01")),
        "referral_id": str(filed.referrals[0].referral_id),
        "member_id": str(house.player("social_worker").member_id),
    }


async def test_no_route_answers_without_its_headers(house: House) -> None:
    ids, tried = await _standing(house), 0
    lacking: dict[tuple[str, str, str], set[str]] = {}
    for who in ("inspector", "social_worker", "supervisor", "agency_admin", None):
        client = await house.browser(who) if who else house.stranger()
        for method, template in sorted(routes(make_app(house.installation))):
            if template in {"/sign-out", "/quick-exit"}:
                continue
            answer = await client.request(method, address(template, ids))
            tried += 1
            assert answer.status_code != 500, (method, template)
            if found := missing(answer):
                lacking[method, template, str(who)] = found
    assert lacking == {}
    assert tried > 500


async def test_errors_have_the_headers_too(house: House) -> None:
    app = make_app(house.installation)

    async def broken() -> None:
        raise RuntimeError

    app.add_api_route("/broken", broken)
    app.add_api_route("/api/broken", broken)
    large = b"x" * (house.installation.settings.filing_limit + 1)
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as client:
        answers = {
            404: [await client.get("/nothing"), await client.get("/api/v1/nothing")],
            405: [await client.delete("/sign-in"), await client.delete("/api/v1/hand-offs")],
            413: [await client.post(path, content=large) for path in ("/cases", "/api/v1/cases")],
            500: [await client.get("/broken"), await client.get("/api/broken")],
            401: [await client.get("/api/v1/hand-offs")],
            403: [await client.post("/sign-in", headers={"Sec-Fetch-Site": "cross-site"})],
        }
        gone = await client.get("/static/nothing.css")
    for status, given in answers.items():
        for answer in given:
            assert answer.status_code == status, answer.url
            assert missing(answer) == set(), answer.url
    assert gone.status_code == 404
    assert missing(gone) == set()


async def test_where_browsers_come_by_tls_they_are_told_to_stay_with_it(house: House) -> None:
    settings = Settings(environment=Environment.PRODUCTION, site=SITE)
    app = make_app(replace(house.installation, settings=settings))
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url=SITE) as client:
        for path in ("/sign-in", "/nothing", "/api/v1/hand-offs", f"/static/{version()}/mark.svg"):
            assert missing(await client.get(path), tls=True) == set(), path


async def test_cookies_are_bound_to_this_host_and_to_tls(house: House) -> None:
    settings = Settings(environment=Environment.PRODUCTION, site=SITE)
    app = make_app(replace(house.installation, settings=settings))
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url=SITE) as client:
        player = house.player("social_worker")
        typed = {"user_name": player.part.user_name, "password": player.password}
        answers = [
            await client.post("/sign-in", data=typed),
            await client.post("/sign-in/passkey/question"),
        ]
    for answer in answers:
        cookie = answer.headers["set-cookie"]
        assert cookie.startswith("__Host-referral_")
        for word in ("HttpOnly", "Secure", "SameSite=lax", "Path=/"):
            assert word in cookie
        assert "Domain" not in cookie


@pytest.mark.parametrize("who", ["inspector", "social_worker", "supervisor", "coordinator"])
async def test_every_page_with_a_case_on_it_can_be_left_at_once(house: House, who: str) -> None:
    ids = await _standing(house)
    client, seen = await house.browser(who), 0
    for method, template in sorted(routes(make_app(house.installation))):
        if method != "GET" or template.startswith(BARE):
            continue
        answer = await client.get(address(template, ids))
        html = answer.headers.get("content-type", "").startswith("text/html")
        if html and answer.status_code == 200:
            assert read(answer).offers("/quick-exit"), template
            seen += 1
    assert seen >= 5


async def test_leaving_clears_the_browser(house: House) -> None:
    for way in ("/sign-out", "/quick-exit"):
        client = await house.browser("social_worker")
        page = read(await client.get("/hand-offs"))
        answer = await client.post(way, data=page.form(way).values)
        assert answer.headers["clear-site-data"] == '"cache", "cookies", "storage"'
        assert missing(answer) == set()


async def test_a_registered_device_is_still_known_after_leaving(house: House) -> None:
    client = await house.browser("social_worker")
    page = read(await client.get("/account"))
    registered = await client.post("/account/devices", data=page.form("/account/devices").values)
    assert "referral_device" in registered.headers["set-cookie"]
    page = read(await client.get("/account"))
    left = await client.post("/sign-out", data=page.form("/sign-out").values)
    assert left.headers["clear-site-data"] == '"cache", "storage"'
