"""The shortest case history up to any trigger or state, put together from the steps' automata.

A step's automaton lets triggers of other steps come at any moment; here they come only if some
history leads to them. So what no history reaches is unreachable, and what goes wrong is shown with
the acts that lead to it, from the filing on.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from heapq import heappop, heappush
from itertools import count

from protocols.proof.automaton import Automaton, Edge
from protocols.proof.standing import Standing


class Histories:
    """The histories of one track. ``beginnings``: triggers that need nothing before them."""

    def __init__(
        self, automata: Mapping[str, Automaton], beginnings: Mapping[str, tuple[str, ...]]
    ) -> None:
        """Find the shortest way to every trigger."""
        self._told: dict[str, tuple[str, ...]] = dict(beginnings)
        self._reached: dict[str, dict[Standing, tuple[Edge, ...]]] = {}
        pending = list(automata.values())
        while pending:
            found = {word for one in pending for word in self._explore(one)}
            pending = [one for one in automata.values() if found & _awaited(one)]

    @property
    def triggers(self) -> frozenset[str]:
        """Every trigger some history leads to."""
        return frozenset(self._told)

    def standings(self, automaton: Automaton) -> Mapping[Standing, tuple[Edge, ...]]:
        """The states of a step some history leads to, each with its edges from the beginning."""
        return self._reached[automaton.projection.step.id]

    def through(self, automaton: Automaton, way: Iterable[Edge]) -> tuple[str, ...]:
        """The acts of a history that ends with these edges of this step."""
        profiles = automaton.projection.profiles
        told: list[str] = []
        for edge in way:
            before = self._told.get(edge.words, ())
            said = before if before and not told else (edge.words,)
            told += [*said[:-1], _supposed(said[-1], profiles.said(edge.supposing))]
        return tuple(told)

    def _explore(self, automaton: Automaton) -> Iterator[str]:
        """Shortest ways within one step; the triggers that are new or nearer than before."""
        awaited, order = _awaited(automaton), count()
        begin = next(iter(automaton.reached))
        ways: dict[Standing, tuple[Edge, ...]] = {}
        nearest: dict[Standing, int] = {}
        queue: list[tuple[int, int, Standing, tuple[Edge, ...]]] = [(0, next(order), begin, ())]
        while queue:
            _, _, standing, way = heappop(queue)
            if standing in ways:
                continue
            ways[standing] = way
            for edge in automaton.edges[standing]:
                if edge.words in awaited and edge.words not in self._told:
                    continue
                length = self._length(way[0] if way else edge, way)
                told = None
                for word in edge.fired:
                    known = self._told.get(word)
                    if known is None or len(known) > length:
                        told = told or self.through(automaton, (*way, edge))
                        self._told[word] = told
                        yield word
                if edge.end not in ways and length < nearest.get(edge.end, length + 1):
                    nearest[edge.end] = length
                    heappush(queue, (length, next(order), edge.end, (*way, edge)))
        self._reached[automaton.projection.step.id] = ways

    def _length(self, first: Edge, before: tuple[Edge, ...]) -> int:
        """How many acts lead through one edge more than ``before``, of which ``first`` is one."""
        return len(self._told.get(first.words, ("",))) + len(before)


def _awaited(automaton: Automaton) -> frozenset[str]:
    """Triggers that come from elsewhere."""
    projection = automaton.projection
    return frozenset((*projection.elsewhere, f"{projection.step.id} opened"))


def _supposed(words: str, supposing: tuple[str, ...]) -> str:
    said = [one for one in supposing if one not in words]
    return f"{words} ({'; '.join(said)})" if said else words
