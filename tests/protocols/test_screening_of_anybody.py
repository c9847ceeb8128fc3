"""What must hold of screening whatever the facts: nobody is cleared by silence."""

from __future__ import annotations

from itertools import pairwise
from types import MappingProxyType
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from protocols.facts import Basis, Facts, Indicator, Status
from protocols.reading import COERCION, INDICATORS, INVOLUNTARINESS
from protocols.screening import RULES, Parameters, Result, Severity, Urgency, screen
from protocols.screening_rules import TABLES
from protocols.vocabulary import load_vocabulary
from tests.protocols.standard import WRITTEN, by_topic, facts_of, law

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
