"""The service's own history weighed by another law: nobody is named, nothing is changed."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path
from typing import Any
from uuid import UUID

import asyncpg
import orjson
import pytest
from typer.testing import CliRunner

import protocols
from protocols.replay import draft
from protocols.replay.desk import Order, replay
from protocols.replay.tally import Tally
from protocols.vocabulary import load_vocabulary
from referral import casework
from referral.casework import Said, Sitting
from referral.casework.panels import Seat
from referral.cli import app
from referral.queries.past import facts_read, history_of
from tests.cast import ROOT_KEY, House, asked, child_at_work
from tests.referral.forging import whole
from tests.stories.test_nobody_answers import let_time_pass

LAW = Path(protocols.__file__).parent / "countries" / "zz" / "child_protection" / "2026-02-15.yaml"
TRACK = "child_protection"
ANSWER = "ZZ-C01.answer"


async def lived(house: House) -> list[str]:
    """Three children: one taken in time, one taken late, one declined; what must never leave."""
    marks = []
    for number, late in enumerate((2, 30, 3)):
        report = child_at_work()
        filed = await house.manages("inspector", casework.file, report)
        marks += [filed.case_id, filed.reference, *(one.referral_id for one in filed.referrals)]
        hand_off = asked(filed, "ZZ-C01")
        house.at.forward(hours=late)
        await let_time_pass(house)
        if number < 2:
            await house.manages("social_worker", casework.accept, hand_off)
            house.at.forward(minutes=1)
            await house.manages(
                "social_worker",
                casework.record_event,
                UUID(filed.referrals[0].referral_id),
                "child_visited",
            )
        else:
            said = Said(reason_code="NO_CAPACITY", note="Both teams are at the flood.")
            await house.manages("social_worker", casework.decline, hand_off, said)
        house.at.forward(minutes=1)
    return marks


async def history(house: House, **more: Any) -> tuple[str, ...]:
    """As the coordinator reads it."""
    found = await house.manages("coordinator", history_of, TRACK, **more)
    assert isinstance(found, tuple)
    return found


def tally_of(lines: tuple[str, ...], order: Order, processes: int = 1) -> Tally:
    """What comes out."""
    return replay(order, lines, lambda _done, _whole: None, processes=processes)


def one_hour() -> str:
    """The law with one limit shortened, as of a day to come."""
    text = LAW.read_text(encoding="utf-8")
    text = text.replace("takes_force: 2026-02-15", "takes_force: 2027-01-01")
    assert "limit: 24 h" in text
    return text.replace("limit: 24 h", "limit: 1 h", 1)


async def test_nothing_that_could_be_traced_leaves_the_database(house: House) -> None:
    marks = await lived(house)
    lines = await history(house)
    assert len(lines) == 3
    everything = "\n".join(lines)
    people = [name for player in house.players.values() for name in player.part.name.split()]
    ids = [str(player.unit_id) for player in house.players.values()]
    told = ["Amal", "Doe", "Ten years old", "kiln", "flood"]
    for mark in (*marks, *people, *ids, *told):
        assert mark not in everything, mark
    for text in lines:
        line = orjson.loads(text)
        assert set(line) <= {
            *("at", "place", "facts", "urgency", "count", "filed_by", "reported", "results"),
            *("story", "until"),
        }
        assert set(line["facts"]) <= set(facts_read(load_vocabulary().in_country("ZZ")))
        assert "age" not in line["facts"], "G2: its band is enough"
        assert "age_band" in line["facts"]
    assert all(
        str(load_vocabulary()[name].group) in {"G0", "G1"} for name in facts_read(load_vocabulary())
    )


async def test_what_happened_is_told_in_the_words_of_the_law(house: House) -> None:
    await lived(house)
    first, second, third = map(orjson.loads, await history(house))
    assert [one["happens"] for one in first["story"]] == [
        "CHILD_PROTECTION accepts ZZ-C01",
        "recorded child_visited",
    ]
    assert [one["happens"] for one in second["story"]] == [
        "CHILD_PROTECTION accepts ZZ-C01",
        "recorded child_visited",
    ]
    assert third["story"][0]["happens"] == "CHILD_PROTECTION declines ZZ-C01 with NO_CAPACITY"
    assert first["filed_by"] == ["LABOUR_INSPECTION"]
    assert first["until"] == third["until"], "the history ends for all at once"


async def test_the_law_it_was_under_gives_what_was_and_another_limit_shows(
    house: House, tmp_path: Path
) -> None:
    await lived(house)
    lines = await history(house)
    now = tally_of(lines, Order(None, "ZZ", TRACK, "2026-02-15", None, "history"))
    assert now.after.asked["CHILD_PROTECTION", "ZZ-N"] == 3
    assert now.after.missed[ANSWER] == 1, "as it was: one was taken late"
    assert not now.after.refused
    shorter = tmp_path / "shorter.yaml"
    text = LAW.read_text(encoding="utf-8").replace(
        "takes_force: 2026-02-15", "takes_force: 2027-01-01"
    )
    assert "limit: 24 h" in text
    shorter.write_text(text.replace("limit: 24 h", "limit: 1 h", 1), encoding="utf-8")
    with draft.beside("ZZ", TRACK, shorter) as (folder, day):
        order = Order(folder, "ZZ", TRACK, day, "2026-02-15", "history")
        weighed = tally_of(lines, order)
        assert weighed == tally_of(lines, order, processes=2), "however many processors"
    assert weighed.before == now.after
    assert weighed.after.missed[ANSWER] > weighed.before.missed[ANSWER]
    assert weighed.changes.changed == 3


async def test_reading_changes_nothing_but_the_log_which_says_who_read(house: House) -> None:
    await lived(house)
    before = await whole(house)
    again = [await history(house), await history(house)]
    assert again[0] == again[1]
    after = await whole(house)
    changed = {name for name in before if before[name] != after[name]}
    assert changed == {
        *("referral.audit_entry", "referral.audit_body", "referral.stream_head"),
        "vault.data_key",
    }
    rows = await house.rows(
        "SELECT actor, act FROM referral.audit_entry WHERE object_type = 'history'"
    )
    coordinator = str(house.player("coordinator").membership_id)
    assert [(row["actor"], row["act"]) for row in rows] == [(coordinator, "case.read")] * 2


async def test_nobody_else_reads_it_and_nobody_unseen(house: House) -> None:
    await lived(house)
    for part in ("inspector", "supervisor", "auditor", "agency_admin"):
        refused = await house.does(part, history_of, TRACK)
        assert refused.status == 403, part
    asked_for = "SELECT count(*) FROM referral.history_of($1, $2)"
    for part, code in (("supervisor", "RF007"), ("coordinator", "RF001")):
        async with house.acting(part) as (session, _):
            driver = (await session.connection.get_raw_connection()).driver_connection
            assert driver is not None
            with pytest.raises(asyncpg.PostgresError) as fault:
                async with driver.transaction():
                    await driver.fetchval(asked_for, TRACK, ["age_band"])
        assert fault.value.sqlstate == code, part
    abroad = await house.does("coordinator", history_of, TRACK, country="ar")
    assert abroad == (), "each country its own"


async def test_what_a_panel_decided_is_replayed_as_decided(house: House) -> None:
    from tests.stories.test_panel import MET, OUTCOME, referral_of

    house.at.to(house.at().replace(month=11, day=9))
    report = child_at_work(
        age=25,
        foreign_national=False,
        zz_on_an_island=True,
        acts=["RECRUITMENT"],
        means=["DECEPTION"],
        purposes=["FORCED_LABOUR"],
    )
    filed = await house.manages(
        "hotline", casework.file, replace(report, place="ZZ-E", reported="HT")
    )
    house.at.forward(minutes=5)
    await house.manages("trafficking_officer", casework.accept, asked(filed, "ZZ-T02"))
    house.at.forward(minutes=5)
    seats: tuple[Seat, ...] = MET
    sitting = Sitting("ZZ-T05", OUTCOME, seats)
    await house.manages("trafficking_officer", casework.decide_panel, referral_of(filed), sitting)
    found = await house.manages("coordinator", history_of, "trafficking")
    [line] = map(orjson.loads, found)
    decided = [one for one in line["story"] if one["happens"] == f"recorded ZZ-T05 {OUTCOME}"]
    assert [(sorted(one["panel"]["present"]), one["panel"]["agree"]) for one in decided] == [
        (["HEALTH", "SHELTER", "TRAFFICKING_UNIT"], 2)
    ]
    assert "Lena" not in found[0]
    tally = tally_of(found, Order(None, "ZZ", "trafficking", "2026-10-01", None, "history"))
    assert not tally.after.refused


async def test_the_command_prints_before_and_after_and_no_name(
    house: House, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    marks = await lived(house)
    monkeypatch.setenv("REFERRAL_DATABASE_URL", house.database.url)
    monkeypatch.setenv("REFERRAL_ROOT_KEY", ROOT_KEY)
    (tmp_path / "draft.yaml").write_text(one_hour(), encoding="utf-8")
    arguments = ["replay", "zz", TRACK, "--against", str(tmp_path / "draft.yaml")]
    arguments += ["--processes", "1", "--as"]
    done = await asyncio.to_thread(CliRunner().invoke, app, [*arguments, "coordinator.zz"])
    assert done.exit_code == 0, done.output
    assert "2026-02-15" in done.output
    assert ANSWER in done.output
    assert not [mark for mark in (*marks, "Amal", "Winnie") if mark in done.output]
    plain = await asyncio.to_thread(
        CliRunner().invoke, app, [*arguments, "coordinator.zz", "--json"]
    )
    told = orjson.loads(plain.stdout)
    assert (told["version"], told["against"], told["cases"]) == ("2027-01-01", "2026-02-15", 3)
    assert told["after"]["missed"][ANSWER] > told["before"]["missed"][ANSWER]
    for part in ("inspector.zz", "coordinator.ar"):
        refused = await asyncio.to_thread(CliRunner().invoke, app, [*arguments, part])
        assert refused.exit_code == 2, part
        assert "no coordinator of ZZ" in refused.output + refused.stderr
    tokens = await house.rows(
        "SELECT FROM agencies.api_token WHERE name = 'replay of history' AND revoked_at IS NULL"
    )
    assert tokens == [], "what the command acted with has ended with it"


def test_the_command_says_what_it_cannot_find(tmp_path: Path) -> None:
    runner = CliRunner()
    for arguments, told in (
        (["ZZ", TRACK, "--against", "draft.yaml"], "neither the day of a version nor a file"),
        (["ZZ", "nothing", "--against", "2026-01-01"], "no track"),
    ):
        done = runner.invoke(app, ["replay", *arguments, "--data-dir", str(tmp_path)])
        assert done.exit_code == 2, done.output
        assert told in done.output + done.stderr
