"""From JSON to facts and back: what is wrong is pointed at, and nothing is lost."""

from __future__ import annotations

import json
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocols.ages import band_of
from protocols.facts import Basis, Facts, Indicator, Status
from protocols.vocabulary import Entry, FactProblem, FactType, load_vocabulary

if TYPE_CHECKING:
    from collections.abc import Mapping


VOCABULARY = load_vocabulary()


def parsed(raw: object) -> Facts:
    facts = VOCABULARY.parse(raw)
    assert isinstance(facts, Facts), facts
    return facts


def refused(raw: object, at: str = "") -> list[FactProblem]:
    problems = VOCABULARY.parse(raw, at)
    assert isinstance(problems, list)
    return problems


def only(raw: object) -> FactProblem:
    (problem,) = refused(raw)
    return problem


# --- from JSON ---------------------------------------------------------------------------------


def test_each_type_is_read_as_what_it_is() -> None:
    facts = parsed(
        {
            "works": True,
            "econ_hours": 20,
            "sex": "female",
            "hazards": ["HZ_NOISE", "HZ_HEIGHTS"],
            "acts": [],
            "fl_indicators": {"FL07": {"status": "confirmed", "basis": ["observed"]}},
            "named_agencies": ["police-north"],
        }
    )
    assert facts == Facts(
        MappingProxyType(
            {
                "works": True,
                "econ_hours": 20,
                "sex": "female",
                "hazards": frozenset({"HZ_NOISE", "HZ_HEIGHTS"}),
                "acts": frozenset(),
                "fl_indicators": MappingProxyType(
                    {"FL07": Indicator(Status.CONFIRMED, frozenset({Basis.OBSERVED}))}
                ),
                "named_agencies": frozenset({"police-north"}),
            }
        )
    )


def test_null_says_not_known() -> None:
    assert parsed({"works": None, "age": None}) == Facts()


def test_an_unknown_name_is_refused_with_the_allowed_ones() -> None:
    problem = only({"agee": 12})
    assert (problem.pointer, problem.code) == ("/agee", "unknown_fact")
    assert problem.allowed == tuple(VOCABULARY.entries)
    assert "age, age_band" in problem.message


@pytest.mark.parametrize(
    ("raw", "pointer", "code"),
    [
        ({"works": 1}, "/works", "wrong_type"),
        ({"works": "yes"}, "/works", "wrong_type"),
        ({"age": True}, "/age", "wrong_type"),
        ({"age": "12"}, "/age", "wrong_type"),
        ({"age": 12.0}, "/age", "wrong_type"),
        ({"age": -1}, "/age", "out_of_range"),
        ({"age": 121}, "/age", "out_of_range"),
        ({"econ_hours": 169}, "/econ_hours", "out_of_range"),
        ({"headcount": 0}, "/headcount", "out_of_range"),
        ({"sex": 1}, "/sex", "wrong_type"),
        ({"sex": "f"}, "/sex", "not_allowed"),
        ({"acts": "TRANSFER"}, "/acts", "wrong_type"),
        ({"acts": {"TRANSFER": True}}, "/acts", "wrong_type"),
        ({"acts": ["TRANSFER", "SALE"]}, "/acts/1", "not_allowed"),
        ({"acts": [["TRANSFER"]]}, "/acts/0", "not_allowed"),
        ({"named_agencies": ["no key"]}, "/named_agencies/0", "not_allowed"),
        ({"fl_indicators": []}, "/fl_indicators", "wrong_type"),
        ({"fl_indicators": {"FL12": {}}}, "/fl_indicators/FL12", "not_allowed"),
        ({"fl_indicators": {"FL01": "confirmed"}}, "/fl_indicators/FL01", "wrong_type"),
        ({"fl_indicators": {"FL01": {}}}, "/fl_indicators/FL01/status", "not_allowed"),
        (
            {"fl_indicators": {"FL01": {"status": "absent", "by": "x"}}},
            "/fl_indicators/FL01/by",
            "not_allowed",
        ),
        (
            {"fl_indicators": {"FL01": {"status": "absent", "basis": ["rumour"]}}},
            "/fl_indicators/FL01/basis/0",
            "not_allowed",
        ),
        (
            {"fl_indicators": {"FL01": {"status": "confirmed", "basis": ["third_party"]}}},
            "/fl_indicators/FL01/basis",
            "needs_basis",
        ),
        ({"a/b~c": 1}, "/a~1b~0c", "unknown_fact"),
        ([], "", "wrong_type"),
        (None, "", "wrong_type"),
    ],
)
def test_what_is_wrong_is_pointed_at(raw: object, pointer: str, code: str) -> None:
    problem = only(raw)
    assert (problem.pointer, problem.code) == (pointer, code)


