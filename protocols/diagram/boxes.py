"""A box and its rows: a band with a name, lines of text, limits with their ladder, ports.

A port is where an arrow leaves: it carries the words for what must happen, so that arrows need
none. Rows know their height and draw themselves; where the box stands is not known here.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Protocol as Shape

from protocols.diagram.elements import INK, PAPER, QUIET, element, said, words
from protocols.diagram.measure import width, wrapped

WIDE = 262.0
BAND = 24.0
_MARGIN, _LINE = 10.0, 15.0
_ROOM = WIDE - 2 * _MARGIN

HUES = {
    "custody": "#1f4e8c",
    "task": "#2b6a4d",
    "notice": "#8a5200",
    "mark": "#3d444d",
    "ended": "#6e2c4f",
}
BASES = {"statutory": ("#1b1f24", None), "sop": ("#57606a", None), "assumption": ("#b3261e", "3 2")}


class Row(Shape):
    """Something of a box that has a height and can be drawn."""

    @property
    def height(self) -> float:
        """How much of the box it takes."""

    def draw(self, top: float) -> str:
        """The row, with its upper edge at this height of the box."""


@dataclass(frozen=True, slots=True)
class Text:
    """Lines of text in one look."""

    lines: tuple[str, ...]
    size: float = 11.0
    weight: str | None = None
    slant: str | None = None
    fill: str = INK

    @property
    def height(self) -> float:
        """A line each."""
        return _LINE * len(self.lines) + 3

    def draw(self, top: float) -> str:
        """One line under the other."""
        look = {"fill": self.fill, "font_weight": self.weight, "font_style": self.slant}
        return "".join(
            words(line, _MARGIN, top + _LINE * (at + 1) - 3, self.size, **look)
            for at, line in enumerate(self.lines)
        )


@dataclass(frozen=True, slots=True)
class Rail:
    """A limit: how long, on what basis, for what; below it the ladder with whom it calls at last.

    ``rungs``: (share of the limit, kind), 1.0 is its end.
    """

    limit: str
    basis: str
    lines: tuple[str, ...]
    rungs: tuple[tuple[float, str], ...]
    body: str

    @property
    def height(self) -> float:
        """The pill, its lines, the rail."""
        return _LINE * max(1, len(self.lines)) + (24.0 if self.rungs else 6.0)

    @property
    def pill(self) -> float:
        """The width of the pill."""
        return width(self.limit, 10.5) + 12

    def draw(self, top: float) -> str:
        """The pill with what it is for, and the rail."""
        colour, dashes = BASES[self.basis]
        box = element(
            "rect",
            x=_MARGIN,
            y=top + 1,
            width=self.pill,
            height=_LINE,
            rx=7,
            fill=PAPER if self.basis != "statutory" else colour,
            stroke=colour,
            stroke_dasharray=dashes,
            class_=f"limit {self.basis}",
        )
        fill = PAPER if self.basis == "statutory" else colour
        pill = words(self.limit, _MARGIN + 6, top + 12, 10.5, fill=fill, font_weight="bold")
        beside = "".join(
            words(line, _MARGIN + self.pill + 7, top + 12 + _LINE * at, 10.5)
            for at, line in enumerate(self.lines)
        )
        return f"{box}{pill}{beside}{self._rail(top + _LINE * max(1, len(self.lines)) + 9)}"

    def _rail(self, y: float) -> str:
        if not self.rungs:
            return ""
        longest = max(1.0, *(share for share, _ in self.rungs))
        long = 78.0 if self.body else _ROOM
        left = _MARGIN + 2

        def at(share: float) -> float:
            return left + (long - 8) * share / longest

        line = element("path", d=f"M{left:.1f} {y:.1f}H{at(longest):.1f}", stroke=QUIET)
        end = element("path", d=f"M{at(1):.1f} {y - 6:.1f}v12", stroke=INK, stroke_width=2)
        marks = "".join(rung_mark(kind, at(share), y) for share, kind in dict.fromkeys(self.rungs))
        return f"{line}{end}{marks}{self._called(left + long, y)}"

    def _called(self, x: float, y: float) -> str:
        if not self.body:
            return ""
        (line,) = wrapped(self.body, 9.5, WIDE - x - 18, 1)
        arrow = element(
            "path",
            d=f"M{x:.1f} {y:.1f}h11",
            stroke=BASES["assumption"][0],
            stroke_dasharray="3 2",
            marker_end="url(#calls)",
            class_="escalation",
        )
        return f"{arrow}{words(line, x + 16, y + 3, 9.5, fill=BASES['assumption'][0])}"


def rung_mark(kind: str, x: float, y: float) -> str:
    """One rung: a dot reminds, a triangle alerts, a ring asks the next, a square is an agenda."""
    red = BASES["assumption"][0]
    match kind:
        case "reminder":
            return element("circle", cx=x, cy=y, r=3, fill=QUIET)
        case "alert":
            path = f"M{x - 4:.1f} {y + 3.5:.1f}L{x:.1f} {y - 4:.1f}L{x + 4:.1f} {y + 3.5:.1f}Z"
            return element("path", d=path, fill=red)
        case "fall_back":
            return element("circle", cx=x, cy=y, r=3.5, fill=PAPER, stroke=red, stroke_width=1.8)
        case _:
            return element("rect", x=x - 3.5, y=y - 3.5, width=7, height=7, fill=red)


@dataclass(frozen=True, slots=True)
class Port:
    """Where an arrow leaves, with the words for what must have happened.

    ``left``: the arrow runs back to an earlier column.
    """

    word: str
    lines: tuple[str, ...]
    left: bool = False

    @property
    def height(self) -> float:
        """A line each."""
        return _LINE * len(self.lines) + 3

    def draw(self, top: float) -> str:
        """The words beside a dot on the edge."""
        x, anchor = (_MARGIN, "start") if self.left else (WIDE - _MARGIN, "end")
        dot = element(
            "circle", cx=0 if self.left else WIDE, cy=top + self.height / 2, r=3, fill=INK
        )
        said_here = "".join(
            words(line, x, top + _LINE * (at + 1) - 2.5, 10.5, fill=QUIET, text_anchor=anchor)
            for at, line in enumerate(self.lines)
        )
        return f"{said_here}{dot}"


@dataclass(frozen=True, slots=True)
class Box:
    """One box. ``says``: the whole of it in words, for screen readers."""

    name: str
    kind: str
    head: str
    tag: str
    says: str
    rows: tuple[Row, ...]
    ports: tuple[Port, ...] = ()

    @property
    def height(self) -> float:
        """The band, the rows, the ports."""
        inner = sum(row.height for row in (*self.rows, *self.ports))
        return BAND + inner + (6 if self.rows or self.ports else 0) + (5 if self.ports else 0)

    def leaves(self, port: str) -> float:
        """How far below the upper edge the arrow of this port leaves."""
        top = self.height - 3 - sum(one.height for one in self.ports)
        for one in self.ports:
            if one.word == port:
                break
            top += one.height
        else:
            return BAND / 2
        return top + one.height / 2

    def draw(self, x: float, y: float) -> str:
        """The box at this place."""
        hue = HUES[self.kind]
        frame = {"width": WIDE, "rx": 5}
        parts = [
            said("title", self.says),
            element("rect", height=self.height, fill=PAPER, stroke=hue, stroke_width=1.4, **frame),
            element("path", d=_band(), fill=hue),
            words(self.head, _MARGIN, 16.5, 12, fill=PAPER, font_weight="bold"),
            words(self.tag, WIDE - _MARGIN, 16.5, 10, fill=PAPER, text_anchor="end"),
        ]
        top = BAND + 3
        for row in self.rows:
            parts.append(row.draw(top))
            top += row.height
        if self.ports:
            top = self.height - 3 - sum(one.height for one in self.ports)
            parts.append(element("path", d=f"M0 {top - 1.5:.1f}H{WIDE}", stroke="#d0d7de"))
        for port in self.ports:
            parts.append(port.draw(top))
            top += port.height
        place = f"translate({x:.1f} {y:.1f})"
        return element("g", *parts, class_=f"box {self.kind}", transform=place)


def text(line: str, most: int = 3, **look: object) -> tuple[Text, ...]:
    """A text broken to the width of a box; nothing for no text."""
    size = float(str(look.get("size", 11.0)))
    heavy = 1.06 if look.get("weight") else 1.0
    lines = wrapped(line, size * heavy, _ROOM, most)
    return (Text(lines, **look),) if lines else ()  # type: ignore[arg-type]


def port(word: str, label: str, *, left: bool = False) -> Port:
    """A port with its words broken to the width of a box."""
    return Port(word, wrapped(label, 10.5, _ROOM, 3), left)


def rail(limit: str, basis: str, title: str, rungs: Iterable[tuple[float, str]], body: str) -> Rail:
    """A limit with its title broken beside the pill."""
    room = _ROOM - width(limit, 10.5) - 19
    return Rail(limit, basis, wrapped(title, 10.5, room, 2), tuple(rungs), body)


def _band() -> str:
    """The coloured upper part of a box, with the same round corners."""
    return f"M0 {BAND}V5a5 5 0 0 1 5-5H{WIDE - 5}a5 5 0 0 1 5 5V{BAND}Z"
