"""What a verification found: everything that was read, and everything that is wrong."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

_LISTED: Final = 1000  # problems told one by one; a log that is all wrong needs no longer list


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong: where, and what it means."""

    where: str
    what: str


@dataclass(slots=True)
class Findings:
    """What was read and what was found; no problems means that every question is answered yes."""

    entries: int = 0
    streams: int = 0
    effects: int = 0
    placed: int = 0  # entries that have their place in the tree
    signed: int = 0  # of these, under the last checkpoint
    final: int = 0  # of these, under the last one enough witnesses have countersigned
    problems: list[Problem] = field(default_factory=list)
    more: int = 0  # problems beyond those listed

    def found(self, where: str, what: str) -> None:
        """Write one problem down."""
        if len(self.problems) < _LISTED:
            self.problems.append(Problem(where, what))
        else:
            self.more += 1

    def add(self, part: Findings) -> None:
        """Count what another reader read and found to this."""
        self.entries += part.entries
        self.streams += part.streams
        self.placed += part.placed
        for problem in part.problems:
            self.found(problem.where, problem.what)
        self.more += part.more
