"""How much work a release may cost, counted in steps of the solver and not in seconds.

The same counts thus make the same release on every machine, however busy it is; and none goes on
without end. Whoever looks at what is left must take the safe choice when nothing is.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

_PROGRAMME: Final = 10  # steps that setting one programme up is worth, per thousand numbers
_BRANCH: Final = 200  # and one branch of a programme in whole numbers


class AbandonedError(Exception):
    """Whoever asked for the work is ending; nothing came of it."""


def _never() -> bool:
    return False


@dataclass(slots=True)
class Effort:
    """What is left. ``stopping``: asked between two programmes, whether to end without a result."""

    left: int
    stopping: Callable[[], bool] = _never

    @property
    def spent(self) -> bool:
        """Whether nothing is left."""
        return self.left <= 0

    def take(self, programme: Any, moving: int = 0) -> None:
        """Count what a programme of the solver has just cost. Raises AbandonedError.

        ``moving``: how many numbers it was free to move in whole numbers, one step each.
        """
        if self.stopping():
            raise AbandonedError
        told = programme.getInfo()
        steps = max(0, told.simplex_iteration_count)
        branches = max(0, told.mip_node_count)
        self.left -= steps + _BRANCH * branches + moving
        self.left -= _PROGRAMME * programme.getNumCol() // 1000 + 1
