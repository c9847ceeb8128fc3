"""How the API reads requests: strict JSON, and what comes in headers (reason, version, language).

Nothing here knows a case, nor what will be answered.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Annotated, Any, Final

import orjson
from fastapi import Depends, Header, Request, Response
from fastapi.routing import APIRoute
from pydantic import BaseModel

from referral import errors
from referral.api.wording import Wording
from referral.casework import Said
from referral.entry import Call
from referral.errors import Fault, RefusedError

_TAG: Final = re.compile(r'\s*(?:W/)?"?(\d{1,18})"?\s*')
_NO_VERSION: Final = -1  # matches nothing: an unreadable If-Match is stale, never ignored


class _Strict(Request):
    """A request whose JSON is read strictly: UTF-8 only, no NaN, no lone surrogates, no NUL."""

    async def json(self) -> Any:
        """The body. Raises ``orjson.JSONDecodeError``, which the framework knows as malformed."""
        if not hasattr(self, "_json"):
            body = await self.body()
            if rb"\u0000" in body:  # no text of ours may hold it, and PostgreSQL cannot keep it
                at = body.index(rb"\u0000")
                raise orjson.JSONDecodeError("a NUL character is no text", "", at)
            self._json = orjson.loads(body)
        return self._json


class Route(APIRoute):
    """A route that reads its JSON strictly."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """The framework's own, handed the stricter request."""
        original = super().get_route_handler()

        async def strictly(request: Request) -> Response:
            return await original(_Strict(request.scope, request.receive))

        return strictly


@dataclass(frozen=True, slots=True)
class Asked:
    """What came in headers: why (cells marked R), at which version, in which language to answer."""

    reason: str | None
    version: int | None
    language: str | None

    def said(self, body: BaseModel | None = None) -> Said:
        """What came with an act: the body's words, and the reason and version of the headers."""
        given = body.model_dump(include=_SAID, exclude_none=True) if body is not None else {}
        given.setdefault("reason", self.reason)
        return Said(**given, version=self.version)

    def wording(self, call: Call[Any]) -> Wording:
        """Words of the actor's country."""
        return Wording.of(call.installation.catalogue, call.actor.country, self.language)


_SAID: Final = set(Said.__dataclass_fields__) - {"version"}


async def _asked(  # (what is not async is run in a thread: two changes of hands for nothing)
    x_reason: Annotated[
        str | None, Header(description="Why, where the access rules ask for a reason.")
    ] = None,
    if_match: Annotated[
        str | None, Header(description="The ETag you read: the act fails with 412 if it is old.")
    ] = None,
    accept_language: Annotated[
        str | None, Header(description="Language of titles, if the country has it.")
    ] = None,
) -> Asked:
    return Asked(_reason(x_reason), version_in(if_match), accept_language)


Headers = Annotated[Asked, Depends(_asked)]


def _reason(given: str | None) -> str | None:
    """Headers are bytes; a reason in Spanish or Thai comes as UTF-8."""
    if given is None:
        return None
    try:
        text = given.encode("latin-1").decode("utf-8")
    except UnicodeError:
        text = given
    if not text.strip() or len(text) > 2000 or "\x00" in text:  # noqa: PLR2004
        fault = Fault("/X-Reason", "length", "Give the reason in 1 to 2000 characters.")
        raise RefusedError(errors.invalid_input([fault]))
    return text.strip()


def version_in(if_match: str | None) -> int | None:
    """The version an If-Match header names; None when any will do."""
    if if_match is None or if_match.strip() == "*":
        return None
    found = _TAG.fullmatch(if_match)
    return int(found[1]) if found else _NO_VERSION
