"""YAML read strictly: every value remembers its line, nothing is accepted silently.

1. Duplicate keys are refused, anchors and tags are refused: a legal text has one spelling, and what
   a lawyer sees is what counts. What keys may stand where is asked by ``section``.
2. Reading goes on after a problem, so that all problems are reported at once.
3. This file knows nothing of protocols, countries or folders: text comes in, ``Item`` goes out.

The parser is libyaml where PyYAML was built with it, else PyYAML's own, which is slower and reads
the same. Values are made from its events: only there are anchors still to be seen.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

import yaml
from yaml.error import MarkedYAMLError

from protocols.problems import Problems, Spot
from protocols.scalars import Scalar, form_of, is_form, value_of

_LOADER: type[Any] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_TAG = "tag:yaml.org,2002:"

_Events: TypeAlias = Iterator[yaml.Event]


@dataclass(frozen=True, slots=True)
class Item:
    """One value of a document and the place where it stands."""

    value: Scalar | tuple[Item, ...] | Mapping[str, Item]
    spot: Spot


def read(text: str, file: str, problems: Problems) -> Item | None:
    """The document, or None when it is no YAML at all (the problem is added)."""
    try:
        return _Reading(file, problems).document(yaml.parse(text, Loader=_LOADER))
    except MarkedYAMLError as error:
        problems.error(
            _spot(file, error.problem_mark or error.context_mark),
            f"this is not YAML: {error.problem or error.context}",
            "Correct the spelling here; nothing of this file was read",
        )
    except yaml.YAMLError as error:
        problems.error(
            Spot(file),
            f"this is not YAML: {str(error).splitlines()[0]}",
            "Save the file as plain UTF-8 text",
        )
    return None


def plain(item: Item) -> Any:
    """The bare values, places forgotten; keys are texts."""
    if isinstance(item.value, Mapping):
        return {name: plain(entry) for name, entry in item.value.items()}
    if isinstance(item.value, tuple):
        return [plain(entry) for entry in item.value]
    return item.value


def plain_file(path: Path) -> Any:
    """The bare values of one sound file. Raises ProblemsFound with every problem."""
    problems = Problems()
    item = read(path.read_text(encoding="utf-8"), path.name, problems)
    problems.settle()
    return plain(item) if item is not None else None


class _Reading:
    """One file while it is read, from the parser's events to items."""

    def __init__(self, file: str, problems: Problems) -> None:
        self._file, self._problems = file, problems

    def document(self, events: _Events) -> Item | None:
        begins = (event for event in events if not isinstance(event, yaml.StreamStartEvent))
        if isinstance(next(begins), yaml.StreamEndEvent):
            self._problems.error(
                Spot(self._file),
                "the file is empty",
                "Write at least the required keys, or remove it",
            )
            return None
        item = self._item(next(events), events)
        next(events)  # the end of the document
        after = next(events)
        if not isinstance(after, yaml.StreamEndEvent):
            self._problems.error(
                self._spot(after),
                "a second document begins here",
                "Remove the line '---': one file holds one document",
            )
        return item

    def _item(self, event: yaml.Event, events: _Events) -> Item:
        spot = self._spot(event)
        if isinstance(event, yaml.NodeEvent) and event.anchor is not None:
            self._no_anchor(event, spot)
        if isinstance(event, yaml.ScalarEvent):
            return Item(self._scalar(event, spot), spot)
        if isinstance(event, yaml.MappingStartEvent):
            return Item(self._mapping(events), spot)
        if isinstance(event, yaml.SequenceStartEvent):
            return Item(tuple(self._entries(events)), spot)
        return Item(None, spot)  # an alias, refused above

    def _entries(self, events: _Events) -> Iterator[Item]:
        while not isinstance(event := next(events), yaml.SequenceEndEvent):
            yield self._item(event, events)

    def _mapping(self, events: _Events) -> Mapping[str, Item]:
        found: dict[str, Item] = {}
        while not isinstance(event := next(events), yaml.MappingEndEvent):
            key = self._spot(event)
            name = event.value if isinstance(event, yaml.ScalarEvent) else None
            if name is None:
                self._item(event, events)
            item = self._item(next(events), events)
            self._take(found, name or "?", item, key)
        return found

    def _take(self, found: dict[str, Item], name: str, item: Item, key: Spot) -> None:
        if name not in found:
            found[name] = item
            return
        self._problems.error(
            key,
            f"the key '{name}' stands here a second time (first in line {found[name].spot.line})",
            "Keep one of the two: otherwise nobody can say which one is the law",
        )

    def _scalar(self, event: yaml.ScalarEvent, spot: Spot) -> Scalar:
        text, tag = event.value, event.tag
        if tag is None or tag == "!":
            form = form_of(text) if event.implicit[0] else "str"
        else:
            form = tag.removeprefix(_TAG)
        if not is_form(form):
            self._problems.error(
                spot, f"the tag '{tag}' is not allowed", "Write the value without a tag"
            )
            return str(text)
        try:
            return value_of(text, form)
        except ValueError:
            self._problems.error(
                spot, f"'{text}' cannot be read", "Put it in quotes if it is meant as a word"
            )
            return str(text)

    def _no_anchor(self, event: yaml.NodeEvent, spot: Spot) -> None:
        sign = "the alias '*" if isinstance(event, yaml.AliasEvent) else "the anchor '&"
        self._problems.error(
            spot,
            f"{sign}{event.anchor}' is not allowed: every rule is written out where it holds",
            "Remove it and repeat the text",
        )

    def _spot(self, event: yaml.Event) -> Spot:
        return _spot(self._file, event.start_mark)


def _spot(file: str, mark: Any) -> Spot:
    return Spot(file, mark.line + 1, mark.column + 1) if mark else Spot(file)
