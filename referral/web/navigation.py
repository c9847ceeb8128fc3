"""Where a page is found: few entries by a role's work, the rest in sections that say what for.

1. The pages and the bars are data (``navigation.yaml``); the matrix says what a role may open.
2. What a role may not open is shown nowhere. A section with one page left is that page.
3. What this file must never know: who is asking, what a page is about.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any, Final

import yaml

from referral import access
from referral.session import Role

MORE: Final = "/sections"
_FILE: Final = Path(__file__).with_name("navigation.yaml")
_ONE_BY_ONE: Final = "/hand-offs"  # a hand-off may be somebody's inbox or what she sent


@dataclass(frozen=True, slots=True)
class Place:
    """A page to go to: the action it asks for, and in one sentence what it is for."""

    address: str
    words: str
    action: str
    purpose: str


@dataclass(frozen=True, slots=True)
class Section:
    """Pages that belong together, and the address of the page that lists them."""

    key: str
    words: str
    places: tuple[Place, ...]

    @property
    def address(self) -> str:
        """Where they are listed."""
        return f"{MORE}/{self.key}"

    def but(self, addresses: tuple[str, ...]) -> Section:
        """The same without these."""
        return replace(self, places=tuple(p for p in self.places if p.address not in addresses))


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry of the bar. ``current``: it is this page; ``active``: this page is below it."""

    href: str
    text: str
    below: tuple[str, ...] = ()
    current: bool = False
    active: bool = False


@cache
def _told() -> Mapping[str, Any]:
    found: Mapping[str, Any] = yaml.safe_load(_FILE.read_bytes())
    return found


@cache
def sections_for(role: Role) -> tuple[Section, ...]:
    """What this role may open; a section of nothing is none."""
    may = access.matrix().by_role
    found = []
    for key, one in _told()["sections"].items():
        places = tuple(Place(*row) for row in one["pages"])
        opened = tuple(place for place in places if role in may[place.action])
        found.append(Section(key, one["words"], opened))
    return tuple(one for one in found if one.places)


def open_to(role: Role) -> frozenset[str]:
    """The addresses of all pages this role may open."""
    return frozenset(place.address for one in sections_for(role) for place in one.places)


def beyond_the_bar(role: Role) -> tuple[Section, ...]:
    """What the bar does not lead to."""
    bar = tuple(_told()["bars"].get(role, ()))
    left = (one.but(bar) for one in sections_for(role) if one.key not in bar)
    return tuple(one for one in left if one.places)


def bar_of(role: Role, here: str) -> list[Entry]:
    """The bar on the page with this address: its path, and ``?box=out`` where that is asked for."""
    entries = tuple(_entries(role))
    reach = [(_covers(one, here), one.href) for one in entries]
    longest, nearest = max(reach, default=(0, ""))
    return [
        replace(one, current=one.href == here, active=bool(longest) and one.href == nearest)
        for one in entries
    ]


def home_of(role: Role) -> str:
    """Where this role begins its day."""
    begins: str | None = _told()["begins"].get(role)
    return begins or next((one.href for one in _entries(role)), MORE)


def _entries(role: Role) -> Iterator[Entry]:
    sections = {one.key: one for one in sections_for(role)}
    places = {place.address: place for one in sections.values() for place in one.places}
    for told in _told()["bars"].get(role, ()):
        section = sections.get(told)
        if section is None or len(section.places) == 1:
            place = section.places[0] if section else places[told]
            yield Entry(place.address, place.words)
        else:
            below = tuple(place.address for place in section.places)
            yield Entry(section.address, section.words, below)
    left = tuple(place.address for one in beyond_the_bar(role) for place in one.places)
    if left:
        yield Entry(MORE, "More", left)


def _covers(entry: Entry, here: str) -> int:
    """How much of this page's address an entry, or a page below it, accounts for; 0: nothing."""
    begun = (
        address
        for address in (entry.href, *entry.below)
        if here == address or (address != _ONE_BY_ONE and here.startswith(f"{address}/"))
    )
    return max(map(len, begun), default=0)
