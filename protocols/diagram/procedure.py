"""A track as a drawing, from the tables the engine walks: boxes, arrows, limits, ladders.

The words are those of the printed procedure. Nothing is decided and nothing is drawn by hand: what
is not in the protocol is not in the picture.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import Any

from protocols.diagram.boxes import Box, Row, port, rail, text
from protocols.diagram.elements import QUIET
from protocols.diagram.flow import (
    DECLINED_FOR,
    EVENTS,
    START,
    closing_box,
    links_of,
    ports_of,
    repeats,
    triggers_of,
)
from protocols.diagram.legend import legend
from protocols.diagram.picture import picture
from protocols.law import Clock, Step
from protocols.lifecycle import Act
from protocols.spoken import Speaker
from protocols.step_words import Plain, prolonged
from protocols.typeset import headline
from protocols.working_time import Unit


def procedure_svg(plain: Plain, say: Speaker) -> str:
    """The drawing of this procedure (``explain.procedure`` gives the plain values)."""
    protocol = say.protocol
    links = links_of(protocol)
    ports, touched = ports_of(links), {name for one in links for name in (one.source, one.target)}
    spoken = {step["id"]: step for step in plain["steps"]}
    boxes = [
        _start(say, plain, ports),
        *([_events(say, ports)] if EVENTS in touched else []),
        *(_step(say, spoken[step.id], step, ports) for step in protocol.steps.values()),
        *_closings(say, ports),
    ]
    drawn, height = legend(plain, say)
    steps = "; ".join(
        f"{one['id']} {one['title']}, {say.phrase('after').lower()}: {say.listed(one['after'])}"
        for one in plain["steps"]
    )
    return picture(
        plain["title"],
        headline(plain, say),
        f"{say.drawn('steps_in_order')}: {steps}",
        boxes,
        links,
        drawn,
        height,
    )


def _ports(say: Speaker, name: str, ports: Mapping[str, tuple[str, ...]]) -> Iterator[Any]:
    for word in ports.get(name, ()):
        label = say.listed(_short(say, trigger) for trigger in triggers_of(word))
        yield port(word, label, left=word.startswith("< "))


def _short(say: Speaker, trigger: str) -> str:
    """What must have happened, without the name of the box it stands in."""
    protocol = say.protocol
    if trigger in protocol.events:
        return say.label(protocol.events[trigger].title)
    name, _, word = trigger.rpartition(" ")
    if word == "lapsed":
        return say.drawn("lapsed", title=say.label(protocol.clocks[name].title))
    if word.startswith(DECLINED_FOR):
        reason = say.country.reason(Act.DECLINE, word.removeprefix(DECLINED_FOR), say.language)
        return f"{say.word('ports', 'declined')}: {reason}"
    known = say.word("ports", word)
    return say.country.label(word, say.language) if known == word else known


def _start(say: Speaker, plain: Plain, ports: Mapping[str, tuple[str, ...]]) -> Box:
    rows = text(plain["applies"], 5)
    here = tuple(_ports(say, START, ports))
    return Box(START, "mark", say.drawn("begins"), "", say.drawn("begins"), rows, here)


def _events(say: Speaker, ports: Mapping[str, tuple[str, ...]]) -> Box:
    head = say.drawn("recorded")
    return Box(EVENTS, "mark", head, "", head, (), tuple(_ports(say, EVENTS, ports)))


def _closings(say: Speaker, ports: Mapping[str, tuple[str, ...]]) -> Iterator[Box]:
    for number, closing in enumerate(say.protocol.closings):
        name, head = closing_box(number), say.phrase("closing")
        outcome = say.country.label(closing.outcome, say.language)
        rows = text(outcome, weight="bold")
        yield Box(
            name, "ended", head, "", f"{head}: {outcome}", rows, tuple(_ports(say, name, ports))
        )


def _step(say: Speaker, plain: Plain, step: Step, ports: Mapping[str, tuple[str, ...]]) -> Box:
    rows: list[Row] = [
        *text(plain["title"], weight="bold", size=12.0),
        *text(plain["who"], 5, size=10.5, fill=QUIET),
    ]
    if plain["only_if"]:
        rows += text(f"{say.phrase('only_if')}: {plain['only_if']}", 4, size=10.5, slant="italic")
    if plain["panel"]:
        rows += text(f"{say.phrase('decides')}: {plain['panel']}", 5, size=10.5)
    again = [say.trigger(word) for word in repeats(say.protocol, step.id)]
    if again:
        rows += text(f"↻ {say.listed(again)}", size=10.5)
    clocks = [one for one in say.protocol.clocks.values() if one.step == step.id]
    if step.id == say.protocol.review.step:
        clocks.append(say.protocol.review)
    for clock in clocks:
        rows.append(_rail(say, clock))
        for words in prolonged(say, clock):
            rows += text(words, 4, size=9.5, fill=QUIET)
    limits = "; ".join(one["text"] for one in plain["limits"])
    says = f"{step.id} {plain['title']}. {plain['kind']}. {plain['who']}. {limits}"
    return Box(
        step.id,
        step.kind,
        f"★ {step.id}" if step.lead else step.id,
        say.word("kinds_short", step.kind),
        says,
        tuple(rows),
        tuple(_ports(say, step.id, ports)),
    )


def _rail(say: Speaker, clock: Clock) -> Row:
    calls = say.protocol.index.rungs[clock.id, not say.protocol.steps[clock.step].kept]
    short = say.short_limit(clock.limit)
    return rail(
        say.drawn("now", limit=short) if clock.at_once else short,
        clock.basis,
        say.label(clock.title),
        ((call.share + call.late / _lasts(clock), str(call.kind)) for call in calls),
        say.mandate(clock.escalates_to) if clock.escalates_to else "",
    )


def _lasts(clock: Clock) -> timedelta:
    """About how long the limit is, for the scale of its rail."""
    amount = clock.limit.amount or 1
    return timedelta(hours=amount) if clock.limit.unit is Unit.HOURS else timedelta(days=amount)
