"""The form of a panel's decision: who sits is the protocol's, who came and voted is typed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from protocols.country import said
from protocols.law import Step
from referral import access
from referral.casework import Seat, Sitting
from referral.errors import Refusal
from referral.queries import CaseSeen, ReferralSeen
from referral.web.fields import Faults, Fields, Params, Sent
from referral.web.forms import moment_in, new_key
from referral.web.lines import Reader
from referral.web.wording import LANGUAGE

_VOTES: Final = [
    ("", "Absent"),
    ("agree", "Agrees"),
    ("disagree", "Disagrees"),
    ("abstain", "Abstains"),
]


@dataclass(frozen=True, slots=True)
class SeatForm:
    """One mandate that sits."""

    heading: str
    inputs: tuple[tuple[str, Params], ...]


@dataclass(frozen=True, slots=True)
class PanelPage:
    """The form."""

    address: str
    case_address: str
    heading: str
    rule: str
    inputs: tuple[tuple[str, Params], ...]
    seats: tuple[SeatForm, ...]
    key: str
    faults: Faults


def panel_steps(seen: CaseSeen, one: ReferralSeen, reader: Reader) -> Mapping[str, Step]:
    """The steps of this referral that a panel decides, if this person may record it.

    About a step that the holder keeps, or at the end of a hand-off this unit has in hand.
    """
    protocol = reader.law.protocol(one)
    if protocol is None or one.state != "open":
        return {}
    return {
        name: step
        for name, step in protocol.at(seen.place).steps.items()
        if step.panel is not None
        and _may(one, "complete" if hand_off_of(seen, one, name, reader) else "decide_panel")
    }


def hand_off_of(seen: CaseSeen, one: ReferralSeen, step: str, reader: Reader) -> UUID | None:
    """The hand-off of this step that this person's unit has in hand, if it has one."""
    mine = (
        line.id
        for line in seen.hand_offs
        if (line.referral_id, line.step) == (one.id, step)
        and line.receiver_unit == reader.actor.unit_id
        and line.state in {"accepted", "in-progress", "on-hold"}
    )
    return next(mine, None)


def _may(one: ReferralSeen, action: str) -> bool:
    return access.offered(action, one.relationships)


def panel_view(
    seen: CaseSeen, one: ReferralSeen, step: Step, reader: Reader, sent: Sent, faults: Faults
) -> PanelPage:
    """The form for one step."""
    panel, law = step.panel, reader.law
    assert panel is not None, "only a step with a panel has this form"  # noqa: S101 (for mypy)
    must = ", ".join(law.label(mandate) for mandate in panel.must_sit)
    rule = f"At least {panel.quorum} must be present and {panel.agree} agree."
    make = Fields(sent, faults)
    outcomes = [(code, law.label(code)) for code in step.outcomes]
    return PanelPage(
        address=f"/cases/{seen.id}/referrals/{one.id}/panels/{step.id}",
        case_address=f"/cases/{seen.id}",
        heading=said(step.title, LANGUAGE),
        rule=f"{rule} Must sit: {must}." if must else rule,
        inputs=(
            ("select", make.choice("outcome", "Outcome", outcomes, empty="Choose an outcome")),
            ("input", make.day("occurred_at", "Day it met", hint="Leave empty for now")),
            ("input", make.time("occurred_at", "Time")),
            *_feedback(make, ends=hand_off_of(seen, one, step.id, reader) is not None),
        ),
        seats=tuple(
            _seat(number, law.label(mandate), make) for number, mandate in enumerate(panel.sits)
        ),
        key=sent.one("key") or new_key(),
        faults=faults,
    )


def _feedback(make: Fields, *, ends: bool) -> tuple[tuple[str, Params], ...]:
    """What is said to the sender, where the decision ends a hand-off."""
    hint = "The sender reads this"
    return (("textarea", make.area("note", "What was decided", rows=3, hint=hint)),) if ends else ()


def _seat(number: int, heading: str, make: Fields) -> SeatForm:
    vote = make.radios(f"vote-{number}", "Vote", _VOTES, inline=True)
    name = make.text(f"name-{number}", "Who sat", hint="Sealed")
    dissent = make.area(f"dissent-{number}", "Reasons of who does not agree", rows=2, hint="Sealed")
    signed = make.day(f"signed-{number}", "Signed on", hint="Leave empty if not signed yet")
    inputs = (("radios", vote), ("input", name), ("textarea", dissent), ("input", signed))
    return SeatForm(heading, inputs)


def sitting_in(step: Step, sent: Sent, zone: str) -> Sitting | Refusal:
    """What was typed, as the room takes it; or which day cannot be read."""
    seats: list[Seat] = []
    for number, mandate in enumerate(step.panel.sits if step.panel else ()):
        signed = moment_in(sent, f"signed-{number}", zone)
        if isinstance(signed, Refusal):
            return signed
        vote, name, dissent = (
            sent.one(f"{field}-{number}") or None for field in ("vote", "name", "dissent")
        )
        seats.append(Seat(mandate, vote, name=name, dissent=dissent, signed_at=signed))
    met = moment_in(sent, "occurred_at", zone)
    return met if isinstance(met, Refusal) else Sitting(step.id, sent.one("outcome"), seats, met)


def pointers_of(step: Step) -> dict[str, str]:
    """Which field stands behind which pointer of a refusal."""
    count = len(step.panel.sits) if step.panel else 0
    found = {"/outcome": "outcome", "/occurred_at": "occurred_at", "/event": "outcome"}
    found |= {"/note": "note"}
    for number in range(count):
        found |= {
            f"/members/{number}/name": f"name-{number}",
            f"/members/{number}/dissent": f"dissent-{number}",
            f"/members/{number}/signed_at": f"signed-{number}",
            f"/signed-{number}": f"signed-{number}",
        }
    return found
