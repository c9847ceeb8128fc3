"""Reading what a country lays down by lists: who consents at which age, work, how long to keep.

Whatever is wrong is added to the problems and reading goes on. It must not know what follows from
an age, from a kind of work or from the end of a period.
"""

from __future__ import annotations

from collections.abc import Callable

from protocols.country import Caregiver, Consent, Labels, Retention, Voice, WorkList
from protocols.decision import LimitBasis
from protocols.document import Item
from protocols.section import Section

_CONSENT = ("from", "to", "child", "caregiver", "sources")
_RETENTION = ("years", "basis", "sources")
LONGEST = 100  # years: longer is a slip of the pen
ADULT = 18  # CRC art. 1
OLDEST = 120  # as the fact 'age' of the closed list
Read = Callable[[Section, str], Labels]
Cite = Callable[[Section], tuple[str, ...]]


def read_consent(country: Section, labels: Read, cite: Cite) -> tuple[Consent, ...]:
    """The table of consent, by age; no age is in it twice, and no child is left out."""
    rows = [_row(item, country, labels, cite) for item in country.entries("consent")]
    if "consent" in country:
        _ages(rows, country)
    return tuple(sorted((row for _, row in rows), key=lambda row: row.lowest))


def _row(item: Item, country: Section, labels: Read, cite: Cite) -> tuple[Section, Consent]:
    one = Section(
        item, "a row of 'consent'", country.problems, required=_CONSENT, optional=("otherwise",)
    )
    row = Consent(
        lowest=one.whole("from"),
        highest=one.whole("to"),
        child=one.choice("child", Voice, Voice.EXPLAIN),
        caregiver=one.choice("caregiver", Caregiver, Caregiver.CONSENT),
        otherwise=labels(one, "otherwise"),
        sources=cite(one),
    )
    return one, row


def _ages(rows: list[tuple[Section, Consent]], country: Section) -> None:
    named: set[int] = set()
    for section, row in rows:
        ages = set(range(row.lowest, row.highest + 1))
        if not 0 <= row.lowest <= row.highest <= OLDEST:
            country.problems.error(
                section.at("from"),
                f"a row of 'consent' goes from {row.lowest} to {row.highest}: these are no ages",
                f"Write two ages from 0 to {OLDEST}, the lower one first; both belong to the row",
            )
        if twice := ages & named:
            country.problems.error(
                section.at("from"),
                f"the age {min(twice)} stands in two rows of 'consent'",
                "Let each row begin after the end of the one before",
            )
        named |= ages
    if left := set(range(ADULT)) - named:
        country.problems.error(
            country.at("consent"),
            f"no row of 'consent' is of a child of {min(left)}",
            "Add a row: somebody must be asked for every child",
        )


def read_work(country: Section, name: str, labels: Read, cite: Cite) -> WorkList | None:
    """``hazardous_work`` or ``light_work``: what it rests on, and its kinds of work by code."""
    if name not in country:
        return None
    listed = country.section(name, required=("sources", "items"))
    items = listed.section("items")
    if "items" in listed and not items.items:
        country.problems.error(
            listed.at("items"), f"'{name}' lists no work", "Add 'CODE: {en: …}', or remove it"
        )
    return WorkList(cite(listed), {code: labels(items, code) for code, _ in items})


def read_retention(country: Section, cite: Cite) -> tuple[Retention, ...]:
    """``retention``: one period for tracks that are named, one for all the others; none twice."""
    rows = [_period(item, country, cite) for item in country.entries("retention")]
    if "retention" in country:
        _periods(rows, country)
    return tuple(row for _, row in rows)


def _period(item: Item, country: Section, cite: Cite) -> tuple[Section, Retention]:
    one = Section(
        item,
        "a row of 'retention'",
        country.problems,
        required=_RETENTION,
        optional=("tracks",),
    )
    row = Retention(
        tracks=one.words("tracks"),
        years=one.whole("years"),
        basis=one.choice("basis", LimitBasis, LimitBasis.ASSUMPTION),
        sources=cite(one),
    )
    if "years" in one and not 1 <= row.years <= LONGEST:
        country.problems.error(
            one.at("years"),
            f"{row.years} years is no period to keep a case",
            f"Write a whole number of years from 1 to {LONGEST}",
        )
    return one, row


def _periods(rows: list[tuple[Section, Retention]], country: Section) -> None:
    named: list[str] = []
    for section, row in rows:
        for track in row.tracks:
            if track in named:
                country.problems.error(
                    section.at("tracks"),
                    f"the track '{track}' stands in two rows of 'retention'",
                    "Remove it from one of the two: a case is kept for one period",
                )
            named.append(track)
    others = [section.spot for section, row in rows if not row.tracks]
    if len(others) != 1:
        country.problems.error(
            (others or [country.at("retention")])[-1],
            "'retention' needs exactly one row without 'tracks', for every other track",
            "Write one row with years, basis and sources only; add 'tracks' to the others",
        )
