"""The words of the monthly report: every language has all of them, and says numbers its own way."""

from __future__ import annotations

import string
from collections.abc import Iterator
from datetime import UTC, date, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocols.catalogue import Catalogue
from referral.access.matrix import matrix
from referral.exports.report_language import Tongue, locale_of, texts
from referral.figures import Measure

FEBRUARY = date(2026, 2, 1)
NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
LANGUAGES = {"AR": "es", "LR": "en", "PY": "es", "TH": "th", "ZZ": "en"}


def told(texts: Any, place: str = "") -> Iterator[tuple[str, str]]:
    """Each text with its place."""
    if isinstance(texts, dict):
        for name, inner in texts.items():
            yield from told(inner, f"{place}/{name}")
    else:
        yield place, str(texts)


def put_in(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name}


@pytest.fixture(scope="module")
def tongues(catalogue: Catalogue) -> dict[str, Tongue]:
    return {one: Tongue(catalogue, one) for one in catalogue.countries}


@pytest.mark.parametrize("language", sorted(texts()))
def test_every_language_has_every_text_with_the_same_put_in(language: str) -> None:
    english, own = dict(told(texts()["en"])), dict(told(texts()[language]))
    assert {*own} == {*english}
    assert [place for place, text in own.items() if not text.strip()] == []
    eras = {"/dates/common", "/dates/buddhist"}  # one may have both years, another one
    for place in {*own} - eras:
        assert put_in(own[place]) == put_in(english[place]), place
    if language != "en":
        alike = {p for p, text in own.items() if text == english[p]}
        assert alike <= {
            *("/reviewed", "/units/day", "/units/hour", "/units/minute"),
            *("/dates/month", "/dates/day", "/dates/moment", "/dates/common"),
        }


def test_each_country_is_spoken_to_in_its_own_language(tongues: dict[str, Tongue]) -> None:
    assert {iso2: tongue.language for iso2, tongue in tongues.items()} == LANGUAGES


@pytest.mark.parametrize("language", sorted(texts()))
def test_whoever_may_see_figures_and_each_measure_has_a_name(language: str) -> None:
    own = texts()[language]
    asking = {one.value for one in matrix().by_role["see_statistics"]}
    assert asking <= {*own["roles"]}
    assert {*own["measures"]} == {one.value for one in Measure}


@pytest.mark.parametrize(
    ("country", "month", "moment", "number", "share"),
    [
        ("AR", "febrero de 2026", "2 de marzo de 2026, 09:00 (UTC−3)", "12.345", "46 %"),
        ("PY", "febrero de 2026", "2 de marzo de 2026, 09:00 (UTC−3)", "12.345", "46 %"),
        ("LR", "February 2026", "2 March 2026, 12:00 (UTC)", "12,345", "46 %"),
        (
            "TH",
            "กุมภาพันธ์ พ.ศ. 2569 (ค.ศ. 2026)",
            "2 มีนาคม พ.ศ. 2569 (ค.ศ. 2026) เวลา 19:00 น. (UTC+7)",
            "12,345",
            "46 %",
        ),
    ],
)
def test_days_and_numbers_are_written_as_the_country_does(
    tongues: dict[str, Tongue], country: str, month: str, moment: str, number: str, share: str
) -> None:
    tongue = tongues[country]
    assert tongue.month(FEBRUARY) == month
    assert tongue.moment(NOON) == moment
    assert tongue.number(12345) == number
    assert tongue.share(0.456).replace("\N{NO-BREAK SPACE}", " ") == share


def test_under_a_bar_stands_the_year_of_the_country(tongues: dict[str, Tongue]) -> None:
    assert tongues["TH"].short_month(FEBRUARY) == ("ก.พ.", "2569")
    assert tongues["ZZ"].short_month(FEBRUARY) == ("Feb", "2026")


def test_what_is_hidden_in_tens_or_not_reached_is_no_number(tongues: dict[str, Tongue]) -> None:
    tongue = tongues["ZZ"]
    assert (tongue.number(None), tongue.number(20, about=True)) == ("c", "20+")
    assert (tongue.number(0, about=True), tongue.number(0)) == ("0", "0")
    assert (tongue.share(None), tongue.span(None), tongue.moment(None)) == ("–", "–", "–")


@given(st.integers(0, 10**9))
def test_a_length_of_time_is_never_off_by_more_than_its_smallest_unit(
    catalogue: Catalogue, seconds: int
) -> None:
    words = Tongue(catalogue, "ZZ").span(seconds).split("\N{NO-BREAK SPACE}")
    sizes = {"d": 86400, "h": 3600, "min": 60}
    parts = [(int(count), unit) for count, unit in zip(words[::2], words[1::2], strict=True)]
    whole = sum(count * sizes[unit] for count, unit in parts)
    smallest = 3600 if parts[0][1] == "d" else 60
    assert abs(whole - seconds) <= smallest
    assert len(parts) <= 2


def test_a_language_of_another_country_is_spoken_as_anywhere() -> None:
    assert str(locale_of("es", "AR")) == "es_AR"
    assert str(locale_of("es", "LR")) == "es"
