"""The acts on a hand-off as forms: which are offered, and what each needs to be told.

What may be done comes from the life cycle and the matrix; nothing is decided here.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from protocols.lifecycle import Act, Kind, Needs, Party, State, acts_from, transition
from protocols.permits import outcomes_for, reasons_for
from protocols.protocol import Protocol
from referral import access
from referral.queries import HandOffSeen
from referral.session import Actor
from referral.web.fields import NONE, Faults, Fields, Params, Sent
from referral.web.wording import Law

ADDRESSES: Final = {
    Act.ACKNOWLEDGE: "acknowledgement",
    Act.ACCEPT: "acceptance",
    Act.DECLINE: "decline",
    Act.START: "start",
    Act.HOLD: "hold",
    Act.RESUME: "resumption",
    Act.COMPLETE: "completion",
    Act.FAIL: "failure",
    Act.CANCEL: "cancellation",
}
_WORDS: Final = {
    Act.ACKNOWLEDGE: ("Acknowledge", "Tells the sender that a person of your unit has opened it."),
    Act.ACCEPT: ("Accept", "Your unit takes responsibility from this moment."),
    Act.DECLINE: ("Decline", "It goes where the protocol says; the sender reads your note."),
    Act.START: ("Start work", "Shows that work has begun."),
    Act.HOLD: ("Put on hold", "Paused until the day you name."),
    Act.RESUME: ("Resume work", "Work goes on."),
    Act.COMPLETE: ("Complete", "Closes this hand-off with an outcome; the sender reads your note."),
    Act.FAIL: (
        "Report that it could not be carried out",
        "You keep the person until somebody else accepts.",
    ),
    Act.CANCEL: ("Cancel", "Stops this hand-off."),
}
ATTESTABLE: Final = (Act.ACKNOWLEDGE, Act.ACCEPT, Act.DECLINE, Act.START, Act.COMPLETE, Act.FAIL)
# What the rooms call a fault's place, and the field that shows it.
POINTERS: Final = {
    "/reason_code": "reason_code",
    "/outcome": "outcome",
    "/note": "note",
    "/review_at": "review_at",
    "/occurred_at": "occurred_at",
    "/attested_by": "attested_by",
    "/number": "number",
    "/act": "act",
}
# What the rooms list by code stands on the page in words.
CHOOSE: Final = {"/reason_code": "Choose a reason.", "/outcome": "Choose an outcome."}


@dataclass(frozen=True, slots=True)
class ActForm:
    """One act: a button, or a form that opens."""

    address: str
    title: str
    explanation: str
    button: Params
    inputs: tuple[tuple[str, Params], ...] = ()  # macro, parameters
    opened: bool = False


@dataclass(frozen=True, slots=True)
class Tried:
    """The form that was sent and came back, so that it stands open with what was typed."""

    name: str
    sent: Sent
    faults: Faults


UNTRIED: Final = Tried("", Sent(), NONE)


def act_forms(
    seen: HandOffSeen, actor: Actor, law: Law, protocol: Protocol | None, tried: Tried
) -> tuple[ActForm, ...]:
    """Every act the actor is offered, most wanted first."""
    return tuple(_act_form(seen, act, law, protocol, tried) for act in _sorted(seen.acts)) + tuple(
        _other_forms(seen, actor, law, protocol, tried)
    )


def _sorted(acts: tuple[Act, ...]) -> list[Act]:
    order = [Act.ACCEPT, Act.ACKNOWLEDGE, Act.START, Act.RESUME, Act.COMPLETE]
    return sorted(acts, key=lambda act: order.index(act) if act in order else len(order))


def _act_form(
    seen: HandOffSeen, act: Act, law: Law, protocol: Protocol | None, tried: Tried
) -> ActForm:
    name = ADDRESSES[act]
    make, opened = _made(name, tried)
    row = transition(Kind(seen.line.kind), State(seen.line.state), act)
    needs = row.needs if row else frozenset()
    inputs: list[tuple[str, Params]] = []
    if Needs.REASON in needs:
        inputs.append(("select", _reasons(make, seen, act, law, protocol)))
    if Needs.OUTCOME in needs:
        inputs.append(("select", _outcomes(make, seen, law, protocol)))
    if Needs.REVIEW_AT in needs:
        inputs.append(("input", make.day("review_at", "Look again on")))
    if Needs.NOTE in needs:
        inputs.append(("textarea", make.area("note", "Note to the sender", rows=3)))
    if not inputs and _wants_reason(seen, act):
        inputs.append(("textarea", make.area("reason", "Why you act for the holder", rows=2)))
    words, explanation = _WORDS[act]
    if inputs:
        inputs += _happened(make)
    return ActForm(name, words, explanation, _button(act, words), tuple(inputs), opened)


def _made(name: str, tried: Tried) -> tuple[Fields, bool]:
    if tried.name == name:
        return Fields(tried.sent, tried.faults, f"{name}-"), True
    return Fields(Sent(), prefix=f"{name}-"), False


def _button(act: Act, words: str) -> Params:
    first = act in {Act.ACCEPT, Act.START, Act.RESUME, Act.COMPLETE}
    warning = act in {Act.FAIL, Act.CANCEL, Act.DECLINE}
    look = "" if first else "govuk-button--warning" if warning else "govuk-button--secondary"
    return {"text": words, "classes": look}


def _reasons(
    make: Fields, seen: HandOffSeen, act: Act, law: Law, protocol: Protocol | None
) -> Params:
    step = seen.line.step
    known = protocol is not None and step in protocol.steps
    codes = (
        reasons_for(protocol, step, act)
        if known and protocol
        else tuple(law.country.reasons.get(act, ()))
    )
    options = [(code, law.reason(act, code)) for code in codes]
    return make.choice("reason_code", "Reason", options, empty="Choose a reason")


def _outcomes(make: Fields, seen: HandOffSeen, law: Law, protocol: Protocol | None) -> Params:
    step = seen.line.step
    known = protocol is not None and step in protocol.steps
    codes = outcomes_for(protocol, step) if known and protocol else tuple(law.country.outcomes)
    options = [(code, law.label(code)) for code in codes]
    return make.choice("outcome", "Outcome", options, empty="Choose an outcome")


def _happened(make: Fields) -> list[tuple[str, Params]]:
    return [
        ("input", make.day("occurred_at", "Day it happened", hint="Only if it was not just now")),
        ("input", make.time("occurred_at", "Time it happened")),
    ]


def _wants_reason(seen: HandOffSeen, act: Act) -> bool:
    """Whether the matrix asks this person for a reason in words (cells marked R)."""
    action = act.value
    if act is Act.CANCEL:
        answered = State(seen.line.state).answered
        action = "cancel_after_acceptance" if answered else "cancel_before_acceptance"
    return access.needs_reason(action, seen.relationships)


def _may(seen: HandOffSeen, action: str) -> bool:
    return access.offered(action, seen.relationships)


def _other_forms(
    seen: HandOffSeen, actor: Actor, law: Law, protocol: Protocol | None, tried: Tried
) -> list[ActForm]:
    """What can be recorded beside the life cycle."""
    line = seen.line
    state = State(line.state)
    receives, sends = actor.unit_id == line.receiver_unit, actor.unit_id == line.sender_unit
    found = []
    if (
        receives
        and state.answered
        and line.first_contact_at is None
        and _may(seen, "record_first_contact")
    ):
        found.append(_first_contact(seen, tried))
    if not line.imported and sends and not receives and _may(seen, "attest"):
        found += _attested(seen, law, protocol, tried)
    if sends and not receives and state.answered and line.cancellation_asked_at is None:
        found.append(_cancellation_request(law, tried))
    if receives and line.attested and line.attestation_confirmed_at is None:
        found.append(_confirmation())
    if _may(seen, "set_docket"):
        found.append(_docket(seen, tried))
    return found


def _first_contact(seen: HandOffSeen, tried: Tried) -> ActForm:
    make, opened = _made("first-contact", tried)
    inputs = _happened(make)
    if access.needs_reason("record_first_contact", seen.relationships):
        inputs.append(("textarea", make.area("reason", "Why you act for the holder", rows=2)))
    told = "The person was met or spoken to: acceptance followed by nothing must show."
    button = {"text": "Record first contact", "classes": "govuk-button--secondary"}
    return ActForm("first-contact", "Record first contact", told, button, tuple(inputs), opened)


def _attested(
    seen: HandOffSeen, law: Law, protocol: Protocol | None, tried: Tried
) -> list[ActForm]:
    """A receiver who is not connected answered by voice or paper."""
    make, opened = _made("attestation", tried)
    possible = acts_from(Kind(seen.line.kind), State(seen.line.state), Party.RECEIVER)
    offered = [act for act in ATTESTABLE if act in possible]
    if not offered:
        return []
    answers = [(act.value, _ANSWERED[act]) for act in offered]
    inputs: list[tuple[str, Params]] = [
        ("radios", make.radios("act", "What did they answer?", answers)),
        ("input", make.text("attested_by", "Who answered", hint="Name and function")),
        (
            "input",
            make.text(
                "attested_on",
                "On which number or document",
                hint="The number as the directory has it",
            ),
        ),
        *_happened(make),
    ]
    if Act.DECLINE in offered:
        inputs.append(("select", _reasons(make, seen, Act.DECLINE, law, protocol)))
    if Act.FAIL in offered:
        inputs.append(("select", _reasons(make, seen, Act.FAIL, law, protocol)))
    if Act.COMPLETE in offered and seen.line.kind != "notice":
        inputs.append(("select", _outcomes(make, seen, law, protocol)))
    inputs.append(("textarea", make.area("note", "What was said", rows=3)))
    told = "For a receiver who is not connected. It stays marked until they confirm it."
    button = {"text": "Record the answer", "classes": "govuk-button--secondary"}
    title = "Record an answer by telephone or paper"
    return [ActForm("attestation", title, told, button, tuple(inputs), opened)]


_ANSWERED: Final = {
    Act.ACKNOWLEDGE: "They have received it",
    Act.ACCEPT: "They accept",
    Act.DECLINE: "They decline",
    Act.START: "They have begun work",
    Act.COMPLETE: "They have completed it",
    Act.FAIL: "They could not carry it out",
}


def _cancellation_request(law: Law, tried: Tried) -> ActForm:
    make, opened = _made("cancellation-request", tried)
    options = [
        (code, law.reason(Act.CANCEL, code)) for code in law.country.reasons.get(Act.CANCEL, ())
    ]
    choice = make.choice("reason_code", "Reason", options, empty="Choose a reason")
    told = "After acceptance you may only ask; the receiver decides."
    button = {"text": "Ask to cancel", "classes": "govuk-button--secondary"}
    return ActForm(
        "cancellation-request", "Ask to cancel", told, button, (("select", choice),), opened
    )


def _confirmation() -> ActForm:
    told = "An answer was recorded in your unit's name. Confirm that it was yours."
    button = {"text": "Confirm the recorded answer"}
    return ActForm("attestation-confirmation", "Confirm the recorded answer", told, button)


def _docket(seen: HandOffSeen, tried: Tried) -> ActForm:
    make, opened = _made("docket", tried)
    number = make.text("number", "Number", classes="govuk-input--width-20")
    if not number["value"]:
        number["value"] = seen.docket or ""
    told = "Your own agency's file number for this hand-off; only your agency sees it."
    button = {"text": "Save the number", "classes": "govuk-button--secondary"}
    return ActForm("docket", "Own file number", told, button, (("input", number),), opened)
