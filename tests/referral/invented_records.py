"""Records of a hotline in the layout of line 145, every one invented, and ways to import them."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import asyncpg

from referral import intake
from referral.intake.layout import linea145
from tests.cast import House

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
