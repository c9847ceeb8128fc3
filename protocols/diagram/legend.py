"""What the signs of a drawing mean, who is never asked and what must wait; under the boxes."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from protocols.diagram.boxes import BASES, HUES, rung_mark
from protocols.diagram.elements import INK, PAPER, element, words
from protocols.diagram.measure import width, wrapped
from protocols.diagram.picture import LOOKS
from protocols.spoken import Speaker
from protocols.step_words import Plain

_LINE, _SIZE, _ROOM = 19.0, 11.0, 960.0
_Sign = Callable[[float, float], str]


def legend(plain: Plain, say: Speaker) -> tuple[tuple[str, ...], float]:
    """The drawn lines, and how high they are together."""
    drawn: list[str] = []
    y = 8.0
    for signs in (_kinds(say), _limits(say), _arrows(say)):
        drawn.append(_line(signs, y))
        y += _LINE
    for line in _sentences(plain, say):
        drawn.append(words(line, 0, y + 4, _SIZE))
        y += _LINE - 3
    return tuple(drawn), y + 16


def _line(signs: list[tuple[_Sign, str]], y: float) -> str:
    x, parts = 0.0, []
    for sign, meaning in signs:
        parts += [sign(x, y), words(meaning, x + 26, y + 4, _SIZE)]
        x += 26 + width(meaning, _SIZE) + 22
    return "".join(parts)


def _kinds(say: Speaker) -> list[tuple[_Sign, str]]:
    kinds = ("custody", "task", "notice")
    return [(_swatch(HUES[kind]), say.word("kinds", kind)) for kind in kinds]


def _limits(say: Speaker) -> list[tuple[_Sign, str]]:
    bases = [(_pill(basis), say.word("basis", basis)) for basis in BASES]
    rungs = ("reminder", "alert", "fall_back", "agenda")
    return [*bases, *((_rung(kind), say.drawn(kind)) for kind in rungs)]


def _arrows(say: Speaker) -> list[tuple[_Sign, str]]:
    calls = {**LOOKS["lapse"], "stroke_dasharray": "3 2"}
    return [
        (_stroke(LOOKS["follows"]), say.drawn("follows")),
        (_stroke(calls), say.drawn("escalation")),
        (_stroke(LOOKS["gate"]), say.drawn("gate")),
    ]


def _swatch(fill: str) -> _Sign:
    return lambda x, y: element("rect", x=x, y=y - 6, width=18, height=12, rx=3, fill=fill)


def _pill(basis: str) -> _Sign:
    colour, dashes = BASES[basis]
    fill = colour if basis == "statutory" else PAPER
    look = {"fill": fill, "stroke": colour, "stroke_dasharray": dashes}
    return lambda x, y: element("rect", x=x, y=y - 6, width=20, height=12, rx=6, **look)


def _rung(kind: str) -> _Sign:
    return lambda x, y: rung_mark(kind, x + 12, y)


def _stroke(look: object) -> _Sign:
    attributes = dict(look) if isinstance(look, dict) else {"stroke": INK}
    return lambda x, y: element("path", d=f"M{x:.1f} {y:.1f}h20", **attributes)


def _sentences(plain: Plain, say: Speaker) -> Iterator[str]:
    for name, key in (("never", "exclusions"), ("gates", "gates")):
        for one in plain[key]:
            yield from wrapped(f"{say.phrase(name)}: {one}", _SIZE, _ROOM, 4)
    for one in plain["elsewhere"]:
        steps = ", ".join(step["id"] for step in one["steps"])
        yield from wrapped(f"{steps}: {one['text']}", _SIZE, _ROOM, 3)
    for line in plain["lifetime"]:
        yield from wrapped(line, _SIZE, _ROOM, 2)
    yield from wrapped(say.phrase("totals", **plain["totals"]), _SIZE, _ROOM, 2)
