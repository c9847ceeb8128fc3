"""What somebody tries who is not who she says: nothing of it is accepted, ever."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from hypothesis import given
from hypothesis import strategies as st

from agencies import one_time_codes, passkeys
from agencies.passkeys import Site
from tests.cast import House
from tests.referral.web.authenticator import PRESENT, Authenticator, text
from tests.referral.web.second_factors import (
    SITE,
    by_passkey,
    by_password,
    code,
    come,
    question,
    strict,
    with_app,
    with_passkey,
)
from tests.referral.web.visiting import Seen, Visitor

HERE = Site("referral.example", SITE)


async def sessions(house: House) -> int:
    return len(await house.rows("SELECT 1 FROM agencies.session"))


async def asked_of(house: House) -> tuple[Visitor, Seen, Any]:
    """A fresh browser with a challenge out."""
    visitor = come(house)
    page = await visitor.see("/sign-in")
    return visitor, page, await question(visitor, page, "/sign-in/passkey")


@pytest.mark.parametrize("off", [-1, 0, 1])
async def test_a_code_is_good_once_and_so_is_every_earlier_one(house: House, off: int) -> None:
    _, secret = await with_app(strict(house), "social_worker")
    house.at.forward(minutes=2)
    used = code(secret, house, off=off)
    first = come(house)
    page = await first.follow(await by_password(first, house, "social_worker"))
    assert (await first.send(page, "/sign-in/second", code=used)).status == 303
    before = await sessions(house)
    for again in (used, *(code(secret, house, off=earlier) for earlier in range(-1, off))):
        thief = come(house)
        page = await thief.follow(await by_password(thief, house, "social_worker"))
        assert (await thief.send(page, "/sign-in/second", code=again)).status == 422
    assert await sessions(house) == before


@pytest.mark.parametrize("off", [-3, -2, 2, 3])
async def test_a_code_of_another_time_is_no_code(house: House, off: int) -> None:
    _, secret = await with_app(strict(house), "social_worker")
    house.at.forward(minutes=5)
    thief = come(house)
    page = await thief.follow(await by_password(thief, house, "social_worker"))
    answer = await thief.send(page, "/sign-in/second", code=code(secret, house, off=off))
    assert answer.status == 422


async def test_guessing_codes_ends_after_eight(house: House) -> None:
    _, secret = await with_app(strict(house), "social_worker")
    house.at.forward(minutes=2)
    thief = come(house)
    page = await thief.follow(await by_password(thief, house, "social_worker"))
    guesses = [f"{guess:06}" for guess in range(9) if f"{guess:06}" != code(secret, house)][:8]
    for guess in guesses:
        assert (await thief.send(page, "/sign-in/second", code=guess)).status == 422
    stopped = await thief.send(page, "/sign-in/second", code=code(secret, house))
    assert stopped.status == 429


async def test_a_replayed_answer_opens_nothing(house: House) -> None:
    device = Authenticator()
    await with_passkey(strict(house), "social_worker", device)
    visitor, page, asked = await asked_of(house)
    answer = device.prove(asked)
    assert (await visitor.send(page, "/sign-in/passkey", credential=answer)).status == 303
    before = await sessions(house)
    cookies = {**visitor.client.cookies}
    thief = come(house)
    thief.client.cookies.update({k: v for k, v in cookies.items() if "start" in k})
    for who in (visitor, thief, come(house)):
        assert (await who.send(page, "/sign-in/passkey", credential=answer)).status == 422
    _, _, other = await asked_of(house)
    assert other["challenge"] != asked["challenge"]
    assert await sessions(house) == before


async def test_a_wrong_answer_uses_the_challenge_up(house: House) -> None:
    device = Authenticator()
    await with_passkey(strict(house), "social_worker", device)
    visitor, page, asked = await asked_of(house)
    assert (await visitor.send(page, "/sign-in/passkey", credential="{}")).status == 422
    late = await visitor.send(page, "/sign-in/passkey", credential=device.prove(asked))
    assert late.status == 422


async def test_the_challenge_of_one_browser_is_of_no_use_in_another(house: House) -> None:
    device = Authenticator()
    await with_passkey(strict(house), "social_worker", device)
    _, _, asked = await asked_of(house)
    thief, page, _ = await asked_of(house)
    answer = await thief.send(page, "/sign-in/passkey", credential=device.prove(asked))
    assert answer.status == 422


async def test_a_challenge_runs_out(house: House) -> None:
    device = Authenticator()
    await with_passkey(strict(house), "social_worker", device)
    visitor, page, asked = await asked_of(house)
    house.at.forward(minutes=11)
    answer = await visitor.send(page, "/sign-in/passkey", credential=device.prove(asked))
    assert answer.status == 422


def _other_site(device: Authenticator) -> None:
    device.rp_id = "referral.evil.example"


def _other_origin(device: Authenticator) -> None:
    device.origin = "https://referral.evil.example"


def _plain_origin(device: Authenticator) -> None:
    device.origin = "http://referral.example"


def _unverified(device: Authenticator) -> None:
    device.flags = PRESENT


def _absent(device: Authenticator) -> None:
    device.flags = 0


def _other_key(device: Authenticator) -> None:
    device.key = ec.generate_private_key(ec.SECP256R1())


def _other_person(device: Authenticator) -> None:
    device.handle = bytes(16)


def _unknown(device: Authenticator) -> None:
    device.id = bytes(32)


LIES: list[Callable[[Authenticator], None]] = [
    *(_other_site, _other_origin, _plain_origin, _unverified, _absent, _other_key),
    *(_other_person, _unknown),
]


@pytest.mark.parametrize("lie", LIES, ids=lambda lie: lie.__name__)
async def test_a_forged_answer_opens_nothing(
    house: House, lie: Callable[[Authenticator], None]
) -> None:
    device = Authenticator()
    await with_passkey(strict(house), "social_worker", device)
    before = await sessions(house)
    lie(device)
    _, answer = await by_passkey(house, device)
    assert answer.status == 422
    assert await sessions(house) == before


@pytest.mark.parametrize(
    "lie", [_other_site, _other_origin, _unverified], ids=lambda lie: lie.__name__
)
async def test_a_passkey_made_elsewhere_is_not_enrolled(
    house: House, lie: Callable[[Authenticator], None]
) -> None:
    visitor = come(strict(house))
    page = await visitor.follow(await by_password(visitor, house, "social_worker"))
    device = Authenticator()
    lie(device)
    asked = await question(visitor, page, "/account/passkeys")
    answer = await visitor.send(page, "/account/passkeys", credential=device.make(asked))
    assert "refused=passkey" in answer.place
    assert await house.rows("SELECT 1 FROM agencies.passkey") == []
    honest = Authenticator()
    again = await visitor.send(page, "/account/passkeys", credential=honest.make(asked))
    assert "refused=passkey" in again.place, "the challenge was used up"


@pytest.mark.parametrize("behind", [0, 1])
async def test_a_counter_that_does_not_go_forward_blocks_the_passkey(
    house: House, behind: int
) -> None:
    device = Authenticator(count=5)
    await with_passkey(strict(house), "social_worker", device)
    _, used = await by_passkey(house, device)
    assert used.status == 303
    copy = Authenticator(id=device.id, key=device.key, count=device.count - 1 - behind)
    _, refused = await by_passkey(house, copy)
    assert refused.status == 422
    assert "second copy" in refused.words
    _, original = await by_passkey(house, device)
    assert original.status == 422, "nobody can tell the two apart, so neither is let in"
    acts = {row["act"] for row in await house.rows("SELECT act FROM referral.audit_entry")}
    assert "member.passkey_blocked" in acts


async def test_a_session_planted_before_signing_in_is_not_the_one_after(house: House) -> None:
    visitor = come(strict(house))
    name = house.installation.cookie
    visitor.client.cookies.set(name, "planted by somebody else", domain="referral.example")
    device = Authenticator()
    await with_passkey(house, "social_worker", device)
    page = await visitor.see("/sign-in")
    asked = await question(visitor, page, "/sign-in/passkey")
    done = await visitor.send(page, "/sign-in/passkey", credential=device.prove(asked))
    cookie = done.answer.headers["set-cookie"]
    assert "planted" not in cookie
    thief = come(house)
    thief.client.cookies.set(name, "planted by somebody else", domain="referral.example")
    assert (await thief.see("/hand-offs")).place.startswith("/sign-in")


async def test_signing_in_ends_the_session_the_browser_brought_along(house: House) -> None:
    first, second = Authenticator(), Authenticator()
    visitor = await with_passkey(strict(house), "social_worker", first)
    await with_passkey(house, "inspector", second)
    old = visitor.client.cookies[house.installation.cookie]
    page = await visitor.see("/sign-in")
    asked = await question(visitor, page, "/sign-in/passkey")
    await visitor.send(page, "/sign-in/passkey", credential=second.prove(asked))
    assert "Ines" in (await visitor.see("/account")).words
    thief = come(house)
    thief.client.cookies.set(house.installation.cookie, old, domain="referral.example")
    assert (await thief.see("/hand-offs")).place.startswith("/sign-in")


async def test_what_a_browser_has_begun_is_no_session(house: House) -> None:
    await with_app(strict(house), "social_worker")
    visitor = come(house)
    await by_password(visitor, house, "social_worker")
    begun = next(v for k, v in visitor.client.cookies.items() if "start" in k)
    thief = come(house)
    thief.client.cookies.set(house.installation.cookie, begun, domain="referral.example")
    for address in ("/hand-offs", "/account", "/enrolment", "/api/v1/hand-offs"):
        answer = await thief.client.get(address)
        assert answer.status_code in {303, 401}, address
    assert not (await visitor.see("/enrolment")).offers("/account/codes"), "she has a factor"


async def test_a_right_password_is_forgotten_after_ten_minutes(house: House) -> None:
    _, secret = await with_app(strict(house), "social_worker")
    visitor = come(house)
    page = await visitor.follow(await by_password(visitor, house, "social_worker"))
    house.at.forward(seconds=timedelta(minutes=10).total_seconds())
    late = await visitor.send(page, "/sign-in/second", code=code(secret, house))
    assert late.place == "/sign-in"


async def test_forms_of_the_second_step_come_from_our_own_pages(house: House) -> None:
    _, secret = await with_app(strict(house), "social_worker")
    house.at.forward(minutes=1)
    visitor = come(house)
    await by_password(visitor, house, "social_worker")
    given = {"code": code(secret, house)}
    elsewhere = {"Sec-Fetch-Site": "cross-site"}
    for data, headers in ((given, {}), ({**given, "csrf": "guessed"}, {}), (given, elsewhere)):
        answer = await visitor.client.post("/sign-in/second", data=data, headers=headers)
        assert answer.status_code == 403
    for address in ("/sign-in/passkey/question", "/sign-in/passkey", "/account/passkeys"):
        assert (await visitor.client.post(address, headers=elsewhere)).status_code == 403, address


@given(st.text() | st.from_regex(r"\[{0,400}") | st.binary().map(text))
def test_no_nonsense_is_taken_for_an_answer(told: str) -> None:
    claimed = passkeys.claimed(told)
    assert claimed is None
    assert passkeys.enrolled(HERE, b"challenge", told) is None


@given(st.binary(max_size=200), st.binary(max_size=200), st.binary(max_size=80))
def test_an_answer_of_random_bytes_is_refused(client: bytes, said: bytes, signed: bytes) -> None:
    parts = {"clientDataJSON": client, "authenticatorData": said, "signature": signed}
    response = {name: text(raw) for name, raw in parts.items()}
    response["attestationObject"] = text(said)
    known = text(b"one")
    told = json.dumps({"id": known, "rawId": known, "type": "public-key", "response": response})
    claimed = passkeys.claimed(told)
    assert claimed is not None
    assert passkeys.count_of(HERE, b"challenge", claimed, said) is None
    assert passkeys.enrolled(HERE, b"challenge", told) is None


@given(st.text(max_size=12))
def test_only_six_digits_are_a_code(told: str) -> None:
    from datetime import UTC, datetime

    if not (len(told) == 6 and told.isascii() and told.isdigit()):
        now = datetime(2026, 3, 2, 12, tzinfo=UTC)
        spaceless = told.replace(" ", "")
        if spaceless == told:
            assert one_time_codes.step_of("A" * 32, told, now) is None
