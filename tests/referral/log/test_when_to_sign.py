"""When it is time to sign, under which clock, and what a signer remembers: all of it pure."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import orjson
import pytest

from referral.audit.memory import Memory, Waiting
from referral.audit.merkle import Frontier
from referral.audit.proof import leaf_hash
from referral.audit.state_files import StateError
from referral.audit.timekeeping import ClockError, Watch, elapsed

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
A_MOMENT = timedelta(microseconds=1)


def ago(seconds: float) -> datetime:
    """So many seconds before now."""
    return NOW - timedelta(seconds=seconds)


def row(at: datetime, *, accepted: bool = False) -> Any:
    """An entry as the signer reads it."""
    return SimpleNamespace(at=at, accepted=accepted)


@pytest.mark.parametrize(
    ("waiting", "signed", "due"),
    [
        (Waiting(), ago(9999), False),
        (Waiting(), None, False),
        (Waiting(1, NOW), None, True),
        (Waiting(1, NOW), ago(9999), False),
        (Waiting(255, NOW), ago(0), False),
        (Waiting(256, NOW), ago(0), True),
        (Waiting(127, NOW), ago(1), False),
        (Waiting(128, NOW), ago(1) + A_MOMENT, False),
        (Waiting(128, NOW), ago(1), True),
        (Waiting(1, ago(55) + A_MOMENT), ago(99), False),
        (Waiting(1, ago(55)), ago(99), True),
        (Waiting(1, ago(9), accepted=ago(5) + A_MOMENT), ago(99), False),
        (Waiting(1, ago(9), accepted=ago(5)), ago(99), True),
    ],
)
def test_it_is_signed_when_it_was_promised_and_not_before(
    waiting: Waiting, signed: datetime | None, due: bool
) -> None:
    assert waiting.due(NOW, signed) is due


def test_what_waits_is_counted_from_when_it_was_met() -> None:
    nothing = Waiting()
    assert (nothing.count, nothing.since, nothing.accepted, nothing.oldest_at) == (0, *[None] * 3)
    first = nothing.and_also([row(ago(3)), row(ago(2))], ago(1))
    assert first == Waiting(2, ago(1), None, ago(3))
    second = first.and_also([row(ago(1)), row(ago(1), accepted=True)], NOW)
    assert second == Waiting(4, ago(1), NOW, ago(3))
    later = NOW + timedelta(seconds=9)
    assert second.and_also([row(NOW, accepted=True)], later) == Waiting(5, ago(1), NOW, ago(3))


def remembered() -> Memory:
    """Of a tree of three leaves."""
    edge = Frontier()
    for number in range(3):
        edge.append(leaf_hash(bytes([number])))
    return Memory(2, "log.example/2", 3, tuple(edge.peaks), "a note", ago(9), ago(3))


def test_a_memory_reads_as_it_was_written() -> None:
    memory = remembered()
    assert Memory.read(memory.written()) == memory
    assert memory.root == Frontier(3, memory.peaks).root
    assert memory.written().endswith("}\n")


@pytest.mark.parametrize(
    "field", ["epoch", "origin", "size", "peaks", "note", "signed_at", "seen_at"]
)
def test_a_memory_that_lacks_anything_is_none(field: str) -> None:
    told = orjson.loads(remembered().written())
    del told[field]
    with pytest.raises(StateError, match="damaged"):
        Memory.read(orjson.dumps(told).decode())


@pytest.mark.parametrize("text", ["", "no json", "[]", "7", '{"epoch": null}'])
def test_what_is_no_memory_is_refused(text: str) -> None:
    with pytest.raises(StateError, match="bring back its copy"):
        Memory.read(text)


class Clock:
    """The clock nobody can set."""

    def __init__(self) -> None:
        self.seconds = 100.0

    def __call__(self) -> float:
        return self.seconds


def test_a_clock_may_drift_by_five_seconds_and_by_no_more() -> None:
    for drift, way in ((5, ""), (-5, ""), (5.001, "forward by 5 s"), (-5.001, "back by 5 s")):
        clock = Clock()
        watch = Watch(clock)
        watch.look(NOW, clock(), None, None)
        clock.seconds += 60
        then = NOW + timedelta(seconds=60 + drift)
        if not way:
            watch.look(then, clock(), None, None)
            continue
        with pytest.raises(ClockError, match=way):
            watch.look(then, clock(), None, None)


def test_after_a_jump_only_the_clock_from_before_is_believed() -> None:
    clock = Clock()
    watch = Watch(clock)
    watch.look(NOW, clock(), None, None)
    for _ in range(2):
        clock.seconds += 10
        wrong = NOW + timedelta(seconds=3600 + clock.seconds - 100)
        with pytest.raises(ClockError, match="jumped forward by 3600 s"):
            watch.look(wrong, clock(), None, None)
    watch.look(NOW + timedelta(seconds=20), clock(), None, None)
    Watch(clock).look(NOW + timedelta(hours=1), clock(), None, None)


def test_small_steps_do_not_add_up_to_a_jump() -> None:
    clock = Clock()
    watch = Watch(clock)
    for step in range(5):
        watch.look(NOW + timedelta(seconds=4 * step), clock(), None, None)


@pytest.mark.parametrize("what", ["last signed", "newest entry written"])
def test_a_clock_before_what_was_signed_or_written_is_wrong(what: str) -> None:
    for ahead, wrong in ((timedelta(seconds=5), False), (timedelta(seconds=5) + A_MOMENT, True)):
        moments = (NOW + ahead, None) if what == "last signed" else (None, NOW + ahead)
        if wrong:
            with pytest.raises(ClockError, match=f"was {what} at"):
                Watch().look(NOW, 0.0, *moments)
        else:
            Watch().look(NOW, 0.0, *moments)


def test_the_clock_that_nobody_sets_counts_the_time_asleep_too() -> None:
    before = time.clock_gettime(getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC))
    here = elapsed()
    assert before <= here <= elapsed()
