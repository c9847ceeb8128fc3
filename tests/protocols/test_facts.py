"""Facts: absent is not known, and not known is never false."""

from __future__ import annotations

from types import MappingProxyType

import pytest

from protocols.ages import AGE_BANDS, Span, band_of, child, span_of, younger_than
from protocols.control_methods import CONTROL_METHODS, prefilled
from protocols.facts import Basis, Facts, Indicator, Status, Value


def known(**values: Value) -> Facts:
    return Facts(MappingProxyType(values))


def test_what_is_absent_is_not_known_in_every_type() -> None:
    nothing = Facts()
    assert nothing.flag("works") is None
    assert nothing.whole("age") is None
    assert nothing.code("sex") is None
    assert nothing.codes("acts") is None
    assert nothing.indicators("fl_indicators") == {}


def test_what_is_known_comes_back_as_it_was_told() -> None:
    facts = known(works=False, age=0, sex="female", acts=frozenset())
    assert facts.flag("works") is False
    assert facts.whole("age") == 0
    assert facts.code("sex") == "female"
    assert facts.codes("acts") == frozenset()


def test_a_value_of_another_type_is_not_read() -> None:
    facts = known(works=1, age=True)
    assert facts.flag("works") is None
    assert facts.whole("age") is None


def test_amending_changes_adds_and_takes_back() -> None:
    before = known(works=True, age=12)
    after = before.amended({"works": None, "age": 13, "sex": "male"})
    assert after == known(age=13, sex="male")
    assert before == known(works=True, age=12)


@pytest.mark.parametrize(
    ("status", "basis", "confirmed"),
    [
        (Status.CONFIRMED, {Basis.OBSERVED}, True),
        (Status.CONFIRMED, {Basis.OBSERVED, Basis.THIRD_PARTY}, True),
        (Status.CONFIRMED, {Basis.THIRD_PARTY}, False),
        (Status.CONFIRMED, set(), False),
        (Status.SUSPECTED, {Basis.OBSERVED}, False),
        (Status.ABSENT, {Basis.OBSERVED}, False),
    ],
)
def test_hearsay_alone_confirms_nothing(
    status: Status, basis: set[Basis], *, confirmed: bool
) -> None:
    assert Indicator(status, frozenset(basis)).confirmed is confirmed


# --- age ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("facts", "is_child"),
    [
        (known(age=17), True),
        (known(age=18), False),
        (known(age=18, age_disputed=True), True),
        (known(age=18, age_disputed=False), False),
        (known(age=18, appears_under_18=True), False),
        (known(age=17, appears_under_18=False), True),
        (known(appears_under_18=True), True),
        (known(appears_under_18=False), False),
        (known(age_disputed=True, appears_under_18=False), True),
        (known(age_band="15-17"), True),
        (known(age_band="18-24"), False),
        (known(age_band="18-24", age_disputed=True), True),
        (known(), None),
    ],
)
def test_a_child_is_under_18_or_disputed_or_looks_it_while_nothing_is_known(
    facts: Facts, *, is_child: bool | None
) -> None:
    assert child(facts) is is_child


def test_a_disputed_adult_age_is_no_knowledge_and_a_disputed_child_age_is() -> None:
    assert span_of(known(age=18, age_disputed=True)) is None
    assert span_of(known(age=17, age_disputed=True)) == Span(17, 17)
    assert span_of(known(age=10, age_disputed=True)) == Span(10, 10)
    assert span_of(known(age=20)) == Span(20, 20)
    assert span_of(known(age_band="12-14")) == Span(12, 14)


@pytest.mark.parametrize(
    ("years", "younger"), [(11, False), (12, False), (13, None), (14, None), (15, True)]
)
def test_a_band_settles_only_what_lies_outside_it(years: int, *, younger: bool | None) -> None:
    assert younger_than(known(age_band="12-14"), years) is younger


def test_the_bands_follow_each_other_without_a_gap() -> None:
    for age in range(121):
        span = AGE_BANDS[band_of(age)]
        assert span.lowest <= age <= span.highest
    assert band_of(130) == "60+"


# --- control methods, standards 2.4 ------------------------------------------------------------


def test_a_control_method_suspects_and_never_confirms() -> None:
    for code, method in CONTROL_METHODS.items():
        filled = prefilled(known(control_methods=frozenset({code})))
        statuses = {indicator.status for indicator in filled.indicators("fl_indicators").values()}
        assert statuses == ({Status.SUSPECTED} if method.indicator else set())
        assert filled.codes("means") == (frozenset({method.means}) if method.means else None)


def test_what_somebody_answered_stands_before_what_a_method_suggests() -> None:
    absent = MappingProxyType({"FL07": Indicator(Status.ABSENT)})
    facts = known(
        control_methods=frozenset({"WITHHOLDS_DOCUMENTS", "DEBT_BONDAGE", "OTHER"}),
        fl_indicators=absent,
        means=frozenset({"FRAUD"}),
    )
    filled = prefilled(facts)
    assert filled.indicators("fl_indicators") == {
        "FL07": Indicator(Status.ABSENT),
        "FL09": Indicator(Status.SUSPECTED),
    }
    assert filled.codes("means") == frozenset({"FRAUD", "OTHER_COERCION"})


def test_a_method_without_a_mapping_takes_nothing_away() -> None:
    facts = known(
        control_methods=frozenset({"OTHER"}),
        fl_indicators=MappingProxyType({"FL01": Indicator(Status.SUSPECTED)}),
        means=frozenset({"FRAUD"}),
    )
    assert prefilled(facts) == facts
    assert prefilled(known(works=True)) == known(works=True)
