"""What a property found wrong: where, in words, with the history that shows it."""

from __future__ import annotations

from dataclasses import dataclass

from protocols.problems import Problems, Spot


@dataclass(frozen=True, slots=True)
class Finding:
    """One failure of one property: the rule's place, what is wrong, the history, the remedy."""

    property: str  # L1 … L10
    spot: Spot
    message: str
    remedy: str
    history: tuple[str, ...] = ()

    def told(self, problems: Problems) -> None:
        """Add it to the problems as one sentence and its history."""
        shown = f". Shortest history: {'; '.join(self.history)}" if self.history else ""
        problems.error(self.spot, f"{self.property}: {self.message}{shown}", self.remedy)
