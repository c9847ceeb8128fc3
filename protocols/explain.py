"""A track as the procedure an official would sign: who, what, by when, on which article.

Plain values, for ``--json`` and for pages; ``typeset`` makes text of them. Steps stand in the order
in which they can come. What is only a proposal is marked as one, and what happens if nobody answers
is said at every limit.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, TypeAlias
from typing import Protocol as Shape

from protocols.country import Country
from protocols.decision import LimitBasis
from protocols.law import HOLDER, Asking, Clock, Exclusion, Gate, Step
from protocols.lifecycle import Act
from protocols.protocol import Protocol, cited_by
from protocols.spoken import Speaker
from protocols.vocabulary import Vocabulary

Plain: TypeAlias = dict[str, Any]  # JSON-shaped


class Asked(Shape):
    """Whoever is asked at a step: a step itself, or what is left of it for somebody."""

    @property
    def ask(self) -> tuple[str, ...]:
        """Who is asked first."""

    @property
    def asking(self) -> str:
        """How the first are asked (``law.Asking``)."""

    @property
    def then(self) -> tuple[str, ...]:
        """Who is asked next."""

    @property
    def last(self) -> str | None:
        """The body that may not decline."""

    @property
    def level(self) -> str:
        """Where they are looked for (``law.Level``)."""


def procedure(protocol: Protocol, country: Country, vocabulary: Vocabulary, language: str) -> Plain:
    """The whole track in words, JSON-shaped."""
    say = Speaker(language, protocol, country, vocabulary)
    clocks = (*protocol.clocks.values(), protocol.review)
    cited = cited_by(protocol)
    return {
        "country": country.iso2,
        "country_name": say.label(country.names),
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
        "who": who(say, step),
        "documents": [country.label(one, say.language) for one in step.requires],
        "declines": {
            country.reason(Act.DECLINE, reason, say.language): say.word("routes", route)
            for reason, route in step.declines.items()
        },
        "outcomes": [country.label(one, say.language) for one in step.outcomes],
        "basis": say.word("basis", step.basis),
        "limits": [limit_in_words(say, clock) for clock in clocks],
        "sources": _sources(say, step.sources),
    }


def who(say: Speaker, step: Asked) -> str:
    """Who is asked, in order, as one sentence."""
    if step.ask == (HOLDER,):
        return say.phrase("duty")
    these = ", ".join(say.mandate(one) for one in step.ask)
    together = step.asking != Asking.ONE and len(step.ask) > 1
    first = say.phrase(step.asking, these=these) if together else these
    then = [say.phrase("then", this=say.mandate(one)) for one in step.then]
    last = [say.phrase("last", this=say.mandate(step.last))] if step.last else []
    return "; ".join(part for part in (first, say.word("level", step.level), *then, *last) if part)


def limit_in_words(say: Speaker, clock: Clock) -> Plain:
    """One limit: how long, from when until when, on what basis, and what if nobody answers."""
    start = say.listed(say.trigger(word) for word in clock.start) or say.phrase("review")
    phrase = "at_once" if clock.at_once else "limit"
    return {
        "id": clock.id,
        "text": say.phrase(
            phrase,
            title=say.label(clock.title),
            limit=say.limit(clock.limit),
            start=start,
            stop=say.listed(say.trigger(word) for word in clock.stop),
        ),
        "short": f"{_briefly(say, clock)} · {say.label(clock.title)}",
        "marks": [say.word("basis", clock.basis), *_marks(say, clock), *prolonged(say, clock)],
        "proposed": clock.basis is LimitBasis.ASSUMPTION,
        "if_nobody_answers": list(_ladder(say, clock)),
        "sources": _sources(say, clock.sources),
    }


def _marks(say: Speaker, clock: Clock) -> Iterator[str]:
    """How it is counted, and when it does not run."""
    condition = say.condition(clock.when)
    if condition != say.word("logic", "always"):
        yield say.phrase("runs_if", condition=condition)
    if clock.limit.count_first_day:
        yield say.phrase("first_day")
    if clock.limit.roll_over is not None:
        yield say.phrase("moves_on" if clock.limit.roll_over else "stays")
    if clock.calendar_of:
        yield say.phrase("days_of", whose=say.mandate(clock.calendar_of))
    if clock.recurs:
        yield say.phrase("recurs")
    if clock.survives:
        yield say.phrase("survives")


def prolonged(say: Speaker, clock: Clock) -> Iterator[str]:
    """When it stands still, by what it is lengthened, what may be done at its end."""

    def triggers(words: Iterable[str]) -> str:
        return say.listed(say.trigger(word) for word in words)

    if clock.pauses.start:
        start, stop = triggers(clock.pauses.start), triggers(clock.pauses.end)
        yield say.phrase("pauses", start=start, stop=stop)
    if clock.extends.by:
        to = ", ".join(say.limit(limit) for limit in clock.extends.to)
        yield say.phrase("extends", by=triggers(clock.extends.by), to=to)
    if clock.at_limit:
        yield say.phrase("at_limit", choices=triggers(clock.at_limit))


def _briefly(say: Speaker, clock: Clock) -> str:
    short = say.short_limit(clock.limit)
    return say.drawn("now", limit=short) if clock.at_once else short


def _ladder(say: Speaker, clock: Clock) -> Iterator[str]:
    attached = not say.protocol.steps[clock.step].kept
    for call in say.protocol.index.rungs[clock.id, attached]:
        to, late = say.mandate(call.to), round(call.late.total_seconds() / 3600)
        if late:
            yield say.word("rungs_late", call.kind, late=late, to=to)
        else:
            yield say.word("rungs", call.kind, share=round(call.share * 100), to=to)


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
