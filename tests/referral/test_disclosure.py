"""Nobody who knows everything published can learn more of few people than that they are few.

**Protected** means: of a number that is left out at least ten values cannot be ruled out, as many
as D4 itself leaves (1 to 10). So it is never pinned down, nor narrowed within 1 to 10. The
attacker of ``tests.referral.released`` tries, over three crossed dimensions, over tables that
overlap, and over one release after another; for small tables somebody simply tries everything.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from itertools import product
from typing import Any

import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from referral.figures.disclosure import UnprovedError, settled, share_of
from referral.figures.effort import Effort
from referral.figures.fixed_tables import Fixed, read
from referral.figures.quantities import Counted, Counts, Key, Quantities, quantities
from referral.figures.release_document import Ground, as_csv, release, row_counts
from referral.figures.shown import Form
from referral.figures.shown import Shown as Number
from tests.referral.released import Attacker, numbers_in

# Small tables of the same kinds as the real ones: three dimensions crossed, margins shared.
SMALL: Fixed = read(b"""
version: test
dimensions:
  period: {title: P, values: quarters}
  place: {title: P, values: places}
  topic: {title: T, values: {CL: a, FL: b}}
  sex: {title: S, values: {female: f, male: m}}
tables:
  one: {title: One, crosses: [period, place, topic], shares: topic}
  two: {title: Two, crosses: [period, topic, sex]}
  none: {title: Nationality, crosses: [period, nationality], counted: no, why: It is identity.}
""")
PLACES = {"ZZ-N": "North", "ZZ-E": "East", "ZZ-S": "South"}
MANY = st.sampled_from([0, 0, 0, 1, 2, 3, 7, 10, 11, 12, 15, 19, 20, 35, 120])
GROUPS = [
    *product(("2025-Q1", "2025-Q2", "2025-Q3", "2025-Q4"), PLACES, ("CL", "FL"), ("female", "male"))
]
MOST = 24  # numbers attacked in one example: each is two integer programmes
LITTLE = 400  # steps of the solver
HISTORIES = settings(max_examples=5, suppress_health_check=[HealthCheck.too_slow])


def ground(people: Mapping[Any, int], *earlier: bytes, period: str = "2025") -> Ground:
    """These people, as the database would count them."""
    one: Counter[tuple[str, ...]] = Counter()
    two: Counter[tuple[str, ...]] = Counter()
    for (quarter, place, topic, sex), many in people.items():
        one[quarter, place, topic] += many
        two[quarter, topic, sex] += many
    return Ground("ZZ", period, PLACES, {"one": one, "two": two}, earlier)


@st.composite
def populations(draw: st.DrawFn) -> dict[tuple[str, ...], int]:
    """A year's people; some places and quarters have nearly nobody."""
    thin = draw(st.sets(st.sampled_from([*PLACES, "2025-Q1", "2025-Q3", "FL"]), max_size=3))
    return {
        group: draw(MANY) if not thin & set(group) else draw(st.sampled_from([0, 0, 1, 4]))
        for group in GROUPS
    }


