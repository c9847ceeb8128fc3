"""Public figures for who prepares and who answers: the list, a preview, the acts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from fastapi import APIRouter, Request, Response

from referral import access, casework, queries
from referral.casework import Released
from referral.entry import Call, Reading
from referral.errors import Fault, Refusal, invalid_input
from referral.queries import ReleaseLine
from referral.web.fields import NONE, Faults, Fields, Params, Sent, faults_in
from referral.web.forms import ActingForm, new_key
from referral.web.lines import Reader
from referral.web.pages import PageRoute, error_page, page, refused, see_other
from referral.web.release_tables import ReleaseTables, tables_of

router = APIRouter(route_class=PageRoute, include_in_schema=False)

_KINDS: Final = {
    "public": "Public figures: tables for everybody",
    "ctdc": "A hand-over in the CTDC layout, never public",
}
_FIELDS: Final = {f"/{name}": name for name in ("period", "recipient", "digest")}
_STATES: Final = {
    "asked": "Being prepared",
    "prepared": "Waits for a second person",
    "failed": "Not prepared",
    "published": "Published",
    "handed_over": "Handed over",
    "refused": "Refused",
}
_WHY: Final = {
    "too-few": (
        "No eleven people of that year agree in what may be handed over, so every row would speak "
        "of too few."
    ),
    "unproved": (
        "No set of tables could be proved to give nobody away, within the effort allowed, and what "
        "is not proved is not published. A later release, of a longer period, may succeed."
    ),
    "ended": (
        "Three attempts were ended before they were done. Tell whoever runs this installation."
    ),
    "not-set-up": (
        "The clockwork may not count here. Ask whoever runs this installation to set "
        "REFERRAL_REPORTER_DATABASE_URL for it."
    ),
    "fault": (
        "Something went wrong. Tell whoever runs this installation; the log of the clockwork "
        "says what."
    ),
}


@dataclass(frozen=True, slots=True)
class ReleaseRow:
    """One line of the list."""

    title: str
    address: str
    state: str
    asked: str
    answered: str


@dataclass(frozen=True, slots=True)
class ReleasesPage:
    """The list, and to who prepares the form."""

    lines: tuple[ReleaseRow, ...]
    inputs: tuple[tuple[str, Params], ...]
    public: str
    key: str
    faults: Faults


@dataclass(frozen=True, slots=True)
class ReleasePage:
    """One release as it would be published; ``answers`` to whoever may approve it."""

    title: str
    rows: tuple[tuple[str, str], ...]
    tables: ReleaseTables | None
    address: str
    digest: str
    waits: bool
    why: str
    answers: bool
    takes: bool
    key: str


@router.get("/releases")
async def releases(request: Request, call: Reading) -> Response:
    """For statisticians and whoever protects data."""
    return await _listed(request, call, Sent(), NONE)


async def _listed(request: Request, call: Call[Any], sent: Sent, faults: Faults) -> Response:
    found = await queries.releases_of(call.session, call.actor, now=call.now)
    if isinstance(found, Refusal):
        return error_page(request, found, call)
    view = ReleasesPage(
        lines=tuple(_line(one, call) for one in found),
        inputs=_inputs(call, sent, faults),
        public=f"/published/{call.actor.country}",
        key=sent.one("key") or new_key(),
        faults=faults,
    )
    status, title = (422, "Error: Public figures") if faults else (200, "Public figures")
    return page(
        request,
        "oversight/releases.html",
        view,
        title=title,
        call=call,
        status=status,
        sensitive=False,
    )


def _inputs(call: Call[Any], sent: Sent, faults: Faults) -> tuple[tuple[str, Params], ...]:
    if call.actor.role not in access.matrix().by_role["prepare_release"]:
        return ()
    make = Fields(sent, faults)
    office = "Only for a hand-over: the office of the national focal point that receives it"
    return (
        ("radios", make.radios("kind", "What is prepared", [*_KINDS.items()])),
        ("input", make.text("period", "Year or quarter", hint="One that is over: 2025 or 2025-Q1")),
        ("input", make.text("recipient", "Recipient", hint=office)),
    )


def _line(one: ReleaseLine, call: Call[Any]) -> ReleaseRow:
    clock = Reader.of(call).clock
    answered = f"{one.answered_by}, {clock.moment(one.answered_at)}" if one.answered_at else ""
    return ReleaseRow(
        title=_title(one),
        address=f"/releases/{one.id}",
        state=_STATES[one.state],
        asked=f"{one.asked_by}, {clock.moment(one.asked_at)}",
        answered=answered,
    )


def _title(one: ReleaseLine) -> str:
    return f"{'Public figures' if one.kind == 'public' else 'Hand-over'} of {one.period}"


@router.post("/releases")
async def prepare_release(request: Request, form: ActingForm) -> Response:
    """Ask that it be prepared; nothing is public before another person approves."""
    call, sent = form.call, form.sent
    if call.stored is not None:
        return see_other(f"/releases/{call.stored['id']}")
    kind = sent.one("kind")
    if kind not in _KINDS:
        wrong = invalid_input([Fault("/kind", "missing", "Choose what is prepared.")])
        return await _listed(request, call, sent, faults_in(wrong, {"/kind": "kind"}))
    answer = await casework.prepare_release(
        *(call.session, call.actor, call.installation.reporter),
        "ctdc" if kind == "ctdc" else "public",
        sent.one("period").strip(),
        sent.one("recipient") or None,
        now=call.now,
    )
    if isinstance(answer, Refusal) and answer.type == "invalid-input":
        return await _listed(request, call, sent, faults_in(answer, _FIELDS))
    return _done(request, answer, call, "/releases")


def _done(request: Request, answer: Released | Refusal, call: Call[Any], back: str) -> Response:
    if isinstance(answer, Refusal):
        return refused(request, answer, call, back=back)
    return see_other(f"/releases/{answer.id}")


@router.get("/releases/{release_id}")
async def release(request: Request, call: Reading, release_id: UUID) -> Response:
    """What would be published, with everything that is left out or rounded marked."""
    seen = await queries.release_seen(call.session, call.actor, release_id, now=call.now)
    if isinstance(seen, Refusal):
        return error_page(request, seen, call)
    approves = call.actor.role in access.matrix().by_role["approve_release"]
    view = ReleasePage(
        title=_title(seen),
        rows=_rows(seen, call),
        tables=tables_of(seen.content) if seen.content is not None else None,
        address=f"/releases/{seen.id}",
        digest=seen.digest or "",
        waits=seen.state == "asked",
        why=_WHY[seen.why] if seen.why else "",
        answers=approves and seen.state == "prepared" and not seen.mine,
        takes=seen.answer == "handed_over",
        key=new_key(),
    )
    return page(
        request, "oversight/release.html", view, title=view.title, call=call, sensitive=False
    )


def _rows(one: ReleaseLine, call: Call[Any]) -> tuple[tuple[str, str], ...]:
    line = _line(one, call)
    found = [("State", line.state), ("Asked for", line.asked), ("Answered", line.answered)]
    found += [("Recipient", one.recipient or ""), ("Fingerprint (SHA-256)", one.digest or "")]
    rows = ", ".join(f"{name.replace('_', ' ')} {count}" for name, count in one.counted.items())
    return tuple((name, words) for name, words in [*found, ("Rows", rows)] if words)


@router.post("/releases/{release_id}/answer")
async def answer_release(request: Request, form: ActingForm, release_id: UUID) -> Response:
    """Publish or refuse exactly what was shown."""
    call, sent = form.call, form.sent
    if call.stored is not None:
        return see_other(f"/releases/{release_id}")
    approve, digest = sent.one("answer") == "approve", sent.one("digest")
    answer = await casework.answer_release(
        call.session, call.actor, release_id, approve=approve, digest=digest, now=call.now
    )
    return _done(request, answer, call, f"/releases/{release_id}")


@router.post("/releases/{release_id}/hand-over")
async def take_hand_over(request: Request, form: ActingForm, release_id: UUID) -> Response:
    """The file, for one of the two who agreed on it."""
    call = form.call
    taken = await casework.take_hand_over(call.session, call.actor, release_id, now=call.now)
    if isinstance(taken, Refusal):
        return refused(request, taken, call, back=f"/releases/{release_id}")
    headers = {"Content-Disposition": 'attachment; filename="hand-over.csv"'}
    return Response(taken, headers=headers, media_type="text/csv; charset=utf-8")
