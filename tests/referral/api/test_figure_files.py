"""Figures as files: the numbers of the page in every format, for the same people, one floor."""

from __future__ import annotations

import csv
import io
from datetime import UTC, date, datetime
from typing import Any

import openpyxl
import pytest

from tests.cast import House
from tests.referral.api.desk import Desk, problem
from tests.referral.figures.histories import Drawing

SINCE = "since=2025-11&until=2026-03"
PILOT = "track=child_protection&version=2026-02-15&months=3"
ASKED = {
    "figures": f"cut=step&{SINCE}",
    "series": SINCE,
    "curve": SINCE,
    "comparison": SINCE,
    "bottlenecks": f"track=trafficking&{SINCE}",
    "law-gaps": SINCE,
    "attested": SINCE,
    "returns": SINCE,
    "uncontacted": SINCE,
    "pilot": PILOT,
}
FLOORED = (
    *("figures", "series", "bottlenecks", "law-gaps", "attested"),
    *("returns", "uncontacted", "pilot"),
)


async def drawn(house: House) -> None:
    """Four months of everything."""
    begins, ends = datetime(2025, 11, 1, tzinfo=UTC), datetime(2026, 3, 2, 12, tzinfo=UTC)
    await (await Drawing(house, 1, begins, ends).some(250)).enter(house)
    house.at.to(ends)


async def as_csv(desk: Desk, part: str, question: str, asked: str = "") -> list[list[str]]:
    """Lines as a spreadsheet reads them, the head first."""
    found = await desk.reads(part, f"oversight/{question}.csv?{asked or ASKED[question]}")
    assert found.status_code == 200, found.text
    return list(csv.reader(io.StringIO(found.text, newline="")))


async def as_xlsx(desk: Desk, part: str, question: str, asked: str = "") -> Any:
    """The workbook."""
    found = await desk.reads(part, f"oversight/{question}.xlsx?{asked or ASKED[question]}")
    assert found.status_code == 200, found.text
    assert found.headers["content-disposition"].endswith('.xlsx"')
    return openpyxl.load_workbook(io.BytesIO(found.content))


def same(told: str, found: Any) -> bool:
    """A cell of the one file says what the cell of the other says."""
    if isinstance(found, datetime):
        return told.startswith((f"{found:%Y-%m-%d}", f"{found:%Y-%m-}"))
    if isinstance(found, int | float):
        return float(told) == pytest.approx(found)
    return told == ("" if found in {None, "c", "–"} else found)


@pytest.mark.parametrize("question", ASKED)
async def test_a_file_is_for_whoever_may_ask_and_for_nobody_else(desk: Desk, question: str) -> None:
    for ending in (".csv", ".xlsx"):
        address = f"oversight/{question}{ending}?{ASKED[question]}"
        for part in ("supervisor", "inspector", "coordinator"):
            found = await desk.reads(part, address)
            assert found.status_code == 200, part
            assert found.headers["cache-control"] == "no-store"
        for part in ("auditor", "agency_admin"):
            problem(await desk.reads(part, address), 403, "not-permitted")
        stranger = await desk.house.stranger().get(f"/api/v1/{address}")
        assert stranger.status_code == 401


async def test_both_files_say_the_same_and_numbers_are_numbers(desk: Desk) -> None:
    await drawn(desk.house)
    for part in ("supervisor", "coordinator"):
        for question in ASKED:
            rows = await as_csv(desk, part, question)
            page = (await as_xlsx(desk, part, question))["Figures"]
            cells = [[one.value for one in row] for row in page.iter_rows()]
            assert page.freeze_panes == "A2"
            assert cells[0] == rows[0], question
            assert len(cells) == len(rows) > 1, question
            for told, found in zip(rows[1:], cells[1:], strict=True):
                assert all(map(same, told, found)), (question, told, found)
            kinds = {type(one) for row in cells[1:] for one in row}
            # Of a country, where all are few, nothing but signs is left.
            assert kinds & {int, float} or part == "coordinator", question


async def test_the_floor_holds_in_every_file_and_a_hidden_count_is_never_zero(desk: Desk) -> None:
    await drawn(desk.house)
    signs = 0
    for question in FLOORED:
        rows = await as_csv(desk, "coordinator", question)
        page = (await as_xlsx(desk, "coordinator", question))["Figures"]
        whole = {"order", *(one for one in rows[0] if one.endswith(("low", "high", "median")))}
        for row in page.iter_rows(min_row=2):
            for name, one in zip(rows[0], row, strict=True):
                if name not in whole and isinstance(one.value, int):
                    assert not 0 < one.value <= 9, (question, name)
                signs += one.value == "c"
    assert signs > 10


