"""A spreadsheet reads back what was written: text as text, numbers as numbers, nothing as zero."""

from __future__ import annotations

import io
from datetime import UTC, date, datetime
from typing import Any
from zoneinfo import ZoneInfo

import openpyxl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from referral.exports.sheets import ABSENT, Asker, Column, Kind, Sheet, as_csv, as_xlsx

AT = datetime(2026, 3, 2, 12, tzinfo=UTC)
ASKER = Asker("=Vera", AT, ZoneInfo("America/Asuncion"))
# Control characters have an escape of their own in the format.
TEXTS = st.text(st.characters(exclude_categories=("Cs", "Cc")), min_size=1, max_size=20)


def sheet(*rows: tuple[object, ...], kind: Kind = Kind.TEXT) -> Sheet:
    """One column, so named."""
    return Sheet("told", "What was told", (Column("told", kind, "-what it means"),), rows, AT)


def opened(told: Sheet) -> Any:
    return openpyxl.load_workbook(io.BytesIO(as_xlsx(told, ASKER)))


@given(TEXTS, st.sampled_from(["=", "+", "-", "@", " =", "https://", "1", ""]))
def test_text_stays_the_text_it_is(text: str, first: str) -> None:
    told = first + text
    found = opened(sheet((told,)))["Figures"]["A2"]
    assert (found.value, found.data_type) == (told, "s")
    assert found.hyperlink is None


@given(st.integers(-(10**9), 10**9) | st.floats(-1e9, 1e9))
def test_a_number_stays_a_number(number: float) -> None:
    found = opened(sheet((number,), kind=Kind.SECONDS))["Figures"]["A2"]
    assert found.data_type == "n"
    assert found.value == pytest.approx(number)


@pytest.mark.parametrize(
    ("kind", "sign"),
    [(Kind.COUNT, "c"), (Kind.SHARE, "–"), (Kind.SECONDS, "–"), (Kind.TEXT, None)],
)
def test_what_is_hidden_has_a_sign_and_what_is_absent_none(kind: Kind, sign: str | None) -> None:
    told = sheet((None,), (ABSENT,), (0,), kind=kind)
    page = opened(told)["Figures"]
    assert [page.cell(row, 1).value for row in (2, 3, 4)] == [sign, None, 0]
    assert as_csv(told).splitlines() == ["told", '""', '""', "0"]


def test_days_and_moments_are_such_in_the_zone_the_file_names() -> None:
    page = opened(sheet((date(2026, 2, 1),), (AT,), (True,), kind=Kind.MOMENT))["Figures"]
    assert page["A2"].is_date
    assert page["A2"].value == datetime(2026, 2, 1)  # noqa: DTZ001 - a spreadsheet has no zones
    assert page["A3"].value == datetime(2026, 3, 2, 9)  # noqa: DTZ001 - as above
    assert page["A4"].value == "yes"


def test_the_second_sheet_says_what_it_is() -> None:
    book = opened(sheet())
    told = {row[0].value: row[1] for row in book["About"].iter_rows()}
    assert told["Asked by"].value == "=Vera"
    assert told["Asked by"].data_type == "s"
    assert told["told"].value == "-what it means"
    assert told["Time zone of this file"].value == "America/Asuncion"
    assert book["Figures"].freeze_panes == "A2"


def test_the_same_answer_is_the_same_file() -> None:
    assert as_xlsx(sheet(("a",)), ASKER) == as_xlsx(sheet(("a",)), ASKER)


def test_nothing_is_cut_silently() -> None:
    with pytest.raises(ValueError, match="longer than a spreadsheet allows"):
        as_xlsx(sheet(("x" * 40_000,)), ASKER)
