"""What a council has to deal with this month: by reference, no names; page, paper and JSON."""

from __future__ import annotations

import asyncio
import re
from pathlib import Path
from typing import TYPE_CHECKING

import orjson
import pytest
from typer.testing import CliRunner

from referral import agendas, casework, queries
from referral.cli import app
from referral.queries import Agenda
from tests.cast import ROOT_KEY, House, asked, child_at_work
from tests.referral.api.desk import Desk, problem
from tests.referral.web.visiting import Visitor
from tests.stories.test_meeting import called, left_lying
from tests.stories.test_nobody_answers import let_time_pass

if TYPE_CHECKING:
    from referral.errors import Refusal


async def agenda(house: House, month: str, part: str = "coordinator") -> Agenda | Refusal:
    found: Agenda | Refusal = await house.does(part, queries.agenda_in, "COORDINATION", month)
    return found


async def test_what_is_late_stands_on_it_by_reference_alone(house: House) -> None:
    await left_lying(house)
    found = await agenda(house, "2026-03")
    assert isinstance(found, Agenda)
    item, beside = found.items  # the office, and the directorate that was asked beside it
    assert beside.mandate == "CHILD_PROTECTION_NATIONAL"
    (row,) = await house.rows("SELECT reference FROM referral.case")
    assert (item.reference, item.step, item.why) == (row["reference"], "ZZ-C01", "overdue")
    assert (item.new, item.met) == (True, 0)
    plain = agendas.plain_agenda(found, house.installation.catalogue, "ZZ")
    for told in (str(plain), agendas.agenda_html(plain)):
        assert row["reference"] in told
        for name in ("Amal", "Child protection office of the North", "inspector"):
            assert name not in told
    spoken = agendas.agenda_html({**plain, "language": "th"})
    assert '<html lang="en">' in spoken, "its own words are English, wherever it is"
    assert '<td lang="th">' in spoken
    assert re.search(r"<html lang=\"en\">.*Agenda 2026-03", agendas.agenda_html(plain))


async def test_what_stays_open_is_carried_over_and_says_how_often_it_was_met_about(
    house: House,
) -> None:
    hand_off = await left_lying(house)
    await called(house)
    house.at.forward(days=40)
    found = await agenda(house, "2026-04")
    assert isinstance(found, Agenda)
    assert [(one.new, one.met) for one in found.items if one.step == "ZZ-C01"][:1] == [(False, 1)]
    # Not before it was late; and no longer once somebody has answered.
    await house.manages("social_worker", casework.accept, hand_off)
    left = await agenda(house, "2026-04")
    assert isinstance(left, Agenda)
    assert "ZZ-C01" not in [one.step for one in left.items if one.why == "overdue"]


async def test_only_the_body_itself_has_it_and_only_for_a_month_that_has_begun(
    house: House,
) -> None:
    await left_lying(house)
    desk = Desk(house)
    for part, status in (("auditor", 403), ("inspector", 422), ("outsider", 422)):
        answer = await agenda(house, "2026-03", part)
        assert not isinstance(answer, Agenda)
        assert answer.status == status, part
    for month, code in (("2026-09", "future"), ("March", "unreadable")):
        told = await desk.reads("coordinator", f"agendas/COORDINATION?month={month}")
        assert problem(told, 422, "invalid-input")["errors"][0]["code"] == code
    told = await desk.reads("coordinator", "agendas/COORDINATION?month=2026-03")
    item, _ = told.json()["items"]
    assert item["step"]["code"] == "ZZ-C01"
    cora = Visitor(await house.browser("coordinator"))
    page = await cora.see("/agendas?body=COORDINATION&month=2026-03")
    assert item["reference"] in page.words
    assert "Late since March 2026: 2" in page.words
    assert (await cora.see("/agendas?body=COORDINATION&month=2027-01")).status == 422
    other = await cora.see("/agendas?body=LABOUR_INSPECTION&month=2026-03")
    assert "Choose one of the bodies your unit meets as." in other.words
    assert (await Visitor(await house.browser("auditor")).see("/agendas")).status == 403


async def test_what_was_answered_in_time_is_on_no_agenda(house: House) -> None:
    filed = await house.manages("inspector", casework.file, child_at_work())
    await house.manages("social_worker", casework.accept, asked(filed, "ZZ-C01"))
    house.at.forward(hours=1)
    await let_time_pass(house)
    found = await agenda(house, "2026-03")
    assert isinstance(found, Agenda)
    assert found.items == ()


async def test_the_command_prints_it_for_people_for_programs_and_on_paper(
    house: House, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    await left_lying(house)
    (row,) = await house.rows("SELECT reference FROM referral.case")
    monkeypatch.setenv("REFERRAL_DATABASE_URL", house.database.url)
    monkeypatch.setenv("REFERRAL_ROOT_KEY", ROOT_KEY)
    wanted = ["agenda", "--body", "COORDINATION", "--month", "2026-03", "--as", "coordinator.zz"]
    paper = tmp_path / "agenda.html"
    asking = [*wanted, "--country", "ZZ", "--html", str(paper)]
    done = await asyncio.to_thread(CliRunner().invoke, app, asking)
    assert done.exit_code == 0, done.output
    assert row["reference"] in done.output
    assert "Amal" not in done.output
    assert row["reference"] in paper.read_text("utf-8")
    plain = await asyncio.to_thread(CliRunner().invoke, app, [*asking, "--json"])
    told = orjson.loads(plain.stdout)
    assert {one["reference"] for one in told["items"]} == {row["reference"]}
    for more in (["--month", "March"], ["--body", "NOTHING"], ["--as", "inspector.zz"]):
        refused = await asyncio.to_thread(CliRunner().invoke, app, [*asking, *more])
        assert refused.exit_code == 2, more
    unknown = ["agenda", "--body", "NOTHING", "--month", "2026-03"]
    assert (await asyncio.to_thread(CliRunner().invoke, app, unknown)).exit_code == 2
