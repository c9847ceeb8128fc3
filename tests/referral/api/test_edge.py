"""The outer wall: headers on every answer, limits first, counts without identities."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any
from uuid import uuid4

import httpx
import pytest
import uvicorn
from starlette.types import Message, Receive, Scope, Send

from referral import edge
from referral.app import make_app
from referral.edge.watching import PUBLISHED
from referral.settings import Environment, Settings
from tests.cast import House
from tests.referral.api.desk import ROOT, Desk, key, problem

IDS = re.compile(r"\{(?:\w+_id|batch)\}")


def _path(template: str) -> str:
    template = IDS.sub(lambda _: str(uuid4()), template)
    return template.format(country="ZZ", track="trafficking", body="task_force", period="2025")


async def test_every_route_answers_with_every_security_header(desk: Desk) -> None:
    app: Any = make_app(desk.house.installation)
    paths = {path: list(item) for path, item in app.state.openapi()["paths"].items()}
    more = ["/", "/nothing", "/metrics", "/health/live", "/health/ready"]
    more += [f"{ROOT}/docs", f"{ROOT}/docs/style.css", f"{ROOT}/openapi.json"]
    tried = [(method, _path(path)) for path, methods in paths.items() for method in methods]
    tried += [("get", path) for path in more]
    for client in (desk.of("inspector"), desk.house.stranger()):
        for method, path in tried:
            answer = await client.request(method, path, headers=key())
            for name, value in edge.SECURITY.items():
                assert answer.headers.get(name) == value, (method, path, name)
            published = path.startswith(PUBLISHED) and answer.is_success
            kept = "public, max-age=3600" if published else "no-store"
            assert answer.headers["cache-control"] == kept, (method, path)
            assert answer.headers["x-request-id"]
            assert answer.status_code != 500, (method, path)


async def test_nothing_under_api_answers_strangers(desk: Desk) -> None:
    """But for the figures that were published: they are for everybody."""
    app: Any = make_app(desk.house.installation)
    stranger = desk.house.stranger()
    for path, item in app.state.openapi()["paths"].items():
        if path.startswith(PUBLISHED):
            continue
        for method in item:
            answer = await stranger.request(method, _path(path), headers=key())
            assert answer.status_code == 401, (method, path)
            assert answer.headers["www-authenticate"].startswith("Bearer")


def test_the_policy_allows_nothing_inline_and_nothing_from_elsewhere() -> None:
    for source in ("unsafe-inline", "unsafe-eval", "http:", "https:", "*"):
        assert source not in edge.CONTENT_SECURITY
    for part in ("default-src 'none'", "frame-ancestors 'none'", "base-uri 'none'"):
        assert part in edge.CONTENT_SECURITY


async def test_in_production_browsers_are_told_to_come_by_tls_only(house: House) -> None:
    strict = replace(house.installation, settings=Settings(environment=Environment.PRODUCTION))
    transport = httpx.ASGITransport(make_app(strict))
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as client:
        answer = await client.get("/health/live")
    assert answer.headers["strict-transport-security"] == edge.STRICT_TRANSPORT


async def test_a_request_id_that_is_none_is_replaced(house: House) -> None:
    stranger, given = house.stranger(), uuid4().hex
    kept = await stranger.get("/health/live", headers={"X-Request-ID": given})
    assert kept.headers["x-request-id"] == given
    other = await stranger.get("/health/live", headers={"X-Request-ID": "Amal Doe"})
    assert other.headers["x-request-id"] != "Amal Doe"


async def test_metrics_name_routes_and_never_addresses(desk: Desk) -> None:
    app = make_app(desk.house.installation)
    transport, wanted = httpx.ASGITransport(app), str(uuid4())
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as client:
        await client.get(f"{ROOT}/hand-offs/{wanted}?after={wanted}")
        await client.get(f"/{wanted}")
        await client.request(wanted.replace("-", ""), "/")
        told = (await client.get("/metrics")).text
    assert wanted not in told
    assert wanted.replace("-", "") not in told
    assert f'route="{ROOT}/hand-offs/{{hand_off_id}}",status="401"' in told
    assert 'route="unmatched"' in told
    assert 'method="other"' in told


async def _ask(app: Any, *, body: AsyncIterator[bytes] | None = None) -> httpx.Response:
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as client:
        return await client.post("/", content=body) if body else await client.get("/")


async def test_who_finds_the_house_full_is_asked_to_come_back() -> None:
    let_go, metrics = asyncio.Event(), edge.Metrics()

    async def slow(scope: Scope, receive: Receive, send: Send) -> None:
        await let_go.wait()
        await edge.problem(None, edge.busy())(scope, receive, send)

    app = edge.Turnstile(slow, edge.problem, places=2, metrics=metrics)
    inside = [asyncio.create_task(_ask(app)) for _ in range(2)]
    while app.inside < 2:
        await asyncio.sleep(0)
    turned_away = await _ask(app)
    problem(turned_away, 503, "busy")
    assert turned_away.headers["retry-after"] == "1"
    let_go.set()
    await asyncio.gather(*inside)
    assert app.inside == 0
    assert metrics.registry.get_sample_value("referral_requests_inside") == 0


async def test_a_body_that_never_ends_is_given_up() -> None:
    async def silent() -> AsyncIterator[bytes]:
        yield b"{"
        await asyncio.Event().wait()

    async def never(scope: Scope, receive: Receive, send: Send) -> None:
        pytest.fail("an incomplete request was worked on")

    answer = await _ask(edge.Bodies(never, edge.problem, limit=100, seconds=0.05), body=silent())
    problem(answer, 408, "too-slow")


async def test_half_a_request_is_never_acted_upon() -> None:
    async def never(scope: Scope, receive: Receive, send: Send) -> None:
        pytest.fail("half a request was worked on")

    parts: list[Message] = [
        {"type": "http.request", "body": b"{}", "more_body": True},
        {"type": "http.disconnect"},
    ]

    async def receive() -> Message:
        return parts.pop(0)

    async def send(message: Message) -> None:
        pytest.fail("nobody is there to be answered")

    scope = {"type": "http", "path": "/", "headers": [(b"content-length", b"50")]}
    await edge.Bodies(never, edge.problem, limit=100)(scope, receive, send)
    assert parts == []


async def test_a_declared_length_that_is_no_number_is_refused() -> None:
    sent: list[Message] = []

    async def never(scope: Scope, receive: Receive, send: Send) -> None:
        pytest.fail("it was worked on")

    async def receive() -> Message:
        return {"type": "http.request", "body": b""}

    async def send(message: Message) -> None:
        sent.append(message)

    for length in (b"-1", b"1e9", "²".encode()):
        sent.clear()
        scope = {"type": "http", "path": "/", "headers": [(b"content-length", length)]}
        await edge.Bodies(never, edge.problem, limit=100)(scope, receive, send)
        assert sent[0]["status"] == 413


async def test_what_nobody_foresaw_is_answered_without_details() -> None:
    async def broken(scope: Scope, receive: Receive, send: Send) -> None:
        message = "Amal Doe lives at the kiln"
        raise RuntimeError(message)

    answer = await _ask(edge.LastResort(broken, edge.problem))
    problem(answer, 500, "unforeseen")
    assert "Amal" not in answer.text


async def test_pages_are_refused_with_pages_and_programs_with_problems(house: House) -> None:
    stranger, large = house.stranger(), b"x" * (house.installation.settings.body_limit + 1)
    page = await stranger.post("/sign-in", content=large)
    assert page.status_code == 413
    assert page.headers["content-type"].startswith("text/html")
    problem(await stranger.post(f"{ROOT}/hand-offs", content=large), 413, "too-large")
    problem(await stranger.post(f"{ROOT}/cases", content=large * 5), 413, "too-large")
    assert (await stranger.get("/nothing")).headers["content-type"].startswith("text/html")
    problem(await stranger.get(f"{ROOT}/nothing"), 404, "not-found")


async def test_over_a_real_connection_a_large_body_is_answered_and_not_cut_off(
    house: House,
) -> None:
    quiet = {"log_config": None, "access_log": False, "lifespan": "off"}
    server = uvicorn.Server(uvicorn.Config(make_app(house.installation), port=0, **quiet))  # type: ignore[arg-type]
    running = asyncio.create_task(server.serve())
    while not server.started:
        await asyncio.sleep(0)
    port = server.servers[0].sockets[0].getsockname()[1]

    async def pieces() -> AsyncIterator[bytes]:
        for _ in range(100):
            yield b"x" * 100_000

    bodies: list[Any] = [b"x" * 10_000_000, pieces()]
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}") as client:
        for body in bodies:
            problem(await client.post(f"{ROOT}/cases", content=body), 413, "too-large")
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    asking = f"POST {ROOT}/cases HTTP/1.1\r\nHost: here\r\nContent-Length: 10000000\r\n"
    writer.write(f"{asking}Expect: 100-continue\r\n\r\n".encode())
    assert (await reader.readline()).startswith(b"HTTP/1.1 413")  # before anything was sent
    writer.close()
    server.should_exit = True
    await running
