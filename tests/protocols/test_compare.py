"""Two versions compared profile by profile: exact, grouped, counted, with an example each."""

from __future__ import annotations

import json
from itertools import product
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocols.__main__ import main
from protocols.ages import child
from protocols.compare.answers import answers, under
from protocols.compare.differences import Difference, differences, rules_changed
from protocols.compare.profiles import profiles, respects, world_of
from protocols.compare.worded import comparison, comparison_text, example
from protocols.conditions import (
    Always,
    CodeIs,
    Condition,
    FlagIs,
    InBand,
    Includes,
    IsChild,
    Not,
    ReportedIs,
    ResultIs,
    UrgencyIs,
    World,
    atoms,
)
from protocols.country import Country
from protocols.country_file import read_country
from protocols.document import read
from protocols.facts import Facts
from protocols.problems import Problems
from protocols.protocol import Protocol
from protocols.spoken import Speaker
from protocols.vocabulary import load_vocabulary
from tests.protocols.drafts import COUNTRY, TRACK, altered, compiled, written
from tests.protocols.moments import CATALOGUE

VOCABULARY = load_vocabulary()
OLD, _ = compiled()


def changed(*changes: tuple[str, str]) -> Protocol:
    track = TRACK
    for old, new in changes:
        track, _ = altered(track, old, new)
    protocol, problems = compiled(track)
    assert problems == ()
    return protocol


def found(*changes: tuple[str, str]) -> list[Difference]:
    return list(differences(OLD, changed(*changes), VOCABULARY))


def small_country() -> Country:
    problems = Problems()
    item = read(COUNTRY, "country.yaml", problems)
    assert item is not None
    return read_country(item, problems)


def speaker(protocol: Protocol) -> Speaker:
    return Speaker(protocol, small_country(), VOCABULARY, "en")


# --- profiles ------------------------------------------------------------------------------------


def told_apart(*conditions: Condition) -> set[tuple[bool | None, ...]]:
    asked = [one for condition in conditions for one in atoms(condition)]
    every = [world_of(one) for one in profiles(respects(conditions), VOCABULARY)]
    return {tuple(atom.holds(world) for atom in asked) for world in every}


def test_a_flag_is_yes_no_or_not_known() -> None:
    assert told_apart(FlagIs("works")) == {(True,), (False,), (None,)}
    assert told_apart(Always()) == {(True,)}


def test_ages_are_one_question_so_nobody_is_both_a_child_and_an_adult() -> None:
    small, grown = InBand("small", "age", 0, 11), InBand("grown", "age", 18, 120)
    ways = told_apart(IsChild(), small, grown, FlagIs("age_disputed"))
    assert not any(one[1] and one[2] for one in ways)
    assert not any(one[0] is False and one[1] for one in ways)
    assert (True, None, None, True) in ways  # disputed: a child, of no certain band
    assert (None, None, None, None) in ways


def test_codes_indicators_and_numbers_are_told_apart_in_every_way() -> None:
    profits = {(True, False), (False, True), (False, False), (None, None)}
    parent, other = CodeIs("beneficiary", frozenset({"parent"})), frozenset({"other"})
    assert told_apart(parent, CodeIs("beneficiary", other)) == profits
    held, debt = (Includes("fl_indicators", frozenset({code})) for code in ("FL01", "FL09"))
    assert told_apart(held, debt) == set(product((True, False, None), repeat=2))
    acts = Includes("acts", frozenset({"RECRUITMENT"}))
    assert told_apart(acts) == {(True,), (False,), (None,)}
    hours = InBand("long", "econ_hours", 40, 168)
    assert told_apart(hours) == {(True,), (False,), (None,)}


def test_results_reports_and_urgency_are_respects_of_their_own() -> None:
    conditions = (
        ResultIs("HT", frozenset({"indicated"})),
        ReportedIs(frozenset({"CL"})),
        UrgencyIs(frozenset({"emergency"})),
    )
    assert list(respects(conditions)) == ["reported", "result HT", "urgency"]
    assert told_apart(*conditions) == set(
        product((True, False, None), (True, False), (True, False))
    )


@given(
    age=st.one_of(st.none(), st.integers(0, 120)),
    disputed=st.sampled_from([None, True, False]),
    looks=st.sampled_from([None, True, False]),
)
def test_everybody_has_a_profile(
    age: int | None, disputed: bool | None, looks: bool | None
) -> None:
    known = {"age": age, "age_disputed": disputed, "appears_under_18": looks}
    facts = Facts({name: one for name, one in known.items() if one is not None})
    bands = (InBand("small", "age", 0, 11), InBand("teens", "age", 12, 17))
    mine = World(facts, {})
    asked = (IsChild(), *bands)
    assert tuple(atom.holds(mine) for atom in asked) in told_apart(*asked)
    assert asked[0].holds(mine) is child(facts)


