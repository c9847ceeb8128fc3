"""How a page is made: the environment of the templates, the frame around a page, and error pages.

1. Page data is built in Python and only laid out by templates; everything is escaped.
2. A title never names a case, and no address carries more than opaque ids.
3. What this file must never know: what a page is about.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote
from uuid import uuid4
from zoneinfo import ZoneInfo

from fastapi import Request, Response
from fastapi.routing import APIRoute
from jinja2 import (
    ChainableUndefined,
    ChoiceLoader,
    Environment,
    PackageLoader,
    PrefixLoader,
    StrictUndefined,
    select_autoescape,
)
from jinja2.utils import missing
from starlette.responses import HTMLResponse, RedirectResponse
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

from referral import settings
from referral.entry import Call, installation_of
from referral.errors import Refusal, RefusedError
from referral.session import Actor
from referral.web.navigation import bar_of
from referral.web.wording import ROLES, Tag

_FOLDER: Final = Path(__file__).parent
_ASSETS: Final = _FOLDER / "static"
_YEAR: Final = 31_536_000  # seconds

_NO_TOKENS: Final = Refusal(
    403,
    "token-on-page",
    "Pages are for people",
    "A bearer token is bound to what it was issued for; use it under /api/v1.",
)


_BELOW: Final = "Nothing was changed. What is wrong, and how to put it right, stands below."
_KEPT: Final = "Nothing was changed; the attempt is in the log."
_ASK: Final = f"{_KEPT} If it belongs to your work, ask your agency’s administrator for the role."


class _Undefined(StrictUndefined):
    """Strict for everything of ours.

    The macros of GOV.UK Frontend ask their dictionaries, and the name ``caller``, for what may not
    be there: that alone is nothing.
    """

    def __new__(  # type: ignore[misc]
        cls,
        hint: str | None = None,
        obj: Any = missing,
        name: str | None = None,
        *_: object,
    ) -> StrictUndefined | ChainableUndefined:
        if isinstance(obj, dict | str) or name in {None, "caller"}:
            return ChainableUndefined(hint, obj, name)
        return super().__new__(cls)


@dataclass(frozen=True, slots=True)
class Glass:
    """A case that stands open in an emergency, as every page says while it does."""

    address: str
    case_address: str
    until: str
    key: str


@dataclass(frozen=True, slots=True)
class Frame:
    """What stands around a page. ``sensitive`` pages carry the quick exit."""

    title: str
    training: bool
    member: str | None
    seat: str | None
    csrf: str
    navigation: list[dict[str, object]]
    sensitive: bool
    version: str
    glass: Glass | None = None
    unread: int = 0


@dataclass(frozen=True, slots=True)
class Trouble:
    """An error page: what happened, how to go on."""

    title: str
    detail: str
    notes: tuple[str, ...] = ()


@cache
def environment() -> Environment:
    """The templates, ours and those of the macros; compiled once."""
    found = Environment(
        loader=ChoiceLoader(
            [
                PackageLoader("referral.web"),
                PrefixLoader({"govuk_frontend_jinja": PackageLoader("govuk_frontend_jinja")}),
            ]
        ),
        autoescape=select_autoescape(default=True),
        undefined=_Undefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    # The macros compare with these two words of the language they were ported from.
    found.globals.update(undefined=ChainableUndefined(), null=None)
    found.filters["tag"] = _tag
    return found


def _tag(found: Tag) -> Mapping[str, str]:
    return found.params


@cache
def version() -> str:
    """The content of all assets in twelve letters: a changed file is a new address."""
    digest = hashlib.sha256()
    for path in sorted(_ASSETS.rglob("*")):
        if path.is_file():
            digest.update(path.relative_to(_ASSETS).as_posix().encode() + path.read_bytes())
    return digest.hexdigest()[:12]


class Assets(StaticFiles):
    """``/static/<version>/…``: the version is taken off the path and allows a long cache."""

    async def get_response(self, path: str, scope: Scope) -> Response:
        """The file, with a year of cache when its address names what is in it."""
        first, _, rest = path.partition("/")
        if first != version():
            return await super().get_response(path, scope)
        response = await super().get_response(rest, scope)
        response.headers["Cache-Control"] = f"public, max-age={_YEAR}, immutable"
        return response


static = Assets(directory=_ASSETS)


def page(
    request: Request,
    template: str,
    view: object,
    *,
    title: str,
    call: Call[Any] | None = None,
    status: int = 200,
    sensitive: bool = True,
) -> HTMLResponse:
    """One page. ``view`` is all the template may lay out, as ``page``."""
    frame = _frame(request, call, title, sensitive=sensitive)
    text = environment().get_template(template).render(frame=frame, page=view)
    return HTMLResponse(text, status, headers={"Cache-Control": "no-store"})


def _frame(request: Request, call: Call[Any] | None, title: str, *, sensitive: bool) -> Frame:
    training = installation_of(request).settings.environment is settings.Environment.DEMO
    if call is None:
        return Frame(title, training, None, None, "", [], sensitive=False, version=version())
    actor = call.actor
    return Frame(
        title=title,
        training=training,
        member=actor.name,
        seat=f"{ROLES.get(actor.role.value, actor.role.value)}, {actor.agency_name}",
        csrf=call.csrf,
        navigation=_navigation(actor, request),
        sensitive=sensitive,
        version=version(),
        glass=_glass(actor),
        unread=call.unread,
    )


def _glass(actor: Actor) -> Glass | None:
    if actor.glass is None:
        return None
    identity, case, until = actor.glass
    local = until.astimezone(ZoneInfo(actor.time_zone))
    told = f"{local:%H:%M} ({actor.time_zone})"
    return Glass(f"/break-glass/{identity}/closure", f"/cases/{case}", told, str(uuid4()))


def _navigation(actor: Actor, request: Request) -> list[dict[str, object]]:
    """The bar as the macro wants it."""
    sent = request.url.path == "/hand-offs" and request.query_params.get("box") == "out"
    here = request.url.path + ("?box=out" if sent else "")
    return [
        {"href": one.href, "text": one.text, "current": one.current, "active": one.active}
        for one in bar_of(actor.role, here)
    ]


def see_other(address: str) -> RedirectResponse:
    """After a form was accepted: go and look. ``address`` is ours."""
    return RedirectResponse(address, status_code=303, headers={"Cache-Control": "no-store"})


def error_page(request: Request, refusal: Refusal, call: Call[Any] | None = None) -> HTMLResponse:
    """A refusal in the layout of every page; needs no database and nobody signed in."""
    notes = tuple(fault["message"] for fault in refusal.extra.get("errors", ()))
    trouble = Trouble(refusal.title, _spoken(refusal), notes)
    answer = page(
        request,
        "shared/trouble.html",
        trouble,
        title=refusal.title,
        call=call,
        status=refusal.status,
        sensitive=call is not None,
    )
    for name, value in refusal.headers.items():
        if name.lower() != "www-authenticate":
            answer.headers[name] = value
    return answer


def _spoken(refusal: Refusal) -> str:
    """What people read instead of what programs are told."""
    if refusal.type == "not-permitted":
        needed = str(refusal.extra["needed_role"]).split(", ")
        told = [ROLES.get(one, one.replace("_", " ")) for one in needed if one]
        named = " or ".join(filter(None, (", ".join(told[:-1]), *told[-1:])))
        return f"This is for: {named or 'nobody'}. {_ASK if ROLES.keys() & set(needed) else _KEPT}"
    return _BELOW if refusal.type == "invalid-input" else refusal.detail


def refused(
    request: Request, refusal: Refusal, call: Call[Any], *, back: str | None = None
) -> Response:
    """What a page answers to a refusal: a fresh password where that is missing, else the words."""
    if refusal.type == "step-up-required":
        return see_other(f"/step-up?next={quote(back or request.url.path)}")
    return error_page(request, refusal, call)


class PageRoute(APIRoute):
    """A route whose refusals are pages; who is not signed in is sent to sign in, and back."""

    def _guarded(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """The route, with what it may raise turned into pages."""
        inner = super().get_route_handler()

        async def guarded(request: Request) -> Response:
            if "authorization" in request.headers:
                return error_page(request, _NO_TOKENS)
            try:
                return await inner(request)
            except RefusedError as found:
                if found.refusal.type == "not-signed-in":
                    return _sign_in_first(request)
                if found.refusal.type == "step-up-required":
                    back = found.refusal.extra.get("back", request.url.path)
                    return see_other(f"/step-up?next={quote(back)}")
                return error_page(request, found.refusal)

        return guarded

    get_route_handler = _guarded  # the framework's word for it


def _sign_in_first(request: Request) -> Response:
    """To the sign-in page; who sent a form from a session that is over is told so there."""
    back = request.url.path if request.method == "GET" else "/"
    query = f"?{request.url.query}" if request.method == "GET" and request.url.query else ""
    over = request.method != "GET" and installation_of(request).cookie in request.cookies
    return see_other(f"/sign-in?next={quote(back + query)}{'&unsent=1' if over else ''}")
