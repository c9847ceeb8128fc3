"""Screening says what standards section 3 says, rule by rule, and only ever raises."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from protocols.document import plain_file
from protocols.facts import Facts
from protocols.screening import (
    RULE_SET,
    RULES,
    Parameters,
    Result,
    Screening,
    Urgency,
    label_of,
    screen,
)
from protocols.screening_rules import TABLES
from protocols.screening_rules.crossing import CROSS_RULES
from tests.protocols.standard import WRITTEN, by_topic, facts_of, law

CASES: list[dict[str, Any]] = WRITTEN["cases"]
COUNTRIES = Path(__file__).parents[2] / "protocols" / "countries"


def screened(case: dict[str, Any]) -> Screening:
    return screen(law(case["country"]), facts_of(case["facts"]))


# --- the cases ---------------------------------------------------------------------------------


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_a_case_comes_out_as_the_standard_says(case: dict[str, Any]) -> None:
    expect = dict(case["expect"])
    screening = screened(case)
    said: dict[str, object] = {
        "severity": screening.cl.severity,
        "basis": screening.cl.basis,
        "urgency": screening.urgency,
        "palermo_complete": screening.palermo_complete,
    }
    for topic, finding in by_topic(screening).items():
        said[topic] = [finding.result, *finding.rules]
    assert {name: said[name] for name in expect} == expect


def test_there_are_at_least_44_cases_and_all_lines_of_3_7_are_among_them() -> None:
    assert len(CASES) >= 44
    # Of the 17 lines of the table five give two situations and one gives three: 24.
    assert sum(case["name"].startswith("3.7 ") for case in CASES) == 24


def test_no_two_cases_have_the_same_name() -> None:
    assert len({case["name"] for case in CASES}) == len(CASES)


def test_every_rule_is_reached_by_a_case() -> None:
    fired = {rule for case in CASES for f in screened(case).findings for rule in f.rules}
    assert fired == set(RULES)


def test_the_rule_ids_are_those_of_the_standard_and_each_stands_once() -> None:
    of_tables = [r.id for table in TABLES.values() for tier in table for r in tier]
    of_cross_rules = [rule.id for rule in CROSS_RULES]
    assert len(of_tables + of_cross_rules) == len(RULES)
    assert set(of_tables) == {
        *(f"CL-R{number}" for number in (0, "0U", *range(1, 10))),
        *(f"FL-R{number}" for number in range(8)),
        *(f"HT-R{number}" for number in range(1, 7)),
    }
    assert of_cross_rules == ["X-R5", "X-R3", "X-R4", "X-R1", "X-R2"]


def test_the_rules_of_one_tier_come_to_one_result() -> None:
    for table in TABLES.values():
        for tier in table:
            assert len({rule.result for rule in tier}) == 1


# --- what comes with a result ------------------------------------------------------------------


def test_a_result_names_rule_set_and_parameters_version() -> None:
    screening = screen(law("TH"), Facts())
    assert screening.rule_set == RULE_SET
    assert screening.parameters == "cases"
    assert screening.results == (
        ("CL", "insufficient"),
        ("FL", "insufficient"),
        ("HT", "insufficient"),
    )


def test_results_are_ranked_as_the_standard_ranks_them() -> None:
    order = [Result.INSUFFICIENT, Result.NOT_INDICATED, Result.POSSIBLE, Result.INDICATED]
    assert sorted(Result, key=lambda result: result.rank) == order


def test_national_law_is_the_basis_only_where_nothing_else_carries_the_result() -> None:
    young = screen(law("AR"), facts_of({"age": 10, "econ_hours": 5}))
    older = screen(law("AR"), facts_of({"age": 15, "econ_hours": 5}))
    assert (young.cl.rules, young.cl.basis) == (("CL-R3", "CL-R5"), None)
    assert (older.cl.rules, older.cl.basis) == (("CL-R5",), "national_law")


def test_trafficking_without_means_is_marked_as_national_law() -> None:
    facts = facts_of({"age": 25, "acts": ["TRANSFER"], "purposes": ["SERVITUDE"]})
    screening = screen(law("AR"), facts)
    assert screening.ht.basis == "national_law"
    assert not screening.palermo_complete


def test_chores_count_only_where_the_country_applies_the_rule() -> None:
    without = Parameters("x", 15, 18, 16, adult_means_required=True, chores_rule=False)
    facts = facts_of({"age": 10, "works": False, "wfcl": [], "chore_hours": 40})
    assert screen(law("TH"), facts).cl.rules == ("CL-R6",)
    assert screen(without, facts).cl.rules == ("CL-R8",)


@pytest.mark.parametrize("language", ["en", "es", "th"])
def test_everything_screening_says_has_words_for_people(language: str) -> None:
    codes = [*RULES, *Result, *Urgency]
    said = [label_of(code, language) for code in codes]
    assert all(said)
    assert len(set(said)) == len(codes)


def test_english_stands_in_for_a_language_without_words() -> None:
    assert label_of("CL-R0", "xx") == label_of("CL-R0", "en")


@pytest.mark.parametrize("country", ["ar", "zz"])
def test_a_countrys_parameters_are_read_from_its_file_with_a_source_each(country: str) -> None:
    file = plain_file(COUNTRIES / country / "country.yaml")
    for name, entry in file["screening"].items():
        assert name == "version" or entry["source"] in file["sources"]
    parameters = Parameters.from_mapping(file["screening"])
    assert parameters.min_age == file["screening"]["min_age"]["value"]
    assert parameters.version == str(file["screening"]["version"])
    assert parameters.acts_extension == frozenset(file["screening"]["acts_extension"]["value"])


def test_argentina_needs_no_means_and_knows_offering() -> None:
    file = plain_file(COUNTRIES / "ar" / "country.yaml")
    parameters = Parameters.from_mapping(file["screening"])
    assert (parameters.min_age, parameters.min_age_hazardous) == (16, 18)
    assert not parameters.adult_means_required
    assert parameters.acts_extension == {"OFFERING"}
