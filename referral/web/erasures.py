"""The page of erasures and legal holds: asked for by one, answered by whoever protects data."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any, Final
from uuid import UUID

from fastapi import APIRouter, Request, Response

from referral import access, casework, queries
from referral.casework import Narrowed, Said
from referral.entry import Call, Witnessed
from referral.errors import Fault, Refusal, invalid_input
from referral.queries import AskedErasure, Erasures, HoldSeen
from referral.web.fields import NONE, Faults, Fields, Params, Sent, faults_in
from referral.web.forms import ActingForm, new_key
from referral.web.lines import Reader
from referral.web.pages import PageRoute, error_page, page, refused, see_other

router = APIRouter(route_class=PageRoute, include_in_schema=False)

_HERE: Final = "/erasures"
_GROUNDS: Final = {
    "RETENTION": "It has been kept as long as the country's rules say",
    "REQUEST": "The person asks for it",
    "UNLAWFUL": "It should never have been kept",
    "OTHER": "Another ground",
}
_STATES: Final = {"approved": "Approved", "refused": "Refused"}
_POINTERS: Final = ("reference", "person", "ground", "notes", "source", "reason")
_NOTE: Final = "/notes/"
_TICKED: Final = "ticked"  # what is sent once the notes about the whole case were shown


Options = Sequence[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Acting:
    """One form: where it goes, its fields, its buttons (value, words)."""

    heading: str
    address: str
    inputs: tuple[tuple[str, Params], ...]
    buttons: tuple[tuple[str, str], ...]
    key: str


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing of a list, with its form if the reader may act on it."""

    heading: str
    rows: tuple[tuple[str, str], ...]
    form: Acting | None = None


@dataclass(frozen=True, slots=True)
class ErasuresPage:
    """The lists, and the forms to ask for an erasure and to set a hold."""

    lists: tuple[tuple[str, tuple[Entry, ...]], ...]
    forms: tuple[Acting, ...]
    faults: Faults


@router.get("/erasures")
async def erasures(request: Request, call: Witnessed) -> Response:
    """To whoever holds a case, to auditors, and to whoever protects data."""
    return await _shown(request, call, Sent(), NONE)


async def _shown(
    request: Request, call: Call[Any], sent: Sent, faults: Faults, notes: Options = ()
) -> Response:
    found = await queries.erasures_of(call.session, call.actor, now=call.now)
    if isinstance(found, Refusal):
        return error_page(request, found, call)
    forms = _forms(call, sent, faults, notes)
    view = ErasuresPage(_lists(found, call, sent, faults), forms, faults)
    status, title = (422, "Error: Erasures") if faults else (200, "Erasures")
    return page(request, "cases/erasures.html", view, title=title, call=call, status=status)


def _lists(
    found: Erasures, call: Call[Any], sent: Sent, faults: Faults
) -> tuple[tuple[str, tuple[Entry, ...]], ...]:
    clock = Reader.of(call).clock
    asked = tuple(_asked(one, call, clock, sent, faults) for one in found.asked)
    holds = tuple(_hold(one, call, clock, sent, faults) for one in found.holds)
    due = tuple(
        Entry(
            one.reference or "–",
            (
                ("Last referral closed", clock.moment(one.closed_at)),
                ("Noted", clock.moment(one.noted_at)),
            ),
        )
        for one in found.due
    )
    gone = tuple(
        Entry(
            _named(one.reference, one.number),
            (("Erased", clock.moment(one.erased_at)), ("Ground", _GROUNDS[one.ground])),
        )
        for one in found.gone
    )
    every = (
        ("Asked for", asked),
        ("Legal holds", holds),
        ("Kept long enough", due),
        ("Erased", gone),
    )
    return tuple((title, entries) for title, entries in every if entries)


def _named(reference: str | None, number: int | None) -> str:
    who = "the whole case" if number is None else f"person {number}"
    return f"{reference or 'A case that is erased'}, {who}"


