"""The engine's working sheet for one decision.

A ``Walk`` starts from a frozen ``Run``, keeps a working copy of what will be true, and writes down
what is decided, in order, each item once and with its reason. It decides nothing itself, lives for
one call and is never seen outside the engine.
"""

from __future__ import annotations

from collections import deque
from datetime import datetime

from protocols.conditions import World
from protocols.decision import (
    Decided,
    HandOffState,
    NeedFact,
    Reason,
    RecordEvent,
    Run,
    RunningClock,
)
from protocols.law import HOLDER
from protocols.protocol import Protocol
from protocols.working_time import Calendar, Due, Limit, due_at

# The fact that lists accused agencies: none of them ever receives or reads (vocabulary.yaml).
NAMED = "named_agencies"


class Walk:
    """One decision in the making. ``at`` is the moment by which limits are counted (UTC)."""

    __slots__ = (
        "_agenda",
        "at",
        "clocks",
        "closed",
        "custody",
        "dues",
        "events",
        "excluding",
        "hand_offs",
        "holder_mandates",
        "items",
        "prolonged",
        "protocol",
        "run",
        "world",
    )

    def __init__(self, protocol: Protocol, run: Run, at: datetime, world: World) -> None:
        """Take the run as it stands; nothing is decided yet."""
        self.protocol, self.run, self.at, self.world = protocol, run, at, world
        self.items: list[Decided] = []
        self.hand_offs: dict[str, HandOffState] = {one.id: one for one in run.hand_offs}
        self.clocks: dict[str, RunningClock] = {one.id: one for one in run.clocks}
        self.events: set[str] = set(run.events)
        self.holder_mandates = run.holder_mandates
        self.custody = run.custody
        named = world.facts.codes(NAMED)
        self.excluding = run.excluding | named if named else run.excluding
        self.closed = not run.open
        self.dues: dict[tuple[Limit, str], Due] = {}  # each limit counted once, by whose days
        self.prolonged = False  # whether a limit was extended, stands still or goes on
        self._agenda: deque[tuple[str, str | None]] = deque()

    def fire(self, trigger: str, cause: str | None = None) -> None:
        """Something happened (``cause``: the hand-off by which it did); it is followed up later."""
        self._agenda.append((trigger, cause))

    def next_trigger(self) -> tuple[str, str | None] | None:
        """What is to be followed up next, in the order it happened."""
        return self._agenda.popleft() if self._agenda else None

    def add(self, item: Decided) -> None:
        """Write one decided fact down, once."""
        kind = type(item)
        if item not in [one for one in self.items if type(one) is kind]:
            self.items.append(item)

    def need(self, facts: tuple[str, ...], reason: Reason) -> None:
        """List facts somebody must find out; the holder is asked for them."""
        for fact in facts:
            if not any(isinstance(item, NeedFact) and item.fact == fact for item in self.items):
                self.items.append(NeedFact(fact, HOLDER, reason))

    def record(self, event: str, reason: Reason) -> None:
        """Write an event into the history."""
        self.events.add(event)
        self.add(RecordEvent(event, reason))

    def due(self, limit: Limit, mandate: str) -> Due:
        """When a limit ends that begins now and is counted by the days of this mandate."""
        found = self.dues.get((limit, mandate))
        if found is None:
            found = due_at(self.at, limit, self.calendar(mandate))
            self.dues[limit, mandate] = found
        return found

    def calendar(self, mandate: str) -> Calendar:
        """The calendar by which a mandate works where this happens."""
        return self.protocol.calendars.of(mandate, self.run.place)
