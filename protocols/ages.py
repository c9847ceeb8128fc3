"""Age as the rules read it: a span of years, never a guess.

1. Age at the facts; nothing here knows today's date (age today governs consent, not screening).
2. Not known is None. A person whose age is disputed is a child until proved otherwise.
3. Bands are those of the publication rules (standards 6.3, D3): a pending recipient sees the band.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from protocols.facts import Facts

ADULT_AT = 18
"""C182 art. 2, Palermo Protocol art. 3 (d): a child is any person under eighteen."""


class Span(NamedTuple):
    """Years of age, both ends included."""

    lowest: int
    highest: int


AGE_BANDS: dict[str, Span] = {
    "0-11": Span(0, 11),
    "12-14": Span(12, 14),
    "15-17": Span(15, 17),
    "18-24": Span(18, 24),
    "25-39": Span(25, 39),
    "40-59": Span(40, 59),
    "60+": Span(60, 120),
}


def band_of(age: int) -> str:
    """The band of an age in years; ages above the last band count to it."""
    return next((band for band, span in AGE_BANDS.items() if age <= span.highest), "60+")


def span_of(facts: Facts) -> Span | None:
    """What is known of the age: the exact year, else the band, else None.

    A disputed adult age is no knowledge; a disputed age under 18 is the best there is.
    """
    age = facts.whole("age")
    span = AGE_BANDS.get(facts.code("age_band") or "") if age is None else Span(age, age)
    if span is not None and span.lowest >= ADULT_AT and facts.flag("age_disputed"):
        return None
    return span


def younger_than(facts: Facts, years: int) -> bool | None:
    """Whether the person is under this age, None when what is known does not settle it."""
    span = span_of(facts)
    if span is None or span.lowest < years <= span.highest:
        return None
    return span.highest < years


def child(facts: Facts) -> bool | None:
    """Under 18 (standards 3.1). Looks count only while no age is known; a dispute settles it."""
    if facts.flag("age_disputed"):
        return True
    if span_of(facts) is None:
        return facts.flag("appears_under_18")
    return younger_than(facts, ADULT_AT)
