"""A hotline's records become history: every row accounted for, nothing live, nothing invented.

Every row here is invented; only the layout is real. The published year itself is read where it is
at hand (``../shared/data``) and never copied.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

import asyncpg
import orjson
import pytest

from referral import casework, intake, queries
from referral.errors import Refusal
from tests.cast import House
from tests.referral.invented_records import (
    PROTEX,
    brought_in,
    complaint,
    only,
    person,
)

YEAR = Path(__file__).parents[3] / "shared" / "data" / "ar-linea145"


async def test_a_recorded_referral_is_history_and_nothing_of_it_is_live(
    house: House, tmp_path: Path
) -> None:
    report = await brought_in(house, tmp_path, complaint("X-1", **PROTEX))
    assert (report.read, report.filed, report.refused) == (1, 1, [])
    row = await only(
        house,
        "SELECT h.*, a.key, r.holder_unit, c.imported AS whole FROM referral.hand_off h "
        "JOIN agencies.agency a ON a.id = h.receiver_agency "
        "JOIN referral.referral r ON r.id = h.referral_id JOIN referral.case c ON c.id = h.case_id",
    )
    assert (row["key"], row["state"], row["step"], row["opening"]) == (
        *("PROTEX", "requested", "AR-T04", 1),
    )
    assert row["imported"]
    assert row["whole"]
    assert row["requested_at"] == row["occurred_at"] == datetime(2021, 3, 2, 1, 15, tzinfo=UTC)
    assert row["accepted_at"] is row["received_at"] is row["due_at"] is None
    assert row["holder_unit"] == house.player("hotline", "ar").unit_id
    seen = await house.manages("hotline", queries.hand_off_seen, row["id"], country="ar")
    assert seen.docket == "X-1"
    live = "SELECT (SELECT count(*) FROM referral.clock) + (SELECT count(*) FROM referral.outbox) n"
    assert (await only(house, live))["n"] == 0


async def test_an_emergency_goes_to_a_federal_force_and_everything_else_to_protex(
    house: House, tmp_path: Path
) -> None:
    report = await brought_in(
        house,
        tmp_path,
        complaint("X-1", **PROTEX),
        complaint("X-2", situacion="Emergencia", **PROTEX),
        complaint(
            "X-3",
            situacion="Emergencia",
            derivacion_institucion="Gendarmería Nacional Argentina",
            derivacion_fecha="2021-03-01 10:00",
        ),
        complaint("X-4", situacion=""),
    )
    assert report.asked == {
        ("Urgencia", "PROSEC_HT"): 1,
        ("Emergencia", "POLICE_FED"): 2,
        ("(not recorded)", "PROSEC_HT"): 1,
    }
    assert report.confusion == {
        ("PROSEC_HT", "Protex"): 1,
        ("POLICE_FED", "Protex"): 1,
        ("POLICE_FED", "Gendarmería Nacional Argentina"): 1,
        ("PROSEC_HT", "(nobody)"): 1,
    }
    assert (report.agreed, report.compared) == (
        {"Urgencia": 1, "Emergencia": 1},
        {"Urgencia": 1, "Emergencia": 2},
    )
    assert report.without_referral == 1
    assert report.triage == 4, "one element only: the reported topic takes it to triage"


async def test_times_out_of_order_are_kept_counted_and_marked_in_the_timeline(
    house: House, tmp_path: Path
) -> None:
    second = {"derivacion2_institucion": "Protex", "derivacion2_fecha": "2021-03-01 09:00"}
    report = await brought_in(
        house,
        tmp_path,
        complaint("X-1", **PROTEX, **second),
        complaint("X-2", **{**PROTEX, "derivacion_fecha": "2021-02-28 23:59"}),
        complaint("X-3", **PROTEX),
    )
    assert report.disorder == {("out-of-order", 2): 1, ("before-intake", 1): 1}
    assert report.delays() == {
        "counted": 2, "negative": 1, "median": 0, "over_7": 0, "longest": 0,
    }  # fmt: skip
    stored = await house.rows(
        "SELECT opening, warnings FROM referral.hand_off ORDER BY warnings, 1"
    )
    told = [
        (row["opening"], [one["code"] for one in orjson.loads(row["warnings"])]) for row in stored
    ]
    assert told == [(1, []), (1, []), (1, ["before-intake"]), (2, ["out-of-order"])]
    shown = []
    for row in await house.rows("SELECT id FROM referral.case ORDER BY occurred_at, id"):
        async with house.acting("hotline", "ar") as (session, actor):
            lines = await queries.timeline_of(session, actor, row["id"], now=house.at())
        assert not isinstance(lines, Refusal)
        shown += [line.warning for line in lines if line.act == "hand_off.requested"]
    assert sorted(str(one) for one in shown) == ["None", "None", "before-intake", "out-of-order"]


async def test_an_entry_nobody_finished_is_neither_a_body_nor_a_hand_off(
    house: House, tmp_path: Path
) -> None:
    unfinished = {"derivacion_institucion": "revisar PNR", "derivacion_fecha": "2021-03-04 09:00"}
    report = await brought_in(
        house,
        tmp_path,
        complaint("X-1", **unfinished),
        complaint("X-2", derivacion_institucion="Protex", derivacion_fecha="soon"),
    )
    assert report.unfinished == {"revisar PNR": 1, "Protex": 1}
    assert (report.hand_offs, report.without_referral) == (0, 0)
    assert report.compared.total() == 0
    kept = await only(house, "SELECT event, occurred_at FROM referral.event")
    assert kept["event"] == "unfinished referral"
    assert kept["occurred_at"] == datetime(2021, 3, 4, 12, tzinfo=UTC)
    warned = await house.rows("SELECT warnings FROM referral.case")
    assert [orjson.loads(row["warnings"]) for row in warned] == [
        [{"code": "unfinished-referral", "opening": 1}]
    ] * 2


async def test_without_a_province_it_is_routed_all_the_same(house: House, tmp_path: Path) -> None:
    nowhere = {"provincia": "", "provincia_indec_id": ""}
    station = {"derivacion_institucion": "Comisarías", "derivacion_fecha": "2021-03-01 22:15"}
    report = await brought_in(house, tmp_path, complaint("X-1", **nowhere, **station))
    assert (report.without_place, report.routed_without_place) == (1, 1)
    assert (await only(house, "SELECT place FROM referral.case"))["place"] == "AR"
    row = await only(house, "SELECT id, mandate, no_agency FROM referral.hand_off")
    assert (row["mandate"], row["no_agency"]) == ("POLICE_PROV", True)
    assert report.stood_in_for == 1, "which station it was, nobody wrote down"
    sides = await house.rows(
        "SELECT relationship FROM referral.party WHERE hand_off_id = $1", row["id"]
    )
    assert [side["relationship"] for side in sides] == ["sender"], (
        "who stands in has received nothing"
    )


async def test_accused_relatives_and_concerned_are_kept_apart(house: House, tmp_path: Path) -> None:
    report = await brought_in(
        house,
        tmp_path,
        complaint("X-1", subtema="Explotación sexual niñas, niños y adolescentes"),
        complaint("X-2"),
        persons=[
            person("X-1", "Acusado", genero="Hombre", edad_banda="41-60", menor_de_18="No"),
            person("X-1", "Victima directa", genero="Mujer", edad_banda="14-15", menor_de_18="Si"),
            person("X-1", "Victima indirecta - familiar", nacionalidad="Paraguay"),
            person("X-2", "Acusado"),
            person("X-9", "Acusado"),
            person("X-2", "Vecino"),
        ],
    )
    assert report.persons_read == 6
    assert report.persons_filed == {"accused": 2, "concerned": 1, "relative": 1}
    assert [(one.line, one.code) for one in report.refused_persons] == [
        (7, "role"),
        (6, "complaint"),
    ]
    rows = await house.rows(
        "SELECT p.role, p.identified, f.facts, "
        "EXISTS (SELECT FROM referral.screening s WHERE s.person_id = p.id) AS screened "
        "FROM referral.person p JOIN referral.case_facts f ON f.person_id = p.id "
        "JOIN referral.note n ON n.case_id = p.case_id ORDER BY p.case_id = (SELECT case_id "
        "FROM referral.person WHERE NOT identified), p.number"
    )
    told = [(row["role"], row["identified"], row["screened"]) for row in rows]
    assert told == [
        ("accused", True, False),
        ("concerned", True, True),
        ("relative", True, False),
        ("concerned", False, True),
        ("accused", True, False),
    ]
    accused, girl = orjson.loads(rows[0]["facts"]), orjson.loads(rows[1]["facts"])
    assert accused == {"sex": "male", "appears_under_18": False}
    assert girl["wfcl"] == ["WFCL_B"]
    assert girl["appears_under_18"] is True


async def test_who_complained_is_sealed_with_the_hotline(house: House, tmp_path: Path) -> None:
    await brought_in(
        house, tmp_path, complaint("X-1", denunciante_tipo="Vecina de enfrente", **PROTEX)
    )
    row = await only(
        house,
        "SELECT r.content, a.key FROM referral.reporter r "
        "JOIN agencies.agency a ON a.id = r.agency_id",
    )
    assert row["key"] == "LINEA-145"
    assert b"enfrente" not in row["content"]


async def test_what_protex_received_then_is_no_work_of_today(house: House, tmp_path: Path) -> None:
    await brought_in(house, tmp_path, complaint("X-1", **PROTEX))
    row = await only(house, "SELECT id, case_id FROM referral.hand_off")
    async with house.acting("prosecutor", "ar") as (session, actor):
        page = await queries.inbox_of(session, actor, now=house.at())
        asked = await queries.inbox_of(session, actor, state="requested", now=house.at())
        seen = await queries.hand_off_seen(session, actor, row["id"], now=house.at())
        facts = await session.connection.exec_driver_sql("SELECT count(*) FROM referral.case_facts")
        assert facts.scalar_one() == 0
    assert isinstance(page, queries.Page)
    assert isinstance(asked, queries.Page)
    assert page.lines == asked.lines == ()
    assert not isinstance(seen, Refusal)
    assert (seen.line.imported, seen.acts, seen.facts) == (True, (), {})
    refused = await house.does("prosecutor", casework.accept, row["id"], country="ar")
    assert isinstance(refused, Refusal)
    stands = await only(house, "SELECT state, version FROM referral.hand_off")
    assert (stands["state"], stands["version"]) == ("requested", 1)


async def test_nobody_can_hide_a_live_hand_off_as_history(house: House) -> None:
    """SQL looks again: only a case of history has hand-offs of history."""
    told = casework.Intake(client_id=uuid4(), place="AR-N", reported="HT")
    await house.manages("hotline", casework.file, told, country="ar")
    player = house.player("hotline", "ar")
    connection = await asyncpg.connect(house.database.superuser_url)
    put = (
        "SELECT referral.post_hand_offs(h.case_id, jsonb_build_array(to_jsonb(h) "
        "|| jsonb_build_object('id', gen_random_uuid(), 'imported', $1::boolean))) "
        "FROM referral.hand_off h LIMIT 1"
    )
    undone = connection.transaction()
    await undone.start()
    try:
        for name, value in (("country", "AR"), ("unit", str(player.unit_id))):
            await connection.execute(f"SELECT set_config('referral.{name}', $1, true)", value)
        await connection.execute(put, False)
        with pytest.raises(asyncpg.PostgresError, match="only an imported case"):
            await connection.execute(put, True)
    finally:
        await undone.rollback()
        await connection.close()


async def test_the_overview_shows_days_from_intake_to_first_referral(
    house: House, tmp_path: Path
) -> None:
    """In days of the line's own calendar: a quarter past ten at night is still the same day."""
    first = {"derivacion_institucion": "Protex"}
    second = {"derivacion2_institucion": "Comisarías", "derivacion2_fecha": "2021-03-01 10:00"}
    await brought_in(
        house,
        tmp_path,
        complaint("X-1", **PROTEX, **second),
        complaint("X-2", **first, derivacion_fecha="2021-03-05 10:00"),
        complaint("X-3", **first, derivacion_fecha="2021-02-27 10:00"),
        complaint("X-4"),
    )
    await house.rows(
        "UPDATE agencies.membership SET role = 'SUPERVISOR' WHERE id = $1",
        house.player("hotline", "ar").membership_id,
    )
    async with house.acting("hotline", "ar") as (session, actor):
        found = await queries.imported_first_referrals(session, actor, now=house.at())
        overdue = await queries.overdue_in(session, actor, now=house.at())
        times = await queries.response_times_in(session, actor, now=house.at())
    assert not isinstance(found, Refusal)
    assert [(one.mandate, one.cases, one.median_days, one.before_intake) for one in found] == [
        ("PROSEC_HT", 3, 2.0, 1)
    ]
    assert (overdue, times) == ((), ()), "history has no limits and no acceptances to measure"


