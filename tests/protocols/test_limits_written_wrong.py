# ruff: noqa: E501 - one case per line reads as a table
"""A pause that never ends, an extension that does not lengthen: named, with what to write."""

from __future__ import annotations

import pytest

from protocols.problems import Problem
from tests.protocols.drafts import TRACK, altered, compiled

EVENTS = """\
events:
  sat: {title: {en: Sits, es: Sesiona}, repeats: true}
  rose: {title: {en: Rises, es: Levanta}, repeats: true}
  prolonged: {title: {en: Longer, es: Prórroga}}
"""
ANSWER = """\
        limit: 24 h
        basis: statutory
        sources: [LAW]
"""
VISITED = """\
        limit: 5 wd
        basis: assumption
        sources: [GUESS]
"""


def problems_of(clock: str, old: str = VISITED) -> tuple[Problem, ...]:
    text, _ = altered(TRACK, old, old + clock)
    return compiled(altered(text, "events:\n", EVENTS)[0])[1]


SOUND = [
    "        pauses: {from: sat, until: rose}\n",
    "        pauses: {from: sat, until: [rose, moved], sources: [LAW]}\n",
    "        pauses: {from: moved, until: prolonged}\n",
    "        extends: {by: prolonged, to: 6 wd, sources: [GUESS]}\n",
    "        extends: {by: prolonged, to: 8 cd, at_most: 1, sources: [GUESS]}\n",
    "        extends: {by: sat, to: [10 wd, 15 wd], at_most: 2, sources: [GUESS]}\n",
    "        extends: {by: [moved, prolonged], to: [10 wd, 15 wd], sources: [GUESS]}\n",
    "        at_limit: [prolonged, Q2 HELPED]\n",
    "        before: Q1.answer\n",
]


@pytest.mark.parametrize("clock", SOUND)
def test_a_limit_may_say_when_it_stands_still_and_what_lengthens_it(clock: str) -> None:
    assert problems_of(clock) == ()


# (what the limit of Q2 says, message, remedy)
WRONG = [
    ("pauses: {from: sat}", "has no 'until'", "Add the key 'until:'"),
    ("pauses: {from: sat, to: rose}", "'to' is not a key", "Use one of from, sources, until"),
    ("pauses: {from: sat, until: rose, sources: [LORE]}", "not in the register", "country.yaml"),
    ("pauses: {from: noon, until: rose}", "'pauses' of clock Q2.visited names 'noon'", "Use an event"),
    ("pauses: {from: sat, until: noon}", "'pauses' of clock Q2.visited names 'noon'", "Use an event"),
    ("pauses: {from: sat, until: []}", "can never end", "can come while it stands still"),
    ("pauses: {from: sat, until: completed}", "can never end", "can come while it stands still"),
    ("pauses: {from: sat, until: [filing, Q2.visited lapsed]}", "can never end", "Name in 'until'"),
    ("pauses: {from: sat, until: [sat, rose]}", "begins with 'sat'", "only makes it stand still"),
    ("pauses: {from: [sat, completed], until: rose}", "begins with 'Q2 completed'", "Name in 'from'"),
    ("pauses: {from: sat, until: [moved, prolonged]}", "can begin again and end only once", "of the events moved, prolonged"),
    ("extends: {by: prolonged, to: 10 wd}", "has no 'sources'", "Add the key"),
    ("extends: {by: noon, to: 10 wd, sources: [GUESS]}", "'extends' of clock Q2.visited names 'noon'", "Use an event"),
    ("extends: {by: prolonged, to: ten days, sources: [GUESS]}", "'ten days' is no limit", "Write it like"),
    ("extends: {by: prolonged, to: 5 wd, sources: [GUESS]}", "to 5 wd does not lengthen 5 wd", "name a longer one"),
    ("extends: {by: prolonged, to: 7 cd, sources: [GUESS]}", "to 7 cd does not lengthen 5 wd", "name a longer one"),
    ("extends: {by: sat, to: [9 wd, 8 wd], sources: [GUESS]}", "to 8 wd does not lengthen 9 wd", "name a longer one"),
    ("extends: {by: sat, to: 9 wd, at_most: 2, sources: [GUESS]}", "at most 2 times and says 1 times", "'to: [7 cd, 14 cd]'"),
    ("extends: {by: prolonged, to: [9 wd, 10 wd], sources: [GUESS]}", "may come 2 times, and prolonged only once", "repeats: true"),
    ("extends: {by: completed, to: 9 wd, sources: [GUESS]}", "by what also starts or stops it", "leaves it running"),
    ("at_limit: [noon]", "'at_limit' of clock Q2.visited names 'noon'", "Use an event"),
    ("before: [Q7.answer]", "come before 'Q7.answer', which is no other limit", "Use one of Q1.answer"),
    ("before: [Q2.visited]", "come before 'Q2.visited', which is no other limit", "Use one of Q1.answer"),
]  # fmt: skip


@pytest.mark.parametrize(("clock", "message", "remedy"), WRONG)
def test_what_is_wrong_with_it_is_named(clock: str, message: str, remedy: str) -> None:
    found = problems_of(f"        {clock}\n")
    assert any(message in one.message and remedy in one.remedy for one in found), found
    assert all(one.line for one in found)


def test_a_statutory_limit_is_lengthened_by_a_statute_only() -> None:
    longer = "        extends: {by: prolonged, to: 48 h, sources: [%s]}\n"
    assert problems_of(longer % "LAW", ANSWER) == ()
    (found,) = problems_of(longer % "GUESS", ANSWER)
    assert "lengthens a statutory limit and cites no statute" in found.message


def test_custody_nobody_has_answered_is_watched_by_a_limit_that_never_stands_still() -> None:
    (found,) = problems_of("        pauses: {from: sat, until: rose}\n", ANSWER)
    assert "and which never stands still" in found.message


def test_two_limits_do_not_each_come_before_the_other() -> None:
    text, _ = altered(TRACK, VISITED, f"{VISITED}        before: Q1.answer\n")
    text, _ = altered(text, ANSWER, f"{ANSWER}        before: Q2.visited\n")
    found = compiled(text)[1]
    assert len(found) == 2
    assert "each said to come before the other" in found[0].message


@pytest.mark.parametrize("written", ["later", "0 h late", "24 wd late", "-1 h late"])
def test_a_rung_is_a_share_or_a_time_after_the_limit(written: str) -> None:
    text, line = altered(TRACK, "{at: 150 %, ask: next}", f"{{at: {written}, ask: next}}")
    (found,) = compiled(text)[1]
    assert (found.line, "no time after it" in found.message) == (line, True)
    assert "'24 h late'" in found.remedy