def _asked(one: AskedErasure, call: Call[Any], clock: Any, sent: Sent, faults: Faults) -> Entry:
    lifting = one.act == "lift_hold"
    waits = f"Waits for whoever protects data until {clock.moment(one.expires_at)}"
    rows = (
        *(() if lifting else (("Ground", _GROUNDS[one.ground or "OTHER"]),)),
        ("Why", one.reason),
        *(() if lifting or one.number is None else (("Notes about the whole case", _left(one)),)),
        ("Asked", clock.moment(one.asked_at)),
        ("State", _STATES.get(one.answer or "", waits)),
    )
    heading = (
        f"{one.reference}: lift a legal hold" if lifting else _named(one.reference, one.number)
    )
    over = one.answer is not None or one.mine or one.expires_at <= call.now
    if over or not _may(call, "lift_hold" if lifting else "erase"):
        return Entry(heading, rows)
    words = "Approve: lift it" if lifting else "Approve: erase it for ever"
    buttons = (("approve", words), ("refuse", "Refuse"))
    form = _form("", f"{_HERE}/{one.id}", str(one.id), buttons, sent, faults)
    return Entry(heading, rows, form)


def _left(one: AskedErasure) -> str:
    """What of the case may still name her."""
    gone = f"{one.notes_gone} go with her (who holds the case says that they name her)"
    return f"{gone}; {one.notes_left} stay, and so do facts, workplace and household of the case"


def _hold(one: HoldSeen, call: Call[Any], clock: Any, sent: Sent, faults: Faults) -> Entry:
    state = f"Lifted {clock.moment(one.lifted_at)}" if one.lifted_at else "It stands"
    rows = (
        ("Rests on", one.source),
        ("Why", one.reason),
        ("Set", clock.moment(one.set_at)),
        ("State", state),
    )
    heading = one.reference or "A case that is erased"
    if one.lifted_at is not None or not _may(call, "ask_lifting"):
        return Entry(heading, rows)
    buttons = (("ask", "Ask that it be lifted"),)
    address = f"/legal-holds/{one.id}/lifting"
    return Entry(heading, rows, _form("", address, str(one.id), buttons, sent, faults))


def _form(
    heading: str,
    address: str,
    prefix: str,
    buttons: tuple[tuple[str, str], ...],
    sent: Sent,
    faults: Faults,
    *before: tuple[str, Params],
) -> Acting:
    """Every form here asks why; the words are sealed."""
    make = Fields(sent, faults, f"{prefix}-")
    why = ("textarea", make.area("reason", "Why", rows=2, hint="Sealed"))
    return Acting(heading, address, (*before, why), buttons, sent.one("key") or new_key())


def _notes(make: Fields, notes: Options) -> tuple[tuple[str, Params], ...]:
    """Which notes go with one person, once it is known that there are any."""
    hint = "Read them on the page of the case. What is not ticked stays as it is, for the others"
    return (("checkboxes", make.boxes("notes", "Notes that name her", notes, hint=hint)),)


def _forms(call: Call[Any], sent: Sent, faults: Faults, notes: Options = ()) -> tuple[Acting, ...]:
    erase, keep = Fields(sent, faults, "erase-"), Fields(sent, faults, "hold-")
    found = []
    if _may(call, "ask_erasure"):
        hint = "Leave it empty for the whole case"
        found.append(
            _form(
                "Ask for an erasure",
                _HERE,
                "erase",
                ((_TICKED if notes else "ask", "Ask for it"),),
                sent,
                faults,
                ("input", erase.text("reference", "Reference of the case")),
                ("input", erase.text("person", "Only the person with this number", hint=hint)),
                ("radios", erase.radios("ground", "Ground", [*_GROUNDS.items()])),
                *(_notes(erase, notes) if notes else ()),
            )
        )
    if _may(call, "hold_legally"):
        hint = "Whose letter or order, with its number"
        found.append(
            _form(
                "Set a legal hold",
                "/legal-holds",
                "hold",
                (("set", "Keep it as it is"),),
                sent,
                faults,
                ("input", keep.text("reference", "Reference of the case")),
                ("input", keep.text("source", "What it rests on", hint=hint)),
            )
        )
    return tuple(found)