@pytest.mark.skipif(not YEAR.is_dir(), reason="the published year is not here (../shared/data)")
async def test_the_published_year_is_accounted_for_row_by_row(house: House) -> None:
    looked_at = []
    report = await intake.import_linea145(
        house.installation,
        "hotline.ar",
        YEAR / "denuncias_2020_minimised.csv",
        YEAR / "referidos_2020_minimised.csv",
        progress=lambda done, _: looked_at.append(done),
    )
    assert (report.read, report.filed, report.refused) == (1603, 1603, [])
    assert looked_at == list(range(1, 1604))
    assert (report.persons_read, report.persons_filed.total()) == (1250, 1250)
    assert report.refused_persons == []
    assert report.unknown_labels == {}
    assert report.without_referral == 127
    assert report.unfinished == {"revisar PNR": 86}
    assert (report.without_place, report.routed_without_place) == (111, 111)
    assert report.asked == {
        ("Urgencia", "PROSEC_HT"): 1314,
        ("Emergencia", "POLICE_FED"): 288,
        ("(not recorded)", "PROSEC_HT"): 1,
    }
    assert report.disorder == {
        ("before-intake", 1): 3,
        ("out-of-order", 2): 38,
        ("out-of-order", 3): 5,
    }
    assert (report.agreed.total(), report.asked_at_all, report.compared.total()) == (
        *(966, 1052, 1390),
    )
    assert sum(count for (_, body), count in report.confusion.items() if body == "Protex") == 845
    assert json.loads(json.dumps(report.as_json()))["complaints"]["filed"] == 1603
