"""Worked cases: a situation in the law's words, and what the protocol must answer.

``cases.yaml`` stands beside the law. A case files one person, follows the track it names through a
story, and says at each entry who must receive a hand-off, which limits run and what is refused.
``opens`` is exact: a hand-off that is not expected is as wrong as one that is missing. Everything
else that is said must be so; what is not said is not judged.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from protocols import engine
from protocols.country import Country
from protocols.decision import (
    ClockState,
    CloseReferral,
    Decision,
    Escalate,
    HoldStep,
    MoveHandOff,
    NeedFact,
    OpenHandOff,
    Reason,
    Refused,
    Run,
    StartClock,
    StopClock,
    Withheld,
)
from protocols.document import Item, Section
from protocols.facts import Facts
from protocols.lifecycle import Act, Party, State
from protocols.problems import Problems, Spot
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
_ACT = re.compile(rf"(\S+) ({'|'.join(VERBS)}) (\S+?)(?:: (\S+))?")
_BACK = re.compile(r"the sender takes back (\S+) from (\S+): (\S+)")
_LAPSE = re.compile(r"(\S+) lapses(?: (\d+) times)?")
_RECORD = re.compile(r"recorded: (.+)")
_MOMENT = "%Y-%m-%d %H:%M"

_CASE = ("name", "at", "place", "facts", "tracks", "follow", "filed")
_CASE_OPTIONAL = ("reported", "filed_by", "already", "screening", "urgency", "story")
_EXPECTED = (
    *("opens", "keeps", "withholds", "needs", "starts", "stops", "tells", "takes_back"),
    *("due", "holder", "refused", "closes", "triage", "national"),
)


@dataclass(slots=True)
class Seen:
    """What the cases of a country have exercised, for the coverage count."""

    steps: set[str] = field(default_factory=set)
    clocks: set[str] = field(default_factory=set)
    rules: set[str] = field(default_factory=set)
    told: set[str] = field(default_factory=set)

    def add(self, answer: Decision | Refused) -> None:
        """Note the steps, clocks and rules of one answer."""
        if isinstance(answer, Refused):
            self.rules.add(answer.rule)
            return
        for item in answer.items:
            if isinstance(item, OpenHandOff | HoldStep):
                self.steps.add(item.step)
            elif isinstance(item, StartClock):
                self.clocks.add(item.clock)
            elif isinstance(item, Escalate):
                self.told.add(item.to)
            reason: Reason = item.reason
            self.rules.add(reason.rule)


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
    _expect_screening(case, dict(screening.results))
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
    _expect_words(case, "tracks", [one.track for one in openings])
    followed = next((one for one in openings if one.track == case.text("follow")), None)
    protocol = next((one for one in tracks(now) if one.track == case.text("follow")), None)
    if followed is None or protocol is None:
        if case.text("follow") != "none":
            _wrong(case, "follow", f"the track '{case.text('follow')}' was not opened")
        return
    story = Story(case, country, vocabulary, protocol, run, now, seen)
    _answer(story, case.section("filed", optional=_EXPECTED), followed.decision)
    filed = case.section("filed")
    if "triage" in filed and filed.flag("triage") != followed.triage:
        _wrong(filed, "triage", f"triage is {str(followed.triage).lower()}")
    for entry in case.entries("story"):
        _go_on(story, entry)


def _go_on(story: Story, entry: Item) -> None:
    """One entry of a story: what happens, when, and what must follow."""
    section = Section(
        entry,
        f"an entry of {story.section.where}",
        story.section.problems,
        required=(),
        optional=("happens", "learned", "after", *_EXPECTED),
    )
    after = section.text("after", "0 h").removesuffix(" h")
    if not after.isdigit():
        _wrong(section, "after", f"'{after}' is no number of hours like '3 h'")
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
        _wrong(section, "happens", f"'{happens}' is not understood; verbs are {verbs}")
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
        _wrong(section, "happens", f"{mandate} has no hand-off of {step}")
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
        one
        for one in story.run.clocks
        if one.clock == name and one.state is ClockState.RUNNING
    ]
    if not running:
        _wrong(section, "happens", f"the clock {name} is not running")
        return Decision(())
    clock = running[0]
    at = engine.next_rung(story.protocol, clock)
    story.now = max(story.now, at)
    return engine.lapse(story.protocol, story.run, clock.id, at)


def _learn(story: Story, section: Section) -> None:
    facts = story.vocabulary.amend(story.run.facts, _plain(section.items["learned"]))
    if not isinstance(facts, Facts):
        _wrong(section, "learned", str(facts[0]))
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


# --- what was expected --------------------------------------------------------------------------


def _answer(
    story: Story,
    expected: Section | None,
    answer: Decision | Refused,
    outcome: str | None = None,
) -> None:
    """Compare an answer with what the case says, and carry it out."""
    story.seen.add(answer)
    if isinstance(answer, Refused):
        said = expected.text("refused") if expected is not None else ""
        if expected is not None and said != answer.rule:
            _wrong(expected, "refused", f"refused by '{answer.rule}': {answer.explanation}")
        return
    story.run = carried_out(story.run, answer, outcome=outcome)
    if expected is None:
        return
    if "refused" in expected:
        _wrong(expected, "refused", "it was not refused")
    for name, words in _happened(answer).items():
        if name == "opens":
            _expect_words(expected, name, words)
        else:
            _expect_among(expected, name, words)
    _expect_due(expected, story.country, answer)
    _expect_holder(expected, story)


def _happened(answer: Decision) -> dict[str, list[str]]:
    """An answer in the words of a case."""
    opened: tuple[OpenHandOff, ...] = answer.all(OpenHandOff)
    return {
        "opens": [f"{one.step} {one.mandate}" for one in opened],
        "national": [f"{one.step} {one.mandate}" for one in opened if one.national],
        "keeps": [one.step for one in answer.all(HoldStep)],
        "withholds": [one.mandate for one in answer.all(Withheld)],
        "needs": [one.fact for one in answer.all(NeedFact)],
        "starts": [one.clock for one in answer.all(StartClock)],
        "stops": [one.clock.partition("#")[0] for one in answer.all(StopClock)],
        "tells": [f"{one.kind} {one.to}" for one in answer.all(Escalate)],
        "takes_back": [
            f"{one.hand_off.split('/')[0]} {one.hand_off.split('/')[2]}"
            for one in answer.all(MoveHandOff)
            if one.act is Act.CANCEL
        ],
        "closes": [one.outcome for one in answer.all(CloseReferral)],
    }


def _expect_words(section: Section, name: str, found: Iterable[str]) -> None:
    expected, got = sorted(section.words(name)), sorted(found)
    if expected != got:
        _wrong(section, name, f"expected {_said(expected)}, and it is {_said(got)}")


def _expect_among(section: Section, name: str, found: Iterable[str]) -> None:
    got = list(found)
    for word in section.words(name):
        if word not in got:
            _wrong(section, name, f"expected '{word}', and it is {_said(got)}")


def _expect_due(section: Section, country: Country, answer: Decision) -> None:
    zone = ZoneInfo(country.time_zone)
    for clock, moment in section.texts("due").items():
        dues = {
            one.due_at.astimezone(zone).strftime(_MOMENT)
            for one in answer.all(StartClock)
            if one.clock == clock
        }
        if moment not in dues:
            _wrong(section, "due", f"{clock} is due {_said(sorted(dues))} and not {moment}")


def _expect_holder(section: Section, story: Story) -> None:
    if "holder" not in section:
        return
    holder = "filer"
    for one in story.run.hand_offs:
        if one.id == story.run.custody:
            holder = one.mandate
    if holder != section.text("holder"):
        _wrong(section, "holder", f"the holder is {holder}")


def _expect_screening(case: Section, results: Mapping[str, str]) -> None:
    for topic, expected in case.texts("screening").items():
        if results.get(topic) != expected:
            _wrong(case, "screening", f"{topic} screens as {results.get(topic)}, not {expected}")


def _wrong(section: Section, name: str, what: str) -> None:
    spot: Spot = section.at(name)
    section.problems.error(
        spot,
        f"{section.where}: {what}",
        "Either the case or the track says something else than the law: correct the one that does",
    )


def _said(words: Iterable[str]) -> str:
    return ", ".join(words) or "(nothing)"


# --- reading ------------------------------------------------------------------------------------


def _moment(case: Section, country: Country) -> datetime | None:
    try:
        written = datetime.strptime(case.text("at"), _MOMENT)  # noqa: DTZ007 - zone set below
    except ValueError:
        _wrong(case, "at", "'at' is no moment like '2026-11-06 15:40'")
        return None
    return written.replace(tzinfo=ZoneInfo(country.time_zone))


def _facts(case: Section, vocabulary: Vocabulary) -> Facts | None:
    facts = vocabulary.parse(_plain(case.items["facts"]))
    if isinstance(facts, Facts):
        return facts
    for problem in facts:
        _wrong(case, "facts", str(problem))
    return None


def _plain(item: Item) -> object:
    if isinstance(item.value, Mapping):
        return {name: _plain(entry) for name, entry in item.value.items()}
    if isinstance(item.value, tuple):
        return [_plain(entry) for entry in item.value]
    return item.value
