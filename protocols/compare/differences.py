"""Which profiles two versions route, time or share differently: grouped, counted, one example each.

Exact for each step: all profiles its conditions can tell apart, in either version. Nothing is
sampled and nothing is guessed; words are made elsewhere.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TypeAlias

from protocols.compare.answers import WAYS, Answer, answers, bearing, reads, under
from protocols.compare.profiles import Profile, profiles, respects, world_of
from protocols.conditions import ReportedIs
from protocols.protocol import Protocol, canonical
from protocols.vocabulary import Vocabulary

TRACK = ""
"""Stands for the step where the question is who comes under the track at all."""


@dataclass(slots=True)
class Difference:
    """Profiles whose answer changes in the same way. ``example``: the first of them."""

    step: str
    what: str  # under, routed, timed, shared
    before: Answer | str
    after: Answer | str
    of: int  # profiles this step tells apart
    example: Profile
    profiles: int = 0


_Key: TypeAlias = tuple[str, Answer | str, Answer | str]


def differences(old: Protocol, new: Protocol, vocabulary: Vocabulary) -> tuple[Difference, ...]:
    """Every group: the track itself, then step by step in the order of the new version."""
    found = [*_of_track(old, new, vocabulary)]
    for step in dict.fromkeys((*new.steps, *old.steps)):
        found += _of_step(old, new, step, vocabulary)
    return tuple(found)


def rules_changed(old: Protocol, new: Protocol) -> dict[str, tuple[tuple[str, ...], ...]]:
    """Gates, exclusions, closings and events that are (new, gone, otherwise), by their names."""
    kinds: Mapping[str, tuple[dict[str, object], dict[str, object]]] = {
        "exclusions": ({o.id: o for o in old.exclusions}, {o.id: o for o in new.exclusions}),
        "gates": ({o.id: o for o in old.gates}, {o.id: o for o in new.gates}),
        "closings": (
            {" ".join(o.after): o for o in old.closings},
            {" ".join(o.after): o for o in new.closings},
        ),
        "events": (dict(old.events), dict(new.events)),
    }
    changed: dict[str, tuple[tuple[str, ...], ...]] = {}
    for kind, (was, now) in kinds.items():
        added = tuple(name for name in now if name not in was)
        gone = tuple(name for name in was if name not in now)
        both = (name for name in now if name in was)
        other = tuple(name for name in both if canonical(was[name]) != canonical(now[name]))
        if added or gone or other:
            changed[kind] = (added, gone, other)
    return changed


def _of_track(old: Protocol, new: Protocol, vocabulary: Vocabulary) -> Iterator[Difference]:
    topics = sorted(old.applies.reported | new.applies.reported)
    reported = (ReportedIs(frozenset({topic})) for topic in topics)
    every = tuple(profiles(respects((old.applies.when, new.applies.when, *reported)), vocabulary))
    groups: dict[_Key, Difference] = {}
    for profile in every:
        world = world_of(profile)
        was, now = under(old, world), under(new, world)
        if was != now:
            _count(groups, TRACK, ("under", was, now), len(every), profile)
    yield from groups.values()


def _of_step(
    old: Protocol, new: Protocol, step: str, vocabulary: Vocabulary
) -> Iterator[Difference]:
    if _same(old, new, step):
        return
    asked = respects((*reads(old, step), *reads(new, step)))
    every = tuple(profiles(asked, vocabulary))
    groups: dict[_Key, Difference] = {}
    for profile in every:
        world = world_of(profile)
        was, now = answers(old, step, world), answers(new, step, world)
        for what, before, after in zip(WAYS, was, now, strict=True):
            if before != after and not _follows_from_routing(what, was[0], now[0]):
                _count(groups, step, (what, before, after), len(every), profile)
    yield from sorted(groups.values(), key=lambda one: WAYS.index(one.what))


def _same(old: Protocol, new: Protocol, step: str) -> bool:
    """Whether nothing an answer depends on has changed: then no profile need be asked."""
    was, now = (tuple(map(canonical, bearing(one, step))) for one in (old, new))
    return was == now


def _follows_from_routing(what: str, was: Answer, now: Answer) -> bool:
    """Where nobody is asked at all, that nothing is timed and shared goes without saying."""
    return what != "routed" and (was is None or now is None)


def _count(groups: dict[_Key, Difference], step: str, key: _Key, of: int, profile: Profile) -> None:
    if key not in groups:
        groups[key] = Difference(step, *key, of, profile)
    groups[key].profiles += 1
