"""Worked cases: a situation in the law's words, and what the protocol must answer.

``cases.yaml`` stands beside the law. A case files one person, follows the track it names through a
story, and says at each entry who must receive a hand-off, which limits run and what is refused.
``opens`` is exact: a hand-off that is not expected is as wrong as one that is missing. Everything
else that is said must be so; what is not said is not judged.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from zoneinfo import ZoneInfo

from protocols import engine
from protocols.country import Country
from protocols.decision import Run
from protocols.document import Item, plain
from protocols.expectations import EXPECTED, MOMENT, Seen, expect_screening, expect_words, wrong
from protocols.facts import Facts
from protocols.problems import Problems
from protocols.protocol import Protocol
from protocols.screening import screen
from protocols.section import Section
from protocols.stories import Story, answered, go_on
from protocols.vocabulary import Vocabulary

_CASE = ("name", "at", "place", "facts", "tracks", "follow", "filed")
_CASE_OPTIONAL = ("reported", "filed_by", "already", "screening", "urgency", "story", "triage")


def run_cases(
    item: Item,
    country: Country,
    tracks: Callable[[datetime], tuple[Protocol, ...]],
    vocabulary: Vocabulary,
    problems: Problems,
) -> tuple[int, Seen]:
    """Run every case of a file; what does not come out as said is a problem. (cases, coverage)."""
    section = Section(item, "cases.yaml", problems, required=("cases",))
    seen, count = Seen(), 0
    for entry in section.entries("cases"):
        count += 1
        case = Section(entry, "a case", problems, required=_CASE, optional=_CASE_OPTIONAL)
        case.where = f"case '{case.text('name')}'"
        if all(name in case for name in _CASE):
            _run_case(case, country, tracks, vocabulary, seen)
    return count, seen


def _run_case(
    case: Section,
    country: Country,
    tracks: Callable[[datetime], tuple[Protocol, ...]],
    vocabulary: Vocabulary,
    seen: Seen,
) -> None:
    now, facts = _moment(case, country), _facts(case, vocabulary)
    if now is None or facts is None:
        return
    screening = screen(country.parameters, facts)
    expect_screening(case, dict(screening.results))
    run = Run(
        facts=facts,
        results=screening.results,
        place=case.text("place"),
        reported=case.text("reported") or None,
        urgency=case.text("urgency") or str(screening.urgency),
        holder_mandates=frozenset(case.words("filed_by")),
        events=frozenset(case.words("already")),
    )
    openings = engine.file(tracks(now), run, now)
    expect_words(case, "tracks", [one.track for one in openings])
    followed = next((one for one in openings if one.track == case.text("follow")), None)
    protocol = next((one for one in tracks(now) if one.track == case.text("follow")), None)
    if followed is None or protocol is None:
        if case.text("follow") != "none":
            wrong(case, "follow", f"the track '{case.text('follow')}' was not opened")
        return
    story = Story(case, country, vocabulary, protocol.at(run.place), run, now, seen)
    answered(story, case.section("filed", optional=EXPECTED), followed.decision)
    if case.flag("triage") != followed.triage:
        wrong(case, "triage", f"triage is {str(followed.triage).lower()}")
    for entry in case.entries("story"):
        go_on(story, entry)


# --- reading ------------------------------------------------------------------------------------


def _moment(case: Section, country: Country) -> datetime | None:
    try:
        written = datetime.strptime(case.text("at"), MOMENT)  # noqa: DTZ007 - zone set below
    except ValueError:
        wrong(case, "at", "'at' is no moment like '2026-11-06 15:40'")
        return None
    return written.replace(tzinfo=ZoneInfo(country.time_zone))


def _facts(case: Section, vocabulary: Vocabulary) -> Facts | None:
    facts = vocabulary.parse(plain(case.items["facts"]))
    if isinstance(facts, Facts):
        return facts
    for problem in facts:
        wrong(case, "facts", str(problem))
    return None
