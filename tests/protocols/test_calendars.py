"""A calendar knows the closed days of declared years, by name, and refuses the others."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from protocols.calendars import DESCRIPTION_KEYS, Calendars, build_calendar
from protocols.derivation import LANGUAGES
from protocols.document import plain_file

if TYPE_CHECKING:
    from collections.abc import Mapping

    from protocols.calendars import Calendar

COUNTRIES = Path(__file__).parents[2] / "protocols" / "countries"


def calendars(country: str, time_zone: str) -> Calendars:
    written = plain_file(COUNTRIES / country / "calendars.yaml")
    return Calendars.from_mapping(written, time_zone)


AR = calendars("ar", "America/Argentina/Buenos_Aires")
ZZ = calendars("zz", "UTC")
PY = calendars("py", "America/Asuncion")


def test_a_mandate_has_its_calendar_and_others_have_the_default() -> None:
    assert AR.of("COURT_FAMILY", "AR").name == "court"
    assert AR.of("POLICE_PROV", "AR-B").name == "always_open"
    assert AR.of("ANYTHING_ELSE", "AR").name == "public_office"


def test_a_province_adds_its_own_days_and_an_unknown_one_has_the_countrys() -> None:
    # Salta keeps 20 February (battle of Salta) as a provincial holiday.
    salta, country = AR.of("COPRETI", "AR-A"), AR.of("COPRETI", "AR")
    assert set(country.closed) < set(salta.closed)
    assert AR.of("COPRETI", "AR-ZZZ") is AR.of("COPRETI", "AR")


def test_a_town_below_a_province_has_the_provinces_own_days() -> None:
    assert AR.of("COPRETI", "AR-A-ORAN") is AR.of("COPRETI", "AR-A")


def test_a_closure_ordered_for_a_town_closes_it_and_what_lies_below_and_nothing_else() -> None:
    founded = date(2022, 2, 3)
    town = PY.of("COURT_CHILD", "PY-10-CIUDAD-DEL-ESTE")
    assert town.closed[founded] == "Suspensión de plazos, Ciudad del Este [PJ 21444]"
    assert town.name == "court (PY-10-CIUDAD-DEL-ESTE)"
    assert PY.of("COURT_CHILD", "PY-10-CIUDAD-DEL-ESTE-KM-4").closed_by(founded) is not None
    for open_there in ("PY", "PY-10", "PY-1", "PY-ASU", "PY-10-CIUDAD", "PY-7-ENCARNACION"):
        assert PY.of("COURT_CHILD", open_there) is PY.of("COURT_CHILD", "PY")
        assert PY.of("COURT_CHILD", open_there).closed_by(founded) is None


def test_a_closure_ordered_for_a_district_closes_its_towns() -> None:
    day = date(2021, 12, 21)
    closed = [
        place
        for place in ("PY-9", "PY-9-PARAGUARI", "PY-8", "PY")
        if PY.of("PROSEC_ORD", place).closed_by(day) is not None
    ]
    assert closed == ["PY-9", "PY-9-PARAGUARI"]


def test_a_calendar_is_built_once() -> None:
    assert AR.of("COPRETI", "AR-X") is AR.of("CL_COMMISSION_PROV", "AR-X")


def built(description: Mapping[str, Any], language: str = "en") -> Calendar:
    return build_calendar(
        "test",
        description,
        version="1",
        time_zone="UTC",
        covered=range(2026, 2028),
        language=language,
    )


def test_a_file_adds_removes_and_closes() -> None:
    calendar = built(
        {
            "every_year": {"05-01": "Labour Day"},
            "holidays": {"country": "PY"},
            "added": {"2026-05-04": "Mourning", date(2026, 5, 5): "More mourning"},
            "removed": ["2026-05-01"],
            "closures": [
                {"name": "Recess", "every_year": {"from": "12-28", "to": "01-03"}},
                {"name": "Move", "from": "2026-08-03", "to": date(2026, 8, 4)},
            ],
        }
    )
    closed = calendar.closed
    assert date(2026, 5, 1) not in closed
    assert closed[date(2027, 5, 1)] == "Labour Day"
    assert (closed[date(2026, 5, 4)], closed[date(2026, 5, 5)]) == ("Mourning", "More mourning")
    assert closed[date(2026, 1, 2)] == closed[date(2027, 12, 31)] == "Recess"
    assert closed[date(2026, 8, 4)] == "Move"
    assert date(2026, 8, 5) not in closed


def test_holiday_names_come_in_the_calendars_language_where_the_package_has_it() -> None:
    liberia = built({"holidays": {"country": "LR"}}, language="es")  # English only
    assert liberia.closed[date(2026, 7, 26)] == "Independence Day"
    assert AR.named("public_office").closed[date(2026, 12, 25)] == "Navidad"


def test_a_weekend_is_what_the_calendar_says() -> None:
    friday_only = built({"weekend": ["friday"], "roll_over": True, "time_zone": "Asia/Bangkok"})
    assert friday_only.weekend == {4}
    assert friday_only.roll_over
    assert friday_only.time_zone == "Asia/Bangkok"
    assert friday_only.closed_by(date(2026, 5, 1)) == ""
    assert friday_only.closed_by(date(2026, 5, 2)) is None


@pytest.mark.parametrize(
    ("description", "said"),
    [
        ({"weekends": []}, "unknown key weekends; the keys are added, closures"),
        ({"weekend": ["sonntag"]}, "'sonntag' is no day of the week: use friday"),
        ({"removed": ["2026-05-04"]}, "removes 2026-05-04, which is no holiday"),
        (
            {"closures": [{"name": "x", "from": "2026-05-04", "to": "2026-05-01"}]},
            "ends before it begins",
        ),
        ({"every_year": {"02-30": "x"}}, "day"),
    ],
)
def test_a_wrong_calendar_is_refused_in_a_sentence(description: dict[str, Any], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        built(description)


def test_a_default_that_does_not_exist_is_refused() -> None:
    mapping = {
        "version": 1,
        "language": "en",
        "covered": {"from": 2026, "to": 2026},
        "default": "office",
        "calendars": {"offices": {}},
    }
    with pytest.raises(ValueError, match="'office' does not exist: use offices"):
        Calendars.from_mapping(mapping, "UTC")


@pytest.mark.parametrize("country", [AR, ZZ, PY], ids=["ar", "zz", "py"])
def test_every_calendar_of_a_country_has_words_and_names_in_its_languages(
    country: Calendars,
) -> None:
    assert country.language in LANGUAGES
    for description in country.descriptions.values():
        assert {"en", "es"} <= description["names"].keys()
        assert set(description) <= DESCRIPTION_KEYS
