"""What somebody tries who is not who she says, or a provider that is none: 0 accepted."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding
from joserfc import jwk

from tests.cast import House
from tests.referral.signing_in.conftest import BACK
from tests.referral.signing_in.false_provider import Claims, FalseProvider, letters
from tests.referral.signing_in.false_visits import SUB, begun, honest, ready, refused
from tests.referral.signing_in.travelling import START, gone
from tests.referral.web.visiting import Visitor


async def test_the_honest_answer_is_believed(
    house: House, false_provider: FalseProvider, tmp_path: Path
) -> None:
    await ready(house, false_provider, tmp_path)
    visitor, back = await begun(house, false_provider)
    page = await visitor.see(back)
    assert page.place == "/hand-offs", page.words
    token = next(body for path, body in false_provider.asked if path == "/token")
    assert "code_verifier=" in token


async def test_an_answer_counts_once(
    house: House, false_provider: FalseProvider, tmp_path: Path
) -> None:
    await ready(house, false_provider, tmp_path)
    visitor, back = await begun(house, false_provider)
    assert (await visitor.see(back)).status == 303
    before = len(await house.rows("SELECT 1 FROM agencies.session"))
    for who in (visitor, Visitor(house.stranger())):
        assert (await who.see(back)).status == 422
    assert len(await house.rows("SELECT 1 FROM agencies.session")) == before


async def test_the_answer_of_one_browser_is_of_no_use_in_another(
    house: House, false_provider: FalseProvider, tmp_path: Path
) -> None:
    await ready(house, false_provider, tmp_path)
    _, stolen = await begun(house, false_provider)
    fresh = Visitor(house.stranger())
    await refused(house, await fresh.see(stolen))
    other, _ = await begun(house, false_provider)
    await refused(house, await other.see(stolen))


async def test_a_code_of_hers_with_a_state_of_ones_own_is_stopped_by_the_nonce(
    house: House, false_provider: FalseProvider, tmp_path: Path
) -> None:
    await ready(house, false_provider, tmp_path)
    await begun(house, false_provider)
    hers = false_provider.claims
    thief, back = await begun(house, false_provider)
    false_provider.claims = hers
    await refused(house, await thief.see(back))


async def test_an_answer_that_comes_too_late_is_none(
    house: House, false_provider: FalseProvider, tmp_path: Path
) -> None:
    await ready(house, false_provider, tmp_path)
    visitor, back = await begun(house, false_provider)
    house.at.forward(minutes=11)
    false_provider.claims |= {"exp": int(house.at().timestamp()) + 300}
    await refused(house, await visitor.see(back))


HALVES = (
    *("?state={state}", "?code=x", "?code=x&state=wrong", "?code=&state={state}"),
    *("?code=x&state={state}&iss=https://evil.example", "?error=access_denied&state={state}"),
)


async def test_half_an_answer_is_none(
    house: House, false_provider: FalseProvider, tmp_path: Path
) -> None:
    await ready(house, false_provider, tmp_path)
    for query in HALVES:
        visitor, back = await begun(house, false_provider)
        state = back.partition("state=")[2]
        await refused(house, await visitor.see(BACK + query.format(state=state)))
    assert [path for path, _ in false_provider.asked if path == "/token"] == []


async def test_a_provider_that_names_itself_must_do_so_always(
    house: House, false_provider: FalseProvider, tmp_path: Path
) -> None:
    false_provider.described = {"authorization_response_iss_parameter_supported": True}
    await ready(house, false_provider, tmp_path)
    visitor, back = await begun(house, false_provider)
    await refused(house, await visitor.see(back))


def _claims(**wrong: Any) -> Callable[[FalseProvider, Claims], str]:
    def sign(false: FalseProvider, claims: Claims) -> str:
        return false.token({name: v for name, v in (claims | wrong).items() if v is not None})

    return sign


def _later(name: str, **by: float) -> Callable[[FalseProvider, Claims], str]:
    def sign(false: FalseProvider, claims: Claims) -> str:
        moment = claims["iat"] + int(timedelta(**by).total_seconds())
        return false.token(claims | {name: moment})

    return sign


def _unsigned(alg: str) -> Callable[[FalseProvider, Claims], str]:
    return lambda _, claims: f"{letters({'alg': alg, 'kid': 'known'})}.{letters(claims)}."


def _confused(false: FalseProvider, claims: Claims) -> str:
    """The provider's public key taken as a shared secret."""
    first = f"{letters({'alg': 'HS256', 'kid': 'known'})}.{letters(claims)}"
    secret = false.key.as_pem(private=False)
    return f"{first}.{letters(hmac.digest(secret, first.encode(), hashlib.sha256))}"


def _by_client_secret(_: FalseProvider, claims: Claims) -> str:
    from tests.referral.signing_in.conftest import SECRET

    first = f"{letters({'alg': 'HS256'})}.{letters(claims)}"
    return f"{first}.{letters(hmac.digest(SECRET.encode(), first.encode(), hashlib.sha256))}"


def _forged(false: FalseProvider, claims: Claims) -> str:
    return false.token(claims, key=jwk.RSAKey.generate_key(2048, private=True))


def _embedded(name: str) -> Callable[[FalseProvider, Claims], str]:
    def sign(false: FalseProvider, claims: Claims) -> str:
        own = jwk.RSAKey.generate_key(2048, {"kid": "known"}, private=True)
        told = own.as_dict(private=False) if name == "jwk" else "https://evil.example/keys"
        return false.token(claims, {name: [told] if name == "x5c" else told}, own)

    return sign


