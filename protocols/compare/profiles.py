"""Profiles: everybody about whom a set of conditions says the same, each told apart from the rest.

Not samples: for every fact a condition reads, each way in which its questions can be answered is
taken once, "not known" among them, and all are combined. Questions about one fact are answered
together, so that nobody is both under twelve and over sixteen. What screening finds is taken as
free: some profiles may be ones no facts lead to; none is left out.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import chain, combinations, product
from types import MappingProxyType

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
from protocols.entries import FactType
from protocols.facts import Facts, Indicator, Status, Value
from protocols.screening import Urgency
from protocols.vocabulary import Vocabulary

_AGE = frozenset({"age", "age_band", "age_disputed", "appears_under_18"})
_RESULTS = sorted(RANKS, key=lambda result: -RANKS[result])
_TOPICS = (None, "CL", "FL", "HT")
_CONFIRMED, _ABSENT = Indicator(Status.CONFIRMED), Indicator(Status.ABSENT)


@dataclass(frozen=True, slots=True)
class Known:
    """What is known in one respect: facts, a result, the report, the urgency. Empty: nothing."""

    facts: Mapping[str, Value] = field(default_factory=lambda: MappingProxyType({}))
    results: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    reported: str | None = None
    urgency: str | None = None


Profile = tuple[Known, ...]
"""One answer in each respect."""


def respects(conditions: Iterable[Condition]) -> dict[str, tuple[Atom, ...]]:
    """What the conditions read, with the questions they ask about it; sorted by name."""
    found: dict[str, dict[Atom, None]] = {}
    for atom in chain.from_iterable(map(atoms, conditions)):
        if not isinstance(atom, Always):
            found.setdefault(_respect(atom), {})[atom] = None
    return {name: tuple(found[name]) for name in sorted(found)}


def profiles(asked: Mapping[str, tuple[Atom, ...]], vocabulary: Vocabulary) -> Iterator[Profile]:
    """Every combination of answers."""
    return product(*(tuple(_answers(name, asked[name], vocabulary)) for name in asked))


def world_of(profile: Profile) -> World:
    """The profile as conditions read it."""
    facts: dict[str, Value] = {}
    results = dict.fromkeys(("CL", "FL", "HT"), "insufficient")
    for known in profile:
        facts |= known.facts
        results |= known.results
    reported = next((one.reported for one in profile if one.reported), None)
    urgency = next((one.urgency for one in profile if one.urgency), str(Urgency.URGENT))
    return World(Facts(MappingProxyType(facts)), results, reported, urgency)


def _respect(atom: Atom) -> str:
    match atom:
        case IsChild():
            return "age"
        case FlagIs() | CodeIs() | Includes() | InBand():
            return "age" if atom.fact in _AGE else atom.fact
        case ResultIs():
            return f"result {atom.topic}"
        case ReportedIs():
            return "reported"
        case _:
            return "urgency"


def _answers(name: str, asked: tuple[Atom, ...], vocabulary: Vocabulary) -> Iterator[Known]:
    """The ways in which these questions can be answered, each once."""
    seen: set[tuple[bool | None, ...]] = set()
    for known in _candidates(name, asked, vocabulary):
        world = world_of((known,))
        answers = tuple(atom.holds(world) for atom in asked)
        if answers not in seen:
            seen.add(answers)
            yield known


def _candidates(name: str, asked: tuple[Atom, ...], vocabulary: Vocabulary) -> Iterator[Known]:
    if name == "age":
        yield from (Known(facts) for facts in _ages(asked))
    elif name == "reported":
        yield from (Known(reported=topic) for topic in _TOPICS)
    elif name == "urgency":
        yield from (Known(urgency=str(level)) for level in Urgency)
    elif name.startswith("result "):
        topic = name.removeprefix("result ")
        yield from (Known(results={topic: one}) for one in (*_RESULTS, "insufficient"))
    else:
        yield from (Known({name: one}) for one in _values(name, asked, vocabulary))
        yield Known()


def _ages(asked: tuple[Atom, ...]) -> Iterator[Mapping[str, Value]]:
    """One age on each side of every border, disputed or not; bands; looks."""
    bands = [atom for atom in asked if isinstance(atom, InBand)]
    borders = {0, ADULT_AT, *(one.low for one in bands), *(one.high + 1 for one in bands)}
    ages = sorted(age for age in borders if age <= AGE_BANDS["60+"].highest)
    for age in ages:
        yield {"age": age, "age_disputed": False, "appears_under_18": age < ADULT_AT}
        yield {"age": age}
    yield from ({"age_band": band} for band in AGE_BANDS)
    yield from ({"age": age, "age_disputed": True} for age in ages)
    yield from ({"appears_under_18": looks} for looks in (True, False))
    yield from ({"age_disputed": True}, {"age_disputed": False}, {})


def _values(name: str, asked: tuple[Atom, ...], vocabulary: Vocabulary) -> Iterator[Value]:
    kind = vocabulary[name].type
    codes = sorted({code for atom in asked for code in getattr(atom, "codes", ())})
    if kind is FactType.FLAG:
        yield from (True, False)
    elif kind is FactType.WHOLE:
        bands = [atom for atom in asked if isinstance(atom, InBand)]
        yield from sorted({0, *(one.low for one in bands), *(one.high + 1 for one in bands)})
    elif kind is FactType.CODE:
        yield from codes
        yield next((one for one in vocabulary[name].allowed if one not in codes), "")
    elif kind is FactType.INDICATORS:
        for found in _subsets(codes):
            yield {code: _CONFIRMED if code in found else _ABSENT for code in codes}
            yield dict.fromkeys(found, _CONFIRMED)
        yield from (dict.fromkeys(left, _ABSENT) for left in _subsets(codes))
    else:
        yield from (frozenset(found) for found in _subsets(codes))


def _subsets(codes: list[str]) -> Iterator[tuple[str, ...]]:
    """All of them, the largest first."""
    return chain.from_iterable(combinations(codes, many) for many in range(len(codes), -1, -1))
