"""One complaint of line 145 in the words of this service: an intake, and what was done with it.

Nothing is decided here: what the record does not say is not known. Whoever is accused is a person
of that role, apart from those concerned; who complained is sealed with the agency that took the
call. What this file must never know: files, the database, what time it is.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from uuid import NAMESPACE_URL, UUID, uuid5
from zoneinfo import ZoneInfo

from referral.casework import UNLISTED, Intake, PersonTold, Recorded
from referral.intake.layout import Body, Layout, Words
from referral.intake.table import BadRow, Row

_REFERRALS = ("derivacion", "derivacion2", "derivacion3")
_MOMENT = re.compile(
    r"(?:(\d{4})-(\d\d?)-(\d\d?)|(\d\d?)/(\d\d?)/(\d{4}))(?:[ T](\d\d?):(\d\d)(?::\d\d)?)?"
)
_OLDEST = 1900


@dataclass(frozen=True, slots=True)
class Complaint:
    """One complaint as it is filed, and what the report counts of it."""

    line: int
    number: str
    intake: Intake
    recorded: tuple[Recorded, ...]
    situation: str  # as the record has it; empty: not recorded
    place_recorded: bool
    persons: tuple[str, ...]  # roles of those the record names
    warnings: tuple[dict[str, Any], ...]


@dataclass(slots=True)
class Reader:
    """Reads rows of one layout; remembers every label it did not know, by column."""

    layout: Layout
    zone: ZoneInfo
    unknown: dict[tuple[str, str], int] = field(default_factory=dict)
    _noted: list[tuple[str, str]] = field(default_factory=list)  # while one row is read

    def client_id(self, number: str) -> UUID:
        """The same for the same complaint for ever: filing it again finds the case it led to."""
        return uuid5(NAMESPACE_URL, f"{self.layout.name}/{number}")

    def role_of(self, row: Row) -> str | None:
        """A person's role; None when the label says nothing we know."""
        known = self.layout.roles
        label = row.cell("referido_tipo")
        return known.get(label, "") if label in known else None

    def read(self, row: Row, persons: Sequence[Row]) -> Complaint | BadRow:
        """A complaint with its persons, or why it cannot be filed."""
        number, told = row.cell("caso_id"), row.cell("fecha_ingreso")
        occurred_at = self._moment(told)
        if not number:
            reason = "No caso_id, so that the complaint could not be found again. Write its number."
            return BadRow(row.line, "", "number", reason)
        if occurred_at is None:
            reason = (
                "fecha_ingreso is no day, so that nothing can be put in order. Write 2020-12-31."
            )
            return BadRow(row.line, number, "date", reason)
        self._noted = []
        place = self._place(row.cell("provincia_indec_id"))
        intake = Intake(
            client_id=self.client_id(number),
            place=place or self.layout.country,
            persons=tuple(self._persons(row, persons)),
            reported=self._said(self.layout.reported, row, "tema"),
            occurred_at=occurred_at,
            occurred_precision="minute" if ":" in told else "day",
            narrative=_narrative(row),
            reporter=_reporter(row),
        )
        return Complaint(
            line=row.line,
            number=number,
            intake=intake,
            recorded=tuple(self._referrals(row)),
            situation=row.cell("situacion"),
            place_recorded=place is not None,
            persons=tuple(str(self.role_of(one)) for one in persons),
            warnings=self._warnings(),
        )

    def _warnings(self) -> tuple[dict[str, Any], ...]:
        """Which columns held labels nobody knows; the label itself may say too much to be shown."""
        columns = dict.fromkeys(column for column, _ in self._noted)
        for noted in self._noted:
            self.unknown[noted] = self.unknown.get(noted, 0) + 1
        return tuple({"code": "label-not-known", "column": column} for column in columns)

    def _said(self, words: Words[Any], row: Row, column: str) -> Any:
        """What a label says; None for an empty one, and for one nobody knows, which is noted."""
        label = row.cell(column)
        if label and label not in words:
            self._noted.append((column, label))
        return words.get(label, None) if label else None

    def _moment(self, told: str) -> datetime | None:
        """A local day or minute as UTC-aware time; None when it is none."""
        found = _MOMENT.fullmatch(told)
        if found is None:
            return None
        year, month, day, d, m, y, hour, minute = found.groups()
        try:
            at = datetime(
                *(int(year or y), int(month or m), int(day or d)),
                *(int(hour or 0), int(minute or 0)),
                tzinfo=self.zone,
            )
        except ValueError:
            return None
        return at.astimezone(UTC) if at.year >= _OLDEST else None

    def _place(self, code: str) -> str | None:
        """ISO 3166-2 of an INDEC code; a code that lost its leading nought is the same code."""
        row = Row(0, {"provincia_indec_id": code.zfill(2) if code else ""})
        place: str | None = self._said(self.layout.places, row, "provincia_indec_id")
        return place

    def _persons(self, row: Row, persons: Sequence[Row]) -> Iterator[PersonTold]:
        """Everybody the record names; where nobody is concerned, one who is not identified."""
        topic = self._said(self.layout.topics, row, "subtema") or {}
        situation = self._said(self.layout.situations, row, "situacion") or {}
        shared = {**topic, **situation}
        roles = [self.role_of(one) for one in persons]
        if "concerned" not in roles:
            yield PersonTold(facts=shared, identified=False)
        for one, role in zip(persons, roles, strict=True):
            if role is not None:
                facts = {**(shared if role == "concerned" else {}), **self._person(one)}
                yield PersonTold(role=role, facts=_of_age(facts), identity=_identity(one))

    def _person(self, row: Row) -> dict[str, Any]:
        """What the record says of one person. The stated minority goes before the apparent band."""
        age = self._said(self.layout.ages, row, "edad_banda") or {}
        minor = self._said(self.layout.minors, row, "menor_de_18") or {}
        if minor and age and minor["appears_under_18"] != age["appears_under_18"]:
            age = {}  # they contradict each other: only what was stated is kept
        facts = {**age, **minor}
        sex = self._said(self.layout.sexes, row, "genero")
        foreign = self._said(self.layout.nationalities, row, "nacionalidad")
        named = {"sex": sex, "foreign_national": foreign}
        return facts | {name: value for name, value in named.items() if value is not None}

    def _referrals(self, row: Row) -> Iterator[Recorded]:
        for opening, column in enumerate(_REFERRALS, start=1):
            label, told = row.cell(f"{column}_institucion"), row.cell(f"{column}_fecha")
            if not label and not told:
                continue
            body = self._body(row, f"{column}_institucion")
            court = self._said(self.layout.answers, row, f"{column}_judicializa")
            yield Recorded(
                opening=opening,
                body=label,
                occurred_at=self._moment(told),
                mandate=body.mandate or UNLISTED if body else None,
                agency=body.agency if body else None,
                unit=body.unit if body else None,
                more={} if court is None else {"reached_court": court},
            )

    def _body(self, row: Row, column: str) -> Body | None:
        """Who the label means; None when the entry names nobody at all."""
        label = row.cell(column)
        if not label or label in self.layout.unfinished:
            return None
        body: Body | None = self._said(self.layout.bodies, row, column)
        return body or Body()


