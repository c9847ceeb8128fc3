"""What a worked case expects, compared with what the engine answered.

``opens`` is exact; everything else that is written must be so, and what is not written is not
judged. A difference is a problem at the line where the expectation stands.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from zoneinfo import ZoneInfo

from protocols.country import Country
from protocols.decision import (
    CloseReferral,
    Decision,
    Escalate,
    ExtendClock,
    HoldStep,
    MoveHandOff,
    NeedFact,
    OpenHandOff,
    PauseClock,
    Refused,
    ResumeClock,
    Run,
    StartClock,
    StopClock,
    Withheld,
)
from protocols.lifecycle import Act
from protocols.section import Section

MOMENT = "%Y-%m-%d %H:%M"
EXPECTED = (
    *("opens", "keeps", "withholds", "needs", "starts", "stops", "tells", "takes_back"),
    *("pauses", "resumes", "extends", "choices", "due", "holder", "refused", "closes", "national"),
    "travels",
)
"""Keys that say what must follow."""


def compare(expected: Section, answer: Decision | Refused, run: Run, country: Country) -> None:
    """Hold an answer against what is written; ``run`` is the one after it was carried out."""
    if isinstance(answer, Refused):
        if expected.text("refused") != answer.rule:
            wrong(expected, "refused", f"refused by '{answer.rule}': {answer.explanation}")
        return
    if "refused" in expected:
        wrong(expected, "refused", "it was not refused")
    for name, words in _happened(answer).items():
        if name == "opens":
            expect_words(expected, name, words)
        else:
            _expect_among(expected, name, words)
    _expect_due(expected, country, answer)
    _expect_travels(expected, answer)
    _expect_holder(expected, run)


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
        "stops": [_named(one.clock) for one in answer.all(StopClock)],
        "pauses": [_named(one.clock) for one in answer.all(PauseClock)],
        "resumes": [_named(one.clock) for one in answer.all(ResumeClock)],
        "extends": [_named(one.clock) for one in answer.all(ExtendClock)],
        "choices": [word for one in answer.all(Escalate) for word in one.choices],
        "tells": [f"{one.kind} {one.to}" for one in answer.all(Escalate)],
        "takes_back": [
            f"{one.hand_off.split('/')[0]} {one.hand_off.split('/')[2]}"
            for one in answer.all(MoveHandOff)
            if one.act is Act.CANCEL
        ],
        "closes": [one.outcome for one in answer.all(CloseReferral)],
    }


def _named(running: str) -> str:
    """The limit behind a running clock."""
    return running.partition("#")[0]


def expect_words(section: Section, name: str, found: Iterable[str]) -> None:
    """Exactly these, in any order; a key that is not written expects nothing."""
    expected, got = sorted(section.words(name)), sorted(found)
    if expected != got:
        wrong(section, name, f"expected {_said(expected)}, and it is {_said(got)}")


def _expect_among(section: Section, name: str, found: Iterable[str]) -> None:
    got = list(found)
    for word in section.words(name):
        if word not in got:
            wrong(section, name, f"expected '{word}', and it is {_said(got)}")


def _expect_due(section: Section, country: Country, answer: Decision) -> None:
    zone = ZoneInfo(country.time_zone)
    for clock, moment in section.texts("due").items():
        dues = {
            one.due_at.astimezone(zone).strftime(MOMENT)
            for kind in (StartClock, ResumeClock, ExtendClock)
            for one in answer.all(kind)
            if _named(one.clock) == clock
        }
        if moment not in dues:
            wrong(section, "due", f"{clock} is due {_said(sorted(dues))} and not {moment}")


def _expect_travels(expected: Section, answer: Decision) -> None:
    """Exactly these field groups go with the step: one more is a leak."""
    said = expected.section("travels")
    for step, _ in said:
        sent = {one.travels for one in answer.all(OpenHandOff) if one.step == step}
        if sent != {frozenset(said.words(step))}:
            groups = sorted(group for one in sent for group in one)
            wrong(expected, "travels", f"with {step} go {_said(groups)}")


def _expect_holder(section: Section, run: Run) -> None:
    if "holder" not in section:
        return
    holder = "filer"
    for one in run.hand_offs:
        if one.id == run.custody:
            holder = one.mandate
    if holder != section.text("holder"):
        wrong(section, "holder", f"the holder is {holder}")


def expect_screening(case: Section, results: Mapping[str, str]) -> None:
    """The screening results that are written must be those of the engine."""
    for topic, expected in case.texts("screening").items():
        if results.get(topic) != expected:
            wrong(case, "screening", f"{topic} screens as {results.get(topic)}, not {expected}")


def wrong(section: Section, name: str, what: str) -> None:
    """Add a problem: what is written under this key is not what came out."""
    section.problems.error(
        section.at(name),
        f"{section.where}: {what}",
        "Either the case or the track says something else than the law: correct the one that does",
    )


def _said(words: Iterable[str]) -> str:
    return ", ".join(words) or "(nothing)"
