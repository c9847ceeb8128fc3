"""The answer to a filing: who must receive it, why, by when; what is open, and who was not asked.

Built from what the rooms answered; nothing is fetched and nothing decided here.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Protocol
from uuid import UUID

from protocols.vocabulary import load_vocabulary
from referral.casework import Ask, Filed
from referral.session import Pinned
from referral.web.lines import Reader
from referral.web.wording import LANGUAGE, TOPICS, Citation, Due, Law, Tag, result_tag

_SHOWN: Final = 30  # persons
_KINDS: Final = {
    "custody": "takes the person over",
    "task": "carries out a task",
    "notice": "is informed",
}

_PURPOSES: Final = {
    "filing": "to tell who comes under this protocol",
    "triage": "for the screening",
}


@dataclass(frozen=True, slots=True)
class Finding:
    """One topic of a screening."""

    topic: str
    result: Tag
    rules: str
    override: Tag | None = None  # what a person recorded instead


@dataclass(frozen=True, slots=True)
class AskShown:
    """One receiving agency: what it is asked, on what ground, by when."""

    agency: str
    step: str
    kind: str
    persons: str
    due: Due
    immediate: bool
    rule: str
    sources: tuple[Citation, ...]
    marks: tuple[str, ...]
    address: str


@dataclass(frozen=True, slots=True)
class FiledPage:
    """The answer to a filing."""

    case_address: str
    reference: str
    persons: tuple[tuple[str, tuple[Finding, ...]], ...]
    asks: tuple[AskShown, ...]
    needed: tuple[tuple[str, str], ...]
    withheld: tuple[tuple[str, str, tuple[Citation, ...]], ...]
    triage: bool
    more: str


def filed_view(
    answer: Filed, named: Mapping[UUID, tuple[str | None, str | None]], reader: Reader
) -> FiledPage:
    """Asks of one step to one unit for several persons are one block."""
    law = reader.law
    groups: dict[tuple[str, str], list[Ask]] = {}
    for ask in sorted(
        answer.asks, key=lambda ask: (list(_KINDS).index(ask.kind), ask.due_at or "")
    ):
        groups.setdefault((ask.step, ask.unit_id), []).append(ask)
    return FiledPage(
        case_address=f"/cases/{answer.case_id}",
        reference=answer.reference,
        persons=tuple(
            (f"Person {one.number}", findings(one.findings)) for one in answer.persons[:_SHOWN]
        ),
        asks=tuple(_ask(group, named, reader) for group in groups.values()),
        needed=needs_shown(answer.referrals, law),
        withheld=withheld_shown((no for one in answer.referrals for no in one.withheld), law),
        triage=any(one.triage for one in answer.referrals),
        more=_more(answer),
    )


def _more(answer: Filed) -> str:
    """Of a thousand persons the page shows the first; the case has them all."""
    rest = len(answer.persons) - _SHOWN
    return (
        f"The first {_SHOWN} of {len(answer.persons)} persons; the case shows all."
        if rest > 0
        else ""
    )


def _ask(
    group: Sequence[Ask], named: Mapping[UUID, tuple[str | None, str | None]], reader: Reader
) -> AskShown:
    ask, law = group[0], reader.law
    agency, unit = named.get(UUID(ask.unit_id), (None, None))
    marks = []
    if ask.no_agency:
        charge = law.label(ask.mandate)
        marks.append(f"No agency is charged with “{charge}” there: sent to the national fall-back")
    if ask.alternates:
        marks.append(f"{ask.alternates} more hold this mandate and can be asked next")
    due_at = datetime.fromisoformat(ask.due_at) if ask.due_at else None
    return AskShown(
        agency=f"{agency}, {unit}" if agency and unit else agency or law.label(ask.mandate),
        step=law.step_title(ask, ask.step),
        kind=_KINDS.get(ask.kind, ask.kind),
        persons=f"{len(group)} persons" if len(group) > 1 else "",
        due=reader.clock.due(
            due_at, immediate=ask.immediate, basis=ask.basis, derivation=ask.derivation
        ),
        immediate=ask.immediate,
        rule=law.ground(ask, ask.rule),
        sources=law.cited(ask.sources),
        marks=tuple(marks),
        address=f"/hand-offs/batches/{ask.batch}"
        if len(group) > 1
        else f"/hand-offs/{ask.hand_off_id}",
    )


def findings(
    found: Mapping[str, Any] | None, overrides: Iterable[Mapping[str, Any]] = ()
) -> tuple[Finding, ...]:
    """Per topic, with the rules that said so, and beside it what a person said instead."""
    said = {one["topic"]: result_tag(one["result"]) for one in overrides}
    return tuple(
        Finding(
            words,
            result_tag(found[topic]["result"]),
            ", ".join(found[topic]["rules"]),
            said.get(topic),
        )
        for topic, words in TOPICS.items()
        if found and topic in found
    )


class Needing(Pinned, Protocol):
    """A referral, and what is still needed for it."""

    @property
    def needed(self) -> Sequence[Mapping[str, Any]]:
        """Facts, by whom, and why."""


def needs_shown(referrals: Iterable[Needing], law: Law) -> tuple[tuple[str, str], ...]:
    """Facts a rule could not be settled without, each once, and for what."""
    vocabulary = load_vocabulary()
    found: dict[str, list[str]] = {}
    for of, need in ((one, need) for one in referrals for need in one.needed):
        name = need["fact"]
        words = vocabulary[name].label(LANGUAGE) if name in vocabulary else name
        rule = need["reason"]["step"] or need["reason"]["rule"]
        told = _PURPOSES.get(rule) or f"for “{law.step_title(of, rule)}”"
        if told not in found.setdefault(words, []):
            found[words].append(told)
    return tuple((words, ", ".join(rules)) for words, rules in found.items())


def withheld_shown(
    refusals: Iterable[Mapping[str, Any]], law: Law
) -> tuple[tuple[str, str, tuple[Citation, ...]], ...]:
    """Mandates that were not asked, each once per rule."""
    found = {
        (no["mandate"], no["reason"]["rule"]): (
            law.label(no["mandate"]),
            no["reason"]["rule"],
            law.cited(no["reason"]["sources"]),
        )
        for no in refusals
    }
    return tuple(found.values())
