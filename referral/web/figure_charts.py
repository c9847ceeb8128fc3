"""Answers that are drawn, and stand in a table too: a curve, and agencies compared."""

from __future__ import annotations

from typing import Final

from referral.figures import Curve, Funnel, FunnelPoint
from referral.web import figure_words as words
from referral.web.drawing import SHARES, Chart, Plane, falling
from referral.web.figure_tables import Row, Section, Table, cells
from referral.web.figure_words import Teller

_PLACES: Final = {
    "within": "as chance alone would have it",
    "low": "lower than chance alone: worth a look",
    "high": "higher than chance alone: worth a look",
    "very low": "far lower than chance alone: worth a question",
    "very high": "far higher than chance alone: worth a question",
}


def curve_in(tell: Teller, found: Curve) -> Section:
    """For whom it has not happened yet, drawn and as a table."""
    done, still = (words.number(one, about=tell.floored) for one in (found.finished, found.open))
    interval = f"{words.seconds(found.low)} to {words.seconds(found.high)}"
    median = f"Median {words.seconds(found.median)}, with 95 % certainty {interval}."
    told = f"{done} done, {still} still open. {median}"
    notes = ("Too few to be shown.",) if found.hidden else (told,)
    rows = tuple(
        Row(
            words.seconds(one.seconds),
            cells(
                (
                    words.share(one.share),
                    f"{words.share(one.low)} to {words.share(one.high)}",
                    words.number(one.at_risk, about=tell.floored),
                )
            ),
        )
        for one in found.points
    )
    columns = ("Still waiting", "95 % interval", "Not yet done or ended")
    title = "Share for whom it has not happened yet"
    charts = (_falling(found, title),) if len(found.points) > 1 else ()
    return Section(title, Table(title, "After", columns, rows), notes, charts)


def _falling(found: Curve, title: str) -> Chart:
    last = found.points[-1].seconds or 1
    plane = Plane(last, 1)
    lines = [
        plane.stroke(
            kind, falling([(one.seconds, getattr(one, side)) for one in found.points], last)
        )
        for kind, side in (("bound", "low"), ("bound", "high"), ("share", "share"))
    ]
    across = ((last * part / 4, words.seconds(last * part / 4)) for part in range(4))
    return Chart(title, plane.across(across), plane.up(SHARES), tuple(lines))


def funnel_in(tell: Teller, found: Funnel) -> Section:
    """Agencies by the share of limits they met, drawn and as a table."""
    rows = tuple(_compared(tell, one) for one in found.points)
    columns = ("Decided limits", "Share met", "By chance alone (95 %)", "Place")
    table = Table("Agencies compared", "Agency asked", columns, rows)
    average = f"On average {words.share(found.average)} were met."
    return Section("Share of limits met", table, (average,), _scattered(tell, found))


def _compared(tell: Teller, one: FunnelPoint) -> Row:
    size = words.number(one.size, about=False)
    expected = "–"
    if one.bounds is not None:
        expected = f"{words.share(one.bounds.low_95)} to {words.share(one.bounds.high_95)}"
    small = one.place is None and one.size
    place = "too few to say" if small else _PLACES.get(one.place or "", "–")
    told = (size, words.share(one.share), expected, place)
    return Row(tell.law.label(one.name or "?"), cells(told))


def _scattered(tell: Teller, found: Funnel) -> tuple[Chart, ...]:
    if found.average is None or not found.curve:
        return ()
    largest = found.curve[-1].size
    plane = Plane(largest * 1.05, 1)
    kinds = {"low_95": "bound", "high_95": "bound", "low_998": "far", "high_998": "far"}
    lines = [
        plane.stroke(kind, ((one.size, min(getattr(one, side), 1.0)) for one in found.curve))
        for side, kind in kinds.items()
    ]
    lines.append(plane.stroke("share", ((0, found.average), (largest, found.average))))
    dots = [
        plane.dot(
            "in" if one.place in {None, "within"} else "out",
            (one.size, one.share),
            f"{tell.law.label(one.name or '?')}: {words.share(one.share)} of {one.size}",
        )
        for one in found.points
        if one.size is not None and one.share is not None
    ]
    across = ((size, f"{size:g}") for size in sorted({0, largest // 2, largest}))
    drawn = (plane.across(across), plane.up(SHARES), tuple(lines), (), tuple(dots))
    return (Chart("Share of limits met, by how many were decided", *drawn),)
