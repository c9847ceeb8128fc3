"""One step in words: who is asked, after what, by when, with which papers, on which article.

Plain values; what is only a proposal is marked as one, and what happens if nobody answers is said
at every limit. The whole track is the business of ``explain``.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import timedelta
from typing import Any, TypeAlias
from typing import Protocol as Shape

from protocols.decision import LimitBasis
from protocols.law import HOLDER, Asking, Clock, Panel, Step
from protocols.lifecycle import Act
from protocols.spoken import Speaker

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


def step_in_words(say: Speaker, step: Step) -> Plain:
    """The whole step."""
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
        "panel": panel_in_words(say, step.panel) if step.panel else "",
        "basis": say.word("basis", step.basis),
        "limits": [limit_in_words(say, clock) for clock in clocks],
        "sources": sources_in_words(say, step.sources),
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


def panel_in_words(say: Speaker, panel: Panel) -> str:
    """Who sits, how many must be there, how many must agree."""
    text = say.phrase(
        "panel",
        sits=", ".join(say.mandate(one) for one in panel.sits),
        quorum=panel.quorum,
        agree=panel.agree,
    )
    must = ", ".join(say.mandate(one) for one in panel.must_sit)
    return f"{text} {say.phrase('must_sit', these=must)}" if must else text


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
        "sources": sources_in_words(say, clock.sources),
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
        yield say.phrase(
            "extends", by=triggers(clock.extends.by), to=to, most=clock.extends.at_most
        )
    if clock.at_limit:
        yield say.phrase("at_limit", choices=triggers(clock.at_limit))


def _briefly(say: Speaker, clock: Clock) -> str:
    short = say.short_limit(clock.limit)
    return say.drawn("now", limit=short) if clock.at_once else short


def _ladder(say: Speaker, clock: Clock) -> Iterator[str]:
    attached = not say.protocol.steps[clock.step].kept
    for call in say.protocol.index.rungs[clock.id, attached]:
        share, hours = round(call.share * 100), call.late // timedelta(hours=1)
        name = f"{call.kind}_late" if hours else str(call.kind)
        yield say.word("rungs", name, share=share, hours=hours, to=say.mandate(call.to))


def sources_in_words(say: Speaker, cited: Iterable[str]) -> list[Plain]:
    """The sources with article, link and grade."""
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
