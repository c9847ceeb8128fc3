"""``python -m protocols check | explain | compare | replay``: the law from the command line.

No database is needed.

Exit codes: 0 sound (or told), 1 problems were found, 2 the command line was not understood or
names a country, track, version or language that does not exist.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from dataclasses import asdict
from datetime import date
from pathlib import Path

from protocols.check import CountryReport, Report, check
from protocols.problems import Problem, ProblemsFound
from protocols.telling import add_explain, explain
from protocols.weighing import add_compare, add_replay, compare, replayed

SOUND, PROBLEMS, MISUSE = 0, 1, 2


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; the exit code."""
    chosen = _parser().parse_args(arguments)
    try:
        if chosen.command == "check":
            return _check(chosen)
        print(_told(chosen), end="")
    except ProblemsFound as found:
        _say_problems(found.problems)
        return PROBLEMS
    except LookupError as error:
        print(error.args[0], file=sys.stderr)
        return MISUSE
    return SOUND


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m protocols",
        description="Check, explain, compare and replay the country files. No database is needed.",
        epilog="Exit codes: 0 sound, 1 problems found, 2 command line not understood.",
    )
    commands = parser.add_subparsers(dest="command", required=True)
    checking = commands.add_parser("check", help="every problem of the country files at once")
    checking.add_argument("countries", nargs="*", metavar="COUNTRY", help="all if none is named")
    checking.add_argument(
        "--today", type=date.fromisoformat, help="warn of what is stale or runs out"
    )
    telling = (add_explain(commands), add_compare(commands), add_replay(commands))
    for command in (checking, *telling):
        command.add_argument("--json", action="store_true", help="JSON instead of text")
        command.add_argument("--folder", type=Path, help="read the countries from here")
    return parser


def _told(chosen: argparse.Namespace) -> str:
    if chosen.command == "explain":
        return explain(chosen)
    return compare(chosen) if chosen.command == "compare" else replayed(chosen, sys.stderr)


def _check(chosen: argparse.Namespace) -> int:
    report = check(chosen.countries, chosen.folder, chosen.today)
    if chosen.json:
        print(json.dumps(asdict(report), ensure_ascii=False, indent=2, default=str))
    else:
        _say_problems(report.problems)
        for country in report.countries:
            _say_country(country)
        _say_total(report)
    return SOUND if report.sound else PROBLEMS


def _say_problems(problems: Sequence[Problem]) -> None:
    for problem in problems:
        print(problem, file=sys.stderr)


def _say_country(country: CountryReport) -> None:
    for one in country.tracks:
        print(
            f"{country.country} {one.track} {one.version} ({one.digest[:12]}):"
            f" {one.steps} steps, {one.clocks} clocks, {one.exclusions} exclusions,"
            f" {one.gates} gates; {one.assumptions} steps and clocks are assumptions;"
            f" {one.sources} sources, {one.recalled} of grade K"
        )
    for proof in country.proofs:
        where = f" in {proof.place}" if proof.place else ""
        print(
            f"{country.country} {proof.track} {proof.version}{where}: proved over {proof.states}"
            f" states; worst case to a holder: {proof.worst_case}"
        )
    print(f"{country.country}: {country.cases} worked cases run")
    print(f"{country.country}: {country.recalled} sources of grade K, {country.stale} gone stale")


def _say_total(report: Report) -> None:
    warnings = len(report.problems) - report.errors
    verdict = "sound" if report.sound else "NOT sound: nothing may be taken into force"
    print(f"{verdict}; {report.errors} errors, {warnings} warnings")


if __name__ == "__main__":  # pragma: no cover - the same call as in the tests
    sys.exit(main())
