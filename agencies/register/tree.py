"""A YAML file as a tree of values that know their line, read more strictly than YAML asks.

Duplicate keys, unknown keys (the allowed ones are listed) and values of the wrong kind are
problems; reading goes on past each, so that one look shows them all.
What this file must never know: what an agency is.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final, TypeVar

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from agencies.register.entries import Problem

_T = TypeVar("_T")
_TAG: Final = "tag:yaml.org,2002:"


class Notes:
    """The problems of one file, collected while reading goes on."""

    def __init__(self, file: str) -> None:
        """Nothing wrong yet."""
        self.file = file
        self.problems: list[Problem] = []

    def add(self, line: int, message: str, remedy: str) -> None:
        """One more problem."""
        self.problems.append(Problem(self.file, line, message, remedy))


@dataclass(frozen=True, slots=True)
class Tree:
    """One value of the file with its line; ``None`` where the file has nothing."""

    node: Node | None
    line: int
    notes: Notes

    def __bool__(self) -> bool:
        """Whether the file says anything here."""
        return self.node is not None and not self._null

    @property
    def is_text(self) -> bool:
        """Whether it is a single value, not a list or a mapping."""
        return isinstance(self.node, ScalarNode)

    @property
    def is_mapping(self) -> bool:
        """Whether it has named parts."""
        return isinstance(self.node, MappingNode)

    def text(self, fall_back: str = "") -> str:
        """The text; numbers are taken as they are written."""
        if not self:
            return fall_back
        if not isinstance(self.node, ScalarNode) or self.node.tag == f"{_TAG}bool":
            return self._expected("a text", fall_back)
        return str(self.node.value).strip()

    def whole(self, fall_back: int) -> int:
        """A whole number, 0 or more."""
        given = self.text(str(fall_back))
        return (
            int(given)
            if given.isascii() and given.isdigit()
            else self._expected("a number", fall_back)
        )

    def flag(self, *, fall_back: bool) -> bool:
        """``true`` or ``false``."""
        if not self:
            return fall_back
        if isinstance(self.node, ScalarNode) and self.node.tag == f"{_TAG}bool":
            return str(self.node.value).lower() == "true"
        return self._expected("true or false", fall_back)

    def day(self, fall_back: date | None) -> date | None:
        """A day of the Gregorian calendar, YYYY-MM-DD."""
        if not self:
            return fall_back
        try:
            return date.fromisoformat(self.text())
        except ValueError:
            return self._expected("a day written YYYY-MM-DD", fall_back)

    def each(self) -> Iterator[Tree]:
        """The items of a list; a single value counts as a list of one."""
        if isinstance(self.node, SequenceNode):
            for item in self.node.value:
                yield Tree(item, _line_of(item), self.notes)
        elif self:
            yield self

    def parts(self) -> dict[str, Tree]:
        """The parts of a mapping whose keys are free, in the order of the file."""
        if not self:
            return {}
        if not isinstance(self.node, MappingNode):
            return self._expected("a mapping (key: value)", {})
        found: dict[str, Tree] = {}
        for key_node, value in self.node.value:
            key = str(key_node.value)
            if key in found:
                message = f"{key!r} stands here twice (first in line {found[key].line})."
                self.notes.add(_line_of(key_node), message, "Keep one of the two.")
            else:
                found[key] = Tree(value, _line_of(key_node), self.notes)
        return found

    def without(self, keys: Sequence[str]) -> Tree:
        """The same mapping less these keys: they are somebody else's to read."""
        if not isinstance(self.node, MappingNode):
            return self
        kept = [pair for pair in self.node.value if str(pair[0].value) not in keys]
        rest = MappingNode(self.node.tag, kept, self.node.start_mark, self.node.end_mark)
        return Tree(rest, self.line, self.notes)

    def named(self, allowed: Sequence[str], required: Sequence[str] = ()) -> Mapping[str, Tree]:
        """The parts of a mapping whose keys are closed; what is missing comes back empty."""
        found = self.parts()
        for key in found.keys() - set(allowed):
            self.notes.add(
                found[key].line,
                f"unknown key {key!r}, so what it says would be ignored.",
                f"Allowed here: {', '.join(allowed)}.",
            )
        for key in required:
            if not found.get(key):
                self.notes.add(self.line, f"{key!r} is missing.", f"Add {key}: … here.")
        return {key: found.get(key, Tree(None, self.line, self.notes)) for key in allowed}

    @property
    def _null(self) -> bool:
        return isinstance(self.node, ScalarNode) and self.node.tag == f"{_TAG}null"

    def _expected(self, what: str, instead: _T) -> _T:
        self.notes.add(self.line, f"here must stand {what}.", "Write it so, or leave the key out.")
        return instead


def parse(content: bytes, notes: Notes) -> Tree | None:
    """The file as a tree, or None when it is not YAML at all (the problem is noted)."""
    try:
        node = YAML(typ="safe", pure=True).compose(content.decode("utf-8"))
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        notes.add(
            line, "a byte here is not UTF-8, so letters would be lost.", "Save the file as UTF-8."
        )
    except MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        notes.add(
            line, f"this is not YAML: {error.problem}.", "Check indentation, colons and quotes."
        )
    except (YAMLError, RecursionError) as error:
        notes.add(
            1, f"this is not YAML: {type(error).__name__}.", "Check the file for stray characters."
        )
    else:
        if node is not None:
            return Tree(node, _line_of(node), notes)
        notes.add(1, "the file is empty.", "Begin with country: and the two-letter code.")
    return None


def _line_of(node: Node) -> int:
    return int(node.start_mark.line) + 1
