"""Replaying a file, or lines at hand: parts on several processors, put together in their order.

Nothing is written and nobody is told. The same file and the same law always give the same answer,
however many processors there are. One wrong line, and no figure is given at all.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import nullcontext
from dataclasses import dataclass, field
from datetime import date
from functools import cache, partial
from itertools import islice
from pathlib import Path

from protocols.catalogue import Catalogue, standing_on
from protocols.country import Country
from protocols.problems import Problem, ProblemsFound
from protocols.protocol import Protocol
from protocols.replay.course import Course, course_of, run_of
from protocols.replay.past import Past, read_past
from protocols.replay.tally import Tally
from protocols.vocabulary import Vocabulary
from protocols.working_time import CalendarNotCovered

CHUNK = 500  # lines; enough that handing them over costs little, few enough that a bar moves
_MOST_PROBLEMS = 200  # told at once; a file of the wrong kind has one in every line
Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Order:
    """What is to be replayed; small, so that every processor can be told."""

    folder: Path | None
    country: str
    track: str
    version: str | None
    against: str | None
    file: str
    each: bool = False


@dataclass(slots=True)
class Part:
    """The answer for some lines."""

    tally: Tally = field(default_factory=Tally)
    problems: list[Problem] = field(default_factory=list)
    each: list[str] = field(default_factory=list)


@dataclass(slots=True)
class Desk:
    """One country's law, loaded once in each process."""

    country: Country
    vocabulary: Vocabulary
    after: Protocol
    before: Protocol | None
    versions: tuple[Protocol, ...]
    _others: dict[tuple[date, str], tuple[Protocol, ...]] = field(default_factory=dict)

    def others(self, past: Past) -> tuple[Protocol, ...]:
        """The country's other tracks as they stood on the day of a case, at its place."""
        key = self.country.day_of(past.at), past.place
        if key not in self._others:
            standing = standing_on(self.versions, *key)
            self._others[key] = tuple(one for one in standing if one.track != self.after.track)
        return self._others[key]


@cache
def desk_of(order: Order) -> Desk:
    """The law for this order. Raises ProblemsFound or LookupError."""
    catalogue = Catalogue.load(order.folder, only=(order.country,))
    shelf = catalogue.shelves[order.country.upper()]
    after = catalogue.version_of(order.country, order.track, order.version)
    before = (
        catalogue.version_of(order.country, order.track, order.against) if order.against else None
    )
    return Desk(shelf.country, shelf.vocabulary, after, before, shelf.versions)


def replay(
    order: Order,
    cases: Path | Sequence[str],
    progress: Progress,
    *,
    processes: int = 1,
    each: Callable[[str], object] = str,
) -> Tally:
    """The tally of the whole; ``each`` is given a line of JSON per case, if ordered.

    ``cases``: a file, or its lines where they stand in none.

    Raises ProblemsFound with every wrong line, LookupError for a version that does not exist.
    """
    desk_of(order)
    whole = sum(1 for _ in _lines(cases))
    parts = _parts(order, cases, processes)
    tally, problems, done = Tally(), list[Problem](), 0
    progress(0, whole)
    for part in parts:
        tally.add(part.tally)
        problems += part.problems[: _MOST_PROBLEMS - len(problems)]
        for line in part.each:
            each(line)
        done = min(done + CHUNK, whole)
        progress(done, whole)
    if problems:
        raise ProblemsFound(problems)
    return tally


def _parts(order: Order, cases: Path | Sequence[str], processes: int) -> Iterator[Part]:
    work = partial(part_of, order)
    if processes == 1:
        yield from map(work, _chunks(cases))
        return
    with ProcessPoolExecutor(processes) as pool:
        yield from pool.map(work, _chunks(cases))


def part_of(order: Order, chunk: Sequence[tuple[int, str]]) -> Part:
    """Replay some lines (their numbers and texts)."""
    desk, part = desk_of(order), Part()
    for number, text in chunk:
        past = read_past(text, number, order.file, desk.vocabulary)
        if not isinstance(past, Past):
            part.problems += past
            continue
        try:
            _replay_one(desk, part, past, each=order.each)
        except CalendarNotCovered as error:
            message, _, remedy = str(error).partition(". ")
            part.problems.append(Problem(order.file, number, 1, message, remedy.rstrip(".")))
    return part


def _replay_one(desk: Desk, part: Part, past: Past, *, each: bool) -> None:
    others, run = desk.others(past), run_of(desk.country, past)
    after = course_of(desk.after, others, run, past)
    tally = part.tally
    if desk.before is not None:
        before = course_of(desk.before, others, run, past)
        tally.before.count(before, past)
        tally.changes.count(before, after, past)
    tally.cases += 1
    tally.persons += past.count
    tally.after.count(after, past)
    if each:
        part.each.append(_line(past, after))


def _line(past: Past, course: Course) -> str:
    """Who would have received what, and which limits start and when they end, of one case."""
    answer = {
        "line": past.line,
        "under": course.under,
        "asked": [
            dict(zip(("step", "mandate", "where"), one, strict=True)) for one in course.asked
        ],
        "kept": course.kept,
        "limits": [
            {"limit": clock, "hand_off": hand_off, "due": due.isoformat()}
            for clock, hand_off, due in course.limits
        ],
        "missed": course.missed,
        "refused": course.refused,
    }
    return json.dumps(answer, ensure_ascii=False)


def _chunks(cases: Path | Sequence[str]) -> Iterator[list[tuple[int, str]]]:
    lines = iter(_lines(cases))
    while chunk := list(islice(lines, CHUNK)):
        yield chunk


def _lines(cases: Path | Sequence[str]) -> Iterable[tuple[int, str]]:
    """Every line that is not empty, with its number."""
    with cases.open(encoding="utf-8") if isinstance(cases, Path) else nullcontext(cases) as lines:
        for number, line in enumerate(lines, 1):
            if line.strip():
                yield number, line
