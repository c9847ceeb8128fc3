"""Supposing facts one by one, as they are asked: what has to be enumerated, and nothing else.

Facts may change between two acts, so a state of the proof holds none of them. Whatever the engine
reads during one decision is supposed when it reads it and stays so until the decision is done;
``every`` goes through all that could be supposed (protocol language 4, step 2).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import TypeAlias, TypeVar, cast

from protocols.conditions import World
from protocols.facts import Facts

_Answer = TypeVar("_Answer")
Valuation: TypeAlias = tuple[bool | None, ...]
Key: TypeAlias = tuple[str, int] | tuple[str, str]  # ("guards", number) or ("holder", mandate)


@dataclass(frozen=True, slots=True)
class Supposition:
    """One thing supposed: the option taken, of how many."""

    key: Key
    option: int
    options: int


class Suppositions:
    """What is supposed during one decision; ``script`` are the options to take, in order."""

    __slots__ = ("_chosen", "_script", "groups", "trail")

    def __init__(self, groups: tuple[tuple[Valuation, ...], ...], script: tuple[int, ...]) -> None:
        """Nothing has been asked yet."""
        self.groups, self._script = groups, script
        self.trail: list[Supposition] = []
        self._chosen: dict[Key, int] = {}

    def option(self, key: Key, options: int) -> int:
        """The option taken for this question, the same whenever it is asked again."""
        chosen = self._chosen.get(key)
        if chosen is None:
            place = len(self.trail)
            chosen = self._script[place] if place < len(self._script) else 0
            self._chosen[key] = chosen
            self.trail.append(Supposition(key, chosen, options))
        return chosen

    def value(self, group: int, place: int) -> bool | None:
        """What one guard of a group is supposed to come to."""
        values = self.groups[group]
        return values[self.option(("guards", group), len(values))][place]


@dataclass(frozen=True, slots=True)
class SupposedFacts(Facts):
    """Facts nobody wrote down: guards made for the proof ask what is supposed."""

    supposed: Suppositions = field(kw_only=True, compare=False)


@dataclass(frozen=True, slots=True)
class Guard:
    """A condition of the proof: its place among the guards that share facts."""

    group: int
    place: int

    def holds(self, world: World) -> bool | None:
        """What is supposed."""
        return cast("SupposedFacts", world.facts).supposed.value(self.group, self.place)


class SupposedMandates(frozenset[str]):
    """What else the holder's unit may serve: every mandate the engine asks about, or not."""

    supposed: Suppositions

    @classmethod
    def of(cls, supposed: Suppositions) -> SupposedMandates:
        """Mandates about which nothing has been supposed yet."""
        made = cls({"?"})  # never empty: an empty set means that nothing is known of the receiver
        made.supposed = supposed
        return made

    def __contains__(self, mandate: object) -> bool:
        """Whether the holder is supposed to serve it."""
        return self.supposed.option(("holder", str(mandate)), 2) == 1


def every(
    groups: tuple[tuple[Valuation, ...], ...], ask: Callable[[Suppositions], _Answer]
) -> Iterator[tuple[_Answer, tuple[Supposition, ...]]]:
    """All answers to one question, each with what had to be supposed for it."""
    script: tuple[int, ...] = ()
    while True:
        supposed = Suppositions(groups, script)
        answer = ask(supposed)
        trail = supposed.trail
        yield answer, tuple(trail)
        while trail and trail[-1].option + 1 == trail[-1].options:
            trail.pop()
        if not trail:
            return
        script = (*(one.option for one in trail[:-1]), trail[-1].option + 1)
