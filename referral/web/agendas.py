"""The agenda of a body for a month: chosen on a page, printed from it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from fastapi import APIRouter, Request, Response

from referral import queries
from referral.entry import Reading
from referral.errors import Refusal
from referral.queries import Agenda, AgendaItem
from referral.web.fields import NONE, Faults, Fields, Sent, faults_in
from referral.web.lines import Reader
from referral.web.pages import PageRoute, error_page
from referral.web.together import Inputs, form_page
from referral.web.wording import state_tag

router = APIRouter(route_class=PageRoute, include_in_schema=False)

_WHY: Final = {
    "overdue": "Past its limit",
    "left_lying": "Left lying past its review",
    "limit": "A limit of the referral has passed",
}
_FIELDS: Final = {"/body": "body", "/month": "month"}
_WRONG: Final = {"/body": "Choose one of the bodies your unit meets as."}


@dataclass(frozen=True, slots=True)
class AgendaPage:
    """The form, and the agenda in two parts: what is carried over, and what is new."""

    inputs: Inputs
    heading: str
    made: str
    parts: tuple[tuple[str, tuple[tuple[str, ...], ...]], ...]
    faults: Faults


@router.get("/agendas")
async def agenda(request: Request, call: Reading, body: str = "", month: str = "") -> Response:
    """For whoever's unit meets as a body."""
    held = await queries.mandates_of(call.session, call.actor, now=call.now)
    reader = Reader.of(call)
    body = body or (held[0] if held else "")
    month = month or f"{call.session.day_in(call.actor.country, call.now):%Y-%m}"
    found = await queries.agenda_in(call.session, call.actor, body, month, now=call.now)
    if isinstance(found, Refusal) and found.type != "invalid-input":
        return error_page(request, found, call)
    faults = faults_in(found, _FIELDS, words=_WRONG) if isinstance(found, Refusal) else NONE
    make = Fields(Sent({"body": (body,), "month": (month,)}), faults)
    bodies = [(one, reader.law.label(one)) for one in held]
    inputs: Inputs = (
        ("select", make.choice("body", "It meets as", bodies, empty="Choose a body")),
        ("input", make.text("month", "Month", type="month", classes="govuk-input--width-10")),
    )
    view = _view(None if isinstance(found, Refusal) else found, inputs, reader, faults)
    return form_page(
        request, "meetings/agenda.html", view, title="Agenda", call=call, faults=faults
    )


def _view(found: Agenda | None, inputs: Inputs, reader: Reader, faults: Faults) -> AgendaPage:
    if found is None:
        return AgendaPage(inputs, "", "", (), faults)
    month = f"{found.month:%B %Y}"
    heads = ((f"Carried over from before {month}", False), (f"Late since {month}", True))
    more = ", and more than these" if found.more else ""
    return AgendaPage(
        inputs,
        f"{reader.law.label(found.body)}, {month}",
        f"Made {reader.clock.moment(found.made_at)}; {len(found.items)} matters{more}",
        tuple(
            (words, tuple(_line(one, reader) for one in found.items if one.new is new))
            for words, new in heads
        ),
        faults,
    )


def _line(one: AgendaItem, reader: Reader) -> tuple[str, ...]:
    law = reader.law
    return (
        one.reference,
        law.step_title(one, one.step),
        law.label(one.mandate) if one.mandate else "–",
        one.jurisdiction,
        state_tag(one.state).text,
        f"{_WHY[one.why]}, {reader.clock.moment(one.since)}",
        f"{one.met} times" if one.met else "–",
    )
