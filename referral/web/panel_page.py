"""The form of a panel's decision: who sits is the protocol's, who came and voted is typed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from protocols.country import said
from protocols.law import Step
from referral import access
from referral.casework import Seat, Sitting
from referral.queries import CaseSeen, ReferralSeen
from referral.web.fields import Faults, Fields, Params, Sent
from referral.web.forms import new_key
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
    """The steps of this referral that a panel decides, if this person may record it."""
    protocol = reader.law.protocol(one)
    may = access.offered("decide_panel", one.relationships)
    if protocol is None or not may or one.state != "open":
        return {}
    steps = protocol.at(seen.place).steps
    return {name: step for name, step in steps.items() if step.panel is not None}


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
        ),
        seats=tuple(
            _seat(number, law.label(mandate), make) for number, mandate in enumerate(panel.sits)
        ),
        key=sent.one("key") or new_key(),
        faults=faults,
    )


def _seat(number: int, heading: str, make: Fields) -> SeatForm:
    vote = make.radios(f"vote-{number}", "Vote", _VOTES, inline=True)
    name = make.text(f"name-{number}", "Who sat", hint="Sealed")
    dissent = make.area(f"dissent-{number}", "Reasons of who does not agree", rows=2, hint="Sealed")
    return SeatForm(heading, (("radios", vote), ("input", name), ("textarea", dissent)))


def sitting_in(step: Step, sent: Sent, occurred_at: object) -> Sitting:
    """What was typed, as the room takes it."""
    sits = step.panel.sits if step.panel else ()
    seats = tuple(
        Seat(
            mandate,
            vote=sent.one(f"vote-{number}") or None,
            name=sent.one(f"name-{number}") or None,
            dissent=sent.one(f"dissent-{number}") or None,
        )
        for number, mandate in enumerate(sits)
    )
    moment = occurred_at if isinstance(occurred_at, datetime) else None
    return Sitting(step.id, sent.one("outcome"), seats, moment)


def pointers_of(step: Step) -> dict[str, str]:
    """Which field stands behind which pointer of a refusal."""
    count = len(step.panel.sits) if step.panel else 0
    found = {"/outcome": "outcome", "/occurred_at": "occurred_at", "/event": "outcome"}
    for number in range(count):
        found |= {
            f"/members/{number}/name": f"name-{number}",
            f"/members/{number}/dissent": f"dissent-{number}",
        }
    return found
