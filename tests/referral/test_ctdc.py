"""The CTDC layout: 27 columns as published, flags 1 or empty, and nobody alone in any row."""

from __future__ import annotations

import csv
import io
from collections import Counter
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from referral.figures.ctdc import COLUMNS, K, alpha_3, anonymous, as_csv, row_of

KNOWN = st.fixed_dictionaries(
    {},
    optional={
        "sex": st.sampled_from(["female", "male", "other"]),
        "age_band": st.sampled_from(["0-11", "12-14", "15-17", "18-24", "60+"]),
        "sector": st.sampled_from(["A", "F", "T", "I", "C"]),
        "purposes": st.lists(
            st.sampled_from(["FORCED_LABOUR", "SEXUAL_EXPLOITATION", "ORGAN_REMOVAL"]), unique=True
        ),
        "control_methods": st.lists(
            st.sampled_from(["THREATS", "DEBT_BONDAGE", "ISOLATION", "OTHER"]), unique=True
        ),
    },
)


def told(**known: Any) -> dict[str, str]:
    """A row by its columns, without the empty ones."""
    row = row_of("AR", 2025, known)
    return {name: value for name, value in zip(COLUMNS, row, strict=True) if value}


def read(content: bytes) -> list[dict[str, str]]:
    """The file as a spreadsheet program reads it that takes everything as text."""
    return list(csv.DictReader(io.StringIO(content.decode(), newline="")))


def test_the_columns_are_the_published_ones() -> None:
    assert len(COLUMNS) == len(set(COLUMNS)) == 27
    assert COLUMNS[0] == "yearOfRegistration"
    assert COLUMNS[-1] == "recruiterRelationOther"


def test_flags_are_one_or_empty_and_codes_are_the_layouts() -> None:
    known = {
        "sex": "female",
        "age_band": "15-17",
        "sector": "F",
        "purposes": ["FORCED_LABOUR"],
        "control_methods": ["DEBT_BONDAGE", "TAKES_EARNINGS", "WITHHOLDS_DOCUMENTS"],
    }
    assert told(**known) == {
        "yearOfRegistration": "2025",
        "gender": "Woman",
        "ageBroad": "09--17",
        "CountryOfExploitation": "ARG",
        "meansDebtBondageEarnings": "1",
        "meansWithholdDocs": "1",
        "isForcedLabour": "1",
        "typeOfLabourConstruction": "1",
    }


def test_what_our_facts_do_not_say_is_empty_and_never_guessed() -> None:
    """Bands that lie in none of theirs, a sex that is none of theirs, a wider sector."""
    for known in (
        {"age_band": "0-11"},
        {"age_band": "18-24"},
        {"sex": "other"},
        {"sector": "A", "purposes": []},
    ):
        assert told(**known) == {"yearOfRegistration": "2025", "CountryOfExploitation": "ARG"}
    farm = told(sector="A", purposes=["FORCED_LABOUR"])
    assert set(farm) == {"yearOfRegistration", "CountryOfExploitation", "isForcedLabour"}
    services = told(purposes=["SEXUAL_EXPLOITATION"], sector="I")
    assert "isForcedLabour" not in services, "forced labour excludes sexual services"


def test_namibia_is_a_country_and_not_a_missing_value() -> None:
    assert alpha_3("NA") == "NAM"
    assert alpha_3("ZZ") == "ZZZ"
    with pytest.raises(LookupError):
        alpha_3("QQ")
    content = as_csv({row_of("NA", 2025, {"sex": "male"}): 11})
    assert content.count(b'"NAM"') == 11
    assert {row["CountryOfExploitation"] for row in read(content)} == {"NAM"}


@given(st.lists(st.tuples(KNOWN, st.integers(1, 14)), max_size=25))
def test_every_row_that_is_handed_over_stands_for_eleven_or_more(
    people: list[tuple[dict[str, Any], int]],
) -> None:
    rows = [(row_of("ZZ", 2025, known), many) for known, many in people]
    released = anonymous(rows)
    content = as_csv(released)
    combinations = Counter(tuple(row.values()) for row in read(content))
    assert all(many >= K for many in combinations.values())
    assert combinations == released
    assert set("".join(v for row in combinations for v in row[6:])) <= {"1"}
    everybody = sum(many for _, many in rows)
    assert released.total() <= everybody
    assert everybody - released.total() < K, "only what no eleven have in common is held back"
    assert as_csv(anonymous(reversed(rows))) == content
    said = {(n, v) for row, _ in rows for n, v in zip(COLUMNS, row, strict=True) if v}
    assert {(n, v) for row in released for n, v in zip(COLUMNS, row, strict=True) if v} <= said
