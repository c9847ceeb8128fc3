# ruff: noqa: E501 - one case per line reads as a table
"""Unknown is a value of its own, and conditions are read as they are written."""

from __future__ import annotations

import itertools
from types import MappingProxyType

import pytest

from protocols.compiler import shapes_of
from protocols.conditions import (
    All,
    Always,
    AnyOf,
    Condition,
    FlagIs,
    InBand,
    Not,
    World,
    atoms,
    missing,
    needed,
)
from protocols.facts import Facts, Indicator, Status, Value
from protocols.grammar import Words, parse
from protocols.problems import Problems, Spot
from protocols.vocabulary import load_vocabulary

BANDS = {
    "under_twelve": InBand("under_twelve", "age", 0, 11),
    "long_week": InBand("long_week", "econ_hours", 43, 168),
}
WORDS = Words(shapes_of(load_vocabulary()), BANDS)
NOTHING: dict[str, Value] = {}


def world(facts: dict[str, Value] = NOTHING, reported: str | None = None, **results: str) -> World:
    return World(Facts(MappingProxyType(facts)), results, reported, "urgent")


def read(text: str) -> Condition:
    problems = Problems()
    condition = parse(text, WORDS, Spot("x.yaml"), problems)
    assert not problems.found, [str(one) for one in problems]
    return condition


KLEENE = [True, False, None]


@pytest.mark.parametrize(("a", "b"), list(itertools.product(KLEENE, KLEENE)))
def test_and_or_not_follow_the_three_valued_tables(a: bool | None, b: bool | None) -> None:
    facts: dict[str, Value] = {}
    if a is not None:
        facts["works"] = a
    if b is not None:
        facts["high_risk"] = b
    here = world(facts)
    both, either = read("works and high_risk"), read("works or high_risk")
    known = [value for value in (a, b) if value is not None]
    expected_and = False if False in known else (None if None in (a, b) else True)
    expected_or = True if True in known else (None if None in (a, b) else False)
    assert both.holds(here) is expected_and
    assert either.holds(here) is expected_or
    assert Not(both).holds(here) is (None if expected_and is None else not expected_and)


@pytest.mark.parametrize(
    ("text", "facts", "expected"),
    [
        ("child", {"age": 17}, True),
        ("child", {"age": 18}, False),
        ("child", {"age": 19, "age_disputed": True}, True),
        ("child", {}, None),
        ("under_twelve", {"age": 11}, True),
        ("under_twelve", {"age": 12}, False),
        ("under_twelve", {"age_band": "0-11"}, True),
        ("under_twelve", {"age_band": "12-14"}, False),
        ("under_twelve", {"age": 11, "age_disputed": True}, None),
        ("under_twelve", {}, None),
        ("long_week", {"econ_hours": 43}, True),
        ("long_week", {"econ_hours": 42}, False),
        ("long_week", {}, None),
        ("beneficiary is parent", {"beneficiary": "parent"}, True),
        ("beneficiary is parent", {"beneficiary": "other"}, False),
        ("beneficiary is parent or other", {"beneficiary": "other"}, True),
        ("beneficiary is parent", {}, None),
        ("hazards includes HZ_HEIGHTS", {"hazards": frozenset({"HZ_HEIGHTS"})}, True),
        ("hazards includes HZ_HEIGHTS", {"hazards": frozenset()}, False),
        ("hazards includes HZ_HEIGHTS", {}, None),
        ("fl_indicators includes FL09", {"fl_indicators": {"FL09": Indicator(Status.SUSPECTED)}}, True),
        ("fl_indicators includes FL09", {"fl_indicators": {"FL09": Indicator(Status.ABSENT)}}, False),
        ("fl_indicators includes FL09 or FL01", {"fl_indicators": {"FL09": Indicator(Status.ABSENT)}}, None),
        ("urgency is emergency", {}, False),
        ("urgency is emergency or urgent", {}, True),
        ("reported is HT", {}, True),
        ("reported is CL or FL", {}, False),
        ("HT is indicated", {}, True),
        ("HT is possible", {}, False),
        ("CL is at least possible", {}, None),
        ("FL is at least possible", {}, True),
        ("FL is at least indicated", {}, False),
        ("not (works and (child or high_risk))", {"works": False}, True),
    ],
)  # fmt: skip
def test_a_question_is_answered_yes_no_or_not_known(
    text: str, facts: dict[str, Value], expected: bool | None
) -> None:
    here = world(facts, reported="HT", HT="indicated", FL="possible", CL="insufficient")
    assert read(text).holds(here) is expected


def test_an_age_band_that_only_overlaps_is_not_known() -> None:
    from_ten = InBand("from_ten", "age", 10, 13)
    assert from_ten.holds(world({"age_band": "0-11"})) is None


def test_missing_names_the_facts_that_would_settle_it_once_each() -> None:
    condition = read("works and child and not works and HT is possible")
    assert missing(condition, world()) == ("works", "age")
    assert missing(condition, world({"works": False})) == ()
    assert missing(Always(), world()) == ()


def test_every_question_of_a_condition_is_listed_from_left_to_right() -> None:
    condition = read("not works or (child and under_twelve)")
    assert [needed(atom) for atom in atoms(condition)] == ["works", "age", "age"]


def test_and_binds_closer_than_or() -> None:
    condition = read("works or child and high_risk")
    assert isinstance(condition, AnyOf)
    assert condition.parts[0] == FlagIs("works")
    assert isinstance(condition.parts[1], All)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("works and", "it ends where a question is expected"),
        ("works or or child", "'or' stands where a question is expected"),
        ("works child", "'child' is too much"),
        ("(works", "a bracket is not closed"),
        ("shoe", "'shoe' is no fact of the closed list"),
        ("age", "'age' is a whole: it cannot be asked directly"),
        ("beneficiary", "'is' is expected and the end stands there"),
        ("beneficiary includes parent", "'is' is expected and 'includes' stands there"),
        ("beneficiary is uncle", "'uncle' is not a code of 'beneficiary'"),
        ("HT is certain", "'certain' is not a screening result"),
        ("HT is at possible", "'least' is expected"),
        ("reported is XX", "'XX' is not a topic"),
        ("urgency is high", "'high' is not a level of urgency"),
        ("named_agencies", "cannot be asked directly"),
    ],
)
def test_what_cannot_be_read_is_said_with_its_place_and_a_remedy(text: str, message: str) -> None:
    problems = Problems()
    assert parse(text, WORDS, Spot("x.yaml", 4, 2), problems) == Always()
    (problem,) = problems
    assert (problem.line, problem.column) == (4, 2)
    assert message in problem.message
    assert problem.remedy
