"""The page of a case's consents: which stand, recording one, taking one back."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from fastapi import APIRouter, Request, Response

from protocols.country import Caregiver, Voice
from referral import access, casework, consent, queries
from referral.casework import Acted, Withdrawn
from referral.consent import Form, Given, Purpose, Statement
from referral.entry import Call, Reading
from referral.errors import Fault, Refusal, invalid_input
from referral.queries import CaseSeen, ConsentSeen
from referral.web.fields import NONE, Faults, Fields, Params, Sent, faults_in
from referral.web.forms import Acting, ActingForm, moment_in, new_key
from referral.web.lines import UNNAMED, Reader
from referral.web.pages import PageRoute, error_page, page, refused, see_other

router = APIRouter(route_class=PageRoute, include_in_schema=False)

_GROUPS: Final = {
    "G2": "Who the person is",
    "G3": "Where the person is",
    "G4": "What happened, and files",
}
_PURPOSES: Final = {
    Purpose.SERVICES: "To help",
    Purpose.INVESTIGATION: "To investigate",
    Purpose.RESEARCH: "Research, without names",
}
_FORMS: Final = {
    Form.WRITTEN: "In writing",
    Form.SPOKEN_WITH_WITNESS: "Spoken, before a witness",
    Form.INTERPRETED: "Through an interpreter",
}
_STATEMENTS: Final = {
    Statement.AGREED: "Agreed to be interviewed",
    Statement.TOLD_PURPOSE: "Was told what it is for",
    Statement.TOLD_USES: "Was told how what is said is used, and may be",
    Statement.TOLD_RESEARCH: "Was told of research without names",
    Statement.TOLD_ACCESS: "Was told of the right to ask for it",
    Statement.TOLD_RETENTION: "Was told how long it is kept",
    Statement.TOLD_WITHDRAWAL: "Was told how to take it back",
}
_VOICES: Final = {
    Voice.EXPLAIN: "It was explained",
    Voice.ASSENT: "Agreed in words",
    Voice.WRITTEN_ASSENT: "Agreed in writing",
    Voice.CONSENT: "Consented",
}
_CAREGIVERS: Final = {
    Caregiver.NONE: "Nothing",
    Caregiver.AGREEMENT: "Agreed",
    Caregiver.CONSENT: "Consented",
}
_DONE: Final = {
    "recorded": "The consent is recorded; what it opens is open.",
    "withdrawn": "It is taken back. What it had opened is closed, and everybody concerned is told.",
}
_NAMES: Final = ("child", "caregiver", "statements", "groups", "witness", "language")
_FIELDS: Final = {f"/{name}": name for name in (*_NAMES, "given_at", "receiver_agency")}
Inputs = tuple[tuple[str, Params], ...]
Receivers = tuple[tuple[UUID, str | None, str], ...]


@dataclass(frozen=True, slots=True)
class ConsentShown:
    """One consent, and where it is taken back (None: it stands no more)."""

    heading: str
    rows: tuple[tuple[str, str], ...]
    address: str | None


@dataclass(frozen=True, slots=True)
class ConsentsPage:
    """The page."""

    case_address: str
    address: str
    consents: tuple[ConsentShown, ...]
    inputs: Inputs
    key: str
    done: str
    faults: Faults


@router.get("/cases/{case_id}/consents")
async def consents(request: Request, call: Reading, case_id: UUID) -> Response:
    """Which stand, which were taken back or have run out."""
    return await _shown(request, call, case_id, Sent())


async def _shown(
    request: Request, call: Call[Any], case_id: UUID, sent: Sent, faults: Faults = NONE
) -> Response:
    found = await queries.consents_of(call.session, call.actor, case_id, now=call.now)
    seen = await queries.case_seen(call.session, call.actor, case_id, now=call.now)
    if isinstance(found, Refusal) or isinstance(seen, Refusal):
        refusal = found if isinstance(found, Refusal) else seen
        assert isinstance(refusal, Refusal)  # noqa: S101 - one of the two is
        return error_page(request, refusal, call)
    receivers = await queries.receivers_in(call.session, call.actor, case_id)
    reader = Reader.of(call)
    view = ConsentsPage(
        case_address=f"/cases/{case_id}",
        address=f"/cases/{case_id}/consents",
        consents=tuple(_one(one, reader) for one in found),
        inputs=_inputs(Fields(sent, faults), seen, receivers, reader),
        key=new_key(),
        done=_DONE.get(request.query_params.get("done", ""), ""),
        faults=faults,
    )
    title, status = ("Error: Consent", 422) if faults else ("Consent", 200)
    return page(request, "cases/consents.html", view, title=title, call=call, status=status)


def _one(one: ConsentSeen, reader: Reader) -> ConsentShown:
    rows = [
        ("What", ", ".join(_GROUPS[group] for group in one.groups)),
        ("For", _PURPOSES[Purpose(one.purpose)]),
        ("Given", reader.clock.moment(one.given_at)),
        ("Until", reader.clock.moment(one.expires_at)),
    ]
    if one.withdrawn_at:
        rows.append(("Taken back", reader.clock.moment(one.withdrawn_at)))
    address = f"/consents/{one.id}/withdrawal" if one.stands else None
    return ConsentShown(one.receiver or UNNAMED, tuple(rows), address)


def _inputs(
    make: Fields,
    seen: CaseSeen,
    receivers: tuple[tuple[UUID, str | None, str], ...],
    reader: Reader,
) -> Inputs:
    held = [one for one in seen.referrals if access.offered("record_consent", one.relationships)]
    if not held:
        return ()
    numbers = {person.id: person.number for person in seen.persons}
    persons = [(str(one.id), f"Person {numbers.get(one.person_id, 1)}") for one in held]
    agencies = [(str(id_), name or reader.law.label(mandate)) for id_, name, mandate in receivers]
    return (
        ("select", make.choice("referral", "Who consents", persons)),
        ("select", make.choice("receiver_agency", "Who may receive it", agencies)),
        ("checkboxes", make.boxes("groups", "What may be shared", _GROUPS.items())),
        ("radios", make.radios("purpose", "For what", _of(_PURPOSES), chosen="SERVICES")),
        ("input", make.day("given_at", "Given on")),
        ("input", make.time("given_at", "At")),
        ("radios", make.radios("form", "How", _of(_FORMS), chosen="WRITTEN")),
        ("input", make.text("witness", "Who heard it, if it was spoken")),
        ("input", make.text("language", "In which language")),
        ("radios", make.radios("child", "The person", _of(_VOICES))),
        ("radios", make.radios("caregiver", "The caregiver", _of(_CAREGIVERS), chosen="none")),
        ("textarea", make.area("otherwise", "If no caregiver could: why, and who decided", rows=2)),
        ("checkboxes", make.boxes("statements", "Agreed, and told", _of(_STATEMENTS))),
    )


def _of(words: Any) -> list[tuple[str, str]]:
    return [(one.value, text) for one, text in words.items()]


@router.post("/cases/{case_id}/consents")
async def record_consent(request: Request, form: ActingForm, case_id: UUID) -> Response:
    """What the person agreed to."""
    onward = f"/cases/{case_id}/consents?done=recorded"
    if form.call.stored is not None:
        return see_other(onward)
    done = await _recorded(form)
    if isinstance(done, Acted):
        return see_other(onward)
    if done.type != "invalid-input":
        return refused(request, done, form.call, back=f"/cases/{case_id}/consents")
    return await _shown(request, form.call, case_id, form.sent, faults_in(done, _FIELDS))


async def _recorded(form: Acting) -> Acted | Refusal:
    call, sent = form.call, form.sent
    moment = moment_in(sent, "given_at", call.actor.time_zone)
    if isinstance(moment, Refusal):
        return moment
    if moment is None:
        return invalid_input([Fault("/given_at", "missing", "Give the day.")])
    try:
        referral, agency = UUID(sent.one("referral")), UUID(sent.one("receiver_agency"))
        given = _given(sent, moment)
    except ValueError:
        words = "Choose one of what is offered in each list."
        return invalid_input([Fault("/child", "missing", words)])
    return await casework.record_consent(
        call.session, call.actor, referral, agency, given, now=call.now
    )


def _given(sent: Sent, moment: datetime) -> Given:
    """Raises ValueError for what is in no list."""
    return Given(
        purpose=Purpose(sent.one("purpose")),
        groups=sent.many("groups"),
        given_at=moment,
        expires_at=moment + consent.USUAL,
        form=Form(sent.one("form")),
        language=sent.one("language"),
        statements=tuple(Statement(one) for one in sent.many("statements")),
        child=Voice(sent.one("child")),
        caregiver=Caregiver(sent.one("caregiver")),
        otherwise=sent.one("otherwise"),
        witness=sent.one("witness"),
    )


@router.post("/consents/{consent_id}/withdrawal")
async def withdraw_consent(request: Request, form: ActingForm, consent_id: UUID) -> Response:
    """Taken back, at once."""
    stored = form.call.stored
    done = (
        Withdrawn.again(stored)
        if stored is not None
        else await casework.withdraw_consent(
            form.call.session, form.call.actor, consent_id, now=form.call.now
        )
    )
    if isinstance(done, Refusal):
        return refused(request, done, form.call)
    return see_other(f"/cases/{done.case_id}/consents?done=withdrawn")
