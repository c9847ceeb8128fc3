"""Steps that are equal but for names: explored once, and told in each one's own names.

The same procedure stands in several tracks of a country, and in a track under several names. What
can become of a step depends on its form alone: everything the engine reads of a projection, with a
number in the place of each name. Of two steps with one form, the states of one are those of the
other in other words.
"""

from __future__ import annotations

import re
from collections.abc import Hashable, Iterable, Iterator, Mapping
from dataclasses import dataclass, fields, is_dataclass
from typing import TypeAlias

from protocols.law import CLOSED, TRIAGE
from protocols.lifecycle import Act
from protocols.permits import outcomes_for, reasons_for
from protocols.proof.automaton import MOST_STATES, Automaton, Edge, explored
from protocols.proof.projection import Projection
from protocols.proof.standing import Standing, in_order
from protocols.proof.supposing import Supposition

# Names are made of these; what is no name of the track is a word of the engine and stays.
_WORD = re.compile(r"[\w.-]+")
# Of law, what changes nothing that can happen: texts, sources, and what only travels along.
_SAID_ONLY = frozenset(
    {
        *("title", "instruction", "because", "sources", "basis", "spot", "travels", "requires"),
        *("lead", "at_once", "at_limit", "before", "ladder"),
    }
)


@dataclass(frozen=True, slots=True)
class Form:
    """What the engine reads of a step, and the names left out of it, in order."""

    law: Hashable
    names: tuple[str, ...]


Known: TypeAlias = dict[Hashable, tuple[Form, Automaton]]
"""By form: what was explored first."""


def explored_once(projection: Projection, known: Known, most: int = MOST_STATES) -> Automaton:
    """The automaton, taken over from ``known`` (added to) where one of the same form is in it."""
    mine = form_of(projection)
    if mine.law not in known:
        known[mine.law] = mine, explored(projection, most)
    first, automaton = known[mine.law]
    same = projection.profiles.groups == automaton.projection.profiles.groups
    if same and mine.names == first.names:
        return Automaton(projection, automaton.reached, automaton.edges)
    names = _Names(first, mine, automaton.projection, projection)
    return Automaton(
        projection,
        {names.standing(one): None for one in automaton.reached},
        {
            names.standing(one): tuple(map(names.edge, edges))
            for one, edges in automaton.edges.items()
        },
    )


def form_of(projection: Projection) -> Form:
    """The form of a step."""
    numbers = _Numbers(projection.names)
    law = tuple(map(numbers.form, _read(projection)))
    return Form(law, tuple(numbers.numbered))


def _read(projection: Projection) -> Iterator[object]:
    """Everything exploring reads, in an order that does not depend on names."""
    law, step = projection.protocol, projection.step
    yield step.id
    yield (*law.steps.values(), *law.clocks.values(), law.review)
    yield tuple(law.index.rungs.values())
    yield tuple(projection.rungs.values())
    yield tuple((one.forbids, one.until) for one in law.gates)
    yield tuple((one.mandates, one.when, one.unknown_excludes) for one in law.exclusions)
    yield frozenset(projection.elsewhere), projection.only_opens
    yield tuple((one, law.events[one].repeats) for one in projection.ends_by_event)
    yield frozenset(word for word in law.index.closing if _can_come(projection, word))
    yield tuple(reasons_for(law, step.id, act) for act in Act if act is not Act.COMPLETE)
    yield outcomes_for(law, step.id)
    yield projection.mentioned, projection.events, projection.routed, projection.guarded
    yield tuple(map(frozenset, projection.profiles.groups))
    yield law.applies.when if TRIAGE in projection.events else ()


def _can_come(projection: Projection, word: str) -> bool:
    law = projection.protocol
    inside = word.partition(" ")[0] in {*law.steps, *law.clocks, CLOSED}
    return inside or word in projection.elsewhere or word in projection.ends_by_event


class _Numbers:
    """Gives every name a number when it first comes up."""

    def __init__(self, names: frozenset[str]) -> None:
        self._names = names
        self.numbered: dict[str, int] = {}

    def form(self, value: object) -> Hashable:
        """The value with numbers for names; values without order in the order of their forms."""
        if isinstance(value, str):
            return _WORD.sub(self._number, value)
        if isinstance(value, tuple):
            return tuple(map(self.form, value))
        if isinstance(value, frozenset):
            return tuple(sorted(str(self.form(one)) for one in sorted(value, key=str)))
        if isinstance(value, Mapping):
            return tuple((self.form(key), self.form(entry)) for key, entry in value.items())
        if is_dataclass(value):
            held = (one.name for one in fields(value) if one.name not in _SAID_ONLY)
            return (type(value), *(self.form(getattr(value, name)) for name in held))
        return value

    def _number(self, found: re.Match[str]) -> str:
        word = found[0]
        if word not in self._names:
            return word
        return f"<{self.numbered.setdefault(word, len(self.numbered))}>"


class _Names:
    """Tells states and edges of one step in the names of its twin."""

    def __init__(self, first: Form, mine: Form, former: Projection, projection: Projection) -> None:
        self._other = dict(zip(first.names, mine.names, strict=True))
        self._options = tuple(
            tuple(map(own.index, others))
            for others, own in zip(former.profiles.groups, projection.profiles.groups, strict=True)
        )
        self._texts: dict[str, str] = {}
        self._standings: dict[Standing, Standing] = {}

    def text(self, text: str) -> str:
        """Any text with the twin's names in it."""
        if text not in self._texts:
            self._texts[text] = _WORD.sub(lambda one: self._other.get(one[0], one[0]), text)
        return self._texts[text]

    def standing(self, one: Standing) -> Standing:
        """The state of the twin."""
        if one not in self._standings:
            self._standings[one] = in_order(
                Standing(
                    tuple(asked._replace(mandate=self.text(asked.mandate)) for asked in one.asked),
                    tuple(
                        ticking._replace(
                            clock=self.text(ticking.clock),
                            hand_off=self.text(ticking.hand_off) if ticking.hand_off else None,
                        )
                        for ticking in one.ticking
                    ),
                    frozenset(self._all(one.events)),
                    one.open,
                    self.text(one.custody) if one.custody else None,
                    one.accompanied,
                )
            )
        return self._standings[one]

    def edge(self, one: Edge) -> Edge:
        """The edge of the twin."""
        return one._replace(
            start=self.standing(one.start),
            words=self.text(one.words),
            end=self.standing(one.end),
            opened=tuple((self.text(step), self.text(mandate)) for step, mandate in one.opened),
            kept=tuple(self._all(one.kept)),
            fired=frozenset(self._all(one.fired)),
            shut_out=tuple(self._all(one.shut_out)),
            supposing=tuple(map(self._supposed, one.supposing)),
        )

    def _all(self, texts: Iterable[str]) -> Iterator[str]:
        return map(self.text, texts)

    def _supposed(self, one: Supposition) -> Supposition:
        kind, name = one.key
        if isinstance(name, int):
            return Supposition((kind, name), self._options[name][one.option])
        return Supposition((kind, self.text(name)), one.option)