def test_all_problems_are_reported_at_once_and_below_the_given_pointer() -> None:
    raw = {
        "works": "yes",
        "sexx": "female",
        "age": 12,
        "fl_indicators": {"FL01": {"status": "x", "basis": ["y", "z"]}, "FL99": {}},
    }
    assert {problem.pointer for problem in refused(raw, at="/persons/0/facts")} == {
        "/persons/0/facts/works",
        "/persons/0/facts/sexx",
        "/persons/0/facts/fl_indicators/FL01/status",
        "/persons/0/facts/fl_indicators/FL01/basis/0",
        "/persons/0/facts/fl_indicators/FL01/basis/1",
        "/persons/0/facts/fl_indicators/FL99",
    }


def test_a_message_never_repeats_what_was_sent() -> None:
    raw = {"sex": "Maria Gomez", "acts": ["Maria Gomez"], "named_agencies": ["Maria Gomez"]}
    assert not any("Maria" in problem.message for problem in refused(raw))


def test_a_very_long_name_is_cut() -> None:
    assert len(only({"x" * 10_000: 1}).pointer) < 100


# --- age and band ------------------------------------------------------------------------------


def test_the_age_band_follows_the_age() -> None:
    assert parsed({"age": 13}).code("age_band") == "12-14"
    birthday = VOCABULARY.amend(parsed({"age": 17}), {"age": 18})
    assert birthday == parsed({"age": 18, "age_band": "18-24"})


def test_taking_the_age_back_takes_the_band_back_unless_it_is_told() -> None:
    assert VOCABULARY.amend(parsed({"age": 13}), {"age": None}) == Facts()
    kept = VOCABULARY.amend(parsed({"age": 13}), {"age": None, "age_band": "12-14"})
    assert kept == parsed({"age_band": "12-14"})


@pytest.mark.parametrize("raw", [{"age": 13, "age_band": "15-17"}, {"age": 18, "age_band": "0-11"}])
def test_an_age_outside_its_band_is_refused(raw: dict[str, object]) -> None:
    problem = only(raw)
    assert (problem.pointer, problem.code) == ("/age_band", "contradiction")


def test_a_band_that_contradicts_the_age_on_record_is_refused() -> None:
    problems = VOCABULARY.amend(parsed({"age": 13}), {"age_band": "18-24"})
    assert isinstance(problems, list)
    assert problems[0].code == "contradiction"


def test_amending_changes_only_what_is_named() -> None:
    facts = parsed({"works": True, "danger_now": True})
    amended = VOCABULARY.amend(facts, {"danger_now": None, "sex": "male"})
    assert amended == parsed({"works": True, "sex": "male"})


# --- back to JSON ------------------------------------------------------------------------------


def value_of(entry: Entry) -> st.SearchStrategy[Any]:
    """JSON for one fact, as a form or the API would send it."""
    if entry.type is FactType.FLAG:
        return st.booleans()
    if entry.type is FactType.WHOLE:
        return st.integers(entry.lowest, entry.highest)
    if entry.type is FactType.CODE:
        return st.sampled_from(entry.allowed)
    if entry.type is FactType.CODES:
        return st.lists(st.sampled_from(entry.allowed))
    if entry.type is FactType.INDICATORS:
        basis = st.lists(st.sampled_from([str(basis) for basis in Basis]))
        weak = st.fixed_dictionaries(
            {"status": st.sampled_from(["suspected", "absent"])}, optional={"basis": basis}
        )
        confirmed = st.fixed_dictionaries(
            {"status": st.just("confirmed"), "basis": basis.map(lambda some: ["document", *some])}
        )
        return st.dictionaries(st.sampled_from(entry.allowed), weak | confirmed)
    return st.lists(st.from_regex(r"[A-Za-z][a-z0-9-]{0,20}", fullmatch=True))


RAW = st.fixed_dictionaries({}, optional={e.name: value_of(e) for e in VOCABULARY}).map(
    lambda raw: {**raw, "age_band": band_of(raw["age"])} if "age" in raw else raw
)


@given(RAW)
def test_what_went_in_comes_out_again(raw: Mapping[str, object]) -> None:
    facts = parsed(raw)
    dumped = VOCABULARY.dump(facts)
    assert set(dumped) == set(raw)
    assert parsed(json.loads(json.dumps(dumped))) == facts
    assert VOCABULARY.dump(parsed(dumped)) == dumped


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)


@given(st.dictionaries(st.sampled_from(list(VOCABULARY.entries)) | st.text(), JSON))
def test_no_input_breaks_the_reader(raw: dict[str, object]) -> None:
    read = VOCABULARY.parse(raw)
    if isinstance(read, list):
        assert read
        assert all(problem.pointer.startswith("/") and problem.message for problem in read)
    else:
        assert VOCABULARY.parse(VOCABULARY.dump(read)) == read
