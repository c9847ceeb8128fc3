"""A track as the procedure an official would sign: who, what, by when, on which article.

Plain values, for ``--json`` and for pages; ``typeset`` makes text of them. Steps stand in the order
in which they can come. What is only a proposal is marked as one, and what happens if nobody answers
is said at every limit.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import timedelta
from typing import Any, TypeAlias

from protocols.country import Country
from protocols.decision import LimitBasis
from protocols.law import Asking, Clock, Exclusion, Gate, Step
from protocols.lifecycle import Act
from protocols.protocol import Protocol, cited_by
from protocols.spoken import Speaker
from protocols.vocabulary import Vocabulary

Plain: TypeAlias = dict[str, Any]  # JSON-shaped


def procedure(protocol: Protocol, country: Country, vocabulary: Vocabulary, language: str) -> Plain:
    """The whole track in words, JSON-shaped."""
    say = Speaker(protocol, country, vocabulary, language)
    clocks = (*protocol.clocks.values(), protocol.review)
    cited = cited_by(protocol)
    return {
        "country": country.iso2,
        "track": protocol.track,
        "version": protocol.version,
        "stage": say.word("stages", protocol.stage),
        "digest": protocol.digest,
        "language": language,
        "title": say.label(protocol.title),
        "applies": say.condition(protocol.applies.when),
        "triage": _triage(say),
        "asks_for": [vocabulary[fact].label(language) for fact in protocol.asks_for],
        "steps": [_step(say, step) for step in in_order(protocol)],
        "exclusions": [_exclusion(say, one) for one in protocol.exclusions],
        "gates": [_gate(say, one) for one in protocol.gates],
        "closings": [
            say.phrase(
                "closes",
                after=say.listed(say.trigger(word) for word in one.after),
                outcome=country.label(one.outcome, language),
            )
            for one in protocol.closings
        ],
        "totals": {
            "steps": len(protocol.steps),
            "clocks": len(clocks),
            "assumptions": sum(one.basis is LimitBasis.ASSUMPTION for one in clocks),
            "sources": len(cited),
            "recalled": sum(country.sources[one].grade == "K" for one in cited),
        },
    }


def in_order(protocol: Protocol) -> tuple[Step, ...]:
    """Steps in the order in which they can come; the review, which always can, at the end."""
    left = [step for step in protocol.steps.values() if step.id != protocol.review.step]
    placed: list[Step] = []
    while left:
        waiting = {step.id for step in left}
        free = [step for step in left if not _waits(step, waiting)] or left[:1]
        # One at a time, in the order of the file: neighbours in the law stay neighbours.
        placed.append(free[0])
        left.remove(free[0])
    return (*placed, protocol.steps[protocol.review.step])


def _waits(step: Step, waiting: set[str]) -> bool:
    """Everything it could follow is still to come."""
    before = [word.partition(" ")[0] for word in step.follows if " " in word]
    return len(before) == len(step.follows) > 0 and all(
        name.partition(".")[0] in waiting and name != step.id for name in before
    )


def _triage(say: Speaker) -> list[str]:
    applies, lines = say.protocol.applies, []
    if applies.reported:
        topics = say.listed(say.word("topics", topic) for topic in sorted(applies.reported))
        lines.append(say.phrase("reported", topics=topics))
    if applies.default:
        lines.append(say.phrase("default"))
    return lines


def _step(say: Speaker, step: Step) -> Plain:
    protocol, country = say.protocol, say.country
    clocks = [clock for clock in protocol.clocks.values() if clock.step == step.id]
    if step.id == protocol.review.step:
        clocks.append(protocol.review)
    condition = say.condition(step.when)
    return {
        "id": step.id,
        "title": say.label(step.title),
        "instruction": say.label(step.instruction),
        "kind": say.word("kinds", step.kind),
        "after": [say.trigger(word) for word in step.follows],
        "only_if": "" if condition == say.word("logic", "always") else condition,
        "who": _who(say, step),
        "documents": [country.label(one, say.language) for one in step.requires],
        "declines": {
            country.reason(Act.DECLINE, reason, say.language): say.word("routes", route)
            for reason, route in step.declines.items()
        },
        "outcomes": [country.label(one, say.language) for one in step.outcomes],
        "basis": say.word("basis", step.basis),
        "limits": [_limit(say, clock) for clock in clocks],
        "sources": _sources(say, step.sources),
    }


def _who(say: Speaker, step: Step) -> str:
    if step.kept:
        return say.phrase("duty")
    these = ", ".join(say.mandate(one) for one in step.ask)
    first = these if step.asking is Asking.ONE else say.phrase(step.asking, these=these)
    then = [say.phrase("then", this=say.mandate(one)) for one in step.then]
    last = [say.phrase("last", this=say.mandate(step.last))] if step.last else []
    return "; ".join(part for part in (first, say.word("level", step.level), *then, *last) if part)


def _limit(say: Speaker, clock: Clock) -> Plain:
    start = say.listed(say.trigger(word) for word in clock.start) or say.phrase("review")
    phrase = "at_once" if clock.at_once else "limit"
    condition = say.condition(clock.when)
    marks = [say.word("basis", clock.basis)]
    if condition != say.word("logic", "always"):
        marks.append(say.phrase("runs_if", condition=condition))
    marks += [say.phrase("recurs")] if clock.recurs else []
    marks += [say.phrase("survives")] if clock.survives else []
    marks += _prolonged(say, clock)
    return {
        "id": clock.id,
        "text": say.phrase(
            phrase,
            title=say.label(clock.title),
            limit=say.limit(clock.limit),
            start=start,
            stop=say.listed(say.trigger(word) for word in clock.stop),
        ),
        "marks": marks,
        "proposed": clock.basis is LimitBasis.ASSUMPTION,
        "if_nobody_answers": list(_ladder(say, clock)),
        "sources": _sources(say, clock.sources),
    }


def _prolonged(say: Speaker, clock: Clock) -> Iterator[str]:
    """When a limit stands still, by what it is extended, and what is lawful when it is reached."""
    pauses, extends = clock.pauses, clock.extends
    if pauses.start:
        start, stop = (say.listed(map(say.trigger, one)) for one in (pauses.start, pauses.end))
        yield say.phrase("pauses", start=start, stop=stop)
    if extends.by:
        by, to = say.listed(map(say.trigger, extends.by)), ", ".join(map(say.limit, extends.to))
        yield say.phrase("extends", by=by, to=to, most=extends.at_most)
    if clock.at_limit:
        yield say.phrase("at_limit", choices=say.listed(map(say.trigger, clock.at_limit)))


def _ladder(say: Speaker, clock: Clock) -> Iterator[str]:
    attached = not say.protocol.steps[clock.step].kept
    for call in say.protocol.index.rungs[clock.id, attached]:
        share, hours = round(call.share * 100), call.late // timedelta(hours=1)
        name = f"{call.kind}_late" if hours else str(call.kind)
        yield say.word("rungs", name, share=share, hours=hours, to=say.mandate(call.to))


def _exclusion(say: Speaker, one: Exclusion) -> str:
    text = say.phrase(
        "excluded",
        who=", ".join(say.mandate(mandate) for mandate in sorted(one.mandates)),
        condition=say.condition(one.when),
        because=say.label(one.because),
    )
    return f"{text} {say.phrase('while_unknown')}" if one.unknown_excludes else text


def _gate(say: Speaker, one: Gate) -> str:
    return say.phrase(
        "gate",
        forbids=say.listed(say.trigger(word) for word in one.forbids),
        until=say.listed(say.trigger(word) for word in one.until),
        because=say.label(one.because),
    )


def _sources(say: Speaker, cited: Iterable[str]) -> list[Plain]:
    found = (say.country.sources[one] for one in cited)
    return [
        {
            "id": one.id,
            "title": one.title,
            "article": one.article,
            "link": one.link,
            "grade": str(one.grade),
            "last_checked": one.last_checked.isoformat(),
        }
        for one in found
    ]
