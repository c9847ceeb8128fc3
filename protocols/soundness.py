"""Does the whole hold together? Checks over a compiled track, each a sentence about the law.

A flat list of functions from a protocol to problems; none hides another. Only what can be seen in
one version of one track without walking through its states is here: the proof over all reachable
states builds on it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from protocols.conditions import Condition, atoms, needed
from protocols.decision import LimitBasis, RungKind
from protocols.law import (
    CLOSED,
    FILING,
    HOLDER,
    ROLES,
    STEP_WORDS,
    TRIAGE,
    Asking,
    Clock,
    Route,
    Step,
)
from protocols.lifecycle import Kind
from protocols.problems import Spot
from protocols.protocol import Protocol
from protocols.reader import Reader

MOST_FACTS = 6  # protocol language 2, restriction 1
_NAMED_ENDS = frozenset({"refused", "failed"})


def check(protocol: Protocol, reader: Reader) -> None:
    """Run every check; problems go to the reader."""
    for one in _CHECKS:
        one(protocol, reader)


# --- triggers ----------------------------------------------------------------------------------


def _triggers_are_known(protocol: Protocol, reader: Reader) -> None:
    known = _known_triggers(protocol, reader)
    for where, spot, words in _written_triggers(protocol):
        for word in words:
            if word not in known:
                reader.problems.error(
                    spot,
                    f"{where} names '{word}', which is no event, act or outcome of this track",
                    _suggestion(word, protocol, known),
                )


def _known_triggers(protocol: Protocol, reader: Reader) -> frozenset[str]:
    found = {FILING, TRIAGE, CLOSED, *protocol.events}
    found.update(f"{clock} lapsed" for clock in protocol.clocks)
    for step in protocol.steps.values():
        found.update(f"{step.id} {word}" for word in STEP_WORDS)
        # A step without a list of its own may end in any outcome of the country.
        outcomes = step.outcomes or (() if step.kept else tuple(reader.country.outcomes))
        found.update(f"{step.id} {word}" for word in outcomes)
    return frozenset(found)


def _written_triggers(protocol: Protocol) -> Iterator[tuple[str, Spot, tuple[str, ...]]]:
    for step in protocol.steps.values():
        yield f"'follows' of step {step.id}", step.spot, step.follows
    for clock in protocol.clocks.values():
        yield f"'from' of clock {clock.id}", clock.spot, clock.start
        yield f"'until' of clock {clock.id}", clock.spot, clock.stop
    for closing in protocol.closings:
        yield "'after' of a closing", closing.spot, closing.after
    for gate in protocol.gates:
        yield f"gate {gate.id}", gate.spot, (*gate.forbids, *gate.until)


def _suggestion(word: str, protocol: Protocol, known: frozenset[str]) -> str:
    name = word.partition(" ")[0]
    if name in protocol.steps:
        return "Use one of " + ", ".join(sorted(one for one in known if one.startswith(f"{name} ")))
    events = ", ".join(sorted(protocol.events)) or "(none is declared)"
    return f"Use an event ({events}), 'filing', 'triage', or '<step> <act or outcome>'"


def _names_are_free(protocol: Protocol, reader: Reader) -> None:
    for event, one in protocol.events.items():
        if event in {*STEP_WORDS, FILING, TRIAGE, CLOSED} or event in protocol.steps:
            reader.problems.error(
                one.spot,
                f"the event '{event}' has a name that means something else",
                "Choose another name, like 'child_placed'",
            )


def _order_of_steps_ends(protocol: Protocol, reader: Reader) -> None:
    """``follows`` is acyclic, except through a step that may repeat (restriction 4)."""
    after = {step.id: _leads_to(protocol, step) for step in protocol.steps.values()}
    settled: set[str] = set()
    for start in after:
        cycle = _cycle(start, after, (), settled)
        if cycle and not any(protocol.steps[step].repeat > 1 for step in cycle):
            reader.problems.error(
                protocol.steps[cycle[0]].spot,
                f"the steps follow each other in a circle: {' → '.join((*cycle, cycle[0]))}",
                "Break the circle, or say 'repeat: n' at the step that may open again",
            )


def _leads_to(protocol: Protocol, step: Step) -> tuple[str, ...]:
    following = (
        other.id
        for other in protocol.steps.values()
        if any(word.startswith(f"{step.id} ") for word in other.follows)
    )
    routes = (*step.declines.values(), step.if_failed)
    return tuple(dict.fromkeys((*following, *(one for one in routes if one in protocol.steps))))


def _cycle(
    step: str, after: dict[str, tuple[str, ...]], path: tuple[str, ...], settled: set[str]
) -> tuple[str, ...]:
    if step in path:
        return path[path.index(step) :]
    if step in settled:
        return ()
    for following in after[step]:
        found = _cycle(following, after, (*path, step), settled)
        if found:
            return found
    settled.add(step)
    return ()


def _somebody_is_asked(protocol: Protocol, reader: Reader) -> None:
    """Filing, and triage where the track has it, open custody or a duty of the holder."""
    moments = [FILING]
    if protocol.applies.reported or protocol.applies.default:
        moments.append(TRIAGE)
    for moment in moments:
        following = [step for step in protocol.steps.values() if moment in step.follows]
        if not any(step.kind is Kind.CUSTODY or step.kept for step in following):
            reader.problems.error(
                protocol.spot,
                f"nobody is asked to take the person over after {moment}",
                f"Let a step of kind custody (or a duty of the holder) follow '{moment}'",
            )


def _custody_follows_named_outcomes(protocol: Protocol, reader: Reader) -> None:
    """Restriction 3: tasks and notices reach custody only by named outcomes."""
    for step in protocol.steps.values():
        if step.kind is not Kind.CUSTODY:
            continue
        for word in step.follows:
            name, _, end = word.partition(" ")
            before = protocol.steps.get(name)
            named = before is None or end in before.outcomes or end in _NAMED_ENDS
            if before is not None and before.kind is not Kind.CUSTODY and not named:
                reader.problems.error(
                    step.spot,
                    f"custody step {step.id} follows '{word}', the mere act of a {before.kind}",
                    f"Follow a named outcome of {name} (its 'outcomes'), so that the way is clear",
                )


# --- recipients --------------------------------------------------------------------------------


def _recipients_are_in_order(protocol: Protocol, reader: Reader) -> None:
    for step in protocol.steps.values():
        for problem, remedy in _wrong_with(step):
            reader.problems.error(step.spot, f"step {step.id} {problem}", remedy)
        if step.last is not None:
            _last_is_national(step, reader)


def _wrong_with(step: Step) -> Iterator[tuple[str, str]]:
    custody = step.kind is Kind.CUSTODY
    if len(set(step.order)) != len(step.order):
        yield "asks a mandate twice in one opening", "Name each mandate once in 'ask, then, last'"
    if HOLDER in step.ask and (len(step.order) > 1 or step.kind is not Kind.TASK):
        yield (
            "asks the holder together with others, or not as a task",
            "A duty of the holder is 'kind: task' with 'ask: holder' alone",
        )
    if custody and step.last is None:
        yield (
            "asks for custody and has no 'last'",
            "Name the national body that may not decline: no child may be left with nobody",
        )
    if custody and ROLES.intersection(step.ask):
        yield "hands custody to a role", "Custody goes to a mandate"
    if custody and step.asking is Asking.ALL_OF:
        yield "hands custody to several at once", "Use 'any_of': the first to accept wins"
    if step.kind is Kind.NOTICE and step.outcomes:
        yield "is a notice with outcomes", "A notice is read, nothing more; use 'kind: task'"
    if step.repeat < 1 or (step.kept and step.repeat > 1):
        yield (
            "repeats less than once, or is a duty that repeats",
            "Leave 'repeat' out; what comes back is a clock that 'recurs'",
        )


def _last_is_national(step: Step, reader: Reader) -> None:
    mandate = reader.country.mandates.get(step.last or "")
    if mandate is not None and mandate.level != "national":
        reader.problems.error(
            step.spot,
            f"the last recipient of step {step.id}, {step.last}, is no national body",
            "End the order at a mandate with 'level: national': there must be one everywhere",
        )


def _routes_lead_somewhere(protocol: Protocol, reader: Reader) -> None:
    for step in protocol.steps.values():
        routes = {**step.declines, "if_failed": step.if_failed}
        for reason, route in routes.items():
            if route not in {*Route, *protocol.steps}:
                reader.problems.error(
                    step.spot,
                    f"step {step.id} goes to '{route}' for {reason}, which does not exist",
                    f"Use {', '.join(sorted(Route))} or a step: {', '.join(protocol.steps)}",
                )
            elif route == Route.LAST and step.last is None and reason in step.declines:
                reader.problems.error(
                    step.spot,
                    f"step {step.id} goes to 'last' for {reason} and has no 'last'",
                    "Name a 'last', or use 'next' or 'sender'",
                )


def _last_is_never_excluded(protocol: Protocol, reader: Reader) -> None:
    for step in protocol.steps.values():
        for exclusion in protocol.exclusions:
            if step.kind is Kind.CUSTODY and step.last in exclusion.mandates:
                reader.problems.error(
                    exclusion.spot,
                    f"exclusion {exclusion.id} shuts out {step.last}, the last of step {step.id}",
                    "End that step at another body: somebody must always be left to ask",
                )


# --- clocks ------------------------------------------------------------------------------------


def _clocks_are_complete(protocol: Protocol, reader: Reader) -> None:
    for clock in (*protocol.clocks.values(), protocol.review):
        for problem, remedy in _wrong_with_clock(protocol, clock, reader):
            reader.problems.error(clock.spot, f"clock {clock.id} {problem}", remedy)


def _wrong_with_clock(
    protocol: Protocol, clock: Clock, reader: Reader
) -> Iterator[tuple[str, str]]:
    if clock is not protocol.review and not clock.start:
        yield "never starts", "Say in 'from' which act or event starts it"
    if not clock.stop:
        yield "never stops", "Say in 'until' which act or event stops it"
    ladder = protocol.ladders.get(clock.ladder)
    if ladder is None:
        known = ", ".join(sorted(protocol.ladders))
        yield f"names the ladder '{clock.ladder}', which does not exist", f"Use one of {known}"
    elif clock.escalates_to is None and any("escalation" in rung.to for rung in ladder.rungs):
        yield (
            f"has no 'escalates_to', and its ladder '{clock.ladder}' calls it",
            "Name the body that is told when nobody acts",
        )
    step = protocol.steps.get(clock.step)
    if step is not None and clock.escalates_to in step.ask:
        yield (
            f"escalates to {clock.escalates_to}, the body that would have let it lapse",
            "Name another body, above or beside it",
        )
    cited = [reader.country.sources.get(source) for source in clock.sources]
    if clock.basis is LimitBasis.STATUTORY and not any(one and one.statute for one in cited):
        yield (
            "is statutory and cites no statute",
            "Cite the article ('statute: true' in the register), or mark it sop or assumption",
        )


def _custody_is_watched(protocol: Protocol, reader: Reader) -> None:
    """An open custody hand-off has a limit whose ladder asks the next recipient (L3, L5)."""
    for step in protocol.steps.values():
        if step.kind is not Kind.CUSTODY:
            continue
        watching = [
            clock
            for clock in protocol.index.starting.get(f"{step.id} opened", ())
            if clock.step == step.id and _asks_next(protocol, clock)
        ]
        if not watching:
            reader.problems.error(
                step.spot,
                f"custody step {step.id} has no clock from 'opened' whose ladder asks the next",
                "Add a clock 'from: opened' with a ladder that has a rung 'ask: next'",
            )


def _asks_next(protocol: Protocol, clock: Clock) -> bool:
    ladder = protocol.ladders.get(clock.ladder)
    return ladder is not None and any(rung.kind is RungKind.FALL_BACK for rung in ladder.rungs)


# --- conditions --------------------------------------------------------------------------------


def _conditions_are_small(protocol: Protocol, reader: Reader) -> None:
    """At most six facts decide one opening (restriction 1)."""
    for step in protocol.steps.values():
        conditions = [step.when]
        conditions += [
            exclusion.when
            for exclusion in protocol.exclusions
            if exclusion.mandates.intersection(step.order)
        ]
        facts = _facts_of(conditions)
        if len(facts) > MOST_FACTS:
            reader.problems.error(
                step.spot,
                f"{len(facts)} facts decide whether step {step.id} opens: {', '.join(facts)}",
                f"Use at most {MOST_FACTS}; split the step",
            )


def _facts_of(conditions: Iterable[Condition]) -> list[str]:
    names = (needed(atom) for condition in conditions for atom in atoms(condition))
    return sorted({name for name in names if name is not None})


_CHECKS = (
    _triggers_are_known,
    _names_are_free,
    _order_of_steps_ends,
    _somebody_is_asked,
    _custody_follows_named_outcomes,
    _recipients_are_in_order,
    _routes_lead_somewhere,
    _last_is_never_excluded,
    _clocks_are_complete,
    _custody_is_watched,
    _conditions_are_small,
)
