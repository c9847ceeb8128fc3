"""The monthly report: her own figures and no others, in her country's language, and in her log."""

from __future__ import annotations

import asyncio
import re
from datetime import date
from pathlib import Path
from typing import Any

import orjson
import pytest
from typer.testing import CliRunner

from referral import queries
from referral.cli import app
from referral.errors import Refusal
from referral.exports.monthly_report import Printed, monthly_report
from referral.exports.report_language import texts
from referral.figures import Cut, Period
from tests.cast import ROOT_KEY, House
from tests.referral.exports.drawn import MONTH, drawn
from tests.referral.exports.reading import ACCESSIBLE, fonts_in, says, words_in
from tests.referral.web.visiting import Visitor

LANGUAGES = {"ar": "es", "lr": "en", "py": "es", "th": "th", "zz": "en"}
PERIOD = Period.month(date(2026, 2, 1))


async def printed(house: House, part: str, country: str = "zz", month: str = MONTH) -> Printed:
    found = await house.manages(part, monthly_report, month, country=country)
    assert isinstance(found, Printed)
    return found


def part_of(found: Printed, name: str, language: str = "en") -> dict[str, Any]:
    title = texts()[language]["parts"][name]
    (part,) = [one for one in found.values["parts"] if one["title"] == title]
    return dict(part)


async def acts(house: House, act: str) -> int:
    return len(await house.rows("SELECT FROM referral.audit_entry WHERE act = $1", act))


@pytest.mark.parametrize("country", sorted(LANGUAGES))
async def test_each_country_reads_it_in_its_own_language_without_a_missing_letter(
    house: House, country: str
) -> None:
    await drawn(house, country, 500)
    own = texts()[LANGUAGES[country]]
    for part in ("coordinator", "supervisor"):
        found = await printed(house, part, country)
        assert ACCESSIBLE in found.content  # it may have no letter that its fonts have not
        heads = {n: w for n, w in own["parts"].items() if n not in {"agency_times", "by_step"}}
        roles, title = own["roles"][part.upper()], own["title"]
        told = [*heads.values(), title, roles]
        assert [words for words in told if not says(found.content, words)] == []
        assert any("Thai" in one for one in fonts_in(found.content)) is (country == "th")
        assert says(found.content, "พ.ศ. 2569 (ค.ศ. 2026)") is (country == "th")
        assert says(found.content, own["unreviewed"]) is not own["reviewed"]


async def test_it_has_the_numbers_of_the_pages_and_says_who_printed_it(house: House) -> None:
    await drawn(house, "zz", 250)
    found = await printed(house, "supervisor")
    whole = await house.manages("supervisor", queries.figures_by, Cut.AGENCY, PERIOD)
    counts = whole.total.counts
    cards = [told for _, told, _ in found.values["brief"]["cards"]]
    assert cards[:4] == [
        str(one) for one in (counts.asked, counts.waiting, counts.working, counts.completed)
    ]
    (sheet, *times) = part_of(found, "agencies")["sheets"]
    assert [line["cells"][0] for line in sheet["lines"][:-1]] == [
        str(one.counts.asked) for one in whole.groups
    ]
    assert len(times) == 4
    vera = house.player("supervisor")
    about = dict(found.values["about"])
    assert vera.part.name in about["Printed by"]
    assert about["Figures as of"] == about["Printed"] == "2 March 2026, 12:00 (UTC)"
    versions = part_of(found, "versions")["sheets"][0]["lines"]
    assert all(line["marks"][0].startswith("SHA-256 ") for line in versions)
    idle = await house.manages("supervisor", queries.holder_idle_in)
    assert f"and {len(idle)} were accepted" in part_of(found, "open")["notes"][1]


async def test_a_country_stands_under_the_floor_and_targets_beside_no_agency(
    house: House,
) -> None:
    await drawn(house, "zz", 700)
    found = await printed(house, "coordinator")
    cells = [
        cell
        for part in found.values["parts"]
        for sheet in part["sheets"]
        for line in sheet["lines"]
        for cell in line["cells"]
    ]
    assert "c" in cells
    assert [one for one in cells if one.isdecimal() and 0 < int(one) <= 10] == []
    assert "listed for the supervisor" in part_of(found, "open")["notes"][1]
    proposed = part_of(found, "proposed")
    assert [sheet["first"] for sheet in proposed["sheets"]] == ["Month"]
    gaps = await house.manages("coordinator", queries.law_gaps_in, PERIOD)
    lines = part_of(found, "gaps")["sheets"][0]["lines"]
    assert len(lines) == len(gaps) > 0
    funnel = await house.manages("coordinator", queries.comparison_of, PERIOD)
    shares = [line["cells"][1] for line in part_of(found, "compared")["sheets"][0]["lines"]]
    assert [one != "–" for one in shares] == [one.share is not None for one in funnel.points]


