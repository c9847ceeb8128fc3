"""What came with an act, and what is missing or wrong in it, in words people can act on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from protocols.buddhist_era import gregorian_year
from protocols.lifecycle import Act, Kind, Needs, State, transition
from protocols.permits import outcomes_for, reasons_for
from protocols.protocol import Protocol
from referral import errors
from referral.errors import Fault, Refusal
from referral.session import Actor, Role


@dataclass(frozen=True, slots=True)
class Said:
    """What came with an act: codes, words, and when it happened if not now."""

    reason_code: str | None = None
    outcome: str | None = None
    note: str | None = None
    reason: str | None = None  # why she may (cells marked R), not why she declines
    occurred_at: datetime | None = None
    review_at: datetime | None = None
    version: int | None = None
    attested_by: str | None = None  # who answered by voice or paper
    attested_on: str | None = None  # on which directory number or document


NOTHING_SAID = Said()
_EARLIEST = 1900


def faults_in(
    said: Said,
    act: Act,
    hand_off: Mapping[str, Any],
    protocol: Protocol,
    limit: timedelta,
    now: datetime,
    actor: Actor,
    *,
    attesting: bool,
) -> Refusal | None:
    """What is missing or wrong in what came with an act; None when all is there."""
    step = hand_off["step"]
    row = transition(Kind(hand_off["kind"]), State(hand_off["state"]), act)
    needs = row.needs if row else frozenset()
    faults = []
    if Needs.REASON in needs:
        faults += _code_faults("reason_code", said.reason_code, reasons_for(protocol, step, act))
    if Needs.OUTCOME in needs:
        faults += _code_faults("outcome", said.outcome, outcomes_for(protocol, step))
    if Needs.NOTE in needs and not (said.note or "").strip():
        faults.append(Fault("/note", "missing", "Say it in a sentence: the sender reads this."))
    if Needs.REVIEW_AT in needs and (said.review_at is None or said.review_at <= now):
        faults.append(Fault("/review_at", "missing", "Give the day to look again, after today."))
    if attesting and not (said.attested_by and said.attested_on):
        faults.append(
            Fault(
                "/attested_by",
                "missing",
                "Name who answered and on which directory number or document; an answer from "
                "nobody in particular counts for nothing.",
            )
        )
    faults += occurred_faults(said.occurred_at, now)
    if faults:
        return errors.invalid_input(faults)
    if said.occurred_at and now - said.occurred_at > limit and actor.role is not Role.SUPERVISOR:
        return errors.not_permitted(
            f"record something older than {limit.days} days", "the supervisor of the unit"
        )
    return None


def occurred_faults(occurred_at: datetime | None, now: datetime) -> list[Fault]:
    """A moment in the future, or 543 years in it: a Buddhist-era year typed as CE."""
    if occurred_at is None:
        return []
    if occurred_at.year < _EARLIEST:
        message = f"Before {_EARLIEST} nothing can have happened to somebody who needs help now."
        return [Fault("/occurred_at", "too-early", message)]
    if occurred_at <= now + timedelta(minutes=1):
        return []
    if occurred_at.year - now.year in range(500, 560):
        message = (
            f"The year {occurred_at.year} looks like the Buddhist era; in the common era that is "
            f"{gregorian_year(occurred_at.year)}. Enter the common-era year."
        )
        return [Fault("/occurred_at", "buddhist-era", message)]
    message = "This is in the future. Enter when it happened, or leave it empty for now."
    return [Fault("/occurred_at", "future", message)]


def _code_faults(name: str, code: str | None, allowed: Any) -> list[Fault]:
    if code in allowed:
        return []
    message = f"Choose one of: {', '.join(allowed)}."
    return [Fault(f"/{name}", "missing" if not code else "unknown", message)]
