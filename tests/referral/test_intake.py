"""A hotline's records become history: every row accounted for, nothing live, nothing invented.

Every row here is invented; only the layout is real. The published year itself is read where it is
at hand (``../shared/data``) and never copied.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import asyncpg
import orjson
import pytest
import yaml

from agencies.register import COUNTRIES
from protocols.facts import Facts
from protocols.vocabulary import load_vocabulary
from referral import casework, intake, queries
from referral.errors import Refusal
from referral.intake.layout import linea145
from tests.cast import House

YEAR = Path(__file__).parents[3] / "shared" / "data" / "ar-linea145"
COMPLAINTS, PERSONS = linea145().complaints.known, linea145().persons.known
PLAIN = {
    "fecha_ingreso": "2021-03-01",
    "situacion": "Urgencia",
    "es_anonima": "No",
    "tema": "Trata",
    "subtema": "Explotación laboral",
    "provincia": "Misiones",
    "provincia_indec_id": "54",
}
PROTEX = {"derivacion_institucion": "Protex", "derivacion_fecha": "2021-03-01 22:15"}


def complaint(number: str, **cells: str) -> dict[str, str]:
    return {"caso_id": number, **PLAIN, **cells}


def person(number: str, role: str, **cells: str) -> dict[str, str]:
    return {"caso_id": number, "referido_tipo": role, **cells}


def sheet(rows: Sequence[dict[str, str]], columns: Sequence[str], separator: str = ",") -> str:
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, columns, restval="", delimiter=separator)
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()


async def brought_in(
    house: House, folder: Path, *rows: dict[str, str], persons: Sequence[dict[str, str]] = ()
) -> intake.Report:
    told, people = folder / "complaints.csv", folder / "persons.csv"
    told.write_text(sheet(rows, COMPLAINTS), "utf-8", newline="")
    people.write_text(sheet(persons, PERSONS), "utf-8", newline="")
    return await intake.import_linea145(house.installation, "hotline.ar", told, people)


async def bytes_in(house: House, folder: Path, content: bytes) -> intake.Report:
    told = folder / "complaints.csv"
    told.write_bytes(content)
    return await intake.import_linea145(house.installation, "hotline.ar", told)


async def only(house: House, statement: str, *values: Any) -> asyncpg.Record:
    rows = await house.rows(statement, *values)
    assert len(rows) == 1, rows
    return rows[0]


async def test_a_recorded_referral_is_history_and_nothing_of_it_is_live(
    house: House, tmp_path: Path
) -> None:
    report = await brought_in(house, tmp_path, complaint("X-1", **PROTEX))
    assert (report.read, report.filed, report.refused) == (1, 1, [])
    row = await only(
        house,
        "SELECT h.*, a.key, r.holder_unit, d.number, c.imported AS whole FROM referral.hand_off h "
        "JOIN agencies.agency a ON a.id = h.receiver_agency "
        "JOIN referral.referral r ON r.id = h.referral_id JOIN referral.case c ON c.id = h.case_id "
        "LEFT JOIN referral.docket d ON d.hand_off_id = h.id",
    )
    assert (row["key"], row["state"], row["step"], row["opening"]) == (
        *("PROTEX", "requested", "AR-T04", 1),
    )
    assert row["imported"]
    assert row["whole"]
    assert row["requested_at"] == row["occurred_at"] == datetime(2021, 3, 2, 1, 15, tzinfo=UTC)
    assert row["accepted_at"] is row["received_at"] is row["due_at"] is None
    assert row["holder_unit"] == house.player("hotline", "ar").unit_id
    assert row["number"] == "X-1"
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
            lines = await queries.timeline_of(session, actor, row["id"])
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
        seen = await queries.hand_off_seen(session, actor, row["id"])
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


async def test_importing_again_files_nothing_twice(house: House, tmp_path: Path) -> None:
    rows = [complaint("X-1", **PROTEX), complaint("X-2")]
    people = [person("X-1", "Acusado")]
    first = await brought_in(house, tmp_path, *rows, persons=people)
    again = await brought_in(house, tmp_path, *rows, complaint("X-3"), persons=people)
    assert (first.filed, first.already_filed) == (2, 0)
    assert (again.filed, again.already_filed, again.refused) == (1, 2, [])
    assert (again.persons_filed.total(), again.persons_already_filed) == (0, 1)
    assert (await only(house, "SELECT count(*) n FROM referral.case"))["n"] == 3
    tokens = "SELECT revoked_at FROM agencies.api_token WHERE name = 'import of records'"
    ended = [row["revoked_at"] for row in await house.rows(tokens)]
    assert len(ended) == 2
    assert None not in ended


async def test_a_row_that_cannot_be_read_is_told_with_its_line_and_loses_nobody_else(
    house: House, tmp_path: Path
) -> None:
    good = sheet([complaint(f"X-{n}") for n in range(1, 4)], COMPLAINTS).splitlines()
    lines = [line.encode() for line in good]
    wanting = sheet([complaint("X-10", fecha_ingreso="31 de marzo")], COMPLAINTS).splitlines()[1]
    future = sheet([complaint("X-11", fecha_ingreso="2563-03-01")], COMPLAINTS).splitlines()[1]
    nobody = sheet([complaint("")], COMPLAINTS).splitlines()[1]
    lines[2:2] = [
        "X-7,2021-03-01,Urgencia,,,Trata,Explotación".encode("latin-1") + b"," * 15,
        b'X-8,2021-03-01,"never closed,Trata' + b"," * 15,
        b"X-9,2021-03-01,Urgencia",
        wanting.encode(),
        future.encode(),
        nobody.encode(),
        b"",
        good[1].encode(),
    ]
    report = await bytes_in(house, tmp_path, b"\r\n".join(lines))
    told = {(one.line, one.number, one.code) for one in report.refused}
    assert told == {
        (3, "X-7", "encoding"),
        (4, "X-8", "quotation"),
        (5, "X-9", "cells"),
        (6, "X-10", "date"),
        (7, "X-11", "invalid-input"),
        (8, "", "number"),
        (10, "X-1", "twice"),
    }
    assert (report.read, report.filed) == (10, 3)
    assert all(one.reason for one in report.refused)
    assert "line 4 X-8" in report.text()


@pytest.mark.parametrize("end", ["\r\n", "\n"])
@pytest.mark.parametrize(("mark", "separator"), [(b"\xef\xbb\xbf", ","), (b"", ";")])
async def test_marks_endings_and_separators_are_read_as_they_come(
    house: House, tmp_path: Path, mark: bytes, end: str, separator: str
) -> None:
    text = sheet([complaint("X-1", subtema="two\nlines"), complaint("X-2")], COMPLAINTS, separator)
    report = await bytes_in(house, tmp_path, mark + text.replace("\r\n", end).encode())
    assert (report.filed, report.refused) == (2, [])


async def test_a_label_nobody_knows_costs_no_complaint_and_is_named(
    house: House, tmp_path: Path
) -> None:
    report = await brought_in(
        house,
        tmp_path,
        complaint("X-1", subtema="Minería ilegal", provincia_indec_id="99"),
        complaint(
            "X-2",
            situacion="  EMERGENCIA ",
            provincia_indec_id="6",
            derivacion_institucion="Guardaparques",
            derivacion_fecha="2021-03-01 10:00",
        ),
    )
    assert report.filed == 2
    assert report.unknown_labels == {
        ("subtema", "Minería ilegal"): 1,
        ("provincia_indec_id", "99"): 1,
        ("derivacion_institucion", "Guardaparques"): 1,
    }
    places = await house.rows("SELECT place, urgency FROM referral.case ORDER BY 1")
    assert [tuple(row) for row in places] == [("AR", "urgent"), ("AR-B", "emergency")]
    assert "“Guardaparques” in derivacion_institucion is not in the layout" in report.text()


async def test_a_fault_of_ours_refuses_its_row_and_no_other(house: House, tmp_path: Path) -> None:
    await house.rows("ALTER TABLE referral.docket ADD CHECK (number <> 'X-2')")
    rows = [complaint(f"X-{n}", **PROTEX) for n in (1, 2, 3)]
    report = await brought_in(house, tmp_path, *rows)
    assert (report.filed, [one.number for one in report.refused]) == (2, ["X-2"])
    await house.rows("ALTER TABLE referral.docket DROP CONSTRAINT docket_number_check")
    again = await brought_in(house, tmp_path, *rows)
    assert (again.filed, again.already_filed) == (1, 2)


async def test_a_file_that_is_none_and_a_member_who_is_not_are_refused_whole(
    house: House, tmp_path: Path
) -> None:
    with pytest.raises(intake.TableFault, match="no column caso_id, fecha_ingreso"):
        await bytes_in(house, tmp_path, b"number,day\n1,2021-03-01\n")
    with pytest.raises(intake.TableFault, match="no column"):
        await bytes_in(house, tmp_path, b"")
    with pytest.raises(intake.TableFault, match="UTF-16"):
        await bytes_in(house, tmp_path, "caso_id".encode("utf-16"))
    with pytest.raises(intake.TableFault, match="cannot be read"):
        await intake.import_linea145(house.installation, "hotline.ar", tmp_path / "nowhere.csv")
    told = tmp_path / "complaints.csv"
    told.write_text(sheet([complaint("X-1")], COMPLAINTS), "utf-8")
    for name in ("prosecutor.ar", "hotline.zz", "nobody"):
        with pytest.raises(intake.NotAMember, match=name):
            await intake.import_linea145(house.installation, name, told)
    assert (await only(house, "SELECT count(*) n FROM referral.case"))["n"] == 0


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
        found = await queries.imported_first_referrals(session, actor)
        overdue = await queries.overdue_in(session, actor, now=house.at())
        times = await queries.response_times_in(session, actor, now=house.at())
    assert not isinstance(found, Refusal)
    assert [(one.mandate, one.cases, one.median_days, one.before_intake) for one in found] == [
        ("PROSEC_HT", 3, 2.0, 1)
    ]
    assert (overdue, times) == ((), ()), "history has no limits and no acceptances to measure"


def test_the_layout_speaks_the_words_of_the_facts_and_of_the_directory() -> None:
    raw = yaml.safe_load((Path(intake.__file__).parent / "ar_linea145.yaml").read_text("utf-8"))
    vocabulary = load_vocabulary()
    for name in ("topics", "situations", "ages", "minors"):
        for label, facts in raw[name].items():
            assert isinstance(vocabulary.parse(facts), Facts), (name, label)
    told = yaml.safe_load((COUNTRIES / "ar.yaml").read_text("utf-8"))
    assert set(raw["places"].values()) == set(told["places"])
    for label, body in raw["bodies"].items():
        if "agency" in body:
            units = told["agencies"][body["agency"]].get("units", {})
            assert body.get("unit") in {None, *units}, label


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
    assert (report.agreed.total(), report.compared.total()) == (966, 1390)
    assert sum(count for (_, body), count in report.confusion.items() if body == "Protex") == 845
    assert json.loads(json.dumps(report.as_json()))["complaints"]["filed"] == 1603
