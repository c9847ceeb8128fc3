"""What can be supposed is gone through once: in order, and no further than the engine asks."""

from __future__ import annotations

from collections.abc import Callable
from itertools import product

from hypothesis import given
from hypothesis import strategies as st

from protocols.proof.supposing import Supposition, Suppositions, Valuation, every

VALUES = st.sampled_from([True, False, None])
GROUP = st.lists(st.tuples(VALUES, VALUES, VALUES), min_size=1, max_size=6, unique=True).map(tuple)
GROUPS = st.tuples(GROUP, GROUP)
QUESTIONS = st.lists(st.tuples(st.integers(0, 1), st.integers(0, 2)), max_size=5)


def asking(
    questions: list[tuple[int, int]],
) -> Callable[[Suppositions], tuple[bool | None, ...]]:
    """Asks one guard after another, and no more once one of them holds."""

    def ask(supposed: Suppositions) -> tuple[bool | None, ...]:
        heard: list[bool | None] = []
        for question in questions:
            heard.append(supposed.value(*question))
            if heard[-1]:
                break
        return tuple(heard)

    return ask


@given(GROUPS, QUESTIONS)
def test_every_answer_comes_once_with_the_first_valuations_that_lead_to_it(
    groups: tuple[tuple[Valuation, ...], ...], questions: list[tuple[int, int]]
) -> None:
    ask = asking(questions)
    expected: dict[tuple[bool | None, ...], None] = {}
    for options in product(*(range(len(group)) for group in groups)):
        fixed = tuple((group[option],) for group, option in zip(groups, options, strict=True))
        expected[ask(Suppositions(fixed, ()))] = None
    found = every(groups, ask)
    assert {answer for answer, _ in found} == set(expected)
    assert len(found) == len(expected)
    for answer, trail in found:
        known = dict(enumerate(group[0] for group in groups))
        known |= {int(one.key[1]): groups[int(one.key[1])][one.option] for one in trail}
        assert answer == ask(Suppositions(tuple((known[place],) for place in (0, 1)), ()))


def test_what_is_not_asked_about_is_not_told_apart() -> None:
    group = ((True, True), (True, False), (False, True))
    found = every((group,), lambda supposed: supposed.value(0, 0))
    key = ("guards", 0)
    assert found == [(True, (Supposition(key, 0),)), (False, (Supposition(key, 2),))]


def test_the_holder_serves_a_mandate_or_does_not_the_whole_decision_long() -> None:
    found = every((), lambda supposed: [supposed.option(("holder", "POLICE"), 2) for _ in "ab"])
    assert [answer for answer, _ in found] == [[0, 0], [1, 1]]