async def test_a_curve_and_bars_are_drawn_and_stand_in_tables_too(house: House) -> None:
    await drawn(house, "zz", 250)
    found = await printed(house, "supervisor")
    bars, curve = (part_of(found, name) for name in ("months", "curve"))
    heights = [bar["height"] for bar in bars["drawing"]["bars"]]
    numbers = [bar["words"] for bar in bars["drawing"]["bars"]]
    assert numbers == [line["cells"][0] for line in bars["sheets"][0]["lines"]]
    assert max(heights) <= 1
    shares = [at[1] for at in curve["drawing"]["curve"]]
    assert shares == sorted(shares, reverse=True)
    assert len(curve["sheets"][0]["lines"]) == 7
    for part in (bars, curve):
        assert part["drawing"]["told"]


async def test_an_empty_month_and_one_not_over_say_so(house: House) -> None:
    await drawn(house, "zz", 60)
    empty = await printed(house, "supervisor", month="2001-01")
    (told,) = empty.values["warnings"]
    assert told.startswith("No hand-off was asked for in January 2001.")
    assert part_of(empty, "times")["sheets"][0]["lines"] == ()
    read = words_in(empty.content)
    assert "this is the finding, not a fault" in " ".join(read.split())
    open_month = await printed(house, "supervisor", month="2026-03")
    assert open_month.values["warnings"][0].startswith("March 2026 is not over.")
    closed = await printed(house, "supervisor", month="")
    assert (closed.values["month"], closed.values["warnings"]) == ("February 2026", [])


async def test_who_has_no_figures_has_no_report_and_each_is_in_the_log(house: House) -> None:
    for part in ("auditor", "agency_admin"):
        answer = await house.does(part, monthly_report, MONTH)
        assert isinstance(answer, Refusal)
        assert answer.status == 403
    assert (await acts(house, "act.refused"), await acts(house, "member.report_printed")) == (2, 0)
    for part in ("inspector", "statistician", "data_officer", "outsider"):
        found = await printed(house, part)
        assert found.name == "report-zz-2026-02.pdf"
    assert await acts(house, "member.report_printed") == 4
    for month, code in (("2026-13", "malformed"), ("soon", "malformed"), ("2027-01", "future")):
        wrong = await house.does("supervisor", monthly_report, month)
        assert isinstance(wrong, Refusal)
        assert [one["code"] for one in wrong.extra["errors"]] == [code]
    assert await acts(house, "member.report_printed") == 4


async def test_it_is_taken_from_a_page_by_whoever_has_figures(house: House) -> None:
    await drawn(house, "zz", 60)
    vera = Visitor(await house.browser("supervisor"))
    figures = await vera.see("/oversight/figures?month=2026-01")
    address = re.findall(r'href="(/oversight/figures/report\?[^"]*)"', figures.answer.text)[0]
    page = await vera.see(address.replace("&amp;", "&"))
    assert page.form("/report.pdf").values["month"] == ["2026-01"]
    answer = (await vera.see("/oversight/figures/report.pdf?month=2026-01")).answer
    assert answer.headers["content-type"] == "application/pdf"
    assert "report-zz-2026-01.pdf" in answer.headers["content-disposition"]
    assert answer.content.startswith(b"%PDF-")
    wrong = await vera.see("/oversight/figures/report.pdf?month=2027-01")
    assert wrong.status == 422
    assert "has not begun" in wrong.words
    for part in ("auditor", "agency_admin"):
        visitor = Visitor(await house.browser(part))
        for page_of in ("report", f"report.pdf?month={MONTH}"):
            assert (await visitor.see(f"/oversight/figures/{page_of}")).status == 403
    stranger = await house.stranger().get(f"/oversight/figures/report.pdf?month={MONTH}")
    assert stranger.headers["location"].startswith("/sign-in")


async def test_the_command_prints_it_for_a_bodys_meeting(
    house: House, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    await drawn(house, "zz", 60)
    monkeypatch.setenv("REFERRAL_DATABASE_URL", house.database.url)
    monkeypatch.setenv("REFERRAL_ROOT_KEY", ROOT_KEY)
    file = tmp_path / "report.pdf"
    asking = ["report", "--body", "COORDINATION", "--month", MONTH, "--as", "coordinator.zz"]
    asking += ["--pdf", str(file)]
    done = await asyncio.to_thread(CliRunner().invoke, app, asking)
    assert done.exit_code == 0, done.output
    read = words_in(file.read_bytes())
    assert "National coordination council" in read
    plain = await asyncio.to_thread(CliRunner().invoke, app, [*asking, "--json"])
    told = orjson.loads(plain.stdout)
    assert told["bytes"] == len(file.read_bytes())
    assert told["month"] == "February 2026"
    for more in (["--month", "2099-01"], ["--body", "NOTHING"], ["--as", "inspector.zz"]):
        refused = await asyncio.to_thread(CliRunner().invoke, app, [*asking, *more])
        assert refused.exit_code == 2, more
    assert await acts(house, "member.report_printed") == 2
