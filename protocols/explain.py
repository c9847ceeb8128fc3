"""A track as the procedure an official would sign: who, what, by when, on which article.

Plain values, for ``--json`` and for pages; ``typeset`` makes text of them. Steps stand in the order
in which they can come. What is only a proposal is marked as one, and what happens if nobody answers
is said at every limit.
"""

from __future__ import annotations

from protocols.appendix import consent, elsewhere, lifetime, work_lists
from protocols.country import Country
from protocols.decision import LimitBasis
from protocols.law import Exclusion, Gate, Step
from protocols.protocol import Protocol, cited_by
from protocols.spoken import Speaker
from protocols.step_words import Plain, step_in_words
from protocols.vocabulary import Vocabulary


def procedure(protocol: Protocol, country: Country, vocabulary: Vocabulary, language: str) -> Plain:
    """The whole track in words, JSON-shaped."""
    say = Speaker(protocol, country, vocabulary, language)
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
        "steps": [step_in_words(say, step) for step in in_order(protocol)],
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
        "elsewhere": elsewhere(say),
        "consent": consent(say),
        "work": work_lists(say),
        "lifetime": lifetime(say),
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
