"""The life cycle of a hand-off: one table, and the little code that walks it.

1. What must live here: every state a hand-off can be in and every act that moves it, with the
   party that may do so. A missing row is a refusal; nothing is ever silently ignored.
2. What this file must not know: databases, people, clocks, countries.

States are HL7 FHIR R4 ``Task.status`` codes; who may set what follows the Gravity SDOH Clinical
Care table (requester: cancel before acceptance; recipient: all else).
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Kind(StrEnum):
    """What is asked: take the person over, do one thing, or be told."""

    CUSTODY = "custody"
    TASK = "task"
    NOTICE = "notice"


class State(StrEnum):
    """FHIR R4 ``Task.status`` (without the unused ``ready``)."""

    DRAFT = "draft"
    REQUESTED = "requested"
    RECEIVED = "received"
    ACCEPTED = "accepted"
    REJECTED = "rejected"
    IN_PROGRESS = "in-progress"
    ON_HOLD = "on-hold"
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELLED = "cancelled"
    ENTERED_IN_ERROR = "entered-in-error"

    @property
    def terminal(self) -> bool:
        """Never left again: a new hand-off names the one it replaces."""
        return self in TERMINAL

    @property
    def answered(self) -> bool:
        """The receiver has accepted, whatever came after."""
        return self in {State.ACCEPTED, State.IN_PROGRESS, State.ON_HOLD}


TERMINAL = frozenset(
    {State.REJECTED, State.COMPLETED, State.FAILED, State.CANCELLED, State.ENTERED_IN_ERROR}
)


class Act(StrEnum):
    """What a party may do to a hand-off."""

    SEND = "send"
    ACKNOWLEDGE = "acknowledge"
    ACCEPT = "accept"
    DECLINE = "decline"
    START = "start"
    HOLD = "hold"
    RESUME = "resume"
    COMPLETE = "complete"
    FAIL = "fail"
    CANCEL = "cancel"
    VOID = "void"


class Party(StrEnum):
    """Whose act it is; who within that party is the access matrix's business."""

    SENDER = "sender"
    RECEIVER = "receiver"


class Needs(StrEnum):
    """What must come with an act."""

    REASON = "reason"
    NOTE = "note"
    OUTCOME = "outcome"
    REVIEW_AT = "review_at"
    SECOND_PERSON = "second_person"


@dataclass(frozen=True, slots=True)
class Transition:
    """One row: where the act leads, who may do it, what must come with it."""

    to: State
    parties: frozenset[Party]
    needs: frozenset[Needs] = frozenset()


_SENDER = frozenset({Party.SENDER})
_RECEIVER = frozenset({Party.RECEIVER})
_ASKED = (Kind.CUSTODY, Kind.TASK)
_EVERY = tuple(Kind)

_ROWS: tuple[tuple[tuple[Kind, ...], tuple[State, ...], Act, Transition], ...] = (
    # kinds, from, act, (to, whose act, what must come with it)
    (_EVERY, (State.DRAFT,), Act.SEND, Transition(State.REQUESTED, _SENDER)),
    (_EVERY, (State.DRAFT,), Act.CANCEL, Transition(State.CANCELLED, _SENDER)),
    (_EVERY, (State.REQUESTED,), Act.ACKNOWLEDGE, Transition(State.RECEIVED, _RECEIVER)),
    # Accepting straight from "requested" records "received" with the same moment first.
    (_ASKED, (State.REQUESTED, State.RECEIVED), Act.ACCEPT, Transition(State.ACCEPTED, _RECEIVER)),
    (
        _ASKED,
        (State.REQUESTED, State.RECEIVED),
        Act.DECLINE,
        Transition(State.REJECTED, _RECEIVER, frozenset({Needs.REASON, Needs.NOTE})),
    ),
    (
        _EVERY,
        (State.REQUESTED, State.RECEIVED),
        Act.CANCEL,
        Transition(State.CANCELLED, _SENDER, frozenset({Needs.REASON})),
    ),
    (_ASKED, (State.ACCEPTED,), Act.START, Transition(State.IN_PROGRESS, _RECEIVER)),
    (
        _ASKED,
        (State.ACCEPTED, State.IN_PROGRESS),
        Act.HOLD,
        Transition(State.ON_HOLD, _RECEIVER, frozenset({Needs.REASON, Needs.REVIEW_AT})),
    ),
    (_ASKED, (State.ON_HOLD,), Act.RESUME, Transition(State.IN_PROGRESS, _RECEIVER)),
    # After acceptance the sender may only ask; the receiver decides.
    (
        _ASKED,
        (State.ACCEPTED, State.IN_PROGRESS, State.ON_HOLD),
        Act.CANCEL,
        Transition(State.CANCELLED, _RECEIVER, frozenset({Needs.REASON})),
    ),
    (
        _ASKED,
        (State.IN_PROGRESS, State.ON_HOLD),
        Act.FAIL,
        Transition(State.FAILED, _RECEIVER, frozenset({Needs.REASON, Needs.NOTE})),
    ),
    (
        _ASKED,
        (State.IN_PROGRESS,),
        Act.COMPLETE,
        Transition(State.COMPLETED, _RECEIVER, frozenset({Needs.OUTCOME, Needs.NOTE})),
    ),
    # A notice asks for nothing but to be read: requested, received, completed.
    ((Kind.NOTICE,), (State.RECEIVED,), Act.COMPLETE, Transition(State.COMPLETED, _RECEIVER)),
    (
        _EVERY,
        tuple(state for state in State if state is not State.ENTERED_IN_ERROR),
        Act.VOID,
        Transition(State.ENTERED_IN_ERROR, _SENDER, frozenset({Needs.REASON, Needs.SECOND_PERSON})),
    ),
)

TRANSITIONS: dict[tuple[Kind, State, Act], Transition] = {
    (kind, state, act): transition
    for kinds, states, act, transition in _ROWS
    for kind in kinds
    for state in states
}


_ACTS: dict[tuple[Kind, State, Party], tuple[Act, ...]] = {}
for (_kind, _state, _act), _row in TRANSITIONS.items():
    for _party in _row.parties:
        _ACTS[_kind, _state, _party] = (*_ACTS.get((_kind, _state, _party), ()), _act)


def transition(kind: Kind, state: State, act: Act) -> Transition | None:
    """The row for this act, or None: the act is not possible in this state."""
    return TRANSITIONS.get((kind, state, act))


def acts_from(kind: Kind, state: State, party: Party) -> tuple[Act, ...]:
    """What this party may do next, in the order of the table."""
    return _ACTS.get((kind, state, party), ())
