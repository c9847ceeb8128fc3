"""One mapping of a document, read key by key: which keys, what kind of value, where.

What is wrong is added to the problems and reading goes on with what the caller can live with.
This file knows nothing of YAML, and nothing of what the keys mean.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from enum import StrEnum
from typing import TypeVar

from protocols.document import Item
from protocols.problems import Problems, Spot

EARLIEST_YEAR, LATEST_YEAR = 1900, 2100  # whatever lies beyond is a slip of the pen

_Choice = TypeVar("_Choice", bound=StrEnum)
_Plain = TypeVar("_Plain", str, int, bool, date)


class Section:
    """One mapping of a document, read key by key; what is wrong is added and reading goes on.

    ``where`` says in words what is being read ("step ZZ-P01"), for the messages.
    """

    def __init__(
        self,
        item: Item,
        where: str,
        problems: Problems,
        *,
        required: Iterable[str] = (),
        optional: Iterable[str] = (),
    ) -> None:
        """Check the keys at once: unknown ones and missing ones are problems."""
        self.where, self.spot, self.problems = where, item.spot, problems
        self.items: Mapping[str, Item] = {}
        needed, allowed = tuple(required), (*required, *optional)
        if not isinstance(item.value, Mapping):
            problems.error(
                item.spot,
                f"{where} must be a list of keys with values",
                f"Write one 'key: value' per line, with the keys {_listed(allowed)}",
            )
            return
        self.items = item.value
        for name, value in self.items.items():
            if allowed and name not in allowed:
                problems.error(
                    value.spot,
                    f"'{name}' is not a key of {where}",
                    f"Use one of {_listed(allowed)}, or correct the spelling",
                )
        for name in needed:
            if name not in self.items:
                problems.error(item.spot, f"{where} has no '{name}'", f"Add the key '{name}:'")

    def __contains__(self, name: str) -> bool:
        """Whether the key was written."""
        return name in self.items

    def __iter__(self) -> Iterator[tuple[str, Item]]:
        """All keys with their values, as written."""
        return iter(self.items.items())

    def at(self, name: str) -> Spot:
        """Where the value of this key stands (the section itself when it is missing)."""
        return self.items[name].spot if name in self.items else self.spot

    def text(self, name: str, default: str = "") -> str:
        """A word or sentence; a number or date is taken as it was written only if it is text."""
        return self._scalar(name, default, str, "a text")

    def whole(self, name: str, default: int = 0) -> int:
        """A whole number."""
        return self._scalar(name, default, int, "a whole number")

    def flag(self, name: str, *, default: bool = False) -> bool:
        """True or false."""
        return self._scalar(name, default, bool, "true or false")

    def day(self, name: str, default: date = date.min) -> date:
        """A date, written 2026-01-31, of a year in which anybody could mean it."""
        written = self._scalar(name, default, date, "a date like 2026-01-31")
        if written is not default and not EARLIEST_YEAR <= written.year <= LATEST_YEAR:
            self.problems.error(
                self.at(name),
                f"'{name}' of {self.where} is {written}, beyond {EARLIEST_YEAR} to {LATEST_YEAR}",
                "Correct the year; dates are written in the Gregorian calendar",
            )
        return written

    def choice(self, name: str, kind: type[_Choice], default: _Choice) -> _Choice:
        """One word of a closed list."""
        if name not in self.items:
            return default
        written = self.items[name].value
        if isinstance(written, str) and written in set(kind):
            return kind(written)
        self.problems.error(
            self.at(name),
            f"'{written}' is no '{name}' of {self.where}",
            f"Use one of {_listed(kind)}",
        )
        return default

    def words(self, name: str) -> tuple[str, ...]:
        """One word or a list of words; every word once."""
        if name not in self.items:
            return ()
        item = self.items[name]
        entries = item.value if isinstance(item.value, tuple) else (item,)
        words: list[str] = []
        for entry in entries:
            if not isinstance(entry.value, str):
                self._wrong(entry.spot, name, "a word or a list of words")
            elif entry.value in words:
                self.problems.error(
                    entry.spot,
                    f"'{entry.value}' stands twice under '{name}' of {self.where}",
                    "Remove one of the two",
                )
            else:
                words.append(entry.value)
        return tuple(words)

    def texts(self, name: str) -> Mapping[str, str]:
        """A mapping of words to texts (labels by language)."""
        section = self.section(name)
        return {key: section.text(key) for key, _ in section}

    def section(
        self, name: str, *, required: Iterable[str] = (), optional: Iterable[str] = ()
    ) -> Section:
        """The mapping under this key; an empty one when the key is missing."""
        item = self.items.get(name)
        keys: dict[str, Iterable[str]] = {"required": required, "optional": optional}
        if item is None:
            return Section(Item({}, self.spot), f"'{name}' of {self.where}", Problems())
        return Section(item, f"'{name}' of {self.where}", self.problems, **keys)

    def entries(self, name: str) -> tuple[Item, ...]:
        """The list under this key; empty when the key is missing."""
        item = self.items.get(name)
        if item is None:
            return ()
        if not isinstance(item.value, tuple):
            self._wrong(item.spot, name, "a list, one '- ' per entry")
            return ()
        return item.value

    def _scalar(self, name: str, default: _Plain, kind: type, meant: str) -> _Plain:
        if name not in self.items:
            return default
        written = self.items[name].value
        # bool is an int in Python, not in law
        if not isinstance(written, kind) or (kind is int and isinstance(written, bool)):
            self._wrong(self.at(name), name, meant)
            return default
        return written  # type: ignore[return-value]

    def _wrong(self, spot: Spot, name: str, meant: str) -> None:
        self.problems.error(
            spot, f"'{name}' of {self.where} must be {meant}", "Write it in that form"
        )


def _listed(words: Iterable[str]) -> str:
    return ", ".join(sorted(str(word) for word in words))
