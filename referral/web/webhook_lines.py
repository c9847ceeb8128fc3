"""Endpoints in words: what each is told, how it stands, what became of what was sent.

Words only. What this file must never know: requests, keys that are not public.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final
from uuid import UUID

from referral.members import HalfKey, Webhook
from referral.notices.events import TYPES
from referral.notices.outbound import Came
from referral.web.wording import STATES, Clockface

_OTHERS: Final = {
    "overdue": "A limit has passed",
    "escalated": "Somebody else was asked or told, for nobody answered",
    "checkpoint": "The log has a new checkpoint",
}
ASKED: Final = {name: _OTHERS.get(name) or STATES[name][0] for name in TYPES}
_SHARED: Final = "A secret both sides know (HMAC)"
_OUTCOMES: Final = {
    Came.TAKEN: "Taken",
    Came.REDIRECTED: "Answered with another address: that is not followed. Give the right one",
    Came.GONE: "Said that it is gone",
    Came.DECLINED: "Declined (4xx): does it check by the key it has now?",
    Came.BUSY: "Asked to be left alone for a while",
    Came.FAULTY: "Failed there (5xx)",
    Came.TIMED_OUT: "No answer in time",
    Came.UNREACHABLE: "Not reached: is its name right, does it run?",
    Came.UNTRUSTED: "Its certificate is not in order",
    Came.UNREADABLE: "No HTTP answer",
    Came.NOT_ALLOWED: "Not sent: its host is not allowed, or leads into a private network",
    "resting": "Not tried: it had kept us waiting just before",
    "withheld": "Not sent: your agency has no part in it any more",
    "ended": "Not sent: the endpoint has ended",
}


@dataclass(frozen=True, slots=True)
class Line:
    """One sending."""

    at: str
    attempt: int
    outcome: str


@dataclass(frozen=True, slots=True)
class Card:
    """One endpoint. ``failing``: since when it has taken nothing."""

    id: UUID
    url: str
    told: str
    state: str
    failing: str | None
    ended: bool
    keys: list[str]
    lines: list[Line]


def card(one: Webhook, clock: Clockface) -> Card:
    """One endpoint; moments in the reader's zone."""
    failing = one.failing_since if one.ended_at is None else None
    return Card(
        id=one.id,
        url=one.url,
        told=", ".join(ASKED[name] for name in one.types),
        state=_state(one, clock),
        failing=clock.moment(failing) if failing else None,
        ended=one.ended_at is not None,
        keys=[_key(key, clock) for key in one.keys],
        lines=[
            Line(clock.moment(a.at), a.attempt, _OUTCOMES.get(a.outcome, "A fault of ours"))
            for a in one.attempts
        ],
    )


def _state(one: Webhook, clock: Clockface) -> str:
    if one.ended_at is not None:
        gone = one.ended_because == "gone"
        why = "it said that it is gone" if gone else "by an administrator"
        return f"Ended {clock.moment(one.ended_at)}, {why}"
    return f"In use; last taken {clock.moment(one.taken_at) if one.taken_at else 'never'}"


def _key(key: HalfKey, clock: Clockface) -> str:
    until = f", until {clock.moment(key.until)}" if key.until else ""
    return f"{key.public or _SHARED}{until}"
