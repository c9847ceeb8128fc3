"""May this be done now? The refusals, each with its rule and what would be possible.

Reads the life-cycle table, the step's lists and the gates; decides nothing about what follows.
"""

from __future__ import annotations

from protocols.answers import PAST, Doing
from protocols.decision import ClockState, PanelVote, Refused, Run
from protocols.history import happened
from protocols.law import Clock, Step
from protocols.lifecycle import Act, Needs, Transition, acts_from, transition
from protocols.openings import live_in, unfinished
from protocols.panels import undecided
from protocols.protocol import Protocol


def reasons_for(protocol: Protocol, step: str, act: Act) -> tuple[str, ...]:
    """The coded reasons this act may carry at this step, in the order of the country's list."""
    listed = protocol.reasons.get(act, ())
    if act is not Act.DECLINE:
        return tuple(listed)
    allowed = protocol.steps[step].declines
    return tuple(code for code in listed if code in allowed)


def outcomes_for(protocol: Protocol, step: str) -> tuple[str, ...]:
    """The outcomes a completion of this step may carry: its own and its duties', else all."""
    own = [*protocol.steps[step].outcomes]
    for duty in protocol.index.duties.get(step, ()):
        own.extend(duty.outcomes)
    return tuple(dict.fromkeys(own)) or tuple(protocol.reasons.get(Act.COMPLETE, ()))


def recordable(protocol: Protocol, run: Run) -> tuple[str, ...]:
    """Every event the holder may record now, in the order of the file."""
    protocol = protocol.at(run.place)
    named = [event for event in protocol.events if _free(protocol, run, event)]
    for step in protocol.steps.values():
        held = f"{step.id} held" in run.events and f"{step.id} completed" not in run.events
        if held:
            named.extend(f"{step.id} {word}" for word in step.outcomes or ("completed",))
        elif run.open and _may_ask_again(run, step):
            named.append(f"{step.id} again")
    review = protocol.review
    if any(one.clock == review.id and one.state is ClockState.RUNNING for one in run.clocks):
        named.extend(review.stop)
    return tuple(name for name in named if gate_before(protocol, run, (name,)) is None)


def _free(protocol: Protocol, run: Run, event: str) -> bool:
    if not run.open:
        # After closing only what follow-up clocks wait for is recorded.
        running = (one for one in run.clocks if one.state.live)
        clocks = (protocol.clocks.get(one.clock) for one in running)
        return any(clock is not None and event in _moving(clock) for clock in clocks)
    if exhausted(protocol, run, event):
        return False
    return protocol.events[event].repeats or event not in run.events


def _moving(clock: Clock) -> tuple[str, ...]:
    """What stops a limit, lets it stand still or go on, or extends it."""
    return (*clock.stop, *clock.pauses.start, *clock.pauses.end, *clock.extends.by)


def exhausted(protocol: Protocol, run: Run, event: str) -> tuple[str, ...]:
    """Limits this event has extended as often as the law allows; none while it can extend one."""
    extended: list[str] = []
    if event not in protocol.index.prolonging:
        return ()
    for running in run.clocks:
        law = protocol.clocks.get(running.clock)
        if law is not None and event in law.extends.by and running.state.live:
            if running.extensions < law.extends.at_most:
                return ()
            extended.append(law.id)
    return tuple(extended)


def _may_ask_again(run: Run, step: Step) -> bool:
    """It was asked, nobody has it in hand, and it was not done."""
    states = [one.state for one in run.hand_offs if one.step == step.id]
    return (
        bool(states)
        and not live_in(run.hand_offs, step.id)
        and not any(state.value == "completed" for state in states)
    )


def refusal(protocol: Protocol, run: Run, doing: Doing) -> Refused | None:
    """Why this act may not be done now; None when it may."""
    found, act = doing.hand_off, doing.act
    row = transition(found.kind, found.state, act)
    mine = acts_from(found.kind, found.state, doing.party)
    no = _moves(doing, row) if row is None or doing.party not in row.parties else None
    if no is None and row is not None:
        no = _carries(protocol, doing, row.needs)
    if no is None:
        steps = panels_of(protocol, run, found.step, doing.outcome) if act is Act.COMPLETE else ()
        no = _no_panel(steps, doing.panel)
    if no is None:
        words = [word for word in (_word(act), doing.outcome) if word is not None]
        no = gate_before(protocol, run, tuple(f"{found.step} {word}" for word in words))
    return Refused(act, *no, found.state, mine) if no else None


