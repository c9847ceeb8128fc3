"""Boxes and links as one drawing: placed in columns, joined by arrows, explained by a legend.

What the boxes mean is the business of ``procedure`` and ``lifecycle``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import pairwise

from protocols.diagram.boxes import BAND, BASES, WIDE, Box
from protocols.diagram.elements import INK, QUIET, drawing, element, words
from protocols.diagram.layers import Columns, Link, columns_of
from protocols.diagram.places import LANE, tops_of

GUTTER = 64.0
_EDGE, _TOP, _GAP = 28.0, 74.0, 22.0


def picture(
    title: str, below: str, description: str, boxes: Sequence[Box], links: Sequence[Link],
    legend: Sequence[str] = (), legend_height: float = 0.0,
) -> str:  # fmt: skip
    """The SVG. ``below`` stands under the title, the legend (drawn at 0, 0) under the boxes."""
    columns = columns_of(tuple(box.name for box in boxes), links)
    named = {box.name: _sorted_ports(box, columns) for box in boxes}
    tops = tops_of(
        columns,
        {box.name: box.height for box in named.values()},
        lambda name, port: named[name].leaves(port),
        lambda _: BAND / 2,
        _GAP,
    )
    x_of = {name: _x(at) for at, column in enumerate(columns.columns) for name in column}
    wide = _x(len(columns.columns) - 1) + WIDE + _EDGE
    lowest = max(
        top + (named[name].height if name in named else LANE) for name, top in tops.items()
    )
    high = _TOP + lowest + _EDGE
    drawn = [box.draw(x_of[box.name], _TOP + tops[box.name]) for box in named.values()]
    arrows = [_arrow(link, columns, named, x_of, tops) for link in links]
    return drawing(
        wide,
        high + legend_height,
        title,
        description,
        _marks(),
        words(title, _EDGE, 34, 20, font_weight="bold"),
        words(below, _EDGE, 54, 11.5, fill=QUIET),
        element("g", *arrows, class_="links", fill="none") if arrows else "",
        *drawn,
        element("g", *legend, class_="legend", transform=f"translate({_EDGE} {high:.1f})")
        if legend
        else "",
    )


def _sorted_ports(box: Box, columns: Columns) -> Box:
    """The ports in the order in which their arrows go on, so that they do not cross at once."""
    height = {name: at for column in columns.columns for at, name in enumerate(column)}
    first: dict[str, list[int]] = {}
    for link, lanes in columns.lanes.items():
        if link.source == box.name:
            first.setdefault(link.port, []).append(height[(*lanes, link.target)[0]])
    middle = {word: sum(found) / len(found) for word, found in first.items()}
    return replace(box, ports=tuple(sorted(box.ports, key=lambda port: middle[port.word])))


def _x(column: int) -> float:
    return _EDGE + column * (WIDE + GUTTER)


def _arrow(
    link: Link,
    columns: Columns,
    named: Mapping[str, Box],
    x_of: Mapping[str, float],
    tops: Mapping[str, float],
) -> str:
    """Straight through its lanes, in a soft bend between columns."""
    back = link in columns.back
    away, towards = (0.0, WIDE) if back else (WIDE, 0.0)
    points = [
        (x_of[link.source] + away, tops[link.source] + named[link.source].leaves(link.port)),
    ]
    for lane in columns.lanes[link]:
        height = tops[lane] + LANE / 2
        points += [(x_of[lane] + towards, height), (x_of[lane] + away, height)]
    points.append((x_of[link.target] + towards, tops[link.target] + BAND / 2))
    path = f"M{points[0][0]:.1f} {points[0][1] + _TOP:.1f}"
    for at, ((x, y), (to_x, to_y)) in enumerate(pairwise(points)):
        if at % 2:
            path += f"H{to_x:.1f}"
            continue
        middle = (x + to_x) / 2
        path += f"C{middle:.1f} {y + _TOP:.1f} {middle:.1f} {to_y + _TOP:.1f}"
        path += f" {to_x:.1f} {to_y + _TOP:.1f}"
    return element("path", d=path, class_=link.kind, **LOOKS[link.kind])


_RED = BASES["assumption"][0]
LOOKS: Mapping[str, Mapping[str, object]] = {
    "follows": {"stroke": INK, "stroke_width": 1.3, "marker_end": "url(#follows)"},
    "lapse": {
        "stroke": _RED,
        "stroke_width": 1.3,
        "stroke_dasharray": "5 3",
        "marker_end": "url(#calls)",
    },
    "gate": {
        "stroke": _RED,
        "stroke_width": 1.6,
        "stroke_dasharray": "1 4",
        "stroke_linecap": "round",
        "marker_end": "url(#gate)",
    },
}


def _marks() -> str:
    """The heads of the arrows."""

    def head(name: str, path: str, fill: str, wide: float) -> str:
        shape = element("path", d=path, fill=fill)
        return element(
            "marker", shape, id=name, viewBox="0 0 10 10", refX=9, refY=5,
            markerWidth=wide, markerHeight=8, markerUnits="userSpaceOnUse", orient="auto",
        )  # fmt: skip

    return element(
        "defs",
        head("follows", "M0 0L10 5L0 10Z", INK, 8),
        head("calls", "M0 0L10 5L0 10Z", _RED, 7),
        head("gate", "M6 0H9V10H6Z", _RED, 9),
    )
