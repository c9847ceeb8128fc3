"""``python -m protocols check | explain``: the country files from the command line, no database.

Exit codes: 0 sound (or explained), 1 problems were found, 2 the command line was not understood or
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

from protocols.catalogue import Catalogue
from protocols.check import CountryReport, Report, check
from protocols.explain import procedure
from protocols.problems import Problem, ProblemsFound
from protocols.spoken import Speaker
from protocols.typeset import as_text

SOUND, PROBLEMS, MISUSE = 0, 1, 2


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; the exit code."""
    chosen = _parser().parse_args(arguments)
    try:
        return _check(chosen) if chosen.command == "check" else _explain(chosen)
    except ProblemsFound as found:
        _say_problems(found.problems)
        return PROBLEMS
    except LookupError as error:
        print(error.args[0], file=sys.stderr)
        return MISUSE


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m protocols",
        description="Check and explain the country files. No database is needed.",
        epilog="Exit codes: 0 sound, 1 problems found, 2 command line not understood.",
    )
    commands = parser.add_subparsers(dest="command", required=True)
    checking = commands.add_parser("check", help="every problem of the country files at once")
    checking.add_argument("countries", nargs="*", metavar="COUNTRY", help="all if none is named")
    checking.add_argument("--today", type=date.fromisoformat, help="warn of sources gone stale")
    explaining = commands.add_parser("explain", help="a track as a procedure in words")
    explaining.add_argument("country", metavar="COUNTRY")
    explaining.add_argument("track", metavar="TRACK")
    explaining.add_argument("--language", help="en, es, …; the country's first if left out")
    explaining.add_argument("--version", help="the day it takes force; the latest if left out")
    for command in (checking, explaining):
        command.add_argument("--json", action="store_true", help="JSON instead of text")
        command.add_argument("--folder", type=Path, help="read the countries from here")
    return parser


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
    if country.not_exercised:
        print(f"{country.country}: no worked case reaches {', '.join(country.not_exercised)}")


def _say_total(report: Report) -> None:
    warnings = len(report.problems) - report.errors
    verdict = "sound" if report.sound else "NOT sound: nothing may be taken into force"
    print(f"{verdict}; {report.errors} errors, {warnings} warnings")


def _explain(chosen: argparse.Namespace) -> int:
    catalogue = Catalogue.load(chosen.folder, only=(chosen.country,))
    country = catalogue.country(chosen.country)
    protocol = catalogue.version_of(chosen.country, chosen.track, chosen.version)
    language = chosen.language or country.languages[0]
    if language not in country.languages:
        message = f"{country.iso2} has no texts in '{language}': use {', '.join(country.languages)}"
        raise LookupError(message)
    vocabulary = catalogue.shelves[country.iso2].vocabulary
    plain = procedure(protocol, country, vocabulary, language)
    if chosen.json:
        print(json.dumps(plain, ensure_ascii=False, indent=2))
    else:
        print(as_text(plain, Speaker(protocol, country, vocabulary, language)), end="")
    return SOUND


if __name__ == "__main__":  # pragma: no cover - the same call as in the tests
    sys.exit(main())
