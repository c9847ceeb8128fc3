"""YAML read strictly: every value remembers its line, nothing is accepted silently.

1. Duplicate keys are refused, unknown keys are refused with the list of allowed ones, anchors and
   tags are refused: a legal text has one spelling, and what a lawyer sees is what counts.
2. Reading goes on after a problem, so that all problems are reported at once.
3. This file knows nothing of protocols, countries or folders: text comes in, ``Item`` goes out.

YAML 1.2 is used: ``no`` and ``on`` are words, not false and true.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import TypeAlias, TypeVar

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from protocols.problems import Problems, Spot

Scalar: TypeAlias = str | int | float | bool | date | None
_Choice = TypeVar("_Choice", bound=StrEnum)
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")
_TAG = "tag:yaml.org,2002:"


@dataclass(frozen=True, slots=True)
class Item:
    """One value of a document and the place where it stands."""

    value: Scalar | tuple[Item, ...] | Mapping[str, Item]
    spot: Spot


def read(text: str, file: str, problems: Problems) -> Item | None:
    """The document, or None when it is no YAML at all (the problem is added)."""
    try:
        node = YAML(typ="safe", pure=True).compose(text)
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        spot = Spot(file, mark.line + 1, mark.column + 1) if mark else Spot(file)
        problems.error(
            spot,
            f"this is not YAML: {error.problem or error.context}",
            "Correct the spelling here; nothing of this file was read",
        )
        return None
    except (YAMLError, ValueError) as error:
        reason = str(error).splitlines()[0]
        problems.error(
            Spot(file), f"this is not YAML: {reason}", "Save the file as plain UTF-8 text"
        )
        return None
    if node is None:
        problems.error(
            Spot(file), "the file is empty", "Write at least the required keys, or remove it"
        )
        return None
    return _item(node, file, problems)


def _item(node: Node, file: str, problems: Problems) -> Item:
    spot = Spot(file, node.start_mark.line + 1, node.start_mark.column + 1)
    if node.anchor:
        problems.error(
            spot,
            f"the anchor '&{node.anchor}' is not allowed: every rule is written out where it holds",
            "Remove it and repeat the text",
        )
    if isinstance(node, MappingNode):
        return Item(_mapping(node, file, problems), spot)
    if isinstance(node, SequenceNode):
        return Item(tuple(_item(entry, file, problems) for entry in node.value), spot)
    return Item(_scalar(str(node.value), str(node.tag), spot, problems), spot)


def _mapping(node: MappingNode, file: str, problems: Problems) -> Mapping[str, Item]:
    found: dict[str, Item] = {}
    for key, value in node.value:
        spot = Spot(file, key.start_mark.line + 1, key.start_mark.column + 1)
        name = str(key.value) if isinstance(key, ScalarNode) else "?"
        if name in found:
            first = found[name].spot.line
            problems.error(
                spot,
                f"the key '{name}' stands here a second time (first in line {first})",
                "Keep one of the two: otherwise nobody can say which one is the law",
            )
            continue
        found[name] = _item(value, file, problems)
    return found


def _scalar(text: str, tag: str, spot: Spot, problems: Problems) -> Scalar:
    readers: Mapping[str, Callable[[str], Scalar]] = {
        "str": str,
        "int": lambda written: int(written.replace("_", ""), 0),
        "float": float,
        "bool": lambda written: written.lower() == "true",
        "null": lambda _: None,
        "timestamp": _date,
    }
    reader = readers.get(tag.removeprefix(_TAG))
    try:
        if reader is not None:
            return reader(text)
    except ValueError:
        problems.error(
            spot, f"'{text}' cannot be read", "Put it in quotes if it is meant as a word"
        )
        return text
    problems.error(spot, f"the tag '{tag}' is not allowed", "Write the value without a tag")
    return text


def _date(text: str) -> date:
    if not _DATE.fullmatch(text):
        raise ValueError(text)
    return date.fromisoformat(text)


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
        """A date, written 2026-01-31."""
        return self._scalar(name, default, date, "a date like 2026-01-31")

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


_Plain = TypeVar("_Plain", str, int, bool, date)


def _listed(words: Iterable[str]) -> str:
    return ", ".join(sorted(str(word) for word in words))
