"""What an import cannot read is told with its line; everybody else is filed, and only once."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from agencies.register import COUNTRIES
from protocols.facts import Facts
from protocols.vocabulary import load_vocabulary
from referral import intake
from tests.cast import House
from tests.referral.invented_records import (
    COMPLAINTS,
    PROTEX,
    brought_in,
    bytes_in,
    complaint,
    only,
    person,
    sheet,
)


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
    # A number is sealed: of its row only the length can be told from the others' (28 bytes more).
    await house.rows("ALTER TABLE referral.docket ADD CHECK (octet_length(number) <> 32)")
    rows = [complaint(f"X-{n}", **PROTEX) for n in (1, 22, 3)]
    report = await brought_in(house, tmp_path, *rows)
    assert (report.filed, [one.number for one in report.refused]) == (2, ["X-22"])
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
