"""The catalogue loads everything or nothing, and finds the version that stands on a day."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from protocols.catalogue import Catalogue
from protocols.lifecycle import Act
from protocols.problems import ProblemsFound
from protocols.working_time import CalendarNotCovered, Limit, Unit, due_at
from tests.protocols.drafts import COUNTRY, TRACK, written


@pytest.fixture(scope="module")
def catalogue() -> Catalogue:
    return Catalogue.load()


def test_the_countries_of_this_service_load(catalogue: Catalogue) -> None:
    assert {"AR", "ZZ"} <= set(catalogue.countries)
    assert catalogue.country("ar").names["es"] == "Argentina"
    assert catalogue.country("AR").languages == ("es", "en")


def test_a_version_stands_from_the_day_it_takes_force(catalogue: Catalogue) -> None:
    def tracks(on: date) -> list[str]:
        return [one.track for one in catalogue.in_force("AR", on)]

    assert tracks(date(2019, 12, 31)) == []
    assert tracks(date(2023, 1, 16)) == ["child_labour"]
    assert tracks(date(2023, 1, 17)) == ["child_labour", "trafficking"]


def test_a_running_referral_stays_with_the_version_it_was_filed_under(tmp_path: Path) -> None:
    folder = written(tmp_path)
    old = Catalogue.load(folder).in_force("QQ", date(2026, 6, 1))[0]
    newer = TRACK.replace("takes_force: 2026-01-01", "takes_force: 2026-09-01")
    newer = newer.replace("limit: 24 h", "limit: 12 h")
    (folder / "qq" / "care" / "2026-09-01.yaml").write_text(newer, encoding="utf-8")
    catalogue = Catalogue.load(folder)
    assert catalogue.in_force("QQ", date(2026, 8, 31))[0].version == "2026-01-01"
    assert catalogue.in_force("QQ", date(2026, 9, 1))[0].version == "2026-09-01"
    assert catalogue.pinned("QQ", "care", "2026-01-01", old.digest) == old
    assert catalogue.version_of("QQ", "care").version == "2026-09-01"


def test_a_draft_never_stands(tmp_path: Path) -> None:
    draft = TRACK.replace("stage: in_force", "stage: draft")
    catalogue = Catalogue.load(written(tmp_path, draft))
    assert catalogue.in_force("QQ", date(2026, 6, 1)) == ()


def test_a_version_whose_law_was_edited_is_not_handed_out(tmp_path: Path) -> None:
    catalogue = Catalogue.load(written(tmp_path))
    with pytest.raises(LookupError, match="was changed after it took force"):
        catalogue.pinned("QQ", "care", "2026-01-01", "0" * 64)
    with pytest.raises(LookupError, match="no version 2025-01-01"):
        catalogue.pinned("QQ", "care", "2025-01-01", "0" * 64)
    with pytest.raises(LookupError, match="no track 'gold'"):
        catalogue.version_of("QQ", "gold")
    with pytest.raises(LookupError, match="there is no country 'XX'; there are: QQ"):
        catalogue.country("XX")


def test_one_bad_line_and_nothing_at_all_is_loaded(tmp_path: Path) -> None:
    written(tmp_path / "good")
    folder = written(tmp_path / "bad", TRACK.replace("ask: LOCAL", "ask: NOBODY"))
    (tmp_path / "good" / "qq").rename(folder / "pp")
    with pytest.raises(ProblemsFound) as raised:
        Catalogue.load(folder)
    messages = [one.message for one in raised.value.problems]
    assert any("'NOBODY'" in one for one in messages)
    assert any("the folder 'pp' holds the country 'QQ'" in one for one in messages)


@pytest.mark.parametrize(
    ("file", "text", "message"),
    [
        ("country.yaml", "a: [", "this is not YAML"),
        ("country.yaml", COUNTRY.replace("default_track: care", "default_track: gold"), "'gold'"),
        ("calendars.yaml", "version: 1\n", "calendars.yaml has no 'covered'"),
        ("calendars.yaml", "a: [", "this is not YAML"),
        ("care/2026-01-01.yaml", "", "the file is empty"),
        ("care/2026-01-01.yaml", TRACK.replace("2026-01-01", "2026-01-02"), "is named care/2026"),
    ],
)
def test_each_file_is_named_in_its_problem(
    tmp_path: Path, file: str, text: str, message: str
) -> None:
    folder = written(tmp_path)
    (folder / "qq" / file).write_text(text, encoding="utf-8")
    with pytest.raises(ProblemsFound) as raised:
        Catalogue.load(folder)
    assert any(
        message in one.message and one.file.endswith(file) for one in raised.value.problems
    ), raised.value


def test_a_missing_or_unreadable_file_is_a_problem(tmp_path: Path) -> None:
    folder = written(tmp_path)
    (folder / "qq" / "country.yaml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ProblemsFound, match="cannot be read"):
        Catalogue.load(folder)
    with pytest.raises(ProblemsFound, match="there is no country 'XX'"):
        Catalogue.load(folder, only=["xx"])


def test_a_calendar_is_one_per_kind_of_mandate_and_area(catalogue: Catalogue) -> None:
    filed = datetime(2026, 12, 30, 12, tzinfo=UTC)
    days = Limit(3, Unit.WORKING_DAYS)
    court = due_at(filed, days, catalogue.calendar("AR", "COURT_FED", "AR-X")).moment
    office = due_at(filed, days, catalogue.calendar("AR", "INSPECT_PROV", "AR-X")).moment
    # The courts do not sit in January; public administration has no such recess.
    assert office.date().month == 1
    assert court.date().month == 2


def test_reasons_and_outcomes_are_said_in_the_language_asked_for(catalogue: Catalogue) -> None:
    country = catalogue.country("ZZ")
    assert country.reason(Act.DECLINE, "OTHER", "es") == "Otro motivo"
    assert country.label("OTHER", "es") == "Otro resultado"
    assert country.label("SHELTER", "es") == "Refugio"
    assert country.label("FORM_R", "fr") == "Referral form R"
    assert country.reason(Act.DECLINE, "NEVER_HEARD", "en") == "NEVER_HEARD"


def test_the_day_is_the_countrys_own(catalogue: Catalogue) -> None:
    late = datetime(2026, 11, 7, 2, tzinfo=UTC)
    assert catalogue.day_in("AR", late) == date(2026, 11, 6)
    assert catalogue.day_in("ZZ", late) == date(2026, 11, 7)


def test_the_latest_version_in_force_is_meant_where_none_is_named(catalogue: Catalogue) -> None:
    assert catalogue.version_of("ZZ", "trafficking").version == "2026-02-15"
    assert catalogue.version_of("ZZ", "trafficking", "2026-10-01").pilots_in == ("ZZ-E",)


def test_a_running_service_counts_on_beyond_the_covered_years_under_the_same_law() -> None:
    strict, running = Catalogue.load(only=["ZZ"]), Catalogue.load(only=["ZZ"], goes_on=True)
    unknown = date(strict.calendar("ZZ", "CHILD_PROTECTION", "ZZ-N").covered.stop, 5, 4)
    with pytest.raises(CalendarNotCovered):
        strict.calendar("ZZ", "CHILD_PROTECTION", "ZZ-N").closed_by(unknown)
    for before, after in zip(
        strict.shelves["ZZ"].versions, running.shelves["ZZ"].versions, strict=True
    ):
        assert before.digest == after.digest
        calendars = [after.calendars, *(there.calendars for there in after.places.values())]
        for one in calendars:
            assert one.of("CHILD_PROTECTION", "ZZ-N").closed_by(unknown) in {None, ""}
