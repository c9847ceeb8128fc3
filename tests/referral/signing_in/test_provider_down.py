"""A provider that leads elsewhere, hangs or breaks down: nobody comes in, nobody is kept out."""

from __future__ import annotations

import asyncio
import hashlib
import json
from pathlib import Path
from typing import Any

import pytest

from agencies import providers
from tests.cast import House
from tests.referral.signing_in.conftest import KEY
from tests.referral.signing_in.false_provider import FalseProvider
from tests.referral.signing_in.false_visits import begun, ready
from tests.referral.signing_in.travelling import START
from tests.referral.web.visiting import Visitor

ELSEWHERE: dict[str, dict[str, Any]] = {
    "another name": {"issuer": "https://evil.example"},
    "tokens in the clear": {"token_endpoint": "http://login.example.org/token"},
    "tokens inside the network": {"token_endpoint": "https://10.0.0.1/token"},
    "tokens of the cloud's own": {"token_endpoint": "https://169.254.169.254/latest"},
    "keys on this machine": {"jwks_uri": "https://127.0.0.1:1/keys"},
    "keys at another port": {"jwks_uri": "http://127.0.0.1:1/keys"},
    "keys in a file": {"jwks_uri": "file:///etc/passwd"},
    "keys nowhere": {"jwks_uri": None},
    "browsers sent into the network": {"authorization_endpoint": "https://192.168.1.1/auth"},
    "browsers sent to a script": {"authorization_endpoint": "javascript:alert(1)"},
}


async def test_a_description_that_leads_elsewhere_is_not_followed(
    house: House, false_provider: FalseProvider, tmp_path: Path
) -> None:
    await ready(house, false_provider, tmp_path)
    for name, described in ELSEWHERE.items():
        false_provider.described = described
        page = await Visitor(house.stranger()).see(START)
        assert page.status == 503, (name, page.place)
        assert page.offers("/sign-in"), "a local account goes on"
    assert {path for path, _ in false_provider.asked} == {WELL_KNOWN}


WELL_KNOWN = "/.well-known/openid-configuration"
BROKEN: dict[str, tuple[int, bytes, dict[str, str]]] = {
    "a redirect": (302, b"", {"Location": "http://169.254.169.254/latest"}),
    "a fault": (500, b"{}", {}),
    "no JSON": (200, b"<html>", {}),
    "a list": (200, b"[]", {}),
    "too much": (200, b" " * 300_000, {}),
    "packed": (200, b"\x1f\x8b", {"Content-Encoding": "gzip"}),
}


async def test_a_provider_in_disorder_keeps_nobody_from_a_local_account(
    house: House, false_provider: FalseProvider, tmp_path: Path
) -> None:
    await ready(house, false_provider, tmp_path)
    visitor = Visitor(house.stranger())
    page = await visitor.see("/sign-in")
    for name, answer in BROKEN.items():
        false_provider.answers[WELL_KNOWN] = answer
        page = await visitor.see(START)
        assert page.status == 503, name
        assert "local account" in page.words
    player = house.player("inspector")
    typed = {"user_name": player.part.user_name, "password": player.password}
    assert (await visitor.send(page, "/sign-in", **typed)).status == 303


@pytest.mark.parametrize("path", ["/token", "/jwks"])
async def test_a_provider_that_breaks_down_half_way_lets_nobody_in(
    house: House, false_provider: FalseProvider, tmp_path: Path, path: str
) -> None:
    await ready(house, false_provider, tmp_path)
    for answer in BROKEN.values():
        visitor, back = await begun(house, false_provider)
        false_provider.answers[path] = answer
        page = await visitor.see(back)
        assert page.status in {422, 503}, page.words
        del false_provider.answers[path]
    assert await house.rows("SELECT 1 FROM agencies.session") == []


async def test_a_provider_that_hangs_is_given_up(
    house: House,
    false_provider: FalseProvider,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    await ready(house, false_provider, tmp_path)
    monkeypatch.setattr(providers, "_SECONDS", 0.2)
    false_provider.hangs = True
    async with asyncio.timeout(30):
        page = await Visitor(house.stranger()).see(START)
    assert page.status == 503


async def test_a_secret_that_cannot_be_read_is_no_way_in(
    house: House, false_provider: FalseProvider, tmp_path: Path
) -> None:
    await ready(house, false_provider, tmp_path)
    (tmp_path / "client-secret").unlink()
    page = await Visitor(house.stranger()).see(START)
    assert page.status == 503
    assert str(tmp_path) not in page.answer.text


async def test_nothing_of_what_waits_is_in_the_browser_but_the_state(
    house: House, false_provider: FalseProvider, tmp_path: Path
) -> None:
    await ready(house, false_provider, tmp_path)
    visitor, _ = await begun(house, false_provider)
    [row] = await house.rows("SELECT * FROM agencies.ceremony WHERE purpose = 'provider'")
    kept = json.loads(row["challenge"])
    secret = "".join(visitor.client.cookies.values())
    assert kept["verifier"] not in secret
    assert hashlib.sha256(secret.encode()).digest() == row["id_hash"]
    assert kept["provider"] == KEY


async def test_an_address_of_ours_alone_is_gone_on_to(
    house: House, false_provider: FalseProvider, tmp_path: Path
) -> None:
    await ready(house, false_provider, tmp_path)
    start = f"/sign-in/provider/{KEY}?next=https://evil.example/"
    visitor, back = await begun(house, false_provider, start)
    assert (await visitor.see(back)).place == "/"
