"""The auditor's pages: how the log stands, its headers, and one with its proof; never a body."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from urllib.parse import urlencode
from uuid import UUID

from fastapi import APIRouter, Request, Response

from referral import queries
from referral.audit import Done
from referral.entry import Call, Reading
from referral.errors import Refusal
from referral.queries import EntryLine, EntrySeen, LogSeen, Sought
from referral.web.fields import NONE, Faults, Fields, Params, Sent, faults_in
from referral.web.forms import moment_in
from referral.web.lines import UNNAMED, Reader
from referral.web.pages import PageRoute, error_page, page
from referral.web.wording import Clockface, act_words

router = APIRouter(route_class=PageRoute, include_in_schema=False)

_FILTERS: Final = ("act", "agency", "actor", "since", "until")
_TO: Final = frozenset({"clockwork", "operator"})


@dataclass(frozen=True, slots=True)
class Shown:
    """One header in the list."""

    address: str
    at: str
    act: str
    code: str
    by: str
    actor: str
    about: str


@dataclass(frozen=True, slots=True)
class LogPage:
    """How the log stands, the filters, a page of headers."""

    state: tuple[tuple[str, str], ...]
    alarms: tuple[tuple[str, str], ...]
    witnesses: tuple[tuple[str, str], ...]
    filters: tuple[tuple[str, Params], ...]
    lines: tuple[Shown, ...]
    onward: str | None
    first: str | None
    faults: Faults


@dataclass(frozen=True, slots=True)
class EntryPage:
    """One header and its proof."""

    rows: tuple[tuple[str, str], ...]
    proof: tuple[tuple[str, str], ...]
    text: str
    path: tuple[str, ...]
    checkpoint: str | None


@router.get("/audit")
async def log(request: Request, call: Reading) -> Response:
    """To auditors and whoever protects data, of their own country."""
    quorum = call.installation.settings.log_quorum
    seen = await queries.log_seen(call.session, call.actor, quorum=quorum, now=call.now)
    if isinstance(seen, Refusal):
        return error_page(request, seen, call)
    asked = {name: request.query_params.get(name, "").strip()[:200] for name in _FILTERS}
    sent = Sent({name: (value,) for name, value in asked.items()})
    sought, faults = _sought(sent, call.actor.time_zone)
    after = queries.cursor_of(request.query_params.get("after"))
    if isinstance(after, Refusal):
        return error_page(request, after, call)
    found = await queries.entries_in(call.session, call.actor, sought, after=after, now=call.now)
    if isinstance(found, Refusal):
        return error_page(request, found, call)
    clock, query = Reader.of(call).clock, {name: value for name, value in asked.items() if value}
    onward = urlencode({**query, "after": str(found.after)}) if found.after else None
    view = LogPage(
        state=_state(seen, clock),
        alarms=tuple((one.what, clock.moment(one.raised_at)) for one in seen.standing.alarms),
        witnesses=_witnesses(seen, clock),
        filters=await _filters(call, sent, faults),
        lines=tuple(_shown(one, clock) for one in found.lines),
        onward=f"/audit?{onward}" if onward else None,
        first=f"/audit?{urlencode(query)}" if after else None,
        faults=faults,
    )
    status = 422 if faults else 200
    return page(request, "audit/log.html", view, title="The log", call=call, status=status)


def _sought(sent: Sent, zone: str) -> tuple[Sought, Faults]:
    """The filters; what cannot be read is said, and not looked for."""
    moments: dict[str, datetime | None] = {}
    faults = NONE
    for name in ("since", "until"):
        found = moment_in(sent, name, zone)
        if isinstance(found, Refusal):
            faults = faults_in(found, {"/" + name: name, "/occurred_at": name})
        moments[name] = found if isinstance(found, datetime) else None
    act = sent.one("act")
    known = act if act in set(Done) else None
    return Sought(sent.one("actor") or None, sent.one("agency") or None, known, **moments), faults


async def _filters(call: Call[Any], sent: Sent, faults: Faults) -> tuple[tuple[str, Params], ...]:
    make = Fields(sent, faults)
    acts = sorted(((one.value, act_words(one.value)) for one in Done), key=lambda one: one[1])
    agencies = await queries.agencies_acting(call.session)
    return (
        ("select", make.choice("act", "Act", acts, empty="Any")),
        ("select", make.choice("agency", "Agency", agencies, empty="Any")),
        ("input", make.text("actor", "Actor", hint="The number in the log")),
        ("input", make.day("since", "From the day")),
        ("input", make.day("until", "Before the day")),
    )


def _state(seen: LogSeen, clock: Clockface) -> tuple[tuple[str, str], ...]:
    stands = seen.standing
    waiting = stands.placed - stands.signed
    pending = stands.pending_since
    return (
        ("Log", stands.origin or "Not opened yet: `referral migrate` opens it"),
        ("Entries", f"{stands.placed}, of which {waiting} wait for a signature"),
        ("Signed", clock.moment(stands.signed_at) if stands.signed_at else "Not yet"),
        ("Final", f"{stands.final} entries: {stands.quorum} agencies have countersigned them"),
        ("Pending since", clock.moment(pending) if pending else "Nothing is pending"),
    )


def _witnesses(seen: LogSeen, clock: Clockface) -> tuple[tuple[str, str], ...]:
    found = []
    for one in seen.witnesses:
        last = (
            f"last at {one.last_size} entries, {clock.moment(one.last_at)}"
            if one.last_at
            else f"silent since it was enrolled, {clock.moment(one.enrolled_at)}"
        )
        beside = "" if one.independent else "; not independent: it runs beside the log"
        found.append((one.agency or one.name, last + beside))
    return tuple(found)


def _shown(one: EntryLine, clock: Clockface) -> Shown:
    about = one.object_type.replace("_", " ")
    return Shown(
        address=f"/audit/entries/{one.id}",
        at=clock.moment(one.at),
        act=act_words(one.act),
        code=one.act,
        by=one.agency or (one.actor.capitalize() if one.actor in _TO else UNNAMED),
        actor=one.actor,
        about=f"{about} {one.object_id}" if one.object_id else about,
    )


@router.get("/audit/entries/{entry_id}")
async def entry(request: Request, call: Reading, entry_id: UUID) -> Response:
    """One header, and that it is in the log."""
    quorum = call.installation.settings.log_quorum
    seen = await queries.entry_seen(call.session, call.actor, entry_id, quorum=quorum, now=call.now)
    if isinstance(seen, Refusal):
        return error_page(request, seen, call)
    view = EntryPage(
        rows=tuple((name, str(value)) for name, value in seen.line.header.items() if value),
        proof=_proof(seen, Reader.of(call).clock),
        text=seen.text,
        path=seen.path,
        checkpoint=seen.place.signed.note if seen.place else None,
    )
    return page(request, "audit/entry.html", view, title="An entry of the log", call=call)


def _proof(seen: EntrySeen, clock: Clockface) -> tuple[tuple[str, str], ...]:
    if seen.place is None:
        return (("Leaf", seen.leaf), ("Place", "It waits for the log's next signature"))
    signed = seen.place.signed
    return (
        ("Leaf", seen.leaf),
        ("Place", f"{seen.place.place.index}, among {signed.checkpoint.size} entries"),
        ("Signed", clock.moment(signed.signed_at)),
        ("Final", "Yes" if seen.place.final else "Not yet: too few have countersigned"),
        ("Countersigned by", ", ".join(one.witness for one in signed.cosigned) or "Nobody yet"),
    )
