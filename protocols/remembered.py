"""What was worked out once and may be asked for again.

A memory belongs to the frozen value whose answers it keeps (a version of a track, a calendar), so
that it never outlives it and nothing passes from one country to another. It answers no question
differently, only sooner: whoever fills it keeps what depends on the key alone.
"""

from __future__ import annotations

from collections.abc import Hashable
from typing import TypeVar

_Key = TypeVar("_Key", bound=Hashable)
_Value = TypeVar("_Value")

MOST = 1024  # answers of one memory; the oldest gives way


class Remembered(dict[_Key, _Value]):
    """Answers by their question, no more than ``MOST``."""

    __slots__ = ()

    def keep(self, key: _Key, value: _Value) -> _Value:
        """Remember this answer, and give it back."""
        if len(self) >= MOST:
            self.pop(next(iter(self)), None)
        self[key] = value
        return value
