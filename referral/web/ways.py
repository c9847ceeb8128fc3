"""The ways of proving who one is, as a table: one row each; the sign-in page shows what is there.

A new way is a row here, its routes, and ``admission.admit`` at the end of them; nothing else knows
which ways there are. What this file must never know: members, secrets, storage.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from agencies.passkeys import Site
from referral.settings import Environment, SecondFactors, Settings


@dataclass(frozen=True, slots=True)
class Way:
    """``strong``: two factors, so that nothing more is asked. ``name`` is kept with the session."""

    name: str
    words: str
    strong: bool
    part: str | None = None  # of the sign-in page, where this way can begin
    offered: Callable[[Settings], bool] = lambda _: True


PASSWORD: Final = Way("password", "password", strong=False, part="signin/by_password.html")
CODE: Final = Way("code", "password and one-time code", strong=True)
PASSKEY: Final = Way("passkey", "passkey", strong=True, part="signin/by_passkey.html")
ENROLMENT: Final = Way("enrolment", "secret given for enrolling", strong=False)
PROVIDER: Final = Way(
    "provider", "your agency’s own sign-in", strong=False, part="signin/by_provider.html"
)
PROVIDER_STRONG: Final = Way(
    "provider_strong", "your agency’s own sign-in, with two factors", strong=True
)
WAYS: Final = (PASSWORD, CODE, PASSKEY, ENROLMENT, PROVIDER, PROVIDER_STRONG)


def words_of(name: str) -> str:
    """What a way is called on pages; one that is no longer here keeps its name."""
    return next((way.words for way in WAYS if way.name == name), name)


def parts(settings: Settings) -> list[str]:
    """The parts of the sign-in page, in the order of the table."""
    return [way.part for way in WAYS if way.part and way.offered(settings)]


def demanded(settings: Settings) -> bool:
    """Whether an account without a second factor may only enrol one."""
    return settings.second_factors is SecondFactors.DEMANDED


def origin_of(settings: Settings, host: str) -> str | None:
    """Where a provider sends browsers back to; None where that cannot be known.

    As for passkeys: in production what the operator has set, never what a request claims.
    """
    if settings.site is not None:
        return settings.site
    if settings.environment is Environment.PRODUCTION or not host:
        return None
    return f"{'https' if settings.tls_cert is not None else 'http'}://{host}"


def site_of(settings: Settings, host: str) -> Site | None:
    """Whom a passkey is for; None where there can be none.

    In production that is what the operator has set, never what a request claims. On a laptop it is
    ``localhost`` at the port it was asked at: an address of numbers can have no passkeys.
    """
    if settings.site is not None:
        name = settings.site.partition("://")[2].partition(":")[0]
        return Site(name, settings.site)
    name, _, port = host.partition(":")
    local = name == "localhost" and (not port or port.isdecimal())
    if settings.environment is Environment.PRODUCTION or not local:
        return None
    scheme = "https" if settings.tls_cert is not None else "http"
    return Site(name, f"{scheme}://{host}")
