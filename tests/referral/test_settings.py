"""What an installation may be: beyond this machine only with everything in place."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from referral.settings import Environment, SecondFactors, Settings

ANYWHERE = "0.0.0.0"  # noqa: S104 - what must be refused, or guarded
KEY: dict[str, Any] = {"root_key": "AAAA"}
TLS: dict[str, Any] = {"tls_cert": Path("cert.pem"), "tls_key": Path("key.pem")}
PROXY: dict[str, Any] = {"trusted_proxy": "10.0.0.5"}
PRODUCTION: dict[str, Any] = {"environment": Environment.PRODUCTION}
DEMANDED: dict[str, Any] = {"second_factors": SecondFactors.DEMANDED}
FACTORS, ROOT_KEY, BY_TLS = "second factors are only offered", "no root key", "nothing speaks TLS"


def refused(**given: Any) -> str:
    with pytest.raises(ValidationError) as fault:
        Settings(**given)
    return str(fault.value)


@pytest.mark.parametrize(
    ("given", "missing"),
    [
        ({}, {FACTORS, ROOT_KEY, BY_TLS}),
        (KEY, {FACTORS, BY_TLS}),
        (KEY | TLS, {FACTORS}),
        (KEY | PROXY, {FACTORS}),
        (KEY | PRODUCTION, {BY_TLS}),
        (PRODUCTION | TLS, {ROOT_KEY}),
        (DEMANDED | PROXY, {ROOT_KEY}),
        (DEMANDED, {ROOT_KEY, BY_TLS}),
    ],
)
def test_beyond_loopback_it_says_exactly_what_is_missing(
    given: dict[str, Any], missing: set[str]
) -> None:
    told = refused(host=ANYWHERE, **given)
    assert {one for one in (FACTORS, ROOT_KEY, BY_TLS) if one in told} == missing
    assert "REFERRAL_" in told


@pytest.mark.parametrize("by", [TLS, PROXY])
@pytest.mark.parametrize("factors", [PRODUCTION, DEMANDED])
def test_with_everything_in_place_it_may_be_reached(
    by: dict[str, Any], factors: dict[str, Any]
) -> None:
    settings = Settings(host=ANYWHERE, **KEY, **by, **factors)
    assert settings.by_tls
    assert settings.second_factors is SecondFactors.DEMANDED


@pytest.mark.parametrize("host", ["127.0.0.1", "::1", "localhost"])
def test_on_loopback_nothing_is_needed(host: str) -> None:
    assert not Settings(host=host).by_tls


def test_production_always_demands_second_factors() -> None:
    assert Settings(environment=Environment.PRODUCTION).second_factors is SecondFactors.DEMANDED
    offered = {"second_factors": SecondFactors.OFFERED, **PRODUCTION}
    assert "REFERRAL_SECOND_FACTORS" in refused(**offered)
    assert Settings(environment=Environment.DEMO).second_factors is None


@pytest.mark.parametrize("one", [{"tls_cert": Path("a")}, {"tls_key": Path("a")}])
def test_half_of_tls_is_none(one: dict[str, Any]) -> None:
    assert "together" in refused(**one)


@pytest.mark.parametrize("proxy", ["*", "0.0.0.0/0", "::/0", "proxy", "10.0.0.5,", "10.0.0.5/8"])
def test_nobody_is_believed_who_is_not_named(proxy: str) -> None:
    assert "REFERRAL_TRUSTED_PROXY" in refused(trusted_proxy=proxy)


@pytest.mark.parametrize(
    "site", ["http://referral.example", "referral.example", "https://", "https://a.example/path"]
)
def test_a_site_is_an_address_by_tls_and_no_more(site: str) -> None:
    assert "REFERRAL_SITE" in refused(site=site)


def test_a_site_is_kept_as_browsers_write_it() -> None:
    assert Settings(site="https://Referral.Example/").site == "https://referral.example"
    assert Settings(site="http://localhost:8000").site == "http://localhost:8000"


def test_what_is_set_to_nothing_is_not_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REFERRAL_TLS_CERT", "")
    assert Settings().tls_cert is None
