"""One case of the past, as a line of JSON: what was known, where, when, and what then happened.

::

    {"at": "2026-11-06T15:40:00-03:00", "place": "ZZ-N",
     "facts": {"age": 14, "works": true, "beneficiary": "parent"},
     "reported": "CL", "filed_by": ["LABOUR_INSPECTION"], "already": ["rescued"],
     "urgency": "urgent", "count": 1, "results": {"CL": "indicated"},
     "story": [{"at": "2026-11-07T09:00:00-03:00", "happens": "CHILD_PROTECTION accepts ZZ-C01"},
               {"at": "2026-11-09T12:00:00-03:00", "happens": "recorded case_closed"}],
     "until": "2026-12-31T00:00:00-03:00"}

``at``, ``place`` and ``facts`` must be there. ``story`` is told in the words of worked cases, by
mandates and steps, never by agencies or names; ``until`` is when the history ends. A line that is
wrong is a problem with its number; a file with one such line is not replayed.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from protocols.decision import PanelVote
from protocols.facts import Facts
from protocols.problems import Problem
from protocols.screening import Urgency
from protocols.vocabulary import Vocabulary

KEYS = (
    *("at", "place", "facts", "reported", "filed_by", "already"),
    *("urgency", "count", "story", "until", "results"),
)
_TOPICS = ("CL", "FL", "HT")
_LEVELS = tuple(map(str, Urgency))
_RESULTS = ("indicated", "possible", "not_indicated", "insufficient")
_MOST = 1000  # persons of one line: as many as may be filed at once


@dataclass(frozen=True, slots=True)
class Happening:
    """One entry of a story."""

    at: datetime
    happens: str
    panel: PanelVote | None = None


@dataclass(frozen=True, slots=True)
class Past:
    """One case of the past. ``line`` is where it stands in its file."""

    line: int
    at: datetime
    place: str
    facts: Facts
    reported: str | None = None
    filed_by: frozenset[str] = frozenset()
    already: frozenset[str] = frozenset()
    urgency: str | None = None
    count: int = 1
    story: tuple[Happening, ...] = ()
    until: datetime | None = None
    results: tuple[tuple[str, str], ...] = ()


def read_past(text: str, line: int, file: str, vocabulary: Vocabulary) -> Past | list[Problem]:
    """The case in one line, or everything that is wrong with it."""
    try:
        written = json.loads(text)
    except ValueError as error:
        return [_problem(file, line, f"this is not JSON: {error}", "Write one object on a line")]
    if not isinstance(written, dict):
        return [_problem(file, line, "this is no object", f"Write {{{', '.join(KEYS)}}}")]
    problems = [_problem(file, line, message, remedy) for message, remedy in _faults(written)]
    facts = vocabulary.parse(written.get("facts", {}), "facts")
    if not isinstance(facts, Facts):
        problems += [
            _problem(file, line, f"{one.pointer}: {one.code}", one.message.rstrip("."))
            for one in facts
        ]
    if problems or not isinstance(facts, Facts):
        return problems
    return Past(
        line=line,
        at=datetime.fromisoformat(written["at"]),
        place=written["place"],
        facts=facts,
        reported=written.get("reported"),
        filed_by=frozenset(written.get("filed_by", ())),
        already=frozenset(written.get("already", ())),
        urgency=written.get("urgency"),
        count=written.get("count", 1),
        story=tuple(
            Happening(datetime.fromisoformat(one["at"]), one["happens"], _vote(one.get("panel")))
            for one in written.get("story", ())
        ),
        until=datetime.fromisoformat(written["until"]) if "until" in written else None,
        results=tuple(sorted(written.get("results", {}).items())),
    )


def _faults(written: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """What is wrong with everything but the facts, each with its remedy."""
    for key in written:
        if key not in KEYS:
            yield f"unknown key '{key}'", f"The keys are {', '.join(KEYS)}"
    for key in _NEEDED:
        if key not in written:
            yield f"'{key}' is missing", "Add it"
    for key, (right, remedy) in _RULES.items():
        if key in written and not right(written[key]):
            yield f"'{key}' is not as it should be", remedy


def _happening(entry: object) -> bool:
    if not isinstance(entry, dict) or entry.keys() - {"panel"} != {"at", "happens"}:
        return False
    told = _moment(entry["at"]) and isinstance(entry["happens"], str)
    return told and _panel(entry.get("panel"))


def _panel(vote: object) -> bool:
    """``{"present": ["POLICE", "SHELTER"], "agree": 2}``, or none at all."""
    if vote is None:
        return True
    if not isinstance(vote, dict) or vote.keys() != {"present", "agree"}:
        return False
    return _texts(vote["present"]) and _number(vote["agree"])


def _vote(written: Mapping[str, Any] | None) -> PanelVote | None:
    return PanelVote(tuple(written["present"]), written["agree"]) if written else None


def _texts(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(one, str) for one in value)


def _moment(value: object) -> bool:
    try:
        return datetime.fromisoformat(str(value)).tzinfo is not None
    except ValueError:
        return False


def _number(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 1 <= value <= _MOST


def _results(value: object) -> bool:
    if not isinstance(value, dict):
        return False
    return all(topic in _TOPICS and result in _RESULTS for topic, result in value.items())


def _story(value: object) -> bool:
    return isinstance(value, list) and all(map(_happening, value))


_NEEDED = ("at", "place", "facts")
_ZONED = "Write a moment with its zone: 2026-11-06T15:40:00-03:00"
_RULES: Mapping[str, tuple[Callable[[object], bool], str]] = {
    "at": (_moment, _ZONED),
    "until": (_moment, _ZONED),
    "place": (lambda value: isinstance(value, str), "Write the code of the place: ZZ-N"),
    "reported": (lambda value: value in _TOPICS, f"Use one of {', '.join(_TOPICS)}"),
    "urgency": (lambda value: value in _LEVELS, f"Use one of {', '.join(_LEVELS)}"),
    "filed_by": (_texts, "Write a list of mandates: [POLICE]"),
    "already": (_texts, "Write a list of events"),
    "count": (_number, f"Write a number from 1 to {_MOST}, or leave it out for one person"),
    "results": (_results, f'Write {{"HT": "possible"}}: {", ".join(_RESULTS)}'),
    "story": (_story, 'Write [{"at": "…", "happens": "POLICE accepts X"}]'),
}


def _problem(file: str, line: int, message: str, remedy: str) -> Problem:
    return Problem(file, line, 1, message, remedy)
