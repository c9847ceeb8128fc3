"""What somebody was told, how she wants to be told, and of whom it is known that nothing arrived.

A notice has no words of its own: it says what kind of thing happened, and leads to a page that
decides for itself what its reader may see. What this file must never know: anything of a case.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from fastapi import APIRouter, Request, Response
from starlette.responses import StreamingResponse

from agencies.identity import digest_of
from referral import members, queries
from referral.entry import Call, Reading, credential_of, installation_of
from referral.errors import Refusal, not_found
from referral.members import Wish
from referral.notices.mailbox import FOLDER, Kept, Mailbox
from referral.notices.wording import texts
from referral.queries import NoticeLine, Preference, Untold
from referral.session import Role
from referral.settings import Environment
from referral.web.fields import NONE, Faults, Fields, Params, Sent, faults_in
from referral.web.forms import ChangingForm
from referral.web.notice_words import (
    ALARMED,
    CAUSES,
    LANGUAGES,
    MAILED,
    leads_to,
    mark,
    whose,
    words_of,
)
from referral.web.pages import PageRoute, error_page, page, see_other
from referral.web.wording import Clockface, Tag

router = APIRouter(route_class=PageRoute, include_in_schema=False)

_PAGE: Final = "/notices"
_DONE: Final = {"read": "Marked as read.", "saved": "Saved."}
_HOURS: Final = [(str(hour), f"{hour:02}:00") for hour in range(24)]
_MODES: Final = [("each", "As it happens"), ("digest", "Once a day")]
_FIELDS: Final = {f"/{name}": name for name in Wish.__slots__}


@dataclass(frozen=True, slots=True)
class Line:
    """One notice, or several of one moment."""

    words: str
    address: str | None
    more: int
    at: str
    number: str
    mail: str
    tags: tuple[Tag, ...]


@dataclass(frozen=True, slots=True)
class Listed:
    """The list; ``unread``: what the button marks."""

    lines: tuple[Line, ...]
    unread: tuple[UUID, ...]
    onward: str | None
    how: str
    refused: str
    unreached: bool
    done: str


@dataclass(frozen=True, slots=True)
class Wishes:
    """The form of one's preferences."""

    inputs: tuple[tuple[str, Params], ...]
    mailing: bool
    faults: Faults


@dataclass(frozen=True, slots=True)
class LineUnreached:
    """A notice that reached nobody."""

    whose: str
    words: str
    at: str
    why: str


@dataclass(frozen=True, slots=True)
class Nobody:
    """Everything that reached nobody, and everybody whom no mail reaches."""

    notices: tuple[LineUnreached, ...]
    people: tuple[str, ...]
    more: bool


@dataclass(frozen=True, slots=True)
class Mails:
    """What training kept."""

    mails: tuple[Kept, ...]


@router.get(_PAGE)
async def notices(
    request: Request, call: Reading, after: str | None = None, done: str = ""
) -> Response:
    """Her own, the newest first."""
    found = await queries.notices_of(call.session, after=after)
    if isinstance(found, Refusal):
        return error_page(request, found, call)
    preference = await queries.preference_of(call.session)
    clock = Clockface(call.actor.time_zone)
    view = Listed(
        lines=tuple(_line(one, clock, call.actor.role) for one in found.lines),
        unread=tuple(one for line in found.lines if not line.read for one in line.ids),
        onward=f"{_PAGE}?after={found.after}".replace("+", "%2B") if found.after else None,
        how=_how(preference, mailing=_mailing(call)),
        refused=f"Your address refused our mail on {clock.moment(preference.refused_at)}. {ALARMED}"
        if preference.refused_at
        else "",
        unreached=queries.sees_unreached(call.actor),
        done=_DONE.get(done, ""),
    )
    return page(request, "notices/list.html", view, title="Notices", call=call)


def _line(one: NoticeLine, clock: Clockface, role: Role) -> Line:
    return Line(
        words=words_of(one.kind),
        address=leads_to(one, role),
        more=len(one.ids) - 1,
        at=clock.moment(one.occurred_at),
        number=one.number or "",
        mail=MAILED.get(one.mail or "", ""),
        tags=mark(read=one.read, danger=one.danger),
    )


def _how(preference: Preference, *, mailing: bool) -> str:
    if not mailing:
        return "Notices are shown here; no mail server is set up."
    if preference.address is None:
        return "You are told here only: we know no address of yours."
    rhythm = {"each": "as it happens", "digest": f"once a day at {preference.digest_hour:02}:00"}
    return f"You are mailed {rhythm[preference.mode]}, and at once in an emergency."


def _mailing(call: Call[Any]) -> bool:
    settings = call.installation.settings
    return settings.environment is Environment.DEMO or settings.mail_host is not None