# --- differences ---------------------------------------------------------------------------------


def test_a_version_does_not_differ_from_itself() -> None:
    for country, track in (("AR", "trafficking"), ("AR", "child_labour"), ("ZZ", "trafficking")):
        protocol = CATALOGUE.version_of(country, track)
        vocabulary = CATALOGUE.shelves[country].vocabulary
        assert differences(protocol, protocol, vocabulary) == ()
        assert rules_changed(protocol, protocol) == {}


def test_another_limit_is_timed_differently_for_all_who_come_there() -> None:
    (one,) = found(("limit: 24 h", "limit: 12 h"))
    assert (one.step, one.what, one.profiles, one.of) == ("Q1", "timed", 1, 1)


def test_another_condition_is_routed_differently_for_exactly_those_it_concerns() -> None:
    groups = found(("when: small or works", "when: small"))
    assert {one.step for one in groups} == {"Q2"}
    assert all(one.what == "routed" for one in groups)
    none_left = [one for one in groups if one.after is None]
    assert sum(one.profiles for one in none_left) == 2  # not small, and works or not known to
    brute = 0
    for profile in profiles(respects((OLD.steps["Q2"].when,)), VOCABULARY):
        old, new = OLD, changed(("when: small or works", "when: small"))
        world = world_of(profile)
        brute += answers(old, "Q2", world)[0] != answers(new, "Q2", world)[0]
    assert brute == sum(one.profiles for one in groups)


def test_another_recipient_and_what_travels_are_differences_of_their_own() -> None:
    asked = found(("ask: LOCAL\n", "ask: POLICE\n    then: LOCAL\n"))
    assert {one.what for one in asked} == {"routed"}
    sent = found(("ask: LOCAL\n", "ask: LOCAL\n    travels: [G0]\n    requires: [LETTER]\n"))
    assert [one.what for one in sent] == ["shared"]


def test_an_exclusion_is_felt_where_its_mandate_is_asked() -> None:
    groups = list(
        differences(
            changed(("ask: LOCAL\n", "ask: POLICE\n    then: LOCAL\n")),
            changed(
                ("ask: LOCAL\n", "ask: POLICE\n    then: LOCAL\n"),
                ("when: beneficiary is parent", "when: beneficiary is parent or other"),
            ),
            VOCABULARY,
        )
    )
    (one,) = groups
    assert (one.step, one.what, one.profiles, one.of) == ("Q1", "routed", 1, 4)


def test_who_comes_under_the_track_is_asked_first() -> None:
    groups = found(("when: CL is at least possible", "when: CL is indicated"))
    assert {(one.before, one.after) for one in groups} == {("filing", "nothing")}
    reported = changed(("triage_if_reported: [CL]", "triage_if_reported: [HT]"))
    old, new = (one for one in (OLD, reported))
    world = World(Facts(), {}, "CL")
    assert under(old, world) == "triage"
    assert under(new, world) in {"nothing", "triage"}  # the default track triages anybody


def test_a_step_that_is_new_or_gone_is_routed_to_somebody_or_nobody() -> None:
    more = """\
  Q3:
    title: {en: Tell, es: Avisar}
    kind: notice
    ask: POLICE
    follows: Q1 accepted
    basis: sop
    sources: [GUESS]
    clocks: {read: {from: opened, until: acknowledged, limit: 24 h, basis: assumption, sources: [GUESS], escalates_to: NATION}}
review:
"""  # noqa: E501 - as an author writes it
    new = changed(("review:\n", more))
    (opened, *_) = differences(OLD, new, VOCABULARY)
    (gone, *_) = differences(new, OLD, VOCABULARY)
    assert (opened.step, opened.before) == ("Q3", None)
    assert (gone.step, gone.after) == ("Q3", None)
    added = comparison(OLD, new, VOCABULARY, speaker(OLD), speaker(new))
    assert "new step" in added["differences"][0]["title"]
    taken = comparison(new, OLD, VOCABULARY, speaker(new), speaker(OLD))
    assert "step gone" in taken["differences"][0]["title"]
    assert {one["what"] for one in added["differences"]} == {"routed"}


def test_rules_that_are_new_gone_or_otherwise_are_named() -> None:
    new = changed(
        ("forbids: [moved]", "forbids: [moved, left]"),
        (
            "  moved: {title: {en: Moved, es: Mudanza}}",
            "  moved: {title: {en: Moved, es: Mudanza}}\n  left: {title: {en: Left, es: Ida}}",
        ),
        ("no_police", "never_police"),
    )
    rules = rules_changed(OLD, new)
    assert rules["gates"] == ((), (), ("after_visit",))
    assert rules["events"] == (("left",), (), ())
    assert rules["exclusions"] == (("never_police",), ("no_police",), ())
    assert "closings" not in rules


