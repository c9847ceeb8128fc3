"""Tokens for agencies' own systems: an hour at most, for what was given, and never a person's."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from uuid import uuid4

import httpx
import pytest
from joserfc import jwk, jwt

from agencies import assertions
from agencies.clients import NewClient
from agencies.duties import Role
from agencies.members import Kind
from agencies.seats import Refused, Seat
from referral import administration
from tests.cast import House

READ = ("directory:read", "hand_offs:read")
HERE = "http://127.0.0.1/oauth/token"
Key = jwk.RSAKey | jwk.ECKey | jwk.OKPKey


async def system(house: House, user_name: str = "desk.zz") -> None:
    """A case system of the council, as an operator adds it."""
    added = await administration.add_member(
        house.database.migrator_url,
        "ZZ",
        user_name,
        "The council's own system",
        Seat("COUNCIL", Role.OFFICER),
        house.at().date(),
        kind=Kind.SYSTEM,
    )
    assert not isinstance(added, Refused), added


async def client(house: House, keys: dict[str, Any] | None = None) -> NewClient:
    await system(house)
    added = await administration.add_client(
        house.database.migrator_url, "desk.zz", READ, keys, house.at()
    )
    assert isinstance(added, NewClient), added
    return added


def basic(client_id: str, secret: str) -> dict[str, str]:
    return {"Authorization": f"Basic {base64.b64encode(f'{client_id}:{secret}'.encode()).decode()}"}


async def asks(house: House, headers: Any = None, **form: str) -> httpx.Response:
    told = {"grant_type": "client_credentials", **form}
    return await house.stranger().post("/oauth/token", data=told, headers=headers or {})


def claims(house: House, added: NewClient, **other: Any) -> dict[str, Any]:
    now = int(house.at().timestamp())
    told = {"iss": added.client_id, "sub": added.client_id, "aud": HERE, "iat": now}
    whole = {**told, "exp": now + 300, "jti": uuid4().hex, **other}
    return {name: value for name, value in whole.items() if value is not None}


def signed(key: Key, told: dict[str, Any], **header: Any) -> dict[str, str]:
    alg = {"RSA": "RS256", "EC": "ES256", "OKP": "EdDSA"}[key.key_type]
    import warnings

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        text = jwt.encode({"alg": alg, **header}, told, key, algorithms=[alg])
    return {"client_assertion_type": assertions.KIND, "client_assertion": text}


async def test_a_system_works_with_its_token_for_an_hour(house: House) -> None:
    added = await client(house)
    answer = await asks(house, basic(added.client_id, str(added.secret)))
    told = answer.json()
    assert answer.status_code == 200, told
    assert answer.headers["cache-control"] == "no-store"
    assert (told["token_type"], told["expires_in"]) == ("Bearer", 3600)
    assert told["scope"] == " ".join(READ)
    bearer = {"Authorization": f"Bearer {told['access_token']}"}
    stranger = house.stranger()
    assert (await stranger.get("/api/v1/hand-offs", headers=bearer)).status_code == 200
    assert (await stranger.get("/hand-offs", headers=bearer)).status_code == 403
    house.at.forward(minutes=59)
    assert (await stranger.get("/api/v1/hand-offs", headers=bearer)).status_code == 200
    house.at.forward(minutes=1)
    assert (await stranger.get("/api/v1/hand-offs", headers=bearer)).status_code == 401
    acts = [row["act"] for row in await house.rows("SELECT act FROM referral.audit_entry")]
    assert acts == ["member.token_issued"]


async def test_a_token_reaches_what_was_asked_and_never_more_than_was_given(house: House) -> None:
    added = await client(house)
    proof = basic(added.client_id, str(added.secret))
    narrow = (await asks(house, proof, scope="directory:read")).json()
    assert narrow["scope"] == "directory:read"
    bearer = {"Authorization": f"Bearer {narrow['access_token']}"}
    refused = await house.stranger().get("/api/v1/hand-offs", headers=bearer)
    assert refused.json()["type"] == "/problems/scope-missing"
    for scope in ("cases:write", "directory:read scim", "everything"):
        answer = await asks(house, proof, scope=scope)
        assert (answer.status_code, answer.json()["error"]) == (400, "invalid_scope")


async def test_a_token_is_never_a_fresh_proof(house: House) -> None:
    added = await client(house)
    token = (await asks(house, basic(added.client_id, str(added.secret)))).json()["access_token"]
    bearer = {"Authorization": f"Bearer {token}", "Idempotency-Key": '"1"'}
    answer = await house.stranger().post(
        "/api/v1/duplicates", json={"name": "Amal Doe"}, headers=bearer
    )
    assert answer.status_code in {403, 422}
    assert answer.status_code != 200


@pytest.mark.parametrize(
    "key",
    [
        jwk.RSAKey.generate_key(2048, private=True),
        jwk.ECKey.generate_key("P-256", private=True),
        jwk.OKPKey.generate_key("Ed25519", private=True),
    ],
    ids=lambda key: key.key_type,
)
async def test_a_system_may_sign_instead_and_no_proof_is_good_twice(house: House, key: Key) -> None:
    added = await client(house, {"keys": [key.as_dict(private=False)]})
    assert added.secret is None
    for audience in (HERE, "http://127.0.0.1", [HERE]):
        proof = signed(key, claims(house, added, aud=audience))
        assert (await asks(house, **proof)).status_code == 200
        house.at.forward(seconds=30)
        again = await asks(house, **proof)
        assert (again.status_code, again.json()["error"]) == (401, "invalid_client")


OWN = jwk.ECKey.generate_key("P-256", private=True)
LIES: dict[str, dict[str, Any]] = {
    "another issuer": {"iss": "somebody"},
    "another subject": {"sub": "somebody"},
    "no issuer": {"iss": None},
    "another audience": {"aud": "https://evil.example/token"},
    "several audiences": {"aud": [HERE, "https://evil.example"]},
    "no audience": {"aud": None},
    "no end": {"exp": None},
    "no id": {"jti": None},
    "an id that is no text": {"jti": 7},
    "an id without end": {"jti": "x" * 300},
}


TIMES = {
    "run out": ("exp", -120),
    "good for too long": ("exp", 3600),
    "issued in the future": ("iat", 120),
    "not valid yet": ("nbf", 120),
}


def lies(house: House, added: NewClient) -> Iterator[tuple[str, dict[str, str]]]:
    """Each made when it is told; the right key signs all that are not forged."""
    for name, wrong in LIES.items():
        yield name, signed(OWN, claims(house, added, **wrong))
    for name, (claim, seconds) in TIMES.items():
        moment = int(house.at().timestamp()) + seconds
        yield name, signed(OWN, claims(house, added, **{claim: moment}))
    thief = jwk.ECKey.generate_key("P-256", private=True)
    yield "forged", signed(thief, claims(house, added))
    key = thief.as_dict(private=False)
    yield "brought along", signed(thief, claims(house, added), jwk=key)
    proof = signed(thief, claims(house, added))
    first = base64.urlsafe_b64encode(b'{"alg":"none"}').rstrip(b"=").decode()
    body = proof["client_assertion"].split(".")[1]
    yield "unsigned", {**proof, "client_assertion": f"{first}.{body}."}
    yield "nonsense", {**proof, "client_assertion": "no token"}


async def test_no_lie_is_given_a_token(house: House) -> None:
    added = await client(house, {"keys": [OWN.as_dict(private=False)]})
    told = []
    for name, proof in lies(house, added):
        answer = await asks(house, **proof)
        told.append((name, answer.status_code, answer.json()["error"]))
        house.at.forward(minutes=4)
    assert [one for one in told if one[1:] != (401, "invalid_client")] == []
    assert len(told) == 18
    assert await house.rows("SELECT 1 FROM agencies.api_token WHERE client_id IS NOT NULL") == []


@pytest.mark.parametrize(
    ("form", "status", "error"),
    [
        ({"grant_type": "password"}, 400, "unsupported_grant_type"),
        ({"grant_type": "authorization_code"}, 400, "unsupported_grant_type"),
        ({"grant_type": ""}, 400, "unsupported_grant_type"),
        ({"client_assertion": "a.b.c"}, 400, "invalid_request"),
        ({"scope": "x\x00"}, 400, "invalid_request"),
        ({"scope": "x" * 30_000}, 400, "invalid_request"),
    ],
)
async def test_errors_have_the_shape_every_client_knows(
    house: House, form: dict[str, str], status: int, error: str
) -> None:
    added = await client(house)
    answer = await asks(house, basic(added.client_id, str(added.secret)), **form)
    assert (answer.status_code, answer.json()["error"]) == (status, error)
    assert set(answer.json()) == {"error", "error_description"}
    assert answer.headers["cache-control"] == "no-store"


async def test_a_wrong_secret_and_no_such_client_look_alike(house: House) -> None:
    added = await client(house)
    answers = [
        await asks(house, basic(added.client_id, "wrong")),
        await asks(house, basic("nobody.here", "wrong")),
        await asks(house, basic(added.client_id, "")),
        await asks(house, {"Authorization": "Basic ???"}),
        await asks(house, {"Authorization": "Bearer x"}),
        await asks(house),
    ]
    assert {answer.status_code for answer in answers} == {401}
    assert len({answer.text for answer in answers}) == 1
    challenges = [answer.headers.get("www-authenticate", "")[:5] for answer in answers]
    assert challenges == [*["Basic"] * 5, ""]


async def test_guessing_a_secret_ends_after_eight(house: House) -> None:
    added = await client(house)
    stranger, form = house.stranger(), {"grant_type": "client_credentials"}
    wrong, right = basic(added.client_id, "wrong"), basic(added.client_id, str(added.secret))
    for _ in range(8):
        answer = await stranger.post("/oauth/token", data=form, headers=wrong)
        assert answer.status_code == 401
    stopped = await stranger.post("/oauth/token", data=form, headers=right)
    assert (stopped.status_code, stopped.json()["error"]) == (429, "slow_down")
    assert int(stopped.headers["retry-after"]) > 60
    house.at.forward(minutes=16)
    answer = await stranger.post("/oauth/token", data=form, headers=right)
    assert answer.status_code == 200


async def test_a_client_that_is_ended_has_no_token_any_more(house: House) -> None:
    added = await client(house)
    proof = basic(added.client_id, str(added.secret))
    token = (await asks(house, proof)).json()["access_token"]
    url = house.database.migrator_url
    assert await administration.end_client(url, added.client_id, house.at()) == 1
    bearer = {"Authorization": f"Bearer {token}"}
    assert (await house.stranger().get("/api/v1/agencies", headers=bearer)).status_code == 401
    assert (await asks(house, proof)).status_code == 401
    assert isinstance(await administration.end_client(url, "nobody", house.at()), Refused)


async def test_a_system_that_is_disabled_is_given_nothing(house: House) -> None:
    added = await client(house)
    await house.rows("UPDATE agencies.member SET active = false WHERE user_name = 'desk.zz'")
    assert (await asks(house, basic(added.client_id, str(added.secret)))).status_code == 401


async def test_a_person_has_no_client_and_a_system_no_private_key_with_us(house: House) -> None:
    url = house.database.migrator_url
    told = await administration.add_client(url, "inspector.zz", READ, None, house.at())
    assert isinstance(told, Refused)
    await system(house)
    wrong: list[dict[str, Any]] = [
        {"keys": [OWN.as_dict(private=True)]},
        {"keys": []},
        {"keys": [{"kty": "oct", "k": "c2VjcmV0"}]},
        {"nothing": 1},
    ]
    for keys in wrong:
        told = await administration.add_client(url, "desk.zz", READ, keys, house.at())
        assert isinstance(told, Refused), keys
    with pytest.raises(ValueError, match="unknown scope"):
        await administration.add_client(url, "desk.zz", ["all"], None, house.at())


async def test_the_second_lock_gives_no_person_and_no_stranger_a_token(house: House) -> None:
    """As the app itself: whatever it says, the tables are asked."""
    added = await client(house)
    await house.rows(
        "INSERT INTO agencies.client SELECT 'of.a.person', $1, secret_hash, NULL, scopes, true "
        "FROM agencies.client",
        house.player("inspector").membership_id,
    )
    [row] = await house.rows("SELECT secret_hash FROM agencies.client LIMIT 1")
    right, wrong, later = row["secret_hash"], b"\x00" * 32, house.at() + timedelta(minutes=5)
    async with house.acting("inspector") as (session, _):
        for values in (
            ("of.a.person", right, None, None),
            (added.client_id, wrong, None, None),
            (added.client_id, None, wrong, later),
            (added.client_id, right, wrong, later),
            (added.client_id, None, None, None),
        ):
            result = await session.connection.exec_driver_sql(
                "SELECT agencies.client_token($1, $2, $3, $4, $5, '{}', $6)",
                (*values, b"\x01" * 32, house.at()),
            )
            assert result.scalar() == "invalid_client", values