def few_of(asked: list[Any]) -> list[Any]:
    """As many as are attacked in one example, from all over the tables."""
    return sorted(asked, key=sorted)[:: 1 + len(asked) // MOST]


def narrowed(attacker: Attacker, before: Attacker | None = None) -> dict[Any, tuple[float, float]]:
    """Whatever she has narrowed to fewer than ten values, and had not ``before``."""
    found = {}
    for key in few_of(attacker.hidden):
        low, high = attacker.range_of(key)
        if high - low < 9 and (before is None or high - low < _breadth(before, key)):
            found[key] = low, high
    return found


def _breadth(attacker: Attacker, key: Any) -> float:
    low, high = attacker.range_of(key)
    return high - low


@HISTORIES
@given(populations())
def test_no_attacker_narrows_a_number_that_is_left_out(people: dict[tuple[str, ...], int]) -> None:
    document = release(SMALL, ground(people))
    shown = [people for people, _ in numbers_in(document).values() if people is not None]
    assert not set(shown) & set(range(1, 11))
    assert release(SMALL, ground(people)) == document, "twice the same counts, twice the same bytes"
    assert narrowed(Attacker([document])) == {}


CHANGES = st.dictionaries(st.sampled_from(GROUPS), st.integers(-12, 40), max_size=4)
QUARTERS = ("2025-Q1", "2025-Q2", "2025-Q3", "2025-Q4")
YEARS = ("2025", "2025", "2025")


@HISTORIES
@given(populations(), CHANGES, CHANGES, st.sampled_from([YEARS, (*QUARTERS, "2025", "2025")]))
def test_who_compares_releases_finds_nobody_and_no_change_of_few(
    people: dict[tuple[str, ...], int],
    late: dict[tuple[str, ...], int],
    later: dict[tuple[str, ...], int],
    periods: tuple[str, ...],
) -> None:
    """A year and two corrections; or each quarter when it is over, then the year, then another.

    Whoever has all documents so far finds no number left out that she had not found before, and of
    none that it has changed by 1 to 10 people. Even a reader who guesses right of each number, left
    out or not, whether it is what it was, finds none of few people or changed by few: she may come
    closer than ten values (what has changed among those left out no document says, so that no
    release can be made for this guess), but not to one.
    """
    out: list[bytes] = []
    then: list[Mapping[Any, int]] = []
    for at, period in enumerate(periods):
        changes = (late, later)[at - len(periods) + 2] if at >= len(periods) - 2 else {}
        people = {one: max(0, many + changes.get(one, 0)) for one, many in people.items()}
        out.append(release(SMALL, ground(people, *out, period=period)))
        truth = truths(people, out[-1])
        stays_safe(out, then, truth)
        then.append(truth)


def stays_safe(out: list[bytes], then: list[Mapping[Any, int]], truth: Mapping[Any, int]) -> None:
    """The last of these documents gives nothing away; ``then``: what was true of the others."""
    past, now = [numbers_in(one) for one in out[:-1]], numbers_in(out[-1])
    shown = told_of(past)
    for key, (count, flag) in now.items():
        assert flag or count == truth[key]
        assert flag or not any(0 < abs(truth[key] - n) <= 10 for n in shown.get(key, ())), key
        assert flag == "c" or not any(one.get(key, (0, ""))[1] == "c" for one in past)
    assert narrowed(Attacker(out[-1:], nobody_where_hidden=bool(past))) == {}
    same = [{key for key in one if key in now and one[key] == truth[key]} for one in then]
    few = {key for key, many in truth.items() if many <= 10}
    few |= {key for one in then for key in one if 0 < abs(truth[key] - one[key]) <= 10}
    guessing, blind = Attacker(out, same), Attacker(out, same, blind=True)
    for key in few_of([key for key in guessing.hidden if key in few]):
        assert _breadth(guessing, key) > 0 or _breadth(blind, key) == 0, key
    attacker = Attacker(out)
    assert narrowed(attacker, Attacker(out, blind=True)) == {}
    for since, one in enumerate(then):
        changed = [k for k in past[since] if k in now and 0 < abs(truth[k] - one[k]) <= 10]
        for key in few_of(changed):
            low, high = attacker.change_of(key, since)
            assert not (low >= 1 and high <= 10), (key, since, low, high)
            assert not (low >= -10 and high <= -1), (key, since, low, high)


def truths(
    people: Mapping[tuple[str, ...], int], document: bytes
) -> Counter[frozenset[tuple[str, str]]]:
    """Every number of a document, and some others, as it is."""
    found: Counter[frozenset[tuple[str, str]]] = Counter()
    apart = orjson.loads(document)["dimensions"]["place"]
    for (quarter, place, topic, sex), many in people.items():
        here = place if place in apart else "other"
        rest = (("place", here), ("topic", topic), ("sex", sex))
        for kept in product((True, False), repeat=3):
            some = [pair for pair, keeps in zip(rest, kept, strict=True) if keeps]
            for period in (quarter, "2025"):
                found[frozenset([("period", period), *some])] += many
    return found


def told_of(past: list[Any]) -> dict[Any, set[int]]:
    """What each number was shown as, or is the sum of quarters shown."""
    found: dict[Any, set[int]] = {}
    for numbers in past:
        for key, (count, flag) in numbers.items():
            if flag == "":
                found.setdefault(key, set()).add(count)
    for key in [one for one in found if ("period", "2025-Q1") in one]:
        rest = key - {("period", "2025-Q1")}
        quarters = [found.get(rest | {("period", quarter)}, set()) for quarter in QUARTERS]
        found.setdefault(rest | {("period", "2025")}, set()).update(map(sum, product(*quarters)))
    return found


@settings(max_examples=6)
@given(st.lists(st.integers(0, 14), min_size=4, max_size=4))
def test_who_tries_every_table_of_a_small_country_finds_no_more(counts: list[int]) -> None:
    """No solver on the asking side: two places, two topics, every table there could be."""
    cells = [*product(("2025-Q1",), ("N", "S"), ("CL", "FL"))]
    crosses, values = ("period", "place", "topic"), (("2025-Q1",), ("N", "S"), ("CL", "FL"))
    given_counts: dict[tuple[str, ...], int] = dict(zip(cells, counts, strict=True))
    shown = settled(quantities([Counted(crosses, values, given_counts)])).numbers
    told = {key: one for key, one in shown.items() if key[0][1] == "2025-Q1"}
    sums = {key: [i for i, c in enumerate(cells) if _counts_in(c, key)] for key in told}
    seen: dict[Key, set[int]] = {key: set() for key in told}
    for tried in product(range(20), repeat=4):
        totals = {key: sum(tried[i] for i in parts) for key, parts in sums.items()}
        if all(_agrees(told[key], total) for key, total in totals.items()):
            for key, total in totals.items():
                seen[key].add(total)
            if all(len(seen[k]) >= 10 for k, one in told.items() if one.form is Form.HIDDEN):
                return
    raise AssertionError({key: some for key, some in seen.items() if len(some) < 10})


def _counts_in(cell: tuple[str, ...], key: Key) -> bool:
    return all(value in cell for _, value in key)


def _agrees(one: Number, count: int) -> bool:
    if one.form is Form.HIDDEN:
        return count >= 1
    if one.form is Form.ROUNDED:
        return one.people is not None and one.people <= count <= one.people + 9
    return count == one.people


def test_a_single_small_cell_takes_its_next_smallest_along_and_rounds_the_totals() -> None:
    """D4, D5, D6, by hand: 4 is left out; 20 and not 300 goes with it; 324 becomes 320."""
    values = (("2025-Q1",), ("A", "B", "C"))
    counts: Counts = {("2025-Q1", "A"): 4, ("2025-Q1", "B"): 20, ("2025-Q1", "C"): 300}
    shown = settled(quantities([Counted(("period", "place"), values, counts)])).numbers
    told = {dict(key).get("place", "*"): one for key, one in shown.items()}
    assert told["A"].form is told["B"].form is Form.HIDDEN
    assert (told["C"].form, told["C"].people) == (Form.EXACT, 300)
    assert (told["*"].form, told["*"].people) == (Form.ROUNDED, 320)


def test_without_the_puzzle_the_rules_alone_would_give_people_away() -> None:
    """D5 is content with two left out of a line; 2 and 3 of 105 would then be 0 to 9 together."""
    values = (("2025-Q1",), ("A", "B", "C", "D"))
    counts: Counts = dict(zip((("2025-Q1", p) for p in "ABCD"), (2, 3, 40, 60), strict=True))
    shown = settled(quantities([Counted(("period", "place"), values, counts)])).numbers
    hidden = {dict(key).get("place", "*") for key, one in shown.items() if one.people is None}
    assert hidden == {"A", "B", "C"}


def test_small_places_are_merged_and_two_of_them_cannot_be_told_from_their_sum() -> None:
    """D7. Two places of 10 and 9 make 19: shown as such, each would be 9 or 10."""
    people = dict.fromkeys(GROUPS, 0)
    people["2025-Q1", "ZZ-N", "CL", "female"] = 400
    people["2025-Q1", "ZZ-E", "CL", "female"] = 10
    people["2025-Q1", "ZZ-S", "CL", "female"] = 9
    document = release(SMALL, ground(people))
    assert set(orjson.loads(document)["dimensions"]["place"]) == {"ZZ-N", "other"}
    others = numbers_in(document)[frozenset({("period", "2025"), ("place", "other")})]
    assert others != (19, "")


def test_what_was_shown_and_changed_by_few_is_left_out_of_the_correction() -> None:
    """D8, by hand."""
    people = dict.fromkeys(GROUPS, 50)
    first = release(SMALL, ground(people))
    assert all(flag == "" for _, flag in numbers_in(first).values())
    group = ("2025-Q2", "ZZ-E", "FL", "male")
    second = release(SMALL, ground(people | {group: 53}, first))
    cell = frozenset({("period", "2025-Q2"), ("place", "ZZ-E"), ("topic", "FL")})
    assert numbers_in(second)[cell] == (None, "c")
    third = release(SMALL, ground(people | {group: 90}, first))
    assert numbers_in(third)[cell] == (140, "")


def test_those_left_out_of_a_line_do_not_change_by_few_together() -> None:
    """D8, by hand: 17 more in all and 14 more in C would be 3 more in A and B, which are left out.

    The total is rounded beside the places, and told all the same by the topics.
    """
    quarter = "2025-Q1"

    def numbers(places: list[int], topics: list[int]) -> Quantities:
        tables = [("place", "ABC", places), ("topic", "XY", topics)]
        return quantities(
            Counted(
                ("period", name),
                ((quarter,), tuple(values)),
                {(quarter, value): n for value, n in zip(values, people, strict=True)},
            )
            for name, values, people in tables
        )

    first = settled(numbers([4, 20, 300], [124, 200])).numbers
    assert told_in(first, "C") == Number(Form.EXACT, 300)
    many = settled(numbers([4, 40, 314], [158, 200]), [first]).numbers
    assert told_in(many, "C") == Number(Form.EXACT, 314)
    few = settled(numbers([4, 23, 314], [141, 200]), [first]).numbers
    assert told_in(few, "C") == Number(Form.HIDDEN, None)


def told_in(release: Mapping[Key, Number], value: str) -> Number:
    """How one number of a release is shown."""
    return next(one for key, one in release.items() if value in dict(key).values())


def test_a_year_is_not_the_sum_of_its_quarters_and_a_few() -> None:
    """D8, by hand: 3 told of late are seen neither in the year nor in the quarter."""
    people = dict.fromkeys(GROUPS, 50)
    out = [release(SMALL, ground(people, period=quarter)) for quarter in QUARTERS]
    assert all(flag == "" for one in out for _, flag in numbers_in(one).values())
    late = people | {("2025-Q2", "ZZ-E", "FL", "male"): 53}
    year = numbers_in(release(SMALL, ground(late, *out)))
    cell = frozenset({("place", "ZZ-E"), ("topic", "FL")})
    for period in ("2025", "2025-Q2"):
        assert year[cell | {("period", period)}] == (None, "c")
    assert year[cell | {("period", "2025-Q1")}] == (100, "")
    assert year[frozenset({("period", "2025")})] == (None, "c")


def test_the_first_release_of_a_year_settles_which_places_are_told_apart() -> None:
    """D7 with D8: else "other places" of two releases would differ by one place."""
    people = dict.fromkeys(GROUPS, 50)
    people |= {group: 2 for group in GROUPS if group[:2] == ("2025-Q1", "ZZ-S")}
    first = release(SMALL, ground(people, period="2025-Q1"))
    assert set(orjson.loads(first)["dimensions"]["place"]) == {"ZZ-E", "ZZ-N", "other"}
    year = release(SMALL, ground(people, first))
    assert set(orjson.loads(year)["dimensions"]["place"]) == {"ZZ-E", "ZZ-N", "other"}


def test_what_is_not_proved_within_the_effort_is_not_shown_or_not_released() -> None:
    """With little effort whole crossings go; with none there is no release."""
    people: Counts = {group: 1 + at * 7 % 23 for at, group in enumerate(GROUPS)}
    values = [QUARTERS, tuple(PLACES), ("CL", "FL"), ("female", "male")]
    crosses = ("period", "place", "topic", "sex")
    numbers = quantities([Counted(crosses, tuple(values), people)])
    whole = settled(numbers)
    assert whole.given_up == ()
    little = settled(numbers, effort=Effort(LITTLE))
    assert little.given_up
    for key, one in little.numbers.items():
        if tuple(name for name, _ in key[1:]) in little.given_up:
            assert one.form is Form.HIDDEN or one.people == 0
    with pytest.raises(UnprovedError):
        settled(numbers, effort=Effort(0))


def test_a_rate_needs_thirty_people_below_it_and_numbers_that_are_shown() -> None:
    """D9."""
    whole = Number(Form.EXACT, 30)
    assert share_of(Number(Form.EXACT, 12), whole) == 40.0
    assert share_of(Number(Form.EXACT, 12), Number(Form.EXACT, 29)) is None
    assert share_of(Number(Form.HIDDEN, None), whole) is None
    assert share_of(Number(Form.EXACT, 12), Number(Form.ROUNDED, 30)) is None


def test_what_two_tables_count_differently_is_not_published() -> None:
    asked = ground(dict.fromkeys(GROUPS, 20))
    wrong: dict[str, Counts] = {**asked.counts, "two": {("2025-Q1", "CL", "female"): 3}}
    with pytest.raises(ValueError, match="differently"):
        release(SMALL, replace(asked, counts=wrong))


@pytest.mark.parametrize(
    ("table", "why"),
    [
        ("{title: X, crosses: [topic, period]}", "first dimension"),
        ("{title: X, crosses: [period, place, topic, sex]}", "more than three"),
        ("{title: X, crosses: [period, topic, nationality]}", "nationality stands alone"),
        ("{title: X, crosses: [period, employer]}", "not described"),
        ("{title: X, crosses: [period, topic], shares: sex}", "does not cross"),
    ],
)
def test_a_table_that_breaks_a_rule_is_not_read(table: str, why: str) -> None:
    """D1 to D3, D10: no table of employers, names or four dimensions can be added by mistake."""
    text = (
        "version: x\ndimensions: {period: {title: P, values: quarters}, place: {title: P, values: "
        "places}, topic: {title: T, values: {CL: a}}, sex: {title: S, values: {female: f}}}\n"
        f"tables: {{x: {table}}}\n"
    )
    with pytest.raises(ValueError, match=why):
        read(text.encode())


def test_the_table_of_commas_says_what_the_document_says() -> None:
    document = release(SMALL, ground(dict.fromkeys(GROUPS, 20)))
    lines = as_csv(document).decode().splitlines()
    assert lines[0].startswith("table,period,first_dimension")
    assert len(lines) - 1 == sum(row_counts(document).values())
    assert "one,2025,place,ZZ-N,topic,CL,160,,50.0" in lines
