"""A house in production: by TLS, second factors demanded; and how people sign in to it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import httpx
import pyotp

from referral.app import make_app
from referral.settings import Environment, Settings
from tests.cast import House
from tests.referral.web.authenticator import Authenticator
from tests.referral.web.visiting import Seen, Visitor

SITE = "https://referral.example"


def strict(house: House) -> House:
    """The same house in production."""
    settings = Settings(environment=Environment.PRODUCTION, site=SITE)
    house.installation = replace(house.installation, settings=settings)
    return house


def come(house: House) -> Visitor:
    """A browser that has never been here."""
    client = httpx.AsyncClient(
        transport=httpx.ASGITransport(make_app(house.installation)), base_url=SITE
    )
    house.clients.append(client)
    return Visitor(client)


async def by_password(visitor: Visitor, house: House, part: str) -> Seen:
    """Name and password typed: where that leads."""
    player = house.player(part)
    page = await visitor.see("/sign-in")
    typed = {"user_name": player.part.user_name, "password": player.password}
    return await visitor.send(page, "/sign-in", **typed)


async def with_app(house: House, part: str) -> tuple[Visitor, str]:
    """Somebody who has just enrolled an authenticator app, and its secret."""
    visitor = come(house)
    start = await visitor.follow(await by_password(visitor, house, part))
    page = await visitor.follow(await visitor.send(start, "/account/codes"))
    secret = page.words.partition("into the app: ")[2].partition(" Here")[0].split("The code")[0]
    secret = "".join(word for word in secret.split() if word.isupper() or word.isdigit())
    done = await visitor.send(page, "/account/codes/first", code=code(secret, house))
    assert done.status == 303, done.words
    return visitor, secret


def code(secret: str, house: House, *, off: int = 0) -> str:
    """What the app shows now (or ``off`` steps of 30 seconds away)."""
    return pyotp.TOTP(secret).at(house.at(), counter_offset=off)


async def with_passkey(house: House, part: str, device: Authenticator) -> Visitor:
    """Somebody who has just enrolled this passkey."""
    visitor = come(house)
    start = await visitor.follow(await by_password(visitor, house, part))
    done = await enrol(visitor, start, device)
    assert done.status == 303, done.words
    assert "refused" not in done.place, done.place
    device.handle = house.player(part).member_id.bytes
    return visitor


async def enrol(visitor: Visitor, page: Seen, device: Authenticator) -> Seen:
    """A passkey made on this page, as the script does it."""
    asked = await question(visitor, page, "/account/passkeys")
    return await visitor.send(page, "/account/passkeys", credential=device.make(asked))


async def question(visitor: Visitor, page: Seen, action: str) -> Any:
    """What the script fetches before it sends a form."""
    form = page.form(action)
    answer = await visitor.client.post(f"{action}/question", data=form.values)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def by_passkey(house: House, device: Authenticator) -> tuple[Visitor, Seen]:
    """A fresh browser in which a passkey is used."""
    visitor = come(house)
    page = await visitor.see("/sign-in")
    asked = await question(visitor, page, "/sign-in/passkey")
    return visitor, await visitor.send(page, "/sign-in/passkey", credential=device.prove(asked))
