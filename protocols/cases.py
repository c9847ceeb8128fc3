"""Worked cases: a situation in the law's words, and what the protocol must answer.

``cases.yaml`` stands beside the law. A case files one person, follows the track it names through a
story, and says at each entry who must receive a hand-off, which limits run and what is refused.
``opens`` is exact: a hand-off that is not expected is as wrong as one that is missing. Everything
else that is said must be so; what is not said is not judged.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from protocols import engine
from protocols.country import Country
from protocols.decision import ClockState, Decision, Refused, Run
from protocols.document import Item, Section
from protocols.expectations import (
    EXPECTED,
    MOMENT,
    Seen,
    compare,
    expect_screening,
    expect_words,
    wrong,
)
from protocols.facts import Facts
from protocols.lifecycle import Act, Party, State
from protocols.problems import Problems
from protocols.protocol import Protocol
from protocols.rehearsal import carried_out
from protocols.screening import screen
from protocols.vocabulary import Vocabulary

VERBS = {
    "acknowledges": Act.ACKNOWLEDGE,
    "accepts": Act.ACCEPT,
    "declines": Act.DECLINE,
    "starts": Act.START,
    "pauses": Act.HOLD,
    "resumes": Act.RESUME,
    "completes": Act.COMPLETE,
    "fails": Act.FAIL,
    "gives up": Act.CANCEL,
}
_ACT = re.compile(rf"(\S+) ({'|'.join(VERBS)}) (\S+)(?: with (\S+))?")
_BACK = re.compile(r"the sender takes back (\S+) from (\S+) with (\S+)")
_LAPSE = re.compile(r"(\S+) lapses(?: (\d+) times)?")
_RECORD = re.compile(r"recorded (.+)")

_CASE = ("name", "at", "place", "facts", "tracks", "follow", "filed")
_CASE_OPTIONAL = ("reported", "filed_by", "already", "screening", "urgency", "story", "triage")


@dataclass(slots=True)
class Story:
    """One case under way: the run as it stands, the moment, and where the case is written."""

    section: Section
    country: Country
    vocabulary: Vocabulary
    protocol: Protocol
    run: Run
    now: datetime
    seen: Seen


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
    story = Story(case, country, vocabulary, protocol, run, now, seen)
    _answer(story, case.section("filed", optional=EXPECTED), followed.decision)
    if case.flag("triage") != followed.triage:
        wrong(case, "triage", f"triage is {str(followed.triage).lower()}")
    for entry in case.entries("story"):
        _go_on(story, entry)


def _go_on(story: Story, entry: Item) -> None:
    """One entry of a story: what happens, when, and what must follow."""
    section = Section(
        entry,
        f"an entry of {story.section.where}",
        story.section.problems,
        required=(),
        optional=("happens", "learned", "after", *EXPECTED),
    )
    after = section.text("after", "0 h").removesuffix(" h")
    if not after.isdigit():
        wrong(section, "after", f"'{after}' is no number of hours like '3 h'")
        return
    story.now += timedelta(hours=int(after))
    if "learned" in section:
        _learn(story, section)
        return
    happens = section.text("happens")
    lapse = _LAPSE.fullmatch(happens)
    if lapse:
        for _ in range(int(lapse.group(2) or 1) - 1):
            _answer(story, None, _lapsed(story, section, lapse.group(1)))
        _answer(story, section, _lapsed(story, section, lapse.group(1)))
    elif record := _RECORD.fullmatch(happens):
        answer = engine.record(story.protocol, story.run, record.group(1), story.now)
        _answer(story, section, answer)
    else:
        _act(story, section, happens)


def _act(story: Story, section: Section, happens: str) -> None:
    found, back = _ACT.fullmatch(happens), _BACK.fullmatch(happens)
    if found:
        mandate, verb, step, code = found.groups()
        act, party = VERBS[verb], Party.RECEIVER
    elif back:
        step, mandate, code = back.groups()
        act, party = Act.CANCEL, Party.SENDER
    else:
        verbs = ", ".join(VERBS)
        wrong(section, "happens", f"'{happens}' is not understood; verbs are {verbs}")
        return
    hand_off = next(
        (
            one
            for one in reversed(story.run.hand_offs)
            if (one.step, one.mandate) == (step, mandate)
        ),
        None,
    )
    if hand_off is None:
        wrong(section, "happens", f"{mandate} has no hand-off of {step}")
        return
    if act is Act.COMPLETE and hand_off.state is State.ACCEPTED:
        begun = engine.act(
            story.protocol, story.run, hand_off.id, Act.START, story.now, party=party
        )
        _answer(story, None, begun)
    outcome = code if act is Act.COMPLETE else None
    answer = engine.act(
        story.protocol,
        story.run,
        hand_off.id,
        act,
        story.now,
        party=party,
        reason_code=None if outcome else code,
        outcome=outcome,
    )
    _answer(story, section, answer, outcome)


def _lapsed(story: Story, section: Section, name: str) -> Decision | Refused:
    """The next rung of the running clock of this name, at its own moment."""
    running = [
        one for one in story.run.clocks if one.clock == name and one.state is ClockState.RUNNING
    ]
    if not running:
        wrong(section, "happens", f"the clock {name} is not running")
        return Decision(())
    clock = running[0]
    at = engine.next_rung(story.protocol, clock)
    story.now = max(story.now, at)
    return engine.lapse(story.protocol, story.run, clock.id, at)


def _learn(story: Story, section: Section) -> None:
    facts = story.vocabulary.amend(story.run.facts, _plain(section.items["learned"]))
    if not isinstance(facts, Facts):
        wrong(section, "learned", str(facts[0]))
        return
    screening = screen(story.country.parameters, facts)
    answer = engine.amend(
        story.protocol,
        story.run,
        facts,
        story.now,
        results=screening.results,
        urgency=str(screening.urgency),
    )
    _answer(story, section, answer)
    story.run = replace(
        story.run, facts=facts, results=screening.results, urgency=str(screening.urgency)
    )


def _answer(
    story: Story,
    expected: Section | None,
    answer: Decision | Refused,
    outcome: str | None = None,
) -> None:
    """Carry an answer out and compare it with what the case says."""
    story.seen.add(answer)
    if isinstance(answer, Decision):
        story.run = carried_out(story.run, answer, outcome=outcome)
    if expected is not None:
        compare(expected, answer, story.run, story.country)


# --- reading ------------------------------------------------------------------------------------


def _moment(case: Section, country: Country) -> datetime | None:
    try:
        written = datetime.strptime(case.text("at"), MOMENT)  # noqa: DTZ007 - zone set below
    except ValueError:
        wrong(case, "at", "'at' is no moment like '2026-11-06 15:40'")
        return None
    return written.replace(tzinfo=ZoneInfo(country.time_zone))


def _facts(case: Section, vocabulary: Vocabulary) -> Facts | None:
    facts = vocabulary.parse(_plain(case.items["facts"]))
    if isinstance(facts, Facts):
        return facts
    for problem in facts:
        wrong(case, "facts", str(problem))
    return None


def _plain(item: Item) -> object:
    if isinstance(item.value, Mapping):
        return {name: _plain(entry) for name, entry in item.value.items()}
    if isinstance(item.value, tuple):
        return [_plain(entry) for entry in item.value]
    return item.value