@router.post(f"{_PAGE}/read")
async def read(form: ChangingForm) -> Response:
    """Those shown are read; others that came meanwhile are not."""
    ids = tuple(found for one in form.sent.many("notice") if (found := _id(one)) is not None)
    await members.read_notices(form.call.session, ids, now=form.call.now)
    return see_other(f"{_PAGE}?done=read")


@router.get(f"{_PAGE}/preferences")
async def preferences(request: Request, call: Reading) -> Response:
    """As they stand."""
    stands = await queries.preference_of(call.session)
    values = {name: getattr(stands, name) for name in Wish.__slots__}
    told = {name: ("" if value is None else str(value),) for name, value in values.items()}
    return _preferences(request, call, Sent(told), NONE)


@router.post(f"{_PAGE}/preferences")
async def prefer(request: Request, form: ChangingForm) -> Response:
    """Kept whole, or shown again with what is wrong."""
    call, sent = form.call, form.sent
    hour = _hour(sent.one("digest_hour"))
    wish = Wish(
        address=sent.one("address") or None,
        language=sent.one("language") or None,
        mode=sent.one("mode"),
        digest_hour=Preference().digest_hour if hour is None else hour,
        quiet_from=_hour(sent.one("quiet_from")),
        quiet_until=_hour(sent.one("quiet_until")),
    )
    domains = call.installation.settings.mail_domains
    refusal = await members.prefer(call.session, call.actor, wish, domains=domains, now=call.now)
    if refusal is not None:
        return _preferences(request, call, sent, faults_in(refusal, _FIELDS))
    return see_other(f"{_PAGE}?done=saved")


def _preferences(request: Request, call: Call[Any], sent: Sent, faults: Faults) -> Response:
    make = Fields(sent, faults)
    zone = call.actor.time_zone
    languages = [(one, LANGUAGES.get(one, one)) for one in texts()]
    hint = "For work: whoever reads along there learns that you have tasks with us."
    inputs = (
        ("input", make.text("address", "Mail address", hint=hint, type="email")),
        ("select", make.choice("language", "Language", languages, empty="Your country's own")),
        ("radios", make.radios("mode", "How often", _MODES)),
        ("select", make.choice("digest_hour", f"If once a day, at ({zone})", _HOURS)),
        ("select", make.choice("quiet_from", "No mail from", _HOURS, empty="No quiet hours")),
        ("select", make.choice("quiet_until", "No mail until", _HOURS, empty="No quiet hours")),
    )
    status, title = (422, "Error: How you are told") if faults else (200, "How you are told")
    view = Wishes(inputs, _mailing(call), faults)
    return page(request, "notices/preferences.html", view, title=title, call=call, status=status)


@router.get(f"{_PAGE}/unreached")
async def unreached(request: Request, call: Reading) -> Response:
    """For whoever looks after a unit, an agency, a country."""
    found = await queries.unreached_in(call.session, call.actor, now=call.now)
    if isinstance(found, Refusal):
        return error_page(request, found, call)
    clock = Clockface(call.actor.time_zone)
    people = tuple(
        f"{one.name}: {'the address refuses mail' if one.refused else 'no address is known'}"
        for one in found.people
    )
    view = Nobody(tuple(_nobody(one, clock) for one in found.notices), people, found.more)
    return page(request, "notices/unreached.html", view, title="Who could not be told", call=call)


def _nobody(one: Untold, clock: Clockface) -> LineUnreached:
    return LineUnreached(
        whose(one),
        words_of(one.kind),
        clock.moment(one.occurred_at),
        CAUSES.get(one.cause, CAUSES[""]),
    )


@router.get(f"{_PAGE}/stream")
async def stream(request: Request) -> Response:
    """The number of unread notices as it changes. It neither needs nor extends a fresh session."""
    installation = installation_of(request)
    secret, by_cookie = credential_of(request)
    asked = request.headers.get("accept", "") == "text/event-stream"
    if not (asked and by_cookie) or installation.live.full:
        return Response(status_code=204)  # a browser does not ask again
    counts = installation.live.counts(installation.engine, digest_of(secret), installation.clock)
    return StreamingResponse(
        counts, media_type="text/event-stream", headers={"Cache-Control": "no-store"}
    )


@router.get(f"{_PAGE}/training")
async def training(request: Request, call: Reading) -> Response:
    """What would have been mailed; only where everybody is invented."""
    settings = call.installation.settings
    if settings.environment is not Environment.DEMO:
        return error_page(request, not_found(), call)
    view = Mails(Mailbox(settings.data_dir / FOLDER).kept())
    return page(request, "notices/training.html", view, title="What was mailed", call=call)


def _hour(told: str) -> int | None:
    return int(told) if told.isdecimal() and len(told) <= 2 else None  # noqa: PLR2004


def _id(told: str) -> UUID | None:
    try:
        return UUID(told)
    except ValueError:
        return None