def _may(call: Call[Any], action: str) -> bool:
    """Whether her role may at all: what a page offers. It grants nothing."""
    return call.actor.role in access.matrix().by_role[action]


@router.post("/erasures")
async def ask_erasure(request: Request, form: ActingForm) -> Response:
    """Ask; nothing changes before another person approves."""
    call, sent = form.call, form.sent
    if call.stored is not None:
        return see_other(_HERE)
    number = sent.one("erase-person").strip()
    if number and not (number.isascii() and number.isdecimal() and len(number) < 6):  # noqa: PLR2004 - smallint
        fault = Fault("/person", "unknown", "Give the number of a person, such as 2, or nothing.")
        return await _answered(request, call, invalid_input([fault]), sent, "erase")
    answer = await casework.ask_erasure(
        call.session,
        call.actor,
        sent.one("erase-reference"),
        sent.one("erase-ground"),
        _said(sent, "erase"),
        number=int(number) if number else None,
        notes=_ticked(sent),
        now=call.now,
    )
    return await _answered(request, call, answer, sent, "erase")


def _ticked(sent: Sent) -> list[UUID] | None:
    if sent.one("answer") != _TICKED:
        return None
    with suppress(ValueError):
        return [UUID(one) for one in sent.many("erase-notes")]
    return None  # no form of ours: the notes are shown again


@router.post("/erasures/{proposal_id}")
async def answer_erasure(request: Request, form: ActingForm, proposal_id: UUID) -> Response:
    """Approve or refuse."""
    call, sent = form.call, form.sent
    if call.stored is not None:
        return see_other(_HERE)
    answer = await casework.answer_erasure(
        call.session,
        call.actor,
        proposal_id,
        _said(sent, str(proposal_id)),
        approve=sent.one("answer") == "approve",
        now=call.now,
    )
    return await _answered(request, call, answer, sent, str(proposal_id))


@router.post("/legal-holds")
async def set_hold(request: Request, form: ActingForm) -> Response:
    """Keep a case as it is, from now."""
    call, sent = form.call, form.sent
    if call.stored is not None:
        return see_other(_HERE)
    answer = await casework.set_hold(
        call.session,
        call.actor,
        sent.one("hold-reference"),
        sent.one("hold-source"),
        _said(sent, "hold"),
        now=call.now,
    )
    return await _answered(request, call, answer, sent, "hold")


@router.post("/legal-holds/{hold_id}/lifting")
async def ask_lifting(request: Request, form: ActingForm, hold_id: UUID) -> Response:
    """Ask that a hold be lifted."""
    call, sent = form.call, form.sent
    if call.stored is not None:
        return see_other(_HERE)
    said = _said(sent, str(hold_id))
    answer = await casework.ask_lifting(call.session, call.actor, hold_id, said, now=call.now)
    return await _answered(request, call, answer, sent, str(hold_id))


def _said(sent: Sent, prefix: str) -> Said:
    return Said(reason=sent.one(f"{prefix}-reason").strip() or None)


async def _answered(
    request: Request, call: Call[Any], answer: Narrowed | Refusal, sent: Sent, prefix: str
) -> Response:
    if isinstance(answer, Narrowed):
        return see_other(_HERE)
    if answer.type == "reason-required":
        answer = invalid_input([Fault("/reason", "missing", "Say why.")])
    if answer.type == "invalid-input":
        names: Mapping[str, str] = {f"/{name}": name for name in _POINTERS}
        told = answer.extra["errors"]
        notes = [one for one in told if one["pointer"].startswith(_NOTE)]
        others = {**answer.extra, "errors": [one for one in told if one not in notes]}
        answer = replace(answer, extra=others)
        options = [(one["pointer"].removeprefix(_NOTE), one["message"]) for one in notes]
        return await _shown(request, call, sent, faults_in(answer, names, f"{prefix}-"), options)
    return refused(request, answer, call, back=_HERE)
