"""A browser that goes to a provider and comes back with its answer."""

from __future__ import annotations

from urllib.parse import parse_qs, urlsplit

import httpx

from tests.referral.signing_in.conftest import KEY
from tests.referral.web.visiting import Seen, Visitor

START = f"/sign-in/provider/{KEY}?next=/hand-offs"


async def gone(visitor: Visitor, start: str = START) -> dict[str, str]:
    """Sent to the provider: what it was asked, and where."""
    page = await visitor.see(start)
    assert page.status == 303, page.words
    parts = urlsplit(page.place)
    asked = {name: values[0] for name, values in parse_qs(parts.query).items()}
    return {"": f"{parts.scheme}://{parts.netloc}{parts.path}", "address": page.place, **asked}


async def at_provider(address: str) -> str:
    """Through the real provider's pages, until it sends the browser back; where to."""
    async with httpx.AsyncClient(timeout=20) as client:
        for _ in range(6):
            answer = await client.get(address)
            assert answer.status_code in {302, 303}, (answer.status_code, answer.text[:1000])
            address = str(httpx.URL(address).join(answer.headers["location"]))
            if "/sign-in/provider/" in address:
                parts = urlsplit(address)
                return f"{parts.path}?{parts.query}"
    raise AssertionError(f"the provider led nowhere: {address}")


async def through(visitor: Visitor, start: str = START) -> Seen:
    """There and back; the page (or redirect) that follows."""
    return await visitor.see(await at_provider((await gone(visitor, start))["address"]))
