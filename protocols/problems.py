"""What is wrong with a country's files: where, why it matters, how to put it right.

Problems are values and are collected: one never hides another. Nothing here knows what a protocol
is; whoever reads a file adds the problems it sees, and raises them all at the end.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from enum import StrEnum


class Severity(StrEnum):
    """An error keeps the file out of force; a warning is printed and counted."""

    ERROR = "error"
    WARNING = "warning"


@dataclass(frozen=True, slots=True, order=True)
class Spot:
    """A place in a file; line and column count from 1, as editors do."""

    file: str
    line: int = 1
    column: int = 1


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong, and how to put it right."""

    file: str
    line: int
    column: int
    message: str
    remedy: str
    severity: Severity = Severity.ERROR

    def __str__(self) -> str:
        """One line for the terminal: ``file:line:column: severity: message. remedy.``."""
        where = f"{self.file}:{self.line}:{self.column}"
        return f"{where}: {self.severity}: {self.message}. {self.remedy}."


class ProblemsFound(Exception):
    """The files cannot be taken into force; every problem is listed, nothing was loaded."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        """Keep all problems, in the order of file and line."""
        self.problems = tuple(problems)
        super().__init__("\n".join(str(problem) for problem in self.problems))


@dataclass(slots=True)
class Problems:
    """The list a reader fills while it goes on reading."""

    found: list[Problem] = field(default_factory=list)

    def error(self, spot: Spot, message: str, remedy: str) -> None:
        """Add an error: the file will not be taken into force."""
        self._add(spot, message, remedy, Severity.ERROR)

    def warning(self, spot: Spot, message: str, remedy: str) -> None:
        """Add a warning: printed and counted, no obstacle."""
        self._add(spot, message, remedy, Severity.WARNING)

    def _add(self, spot: Spot, message: str, remedy: str, severity: Severity) -> None:
        problem = Problem(spot.file, spot.line, spot.column, message, remedy, severity)
        if problem not in self.found:
            self.found.append(problem)

    def __iter__(self) -> Iterator[Problem]:
        """All problems, ordered by file, line and column."""
        return iter(sorted(self.found, key=lambda p: (p.file, p.line, p.column, p.message)))

    @property
    def errors(self) -> tuple[Problem, ...]:
        """The errors only, in order."""
        return tuple(problem for problem in self if problem.severity is Severity.ERROR)

    @property
    def warnings(self) -> tuple[Problem, ...]:
        """The warnings only, in order."""
        return tuple(problem for problem in self if problem.severity is Severity.WARNING)

    def settle(self) -> None:
        """Raise ``ProblemsFound`` if there is any error; do this before using what was read."""
        if self.errors:
            raise ProblemsFound(tuple(self))
