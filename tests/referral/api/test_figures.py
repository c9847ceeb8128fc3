"""Figures over JSON and as tables of commas, the same as on the pages; no cell is a formula."""

from __future__ import annotations

import csv
import io
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from referral.exports.sheets import cell
from tests.cast import House
from tests.referral.api.desk import Desk, problem
from tests.referral.figures.histories import Drawing

SINCE = "since=2025-11&until=2026-03"
TABLES = ("figures", "series", "curve", "comparison", "bottlenecks", "law-gaps")
QUESTIONS = ("behind", *TABLES, "attested", "returns", "uncontacted")


async def drawn(house: House) -> None:
    """Four months of everything."""
    begins, ends = datetime(2025, 11, 1, tzinfo=UTC), datetime(2026, 3, 2, 12, tzinfo=UTC)
    await (await Drawing(house, 1, begins, ends).some(250)).enter(house)
    house.at.to(ends)


def table(text: str) -> list[dict[str, Any]]:
    """A file as a spreadsheet reads it."""
    return list(csv.DictReader(io.StringIO(text, newline="")))


@pytest.mark.parametrize("question", QUESTIONS)
async def test_who_oversees_asks_and_nobody_else(desk: Desk, question: str) -> None:
    for part in ("supervisor", "inspector", "coordinator", "statistician", "data_officer"):
        assert (await desk.reads(part, f"oversight/{question}")).status_code == 200, part
    for part in ("auditor", "agency_admin"):
        problem(await desk.reads(part, f"oversight/{question}"), 403, "not-permitted")


async def test_the_file_has_the_same_numbers_as_the_json(desk: Desk) -> None:
    await drawn(desk.house)
    for part in ("supervisor", "coordinator"):
        for cut in ("agency", "step", "all"):
            address = f"oversight/figures{{}}?cut={cut}&{SINCE}"
            told = (await desk.reads(part, address.format(""))).json()
            rows = table((await desk.reads(part, address.format(".csv"))).text)
            both = [*told["groups"], told["total"]]
            for one, row in zip(both, rows, strict=True):
                for name, count in one["counts"].items():
                    assert row[name] == ("" if count is None else str(count))
                median = one["times"]["accepted"]["median"]
                assert row["accepted_median"] == ("" if median is None else str(median))
            assert rows[-1]["line"] == "total"
            assert told["whose"] == rows[-1]["whose"]


async def test_proposed_targets_stand_beside_no_other_agency(desk: Desk) -> None:
    await drawn(desk.house)
    for cut in ("agency", "agency_track"):
        told = (await desk.reads("supervisor", f"oversight/figures?cut={cut}&{SINCE}")).json()
        assert {one["proposed"]["begun"] for one in told["groups"]} == {None}
        assert told["total"]["proposed"]["begun"] > 0
    told = (await desk.reads("supervisor", f"oversight/figures?cut=step&{SINCE}")).json()
    assert None not in {one["proposed"]["begun"] for one in told["groups"]}


async def test_months_add_up_to_the_period_and_the_list_to_the_number(desk: Desk) -> None:
    await drawn(desk.house)
    whole = (await desk.reads("supervisor", f"oversight/figures?cut=all&{SINCE}")).json()["total"]
    months = (await desk.reads("supervisor", f"oversight/series?{SINCE}")).json()["months"]
    assert len(months) == 5
    asked = whole["counts"]["asked"]
    assert sum(one["figure"]["counts"]["asked"] for one in months) == asked > 20
    after, listed = "", 0
    while True:
        page = await desk.reads("supervisor", f"oversight/behind?{SINCE}&limit=40{after}")
        listed += len(page.json()["hand_offs"])
        if "next" not in page.links:
            break
        after = "&after=" + page.links["next"]["url"].partition("after=")[2]
    assert listed == asked
    none = (await desk.reads("coordinator", f"oversight/behind?{SINCE}")).json()
    assert none["hand_offs"] == []


async def test_an_outsider_counts_nothing_of_others_and_an_empty_period_is_zeros(
    desk: Desk,
) -> None:
    await desk.asks()
    for part, months in (("outsider", ""), ("supervisor", "&since=2001-01&until=2001-02")):
        told = (await desk.reads(part, f"oversight/figures?cut=agency{months}")).json()
        assert told["groups"] == []
        assert set(told["total"]["counts"].values()) == {0}
        curve = (await desk.reads(part, f"oversight/curve?{months}")).json()["curve"]
        assert (curve["finished"], curve["median"]) == (0, None)


@pytest.mark.parametrize("query", ["since=2026-13", "until=9999-12", "track=%00", "cut=sideways"])
async def test_what_cannot_be_read_is_a_problem_that_says_where(desk: Desk, query: str) -> None:
    for question in ("figures", "figures.csv"):
        problem(
            await desk.reads("supervisor", f"oversight/{question}?{query}"), 422, "invalid-input"
        )


async def test_questions_have_the_same_answers_as_json_and_as_tables(desk: Desk) -> None:
    await drawn(desk.house)
    for part in ("supervisor", "coordinator"):
        for question, name in (
            ("comparison", "funnel"),
            ("law-gaps", "limits"),
            ("attested", "senders"),
        ):
            told = (await desk.reads(part, f"oversight/{question}?{SINCE}")).json()[name]
            rows = table((await desk.reads(part, f"oversight/{question}.csv?{SINCE}")).text)
            lines = told["points"] if name == "funnel" else told
            assert len(rows) == len(lines) > 0, question
            for one, row in zip(lines, rows, strict=True):
                for same in {*one} & {*row} - {"sources", "oldest_unconfirmed"}:
                    assert row[same] == ("" if one[same] is None else str(one[same]))
        returns = (await desk.reads(part, f"oversight/returns?{SINCE}")).json()
        assert {one["proposed"]["begun"] for one in returns["by_agency"]} == {None}
    steps = await desk.reads("supervisor", f"oversight/bottlenecks?track=trafficking&{SINCE}")
    assert [one["step"] for one in steps.json()["steps"]][:2] == ["ZZ-T01", "ZZ-T02"]


async def test_an_agency_named_like_a_formula_is_text_in_the_file(desk: Desk) -> None:
    await desk.asks()
    evil = '=HYPERLINK("https://evil.example","x")'
    await desk.house.rows(
        "UPDATE agencies.agency SET name = $1 WHERE name = 'Child protection office of the North'",
        evil,
    )
    [row, _] = table((await desk.reads("supervisor", "oversight/figures.csv?cut=agency")).text)
    assert row["agency"] == f"'{evil}"


@given(st.text(max_size=12), st.sampled_from(["=", "+", "-", "@", "\t", "\r", " =", ""]))
def test_no_text_becomes_a_formula_and_no_number_becomes_text(text: str, first: str) -> None:
    told = str(cell(first + text))
    assert not told.lstrip(" ").startswith(("=", "+", "-", "@", "\t", "\r", "\n"))
    assert told in {first + text, f"'{first}{text}"}
    assert cell(-3) == -3
    assert cell(0) == 0
    assert cell(None) == ""
