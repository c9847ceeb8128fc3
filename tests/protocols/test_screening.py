"""Screening says what standards section 3 says, rule by rule, and only ever raises."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from types import MappingProxyType
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocols.document import plain_file
from protocols.facts import Basis, Facts, Indicator, Status
from protocols.reading import COERCION, INDICATORS, INVOLUNTARINESS
from protocols.screening import (
    RULE_SET,
    RULES,
    Finding,
    Parameters,
    Result,
    Screening,
    Severity,
    Urgency,
    label_of,
    screen,
)
from protocols.screening_rules import TABLES
from protocols.screening_rules.crossing import CROSS_RULES
from protocols.vocabulary import load_vocabulary

WRITTEN = plain_file(Path(__file__).with_name("screening_cases.yaml"))
CASES: list[dict[str, Any]] = WRITTEN["cases"]
COUNTRIES = Path(__file__).parents[2] / "protocols" / "countries"


def law(country: str) -> Parameters:
    written = dict(WRITTEN["countries"][country])
    extension = frozenset(written.pop("acts_extension"))
    return Parameters(version="cases", min_age_hazardous=18, acts_extension=extension, **written)


def facts_of(raw: dict[str, Any]) -> Facts:
    facts = load_vocabulary().parse(raw)
    assert isinstance(facts, Facts), facts
    return facts


def screened(case: dict[str, Any]) -> Screening:
    return screen(law(case["country"]), facts_of(case["facts"]))


def by_topic(screening: Screening) -> dict[str, Finding]:
    return {finding.topic: finding for finding in screening.findings}


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


@pytest.mark.parametrize("language", ["en", "es"])
def test_everything_screening_says_has_words_for_people(language: str) -> None:
    codes = [*RULES, *Result, *Urgency]
    said = [label_of(code, language) for code in codes]
    assert all(said)
    assert len(set(said)) == len(codes)


def test_english_stands_in_for_a_language_without_words() -> None:
    assert label_of("CL-R0", "th") == label_of("CL-R0", "en")


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


# --- what must hold of all facts ---------------------------------------------------------------

VOCABULARY = load_vocabulary()
FLAGS = [e.name for e in VOCABULARY if e.type == "flag"]
MEASURED = {"age": 40, "econ_hours": 60, "chore_hours": 40}
LISTED = ["hazards", "wfcl", "acts", "means", "purposes", "control_methods"]
INDICATOR = st.builds(
    Indicator, st.sampled_from(Status), st.frozensets(st.sampled_from(Basis), max_size=2)
)


@st.composite
def facts(draw: st.DrawFn) -> Facts:
    values: dict[str, Any] = draw(st.dictionaries(st.sampled_from(FLAGS), st.booleans()))
    for name, highest in MEASURED.items():
        if draw(st.booleans()):
            values[name] = draw(st.integers(0, highest))
    for name in LISTED:
        if draw(st.booleans()):
            codes = st.sampled_from(VOCABULARY[name].allowed)
            values[name] = draw(st.frozensets(codes, max_size=3))
    if draw(st.booleans()):
        asked = st.dictionaries(st.sampled_from(INDICATORS), INDICATOR)
        values["fl_indicators"] = MappingProxyType(draw(asked))
    if draw(st.booleans()):
        values["c29_exception"] = draw(st.sampled_from(VOCABULARY["c29_exception"].allowed))
    return Facts(MappingProxyType(values))


LAWS = st.sampled_from([law(country) for country in WRITTEN["countries"]])


@given(LAWS, facts())
def test_every_topic_gets_a_result_with_the_rules_it_rests_on(
    parameters: Parameters, known: Facts
) -> None:
    screening = screen(parameters, known)
    assert [finding.topic for finding in screening.findings] == ["CL", "FL", "HT"]
    for finding in screening.findings:
        assert finding.rules
        assert set(finding.rules) <= set(RULES)


@given(LAWS, facts())
def test_cross_rules_only_raise(parameters: Parameters, known: Facts) -> None:
    screening = screen(parameters, known)
    table_result = {
        rule.id: rule.result for table in TABLES.values() for tier in table for rule in tier
    }
    for finding in screening.findings:
        raised = [rule for rule in finding.rules if rule.startswith("X-")]
        if not raised:
            assert finding.result == table_result[finding.rules[0]]
        else:
            # Somebody other than the raised topic had to be at least possible for that.
            assert finding.result in {Result.POSSIBLE, Result.INDICATED}
    if screening.fl.result is Result.INDICATED and screening.cl.rules[0] != "CL-R0":
        assert screening.cl.rules == ("CL-R0U",) or screening.cl.result is Result.INDICATED


@given(LAWS, facts(), st.sampled_from([*FLAGS, *MEASURED, *LISTED]))
def test_taking_an_answer_away_never_clears_anybody(
    parameters: Parameters, known: Facts, forgotten: str
) -> None:
    """What is not known is never read as a no: only a recorded answer leads to not indicated.

    Two rules clear on a recorded answer although something else was not asked, as the standard
    wants it: CL-R8 (works, age and hours known) and HT-R5 (screening recorded as complete). And
    without the age, or the dispute about it, what else is recorded of the age decides.
    """
    before = by_topic(screen(parameters, known))
    after = by_topic(screen(parameters, known.amended({forgotten: None})))
    on_an_answer = {("CL-R8",), ("HT-R5",)}
    of_age = {"age", "age_disputed"}
    for topic, finding in after.items():
        if finding.result is Result.NOT_INDICATED and finding.rules not in on_an_answer:
            cleared_before = before[topic].result is Result.NOT_INDICATED
            assert cleared_before or (topic == "CL" and forgotten in of_age)


@given(LAWS, facts(), st.sampled_from(["acts", "means", "purposes", "hazards", "wfcl"]), st.data())
def test_finding_more_never_lowers_a_result(
    parameters: Parameters, known: Facts, name: str, data: st.DataObject
) -> None:
    found = data.draw(st.sampled_from(VOCABULARY[name].allowed))
    more = known.amended({name: (known.codes(name) or frozenset()) | {found}})
    before, after = by_topic(screen(parameters, known)), by_topic(screen(parameters, more))
    for topic in before:
        assert after[topic].result.rank >= before[topic].result.rank


@given(LAWS, facts())
def test_a_disputed_age_is_a_childs(parameters: Parameters, known: Facts) -> None:
    screening = screen(parameters, known.amended({"age_disputed": True}))
    assert {"CL-R0", "CL-R0U"}.isdisjoint(screening.cl.rules)


@given(LAWS, facts())
def test_danger_is_always_an_emergency(parameters: Parameters, known: Facts) -> None:
    assert screen(parameters, known.amended({"danger_now": True})).urgency is Urgency.EMERGENCY


@given(LAWS, facts())
def test_a_child_in_forced_labour_or_trafficked_is_in_a_worst_form(
    parameters: Parameters, known: Facts
) -> None:
    child = known.amended({"age": 16, "age_disputed": None})
    screening = screen(parameters, child)
    if Result.INDICATED in {screening.fl.result, screening.ht.result}:
        assert screening.cl.result is Result.INDICATED
        assert screening.cl.severity is Severity.WORST


def test_hours_rise_through_the_bands_without_a_gap() -> None:
    for age in range(18):
        ranks = [
            screen(
                law("PY"), facts_of({"age": age, "econ_hours": hours, "wfcl": []})
            ).cl.result.rank
            for hours in range(60)
        ]
        assert all(earlier <= later for earlier, later in pairwise(ranks))


def test_every_indicator_has_a_side() -> None:
    assert set(INDICATORS) == INVOLUNTARINESS | COERCION
    assert {"FL01", "FL09"} == INVOLUNTARINESS & COERCION