def _of_age(facts: dict[str, Any]) -> dict[str, Any]:
    """Whoever is told to be of age is not what the topic says of children."""
    if facts.get("appears_under_18") is False and "wfcl" in facts:
        return {name: value for name, value in facts.items() if name != "wfcl"}
    return facts


def _identity(row: Row) -> dict[str, str]:
    """G2, in the words of the record: what the closed list has no fact for."""
    age, country = row.cell("edad_banda"), row.cell("nacionalidad")
    notes = [f"Edad aparente: {age}"] * bool(age) + [f"Nacionalidad: {country}"] * bool(country)
    told = {"address": row.cell("provincia"), "note": ". ".join(notes)}
    return {name: value for name, value in told.items() if value}


def _reporter(row: Row) -> dict[str, str]:
    """G5: who complained, as far as the record tells."""
    gender, age = row.cell("denunciante_genero"), row.cell("denunciante_edad_banda")
    notes = [gender] * bool(gender) + [f"Edad aparente: {age}"] * bool(age)
    anonymous = row.cell("es_anonima")
    notes += [f"Anónima: {anonymous}"] * bool(anonymous)
    told = {"relation": row.cell("denunciante_tipo"), "note": ". ".join(notes)}
    return {name: value for name, value in told.items() if value}


_NARRATED = ("tema", "subtema", "situacion", "origen", "via_ingreso", "provincia")


def _narrative(row: Row) -> str:
    """G4: the record's own words, so that nothing of them is lost."""
    told = (
        f"{column}: {row.cell(column)}" for column in ("caso_id", *_NARRATED) if row.cell(column)
    )
    return "Línea 145. " + "; ".join(told)