# --- in words ------------------------------------------------------------------------------------


def words_of(*changes: tuple[str, str]) -> str:
    new = changed(*changes)
    plain = comparison(OLD, new, VOCABULARY, speaker(OLD), speaker(new))
    assert json.loads(json.dumps(plain)) == plain
    return " ".join(comparison_text(plain, speaker(new)).split())


def test_the_difference_is_read_and_not_what_both_have_in_common() -> None:
    text = words_of(("limit: 24 h", "limit: 12 h"))
    assert "Q1 Take over · limits 1 of 1 profiles: Q1.answer: Take over: 24 hours" in text
    assert "12 hours" in text
    assert "for example anybody" in text
    ladder = words_of(("{at: 150 %, ask: next}", "{at: 200 %, ask: next}"))
    assert "at 150 % the next recipient is asked as well" in ladder
    assert "24 hours" not in ladder


def test_each_way_of_being_routed_has_words() -> None:
    text = words_of(("when: small or works", "when: works"))
    assert "→ nobody" in text
    assert "for certain → as long as something is not known" in text
    panel = "panel: {sits: [LOCAL, POLICE], quorum: 2, agree: 2}\n    when: small or works"
    assert "Decided by a panel" in words_of(("when: small or works", panel))
    letters = words_of(("ask: LOCAL\n", "ask: LOCAL\n    travels: [G0]\n    requires: [LETTER]\n"))
    assert "field groups G0" in letters
    assert "with Letter" in letters
    under_track = words_of(("when: CL is at least possible", "when: CL is indicated"))
    assert "Who comes under the track · under the track" in under_track
    assert "at filing → not at all" in under_track


def test_another_way_after_a_refusal_is_read_alone() -> None:
    text = words_of(("NO_CAPACITY: next", "NO_CAPACITY: last"))
    change = "declined No room: the next is asked → declined No room: the last is asked"
    assert change in text
    assert "Office" not in text


def test_groups_that_read_the_same_are_told_once() -> None:
    text = words_of(("when: small or works", "when: small"))
    assert text.count("→ nobody") == 1
    assert "2 of 9 profiles" in text


def test_rules_are_told_and_so_is_that_nothing_differs() -> None:
    assert "Exclusions, new: never_police" in words_of(("no_police", "never_police"))
    same = comparison(OLD, OLD, VOCABULARY, speaker(OLD), speaker(OLD))
    assert "Nobody fares differently." in comparison_text(same, speaker(OLD))


@pytest.mark.parametrize(
    ("condition", "said"),
    [
        (FlagIs("works"), {"Works, paid or not: yes", "Works, paid or not: no", "anybody"}),
        (
            Includes("acts", frozenset({"RECRUITMENT"})),
            {"none found", "Recruitment"},
        ),
        (
            Includes("fl_indicators", frozenset({"FL09"})),
            {"Debt bondage", "Debt bondage (absent)", "none found"},
        ),
        (CodeIs("beneficiary", frozenset({"parent"})), {"Father, mother"}),
        (ResultIs("HT", frozenset({"possible"})), {"trafficking: too little known", "indicated"}),
        (ReportedIs(frozenset({"CL"})), {"reported: child labour"}),
        (UrgencyIs(frozenset({"emergency"})), {"urgency: emergency", "urgency: urgent"}),
        (InBand("small", "age", 0, 11), {"Age in years at the time of the facts: 0"}),
        (Not(FlagIs("works")), {"no"}),
    ],
)
def test_an_example_is_a_person_in_words(condition: Condition, said: set[str]) -> None:
    every = profiles(respects((condition,)), VOCABULARY)
    told = [example(profile, speaker(OLD)) for profile in every]
    for words in said:
        assert any(words in one for one in told), (words, told)


# --- the command ---------------------------------------------------------------------------------


def test_the_command_compares_two_versions_of_the_files(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = written(tmp_path)
    later, _ = altered(TRACK, "takes_force: 2026-01-01", "takes_force: 2027-01-01")
    later, _ = altered(later, "limit: 24 h", "limit: 12 h")
    (folder / "qq" / "care" / "2027-01-01.yaml").write_text(later, encoding="utf-8")
    words = ["compare", "qq", "care", "2026-01-01", "2027-01-01", "--folder", str(folder)]
    assert main(words) == 0
    assert "12 hours" in capsys.readouterr().out
    assert main([*words, "--json", "--language", "es", "--place", "QQ-A"]) == 0
    assert json.loads(capsys.readouterr().out)["differences"][0]["what"] == "timed"
    assert main(["compare", "qq", "care", "2026-01-01", "1999-01-01", "--folder", str(folder)]) == 2
    assert "1999-01-01" in capsys.readouterr().err
