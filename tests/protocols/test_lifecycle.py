"""The life cycle is the table of standards 5.2: nothing more, nothing less, nobody else."""

from __future__ import annotations

from itertools import product

import pytest

from protocols.lifecycle import (
    TERMINAL,
    TRANSITIONS,
    Act,
    Kind,
    Needs,
    Party,
    State,
    acts_from,
    transition,
)

CUSTODY, TASK, NOTICE = Kind.CUSTODY, Kind.TASK, Kind.NOTICE
ASKED = (CUSTODY, TASK)
SENDER, RECEIVER = Party.SENDER, Party.RECEIVER
REASON, NOTE, OUTCOME = Needs.REASON, Needs.NOTE, Needs.OUTCOME

# Standards 5.2, typed from the text: from, act, to, who, what must come with it.
STANDARD: list[tuple[str, Act, str, Party, set[Needs]]] = [
    ("draft", Act.SEND, "requested", SENDER, set()),
    ("draft", Act.CANCEL, "cancelled", SENDER, set()),
    ("requested", Act.ACKNOWLEDGE, "received", RECEIVER, set()),
    ("requested", Act.ACCEPT, "accepted", RECEIVER, set()),
    ("requested", Act.DECLINE, "rejected", RECEIVER, {REASON, NOTE}),
    ("received", Act.DECLINE, "rejected", RECEIVER, {REASON, NOTE}),
    ("requested", Act.CANCEL, "cancelled", SENDER, {REASON}),
    ("received", Act.CANCEL, "cancelled", SENDER, {REASON}),
    ("received", Act.ACCEPT, "accepted", RECEIVER, set()),
    ("accepted", Act.START, "in-progress", RECEIVER, set()),
    ("accepted", Act.HOLD, "on-hold", RECEIVER, {REASON, Needs.REVIEW_AT}),
    ("in-progress", Act.HOLD, "on-hold", RECEIVER, {REASON, Needs.REVIEW_AT}),
    ("on-hold", Act.RESUME, "in-progress", RECEIVER, set()),
    # Note 2: after acceptance a sender may only ask; the receiver decides.
    ("accepted", Act.CANCEL, "cancelled", RECEIVER, {REASON}),
    ("in-progress", Act.CANCEL, "cancelled", RECEIVER, {REASON}),
    ("on-hold", Act.CANCEL, "cancelled", RECEIVER, {REASON}),
    ("in-progress", Act.FAIL, "failed", RECEIVER, {REASON, NOTE}),
    ("on-hold", Act.FAIL, "failed", RECEIVER, {REASON, NOTE}),
    ("in-progress", Act.COMPLETE, "completed", RECEIVER, {OUTCOME, NOTE}),
]
# Standards 5.1: a notice runs requested, received, completed; nobody answers it.
OF_A_NOTICE = {
    *(("draft", Act.SEND), ("draft", Act.CANCEL), ("requested", Act.ACKNOWLEDGE)),
    *(("requested", Act.CANCEL), ("received", Act.CANCEL)),
}
EVERY = list(product(Kind, State, Act))


def rows_of(
    kind: Kind,
) -> dict[tuple[State, Act], tuple[State, frozenset[Party], frozenset[Needs]]]:
    """What the standard allows for a kind, entered-in-error included."""
    rows = {
        (State(source), act): (State(target), frozenset({who}), frozenset(needs))
        for source, act, target, who, needs in STANDARD
        if kind is not NOTICE or (source, act) in OF_A_NOTICE
    }
    if kind is NOTICE:
        read = (State.COMPLETED, frozenset({RECEIVER}), frozenset[Needs]())
        rows[State.RECEIVED, Act.COMPLETE] = read
    in_error = frozenset({REASON, Needs.SECOND_PERSON})
    for state in State:
        if state is not State.ENTERED_IN_ERROR:
            rows[state, Act.VOID] = (State.ENTERED_IN_ERROR, frozenset({SENDER}), in_error)
    return rows


@pytest.mark.parametrize("kind", Kind)
def test_the_table_is_the_standards_row_by_row(kind: Kind) -> None:
    ours = {
        (state, act): (row.to, row.parties, row.needs)
        for (row_kind, state, act), row in TRANSITIONS.items()
        if row_kind is kind
    }
    assert ours == rows_of(kind)


@pytest.mark.parametrize(("kind", "state", "act"), EVERY)
def test_every_act_in_every_state_is_a_row_or_refused(kind: Kind, state: State, act: Act) -> None:
    row = transition(kind, state, act)
    possible = any(act in acts_from(kind, state, party) for party in Party)
    assert (row is not None) == possible
    assert (row is not None) == ((state, act) in rows_of(kind))


@pytest.mark.parametrize("kind", Kind)
def test_a_terminal_state_has_no_way_out_but_being_an_error(kind: Kind) -> None:
    for state in TERMINAL - {State.ENTERED_IN_ERROR}:
        assert acts_from(kind, state, SENDER) == (Act.VOID,)
        assert acts_from(kind, state, RECEIVER) == ()
    for party in Party:
        assert acts_from(kind, State.ENTERED_IN_ERROR, party) == ()


@pytest.mark.parametrize("kind", Kind)
def test_every_state_of_a_kind_can_still_end(kind: Kind) -> None:
    """From every state that can be reached somebody can bring the hand-off to an end."""
    reached, waiting = {State.DRAFT}, [State.DRAFT]
    while waiting:
        state = waiting.pop()
        following = {row.to for (k, s, _), row in TRANSITIONS.items() if (k, s) == (kind, state)}
        assert state is State.ENTERED_IN_ERROR or following & TERMINAL
        waiting.extend(following - reached)
        reached |= following
    never = {State.ACCEPTED, State.REJECTED, State.IN_PROGRESS, State.ON_HOLD, State.FAILED}
    assert reached == (set(State) - never if kind is NOTICE else set(State))


@pytest.mark.parametrize("kind", ASKED)
def test_only_the_receiver_accepts_or_declines(kind: Kind) -> None:
    for state in (State.REQUESTED, State.RECEIVED):
        assert {Act.ACCEPT, Act.DECLINE} <= set(acts_from(kind, state, RECEIVER))
        assert acts_from(kind, state, SENDER) == (Act.CANCEL, Act.VOID)


def test_custody_and_task_run_alike() -> None:
    for state, act in product(State, Act):
        assert transition(CUSTODY, state, act) == transition(TASK, state, act)


def test_a_notice_is_never_accepted_or_declined() -> None:
    for state in State:
        assert transition(NOTICE, state, Act.ACCEPT) is None
        assert transition(NOTICE, state, Act.DECLINE) is None


def test_a_receiver_who_has_accepted_cannot_decline_any_more() -> None:
    for kind, state in product(Kind, State):
        if state.answered:
            assert transition(kind, state, Act.DECLINE) is None


def test_acts_come_in_the_order_of_the_table() -> None:
    assert acts_from(CUSTODY, State.REQUESTED, RECEIVER) == (
        Act.ACKNOWLEDGE,
        Act.ACCEPT,
        Act.DECLINE,
    )


def test_states_are_fhir_task_codes_in_fhir_spelling() -> None:
    assert {str(state) for state in State} == {
        *("draft", "requested", "received", "accepted", "rejected", "cancelled"),
        *("in-progress", "on-hold", "failed", "completed", "entered-in-error"),
    }


def test_states_know_whether_they_are_over_or_answered() -> None:
    assert {state for state in State if state.terminal} == TERMINAL
    assert {state for state in State if state.answered} == {
        *(State.ACCEPTED, State.IN_PROGRESS, State.ON_HOLD)
    }
