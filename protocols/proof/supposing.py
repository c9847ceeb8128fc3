"""Supposing facts one by one, as they are asked: what has to be enumerated, and nothing else.

Facts may change between two acts, so a state of the proof holds none of them. Whatever the engine
reads during one decision is supposed when it reads it and stays so until the decision is done;
``every`` goes through all that could be supposed (protocol language 4, step 2).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeAlias, TypeVar, cast

from protocols.conditions import World
from protocols.facts import Facts

_Answer = TypeVar("_Answer")
Valuation: TypeAlias = tuple[bool | None, ...]
Key: TypeAlias = tuple[str, int] | tuple[str, str]  # ("guards", number) or ("holder", mandate)


@dataclass(frozen=True, slots=True)
class Supposition:
    """One thing supposed: the first of the options that come to the same answer."""

    key: Key
    option: int


class Suppositions:
    """What is supposed during one decision; ``script`` are the choices to take, in order.

    Of guards that share facts only those the engine asks about are told apart: valuations in which
    these come to the same are supposed together.
    """

    __slots__ = ("_left", "_script", "choices", "groups")

    def __init__(self, groups: tuple[tuple[Valuation, ...], ...], script: tuple[int, ...]) -> None:
        """Nothing has been asked yet."""
        self.groups = groups
        self.follow(script)

    def follow(self, script: tuple[int, ...]) -> None:
        """Forget what was asked; from now on these choices are taken."""
        self._script = script
        self.choices: list[tuple[int, int]] = []  # which was taken, of how many
        self._left: dict[Key, tuple[int, ...]] = {}  # the options that remain, by question

    @property
    def trail(self) -> tuple[Supposition, ...]:
        """What was supposed, in the order in which it was asked."""
        return tuple(Supposition(key, left[0]) for key, left in self._left.items())

    def option(self, key: Key, options: int) -> int:
        """The option taken for this question, the same whenever it is asked again."""
        left = self._left.get(key)
        if left is None:
            left = self._left[key] = (self._choice(options),)
        return left[0]

    def value(self, group: int, place: int) -> bool | None:
        """What one guard of a group is supposed to come to."""
        values, key = self.groups[group], ("guards", group)
        left = self._left.get(key)
        classes: dict[bool | None, list[int]] = {}
        for option in range(len(values)) if left is None else left:
            classes.setdefault(values[option][place], []).append(option)
        alike = list(classes.values())
        taken = alike[self._choice(len(alike)) if len(alike) > 1 else 0]
        self._left[key] = tuple(taken)
        return values[taken[0]][place]

    def _choice(self, options: int) -> int:
        place = len(self.choices)
        chosen = self._script[place] if place < len(self._script) else 0
        self.choices.append((chosen, options))
        return chosen


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
) -> list[tuple[_Answer, tuple[Supposition, ...]]]:
    """All answers to one question, each with the first of what can be supposed for it, in order."""
    supposed = Suppositions(groups, ())
    return gone_through(supposed, lambda: ask(supposed))


def gone_through(
    supposed: Suppositions, ask: Callable[[], _Answer]
) -> list[tuple[_Answer, tuple[Supposition, ...]]]:
    """The same of a question that asks ``supposed``, which is made to suppose one after another."""
    found: list[tuple[_Answer, tuple[Supposition, ...]]] = []
    script: tuple[int, ...] | None = ()
    while script is not None:
        supposed.follow(script)
        found.append((ask(), supposed.trail))
        script = _next(supposed.choices)
    return sorted(found, key=_options) if len(found) > 1 else found


def _next(choices: list[tuple[int, int]]) -> tuple[int, ...] | None:
    """The choices to take the next time; None when all have been taken."""
    while choices and choices[-1][0] + 1 == choices[-1][1]:
        choices.pop()
    if not choices:
        return None
    return (*(chosen for chosen, _ in choices[:-1]), choices[-1][0] + 1)


def _options(answer: tuple[object, tuple[Supposition, ...]]) -> list[int]:
    return [one.option for one in answer[1]]