async def test_a_hidden_step_cannot_be_had_by_subtraction_from_the_whole(desk: Desk) -> None:
    await drawn(desk.house)
    found = (await desk.reads("coordinator", f"oversight/pilot?{PILOT}")).json()["pilot"]
    hidden = 0
    for side in ("one", "other"):
        whole = found["whole"][side]["figure"]["counts"]
        steps = [told[side]["figure"]["counts"] for _, told in found["steps"]]
        for name, count in whole.items():
            if None in {one[name] for one in steps}:
                hidden += 1
                assert count is None or count % 10 == 0, name
    assert hidden > 3


async def test_the_file_says_who_asked_what_and_what_the_columns_mean(desk: Desk) -> None:
    await drawn(desk.house)
    book = await as_xlsx(desk, "supervisor", "law-gaps")
    told = {row[0].value: row[1].value for row in book["About"].iter_rows()}
    player = desk.house.player("supervisor")
    assert player.part.name in told["Asked by"]
    assert isinstance(told["Asked at"], datetime)
    assert isinstance(told["As of"], datetime)
    assert (told["since"], told["until"]) == ("2025-11", "2026-03")
    assert {one.value for one in book["Figures"][1]} <= set(told)
    assert told["c"].endswith("Not zero.")
    await_none = await as_xlsx(desk, "supervisor", "law-gaps", "since=2001-01&until=2001-02")
    assert await_none["Figures"].max_row == 1


async def test_a_name_like_a_formula_stays_text(desk: Desk) -> None:
    await desk.asks()
    evil = '=HYPERLINK("https://evil.example","x")'
    await desk.house.rows(
        "UPDATE agencies.agency SET name = $1 WHERE name = 'Child protection office of the North'",
        evil,
    )
    book = await as_xlsx(desk, "supervisor", "figures", "cut=agency")
    found = [one for row in book["Figures"].iter_rows() for one in row if one.value == evil]
    assert {one.data_type for one in found} == {"s"}
    assert {one.quotePrefix for one in found} == {True}
    assert not [c for page in book for row in page.iter_rows() for c in row if c.data_type == "f"]


async def test_days_are_days(desk: Desk) -> None:
    await drawn(desk.house)
    page = (await as_xlsx(desk, "supervisor", "series"))["Figures"]
    months = [page.cell(row, 1) for row in range(2, page.max_row + 1)]
    assert all(one.is_date for one in months)
    assert [one.value.date() for one in months][:2] == [date(2025, 11, 1), date(2025, 12, 1)]


async def test_the_pilot_has_the_same_numbers_as_the_figures_it_compares(desk: Desk) -> None:
    await drawn(desk.house)
    found = (await desk.reads("supervisor", f"oversight/pilot?{PILOT}")).json()["pilot"]
    since = f"cut=all&{PILOT.partition('&months')[0]}&since=2026-02&until=2026-04"
    whole = (await desk.reads("supervisor", f"oversight/figures?{since}")).json()["total"]
    assert found["whole"]["other"]["figure"]["counts"] == whole["counts"]
    side = found["whole"]["one"]
    assert side["legal"]["low"] < side["figure"]["legal"]["share"] < side["legal"]["high"]
    there = await desk.reads("supervisor", f"oversight/pilot?{PILOT}&by=place")
    assert there.json()["pilot"]["places"] == ["ZZ-W"]
    assert there.json()["cautions"]


@pytest.mark.parametrize(
    ("query", "status", "kind"),
    [
        ("track=child_protection&version=1999-01-01", 404, "not-found"),
        ("track=nothing&version=2026-02-15", 404, "not-found"),
        (f"{PILOT}&by=luck", 422, "invalid-input"),
        ("track=child_protection&version=2026-02-15&months=1000", 422, "invalid-input"),
        ("track=child_protection", 422, "invalid-input"),
        ("track=%00&version=2026-02-15", 422, "invalid-input"),
    ],
)
async def test_what_is_no_pilot_is_refused(desk: Desk, query: str, status: int, kind: str) -> None:
    for ending in ("", ".csv", ".xlsx"):
        problem(await desk.reads("supervisor", f"oversight/pilot{ending}?{query}"), status, kind)
