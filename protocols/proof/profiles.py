"""Realisable profiles: which answers the guards of a track can have together, once.

Guards that share facts are valued together, by trying every combination of the few values that make
a difference to them (the ends of each band, each code named, another one, not known). A guard whose
facts nobody else reads is alone. So ``under_12`` and ``12 to 14`` are never both true in a proof.
Screening results, urgency and the reported topic are taken to be independent of each other and of
facts: more than can happen, never less.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from math import prod
from types import MappingProxyType
from typing import TypeAlias

from protocols.ages import ADULT_AT, AGE_BANDS
from protocols.conditions import (
    RANKS,
    Always,
    Atom,
    CodeIs,
    Condition,
    FlagIs,
    InBand,
    Includes,
    IsChild,
    ReportedIs,
    ResultIs,
    World,
    atoms,
)
from protocols.entries import Entry, FactType
from protocols.facts import Facts, Indicator, Status, Value
from protocols.proof.supposing import Guard, Supposition, Valuation
from protocols.vocabulary import Vocabulary

AGE, REPORTED, URGENCY = "age", "reported topic", "urgency"
TOPICS = ("CL", "FL", "HT")
RESULTS = ("insufficient", *RANKS)
URGENCIES = ("urgent", "emergency", "routine")
MOST_COMBINATIONS = 40_000

# A choice: what is known of one variable, as facts and in words; the first of each means "unknown".
Choice: TypeAlias = tuple[Mapping[str, Value], str]


@dataclass(frozen=True, slots=True)
class Profiles:
    """The guards of one track in groups: what each can come to, with an example in words."""

    guards: Mapping[Condition, Guard]
    groups: tuple[tuple[Valuation, ...], ...]
    words: tuple[tuple[str, ...], ...]  # group -> valuation -> the example

    def replaced(self, condition: Condition) -> Condition:
        """The same guard as the proof asks it."""
        return condition if isinstance(condition, Always) else self.guards[condition]  # type: ignore[return-value]

    def narrowed(self, conditions: Iterable[Condition]) -> Profiles:
        """Of these guards alone (as they are asked already), told apart no further than they do."""
        by_group: dict[int, dict[Guard, None]] = {}
        for guard in conditions:
            if isinstance(guard, Guard):
                by_group.setdefault(guard.group, {})[guard] = None
        guards: dict[Condition, Guard] = {}
        told: list[dict[Valuation, str]] = []
        for group, members in by_group.items():
            found: dict[Valuation, str] = {}
            for values, said in zip(self.groups[group], self.words[group], strict=True):
                found.setdefault(tuple(values[one.place] for one in members), said)
            guards |= {one: Guard(len(told), place) for place, one in enumerate(members)}  # type: ignore[misc]
            told.append(found)
        words = tuple(tuple(one.values()) for one in told)
        return Profiles(MappingProxyType(guards), tuple(map(tuple, told)), words)

    def said(self, trail: Iterable[Supposition]) -> tuple[str, ...]:
        """What was supposed, in words."""
        said: list[str] = []
        for one in trail:
            kind, name = one.key
            if kind == "guards":
                said.append(self.words[int(name)][one.option])
            elif one.option:
                said.append(f"the holder is also {name}")
        return tuple(said)


def profiles_of(conditions: Iterable[Condition], vocabulary: Vocabulary) -> Profiles:
    """Group these guards by the facts they share and try what each group can come to."""
    distinct = [one for one in dict.fromkeys(conditions) if not isinstance(one, Always)]
    guards: dict[Condition, Guard] = {}
    groups: list[tuple[Valuation, ...]] = []
    words: list[tuple[str, ...]] = []
    for members in _sharing(distinct, vocabulary):
        found = _valued(members, vocabulary)
        for place, condition in enumerate(members):
            guards[condition] = Guard(len(groups), place)
        groups.append(tuple(found))
        words.append(tuple(found.values()))
    return Profiles(MappingProxyType(guards), tuple(groups), tuple(words))


def _sharing(conditions: Sequence[Condition], vocabulary: Vocabulary) -> Iterator[list[Condition]]:
    groups: list[tuple[set[str], list[Condition]]] = []
    for condition in conditions:
        read = {_variable(atom) for atom in atoms(condition)}
        together = [one for one in groups if one[0] & read]
        apart = [one for one in groups if not one[0] & read]
        facts = read.union(*(one[0] for one in together))
        merged = [*(other for one in together for other in one[1]), condition]
        groups = [*apart, (facts, merged)]
    for _, members in groups:
        tried = prod(len(one) for one in _choices(members, vocabulary).values())
        # Too many to try together: each alone, which allows more than can happen, never less.
        yield from ([[one] for one in members] if tried > MOST_COMBINATIONS else [members])


def _valued(members: list[Condition], vocabulary: Vocabulary) -> dict[Valuation, str]:
    found: dict[Valuation, str] = {}
    choices = _choices(members, vocabulary)
    for chosen in sorted(product(*choices.values()), key=lambda one: sum(map(_known, one))):
        world = _world([values for values, _ in chosen])
        valuation = tuple(condition.holds(world) for condition in members)
        found.setdefault(valuation, ", ".join(words for _, words in chosen))
    return found


def _known(choice: Choice) -> int:
    return len(choice[0])


def _world(chosen: Iterable[Mapping[str, Value]]) -> World:
    known: dict[str, Value] = {name: value for one in chosen for name, value in one.items()}
    results = {topic: str(known.pop(topic, "insufficient")) for topic in TOPICS}
    reported, urgency = known.pop(REPORTED, None), known.pop(URGENCY, URGENCIES[0])
    return World(
        Facts(MappingProxyType(known)),
        results,
        None if reported is None else str(reported),
        str(urgency),
    )


def _variable(atom: Atom) -> str:
    match atom:
        case IsChild():
            return AGE
        case ResultIs(topic=topic):
            return topic
        case ReportedIs():
            return REPORTED
        case FlagIs() | CodeIs() | Includes() | InBand():
            return atom.fact
        case _:
            return URGENCY


def _choices(members: list[Condition], vocabulary: Vocabulary) -> dict[str, list[Choice]]:
    read: dict[str, list[Atom]] = {}
    for condition in members:
        for atom in atoms(condition):
            read.setdefault(_variable(atom), []).append(atom)
    return {name: _values(name, asked, vocabulary) for name, asked in read.items()}


def _values(variable: str, asked: list[Atom], vocabulary: Vocabulary) -> list[Choice]:
    """The values of one variable that make a difference to these questions, unknown first."""
    if variable == AGE:
        return _ages(asked)
    if variable in TOPICS:
        return [({variable: one}, f"{variable} {one}") for one in RESULTS]
    if variable == REPORTED:
        named: list[Choice] = [({}, "nothing reported")]
        return named + [({REPORTED: one}, f"{one} reported") for one in TOPICS]
    if variable == URGENCY:
        return [({URGENCY: one}, f"urgency {one}") for one in URGENCIES]
    values: list[Value] = []
    for atom in asked:
        found = _of(vocabulary[variable], atom, asked)
        values += [value for value in found if value not in values]
    unknown: list[Choice] = [({}, f"{variable} not known")]
    return unknown + [({variable: value}, f"{variable} {_said(value)}") for value in values]


def _of(fact: Entry, atom: Atom, asked: list[Atom]) -> list[Value]:
    match atom:
        case FlagIs():
            return [True, False]
        case InBand(low=low, high=high):
            return [number for number in (low - 1, low, high, high + 1) if number >= 0]
        case CodeIs():
            named = {code for one in asked if isinstance(one, CodeIs) for code in one.codes}
            others = [code for code in fact.allowed if code not in named]
            return [*sorted(named), *others[:1]]
        case _:
            classes = _classes([one for one in asked if isinstance(one, Includes)])
            indicated = fact.type is FactType.INDICATORS
            return list(_indicated(classes) if indicated else _found(classes))


def _classes(asked: list[Includes]) -> list[frozenset[str]]:
    """Codes that occur in the same questions make the same difference."""
    codes = {code for one in asked for code in one.codes}
    by_place: dict[tuple[bool, ...], set[str]] = {}
    for code in sorted(codes):
        by_place.setdefault(tuple(code in one.codes for one in asked), set()).add(code)
    return [frozenset(one) for one in by_place.values()]


def _found(classes: list[frozenset[str]]) -> Iterator[Value]:
    for taken in product((False, True), repeat=len(classes)):
        yield frozenset(
            code for one, wanted in zip(classes, taken, strict=True) if wanted for code in one
        )


def _indicated(classes: list[frozenset[str]]) -> Iterator[Value]:
    for taken in product((None, Status.SUSPECTED, Status.ABSENT), repeat=len(classes)):
        yield MappingProxyType(
            {
                code: Indicator(status)
                for one, status in zip(classes, taken, strict=True)
                if status is not None
                for code in one
            }
        )


def _ages(asked: list[Atom]) -> list[Choice]:
    """What may be known of an age: a year, a band, a dispute, looks, or nothing."""
    ends = {ADULT_AT - 1, ADULT_AT}
    for atom in asked:
        if isinstance(atom, InBand):
            ends.update(number for number in (atom.low - 1, atom.low, atom.high, atom.high + 1))
    known: list[Choice] = [({}, "age not known")]
    known += [({"age": year}, f"age {year}") for year in sorted(ends) if year >= 0]
    known += [({"age_band": band}, f"age {band}") for band in AGE_BANDS]
    looks: tuple[bool, ...] = (True, False)
    known += [
        ({"appears_under_18": one}, f"age not known, looks {'under' if one else 'over'} 18")
        for one in looks
    ]
    return known + [
        ({**values, "age_disputed": True}, f"{words}, disputed") for values, words in known
    ]


def _said(value: Value) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, frozenset):
        return " and ".join(sorted(value)) or "none found"
    if isinstance(value, Mapping):
        said = [f"{code} {one.status}" for code, one in sorted(value.items())]
        return ", ".join(said) or "not asked"
    return str(value)
