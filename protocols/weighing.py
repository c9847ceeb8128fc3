"""The commands that weigh a version before it is signed: ``compare`` and ``replay``.

What a command is asked and what it answers; the work is done elsewhere. Whoever runs a command
prints what comes back; how far a replay has come is told to whoever watches.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any, TextIO

from protocols.catalogue import Catalogue
from protocols.compare.worded import comparison, comparison_text
from protocols.replay.desk import Desk, Order, Progress, desk_of, replay
from protocols.replay.printed import replay_plain, replay_text
from protocols.replay.tally import Tally
from protocols.spoken import Speaker
from protocols.telling import told

_BAR = 30  # characters


def add_compare(commands: Any) -> argparse.ArgumentParser:
    """What ``compare`` may be asked."""
    parser: argparse.ArgumentParser = commands.add_parser(
        "compare", help="who would fare differently under another version"
    )
    parser.add_argument("country", metavar="COUNTRY")
    parser.add_argument("track", metavar="TRACK")
    parser.add_argument("old", metavar="OLD", help="the day the old version takes force")
    parser.add_argument("new", metavar="NEW", help="the day the new version takes force")
    parser.add_argument("--place", default="", help="as both stand at this place: ZZ-N")
    parser.add_argument("--language", help="en, es, …; the country's first if left out")
    return parser


def compare(chosen: argparse.Namespace) -> str:
    """Every difference, grouped and counted, as text or JSON."""
    catalogue = Catalogue.load(chosen.folder, only=(chosen.country,))
    old, new = (
        told(catalogue, chosen.country, chosen.track, version, chosen.language, chosen.place)
        for version in (chosen.old, chosen.new)
    )
    vocabulary = new.say.vocabulary
    plain = comparison(old.protocol, new.protocol, vocabulary, old.say, new.say)
    return _as_json(plain) if chosen.json else comparison_text(plain, new.say)


def add_replay(commands: Any) -> argparse.ArgumentParser:
    """What ``replay`` may be asked."""
    parser: argparse.ArgumentParser = commands.add_parser(
        "replay", help="what a version would have made of cases of the past"
    )
    parser.add_argument("country", metavar="COUNTRY")
    parser.add_argument("track", metavar="TRACK")
    parser.add_argument(
        "--cases", type=Path, required=True, metavar="FILE", help="JSON, a case on each line"
    )
    parser.add_argument("--version", help="the version replayed; the latest if left out")
    parser.add_argument("--against", metavar="VERSION", help="the version it is compared with")
    parser.add_argument("--language", help="en, es, …; the country's first if left out")
    parser.add_argument("--each", type=Path, metavar="FILE", help="write the answer to each case")
    parser.add_argument("--processes", type=int, default=2, help="on how many processors")
    return parser


def replayed(chosen: argparse.Namespace, watching: TextIO) -> str:
    """The tally of the whole file, as text or JSON; the bar goes to whoever watches."""
    if not chosen.cases.is_file():
        message = f"there is no file '{chosen.cases}': name one with a case on each line"
        raise LookupError(message)
    order = Order(
        chosen.folder,
        chosen.country,
        chosen.track,
        chosen.version,
        chosen.against,
        chosen.cases.name,
        each=chosen.each is not None,
    )
    desk = desk_of(order)
    answers: list[str] = []
    tally = replay(
        order,
        chosen.cases,
        bar(watching),
        processes=max(1, chosen.processes),
        each=answers.append,
    )
    if chosen.each:
        chosen.each.write_text("".join(f"{line}\n" for line in answers), encoding="utf-8")
    plain, text = weighed(desk, tally, chosen.language)
    return _as_json(plain) if chosen.json else text


def weighed(desk: Desk, tally: Tally, language: str | None = None) -> tuple[dict[str, Any], str]:
    """A tally as JSON and in words, by the law it was made with."""
    say = Speaker(desk.after, desk.country, desk.vocabulary, language or desk.country.languages[0])
    head = {
        **{name: getattr(desk.after, name) for name in ("country", "track", "version", "digest")},
        "against": desk.before.version if desk.before else None,
    }
    plain = replay_plain(tally, head)
    return plain, replay_text(tally, plain, say)


def bar(watching: TextIO) -> Progress:
    """A bar that is drawn over itself; nothing at all where nobody watches."""
    if not watching.isatty():
        return lambda _done, _whole: None

    def draw(done: int, whole: int) -> None:
        full = _BAR * done // whole if whole else _BAR
        line = f"\r[{'#' * full}{'·' * (_BAR - full)}] {done:,} / {whole:,}"
        watching.write(line + ("\n" if done == whole else ""))
        watching.flush()

    return draw


def _as_json(plain: dict[str, Any]) -> str:
    return json.dumps(plain, ensure_ascii=False, indent=2) + "\n"
