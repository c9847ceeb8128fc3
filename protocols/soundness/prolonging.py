"""Limits that stand still or are extended: they go on again, get longer, and rest on a source.

Names and amounts alone; which limit really comes before which is a matter of the proof.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from protocols.decision import LimitBasis
from protocols.law import FILING, TRIAGE, Clock
from protocols.protocol import Protocol
from protocols.reader import Reader
from protocols.working_time import Limit, Unit

# For comparing limits of different units only: five working days are about a week.
_HOURS = {Unit.HOURS: 1.0, Unit.CALENDAR_DAYS: 24.0, Unit.WORKING_DAYS: 24 * 7 / 5}


def pauses_end(protocol: Protocol, reader: Reader) -> None:
    """A limit that stands still can go on again, each time."""
    for clock in protocol.clocks.values():
        for problem, remedy in _wrong_with_pause(protocol, clock):
            reader.problems.error(clock.spot, f"the pause of clock {clock.id} {problem}", remedy)


def _wrong_with_pause(protocol: Protocol, clock: Clock) -> Iterator[tuple[str, str]]:
    begins, ends = set(clock.pauses.start), set(clock.pauses.end)
    if begins & {*ends, *clock.start, *clock.stop, *clock.extends.by}:
        both = ", ".join(sorted(begins & {*ends, *clock.start, *clock.stop, *clock.extends.by}))
        yield (
            f"begins with '{both}', which also starts, stops, extends it or sets it going again",
            "Name in 'from' what only makes it stand still",
        )
    # While it stands it cannot lapse; what stops it does not set it going; filing is long past.
    never = {FILING, TRIAGE, f"{clock.id} lapsed", *clock.stop}
    if begins and ends <= never:
        yield (
            "can never end",
            "Name in 'until' an event or act that can come while it stands still",
        )
    elif _repeating(protocol, begins) and _only_once(protocol, ends):
        yield (
            "can begin again and end only once",
            f"Say 'repeats: true' of the events {', '.join(sorted(ends))}",
        )


def _repeating(protocol: Protocol, words: Iterable[str]) -> bool:
    return any(word in protocol.events and protocol.events[word].repeats for word in words)


def _only_once(protocol: Protocol, words: Iterable[str]) -> bool:
    """Nothing but events that happen once."""
    return all(word in protocol.events and not protocol.events[word].repeats for word in words)


def extensions_lengthen(protocol: Protocol, reader: Reader) -> None:
    """Each extension makes the limit longer, can come, and rests on what the limit rests on."""
    for clock in protocol.clocks.values():
        for problem, remedy in _wrong_with_extension(protocol, clock, reader):
            reader.problems.error(
                clock.spot, f"the extension of clock {clock.id} {problem}", remedy
            )


def _wrong_with_extension(
    protocol: Protocol, clock: Clock, reader: Reader
) -> Iterator[tuple[str, str]]:
    extends, shorter = clock.extends, clock.limit
    for longer in extends.to:
        if _length(longer) <= _length(shorter):
            yield (
                f"to {_said(longer)} does not lengthen {_said(shorter)}",
                "'to' is the whole limit, counted from its beginning: name a longer one",
            )
        shorter = longer
    if set(extends.by) & {*clock.stop, *clock.start}:
        yield (
            "is by what also starts or stops it",
            "Name in 'by' what lengthens it and leaves it running",
        )
    if len(extends.by) < extends.at_most and _only_once(protocol, extends.by):
        yield (
            f"may come {extends.at_most} times, and {', '.join(extends.by)} only once",
            "Say 'repeats: true' of the event",
        )
    cited = [reader.country.sources.get(source) for source in extends.sources]
    if (
        extends.by
        and clock.basis is LimitBasis.STATUTORY
        and not any(one and one.statute for one in cited)
    ):
        yield (
            "lengthens a statutory limit and cites no statute",
            "Cite the article that allows it: nothing less lengthens what a law limits",
        )


def _length(limit: Limit) -> float:
    return limit.amount * _HOURS[limit.unit]


def _said(limit: Limit) -> str:
    return f"{limit.amount} {limit.unit}"


def clocks_before_others_exist(protocol: Protocol, reader: Reader) -> None:
    """What a limit is said to come before are other limits, which do not claim the same of it."""
    for clock in protocol.clocks.values():
        for name in clock.before:
            other = protocol.clocks.get(name)
            if other is None or other is clock:
                known = ", ".join(sorted(one for one in protocol.clocks if one != clock.id))
                reader.problems.error(
                    clock.spot,
                    f"clock {clock.id} is said to come before '{name}', which is no other limit",
                    f"Use one of {known or '(there is no other)'}",
                )
            elif clock.id in other.before:
                reader.problems.error(
                    clock.spot,
                    f"the clocks {clock.id} and {name} are each said to come before the other",
                    "Keep 'before' at the one that always ends first",
                )