def _brought_along(false: FalseProvider, claims: Claims) -> str:
    """An honest key, and one brought along beside it."""
    return false.token(claims, {"jwk": false.key.as_dict(private=False)})


def _critical(false: FalseProvider, claims: Claims) -> str:
    """Rightly signed; only that it asks for what nobody here knows."""
    head = {"alg": "RS256", "kid": "known", "crit": ["exp"], "exp": 1}
    first = f"{letters(head)}.{letters(claims)}"
    private = false.key.get_op_key("sign")
    signature = private.sign(first.encode(), padding.PKCS1v15(), hashes.SHA256())
    return f"{first}.{letters(signature)}"


def _altered(false: FalseProvider, claims: Claims) -> str:
    first, _, last = false.token(claims).split(".")
    return f"{first}.{letters(claims | {'sub': 'somebody else'})}.{last}"


def _huge(false: FalseProvider, claims: Claims) -> str:
    return false.token(claims | {"padding": "x" * 20_000})


def _other_key(false: FalseProvider, claims: Claims) -> str:
    return false.token(claims, {"kid": "unknown"})


def _other_algorithm(false: FalseProvider, claims: Claims) -> str:
    return false.token(claims, {"alg": "RS512"})


LIES: dict[str, Callable[[FalseProvider, Claims], str]] = {
    "another issuer": _claims(iss="https://evil.example"),
    "an issuer with a slash": lambda f, c: f.token(c | {"iss": f"{c['iss']}/"}),
    "no issuer": _claims(iss=None),
    "another audience": _claims(aud="somebody-else"),
    "several audiences, authorised for none": _claims(aud=["referral", "somebody-else"]),
    "several audiences, authorised for another": _claims(aud=["referral", "x"], azp="x"),
    "no audience": _claims(aud=None),
    "another nonce": _claims(nonce="another"),
    "no nonce": _claims(nonce=None),
    "an empty nonce": _claims(nonce=""),
    "no subject": _claims(sub=None),
    "an empty subject": _claims(sub=""),
    "a subject that is no text": _claims(sub=7),
    "a subject of many": _claims(sub=[SUB]),
    "no end": _claims(exp=None),
    "an end that is text": _claims(exp="2040-01-01"),
    "an end that is no number": _claims(exp=float("nan")),
    "no beginning": _claims(iat=None),
    "run out": _later("exp", minutes=-2),
    "issued in the future": _later("iat", minutes=2),
    "not valid yet": _later("nbf", minutes=2),
    "proved in the future": _later("auth_time", minutes=2),
    "proved at no number": _claims(auth_time="today"),
    "another access token": _claims(at_hash="AAAAAAAAAAAAAAAAAAAAAA"),
    "unsigned": _unsigned("none"),
    "unsigned, shouting": _unsigned("NONE"),
    "unsigned, of a good algorithm": _unsigned("RS256"),
    "public key as secret": _confused,
    "client secret as key": _by_client_secret,
    "forged": _forged,
    "altered": _altered,
    "critical": _critical,
    "unknown key": _other_key,
    "another algorithm": _other_algorithm,
    "huge": _huge,
    "no token": lambda _, __: "not a token",
    "nothing": lambda _, __: "",
    "of two parts": lambda f, c: f.token(c).rpartition(".")[0],
    "key beside the honest one": _brought_along,
    **{f"embedded {name}": _embedded(name) for name in ("jwk", "jku", "x5u", "x5c", "x5t")},
}


async def test_no_lie_is_believed(
    house: House, false_provider: FalseProvider, tmp_path: Path
) -> None:
    await ready(house, false_provider, tmp_path)
    accepted = []
    for name, lie in LIES.items():
        house.at.forward(minutes=1)
        visitor, back = await begun(house, false_provider)
        false_provider.sign = lie
        page = await visitor.see(back)
        if page.status != 422 or await house.rows("SELECT 1 FROM agencies.session"):
            accepted.append((name, page.status, page.words[:300]))
    assert accepted == []
    assert len(LIES) > 40


@pytest.mark.parametrize("age", [None, 16])
async def test_a_fresh_proof_that_is_old_or_of_no_time_is_none(
    house: House, false_provider: FalseProvider, tmp_path: Path, age: int | None
) -> None:
    await ready(house, false_provider, tmp_path)
    visitor, back = await begun(house, false_provider, f"{START}&fresh=1")
    moment = None if age is None else int(house.at().timestamp()) - age * 60
    false_provider.sign = _claims(auth_time=moment)
    await refused(house, await visitor.see(back))


async def test_a_key_that_is_new_is_looked_for_once(
    house: House, false_provider: FalseProvider, tmp_path: Path
) -> None:
    await ready(house, false_provider, tmp_path)
    visitor, back = await begun(house, false_provider)
    assert (await visitor.see(back)).status == 303
    false_provider.key = jwk.RSAKey.generate_key(2048, {"kid": "next"}, private=True)
    false_provider.sign = lambda f, c: f.token(c, {"kid": "next"})
    visitor = Visitor(visitor.client)
    asked = await gone(visitor)
    false_provider.claims = honest(house, false_provider, asked["nonce"])
    house.at.forward(minutes=1)
    page = await visitor.see(f"{BACK}?code=x&state={asked['state']}")
    assert page.status == 303, page.words
    assert len([path for path, _ in false_provider.asked if path == "/jwks"]) == 2
