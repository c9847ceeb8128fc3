"""What one province or municipality does otherwise, written as the difference to the track.

1. An override names places, says why and on what it rests, and gives steps: keys given for a step
   (and for a clock of it) replace the track's, the rest is inherited; a step the track does not
   have is added, and must then be whole.
2. Several overrides may hold at one place: those of the province first, those of the municipality
   in it on top. Two that say different things of the same place contradict each other and are
   refused.
3. This file must not know what a step means; each distinct set is read like a track of its own.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace

from protocols.document import Item
from protocols.law import Clock, Local, Override, Step
from protocols.problems import Problems
from protocols.reader import Reader
from protocols.section import Section

_UNDER = re.compile(r"under the override [^:]*: ")
_KEYS = ("places", "because", "sources", "steps")
_Read = Callable[[Reader, Mapping[str, Item]], tuple[dict[str, Step], dict[str, Clock]]]


@dataclass(frozen=True, slots=True)
class _Given:
    law: Override
    steps: Mapping[str, Item]


def read_overrides(
    reader: Reader, track: Section, read: _Read
) -> tuple[tuple[Override, ...], tuple[Local, ...]]:
    """The overrides of a track, and for each place that has any, what then stands there.

    ``read`` makes steps and clocks of written ones. What is wrong with a step only under an
    override is said once, with the override's name.
    """
    given = [_given(reader, name, item) for name, item in track.section("overrides")]
    _contradictions(given, reader.problems)
    written = dict(track.section("steps"))
    sets: dict[tuple[str, ...], list[str]] = {}
    for place in sorted({place for one in given for place in one.law.places}):
        sets.setdefault(tuple(one.law.id for one in _holding(given, place)), []).append(place)
    found: list[Local] = []
    for names, places in sets.items():
        steps = dict(written)
        holding = _holding(given, places[0])
        for one in holding:
            steps |= {step: _merged(steps.get(step), item) for step, item in one.steps.items()}
        touched = {step: steps[step] for one in holding for step in one.steps}
        mine = Problems()
        local = Local(tuple(places), names, *read(replace(reader, problems=mine), touched))
        adopt(reader.problems, mine, names)
        found.append(local)
    return tuple(one.law for one in given), tuple(found)


def adopt(problems: Problems, found: Problems, overrides: tuple[str, ...]) -> None:
    """Take over what is wrong under these overrides and was not said of the track already."""
    said = {_UNDER.sub("", one.message) for one in problems.found}
    for one in found:
        if one.message not in said:
            said.add(one.message)
            under = f"under the override {' with '.join(overrides)}"
            problems.found.append(replace(one, message=f"{under}: {one.message}"))


def _given(reader: Reader, name: str, item: Item) -> _Given:
    section = Section(item, f"override {name}", reader.problems, required=_KEYS)
    places = section.words("places")
    for place in places:
        if not place.startswith(f"{reader.country.iso2}-"):
            reader.problems.error(
                section.at("places"),
                f"'{place}' of override {name} is no place of {reader.country.iso2}",
                f"Write its code, like {reader.country.iso2}-X; the whole country is the track",
            )
    steps = dict(section.section("steps"))
    for key, there in (("places", places), ("steps", steps)):
        if key in section and not there:
            reader.problems.error(
                section.at(key), f"override {name} names no {key}", "Name one, or remove it"
            )
    law = Override(
        id=name,
        places=places,
        steps=tuple(steps),
        because=reader.labels(section, "because"),
        sources=reader.sources(section),
        spot=section.spot,
    )
    return _Given(law, steps)


def _holding(given: list[_Given], place: str) -> list[_Given]:
    """The overrides of this place and of what it lies in, the widest first."""
    found = [(len(at), one) for one in given if (at := _lies_in(one.law, place))]
    return [one for _, one in sorted(found, key=lambda pair: pair[0])]


def _lies_in(law: Override, place: str) -> str:
    """The narrowest place of an override that this place is or lies in; empty if none."""
    return max(
        (one for one in law.places if f"{place}-".startswith(f"{one}-")), key=len, default=""
    )


def _merged(step: Item | None, given: Item) -> Item:
    """A step of the track with the keys of an override in their place; clocks alike, by name."""
    if step is None or not isinstance(step.value, Mapping) or not isinstance(given.value, Mapping):
        return given
    values = {**step.value, **given.value}
    clocks = [one.value.get("clocks") for one in (step, given) if isinstance(one.value, Mapping)]
    if clocks[0] is not None and clocks[1] is not None:
        values["clocks"] = _merged_clocks(clocks[0], clocks[1])
    return Item(values, given.spot)


def _merged_clocks(clocks: Item, given: Item) -> Item:
    if not isinstance(clocks.value, Mapping) or not isinstance(given.value, Mapping):
        return given
    merged = {name: _merged(clocks.value.get(name), item) for name, item in given.value.items()}
    return Item({**clocks.value, **merged}, given.spot)


def _contradictions(given: list[_Given], problems: Problems) -> None:
    """Two overrides may not give the same key of the same step at the same place."""
    for number, one in enumerate(given):
        for other in given[:number]:
            shared = set(one.law.places) & set(other.law.places)
            twice = set(_keys_of(one)) & set(_keys_of(other))
            if shared and twice:
                problems.error(
                    one.law.spot,
                    f"the overrides {other.law.id} and {one.law.id} both give"
                    f" {', '.join(sorted(twice))} at {', '.join(sorted(shared))}",
                    "Say it in one of the two: otherwise nobody can say which one is the law",
                )


def _keys_of(one: _Given) -> Iterator[str]:
    for step, item in one.steps.items():
        for key, value in item.value.items() if isinstance(item.value, Mapping) else ():
            if key == "clocks" and isinstance(value.value, Mapping):
                yield from (f"{step}.{clock}" for clock in value.value)
            else:
                yield f"'{key}' of {step}"