def _moves(doing: Doing, row: Transition | None) -> tuple[str, str]:
    found, act = doing.hand_off, doing.act
    if row is None:
        return "life cycle", f"A {found.kind} that is '{found.state}' cannot be moved by '{act}'."
    return "whose act", f"'{act}' is the act of the {' or '.join(sorted(row.parties))}."


def _carries(protocol: Protocol, doing: Doing, needs: frozenset[Needs]) -> tuple[str, str] | None:
    """What must come with the act: a time not in the future, a reason or outcome of the lists."""
    step, act = protocol.steps[doing.hand_off.step], doing.act
    if doing.occurred_at is not None and doing.occurred_at > doing.at:
        return "occurred_at", "It cannot have happened later than now."
    if act is Act.DECLINE and doing.hand_off.mandate == step.last:
        return "no decline", f"{step.last} comes last at {step.id} and has a duty to receive."
    if Needs.REASON in needs:
        allowed = reasons_for(protocol, step.id, act)
        if doing.reason_code not in allowed:
            return "reason code", f"'{doing.reason_code}' is none of: {', '.join(allowed)}."
    if Needs.OUTCOME in needs:
        allowed = outcomes_for(protocol, step.id)
        if doing.outcome not in allowed:
            return "outcome", f"'{doing.outcome}' is none of: {', '.join(allowed)}."
    return None


def panels_of(protocol: Protocol, run: Run, step: str, outcome: str | None) -> tuple[Step, ...]:
    """The steps whose panel must have decided before this outcome counts: it, and its duties."""
    duties = protocol.index.duties.get(step, ())
    carried = [one for one in duties if outcome in one.outcomes and unfinished(run.events, one.id)]
    return tuple(one for one in (protocol.steps[step], *carried) if one.panel is not None)


def _no_panel(steps: tuple[Step, ...], vote: PanelVote | None) -> tuple[str, str] | None:
    """Why the panels of these steps have not decided; a vote where nobody votes is refused too."""
    if vote is not None and not steps:
        return "panel", "No panel decides here: leave the vote out."
    for step in steps:
        no = undecided(step.panel, step.id, vote) if step.panel is not None else None
        if no is not None:
            return no
    return None


def _word(act: Act) -> str | None:
    return "accepted" if act is Act.ACCEPT else PAST.get(act)


def refused_event(
    protocol: Protocol, run: Run, event: str, panel: PanelVote | None = None
) -> Refused | None:
    """Why this event may not be recorded now; None when it may."""
    gate = gate_before(protocol, run, (event,))
    if gate is not None:
        return Refused("record", *gate)
    possible = recordable(protocol, run)
    if event in possible:
        no = _no_panel(_panel_of_event(protocol, event), panel)
        return Refused("record", *no) if no else None
    spent = exhausted(protocol, run, event)
    if spent:
        return Refused(
            "record",
            "at most",
            f"{', '.join(spent)} has been extended as often as the law allows.",
        )
    if event in protocol.events and event in run.events:
        return Refused("record", "once only", f"'{event}' is already recorded.")
    listed = ", ".join(possible) or "nothing"
    return Refused(
        "record", "known event", f"'{event}' cannot be recorded now; possible: {listed}."
    )


def _panel_of_event(protocol: Protocol, event: str) -> tuple[Step, ...]:
    """The step whose outcome this is, if a panel decides it."""
    name, _, word = event.partition(" ")
    step = protocol.steps.get(name)
    return (step,) if step is not None and step.panel is not None and word != "again" else ()


def gate_before(protocol: Protocol, run: Run, triggers: tuple[str, ...]) -> tuple[str, str] | None:
    """The closed gate in front of these acts, as (rule, explanation); None when the way is free."""
    for gate in protocol.gates:
        if set(gate.forbids).isdisjoint(triggers) or any(
            happened(word, run.events, run.hand_offs) for word in gate.until
        ):
            continue
        until = " or ".join(gate.until)
        because = next(iter(gate.because.values()), "")
        return f"gate {gate.id}", f"Not before {until}. {because}".strip()
    return None
