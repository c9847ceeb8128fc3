"""A browser sent to a provider that lies, and the honest answer it would give."""

from __future__ import annotations

from pathlib import Path

from tests.cast import House
from tests.referral.signing_in.conftest import BACK, bound, known
from tests.referral.signing_in.false_provider import Claims, FalseProvider
from tests.referral.signing_in.travelling import START, gone
from tests.referral.web.visiting import Seen, Visitor

SUB = "who Ines is there"


async def ready(house: House, false: FalseProvider, folder: Path) -> None:
    provider = await known(house, false.issuer, folder)
    await bound(house, provider, "inspector", SUB)


def honest(house: House, false: FalseProvider, nonce: str) -> Claims:
    now = int(house.at().timestamp())
    return {
        "iss": false.issuer,
        "sub": SUB,
        "aud": "referral",
        "exp": now + 300,
        "iat": now,
        "auth_time": now,
        "nonce": nonce,
    }


async def begun(house: House, false: FalseProvider, start: str = START) -> tuple[Visitor, str]:
    """A browser that was sent off, the honest token waiting for it; the way back."""
    visitor = Visitor(house.stranger())
    asked = await gone(visitor, start)
    false.claims = honest(house, false, asked["nonce"])
    return visitor, f"{BACK}?code=given&state={asked['state']}"


async def refused(house: House, page: Seen, status: int = 422) -> None:
    assert page.status == status, (page.status, page.place, page.words)
    assert await house.rows("SELECT 1 FROM agencies.session") == []
