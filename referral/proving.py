"""Commands that prove something: that the protocols hold together, and that the log is true.

Nothing here changes anything. What is proved, and how, is other rooms' business.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict
from datetime import date
from pathlib import Path
from typing import Annotated
from zipfile import BadZipFile, ZipFile, is_zipfile

import typer

from agencies.directory import Via
from protocols import check as soundness
from protocols.catalogue import Catalogue
from referral import installing
from referral.addresses import known
from referral.audit.proof import Key, Note, ProofError, check_bundle
from referral.audit.roots import Trusted
from referral.audit.verify import verify
from referral.clock import utc_now
from referral.database import make_engine
from referral.options import AsJson, DataDir, group, settings_with
from referral.outcomes import Exit
from referral.queries.coverage import Coverage, coverage_of
from referral.terminal import Terminal

audit = group("The log.")


def check(
    countries: Annotated[
        list[str] | None, typer.Argument(metavar="COUNTRY", help="All if none is named.")
    ] = None,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Are the protocols sound, and does every mandate they ask for resolve in the directory?"""
    terminal, settings, today = Terminal(as_json), settings_with(data_dir), utc_now().date()
    report = soundness.check(countries or (), today=today)
    covered: list[Coverage] | None = None
    if report.sound and known(settings):
        with installing.database(settings) as addresses:
            covered = asyncio.run(_coverage(addresses.of("app"), countries or (), today))
    sound = report.sound and all(one.resolved for one in covered or ())
    terminal.answer(
        {
            "sound": sound,
            "problems": [asdict(problem) for problem in report.problems],
            "countries": [asdict(country) for country in report.countries],
            "coverage": None if covered is None else [_plain(one) for one in covered],
        }
    )
    terminal.say(*(str(problem) for problem in report.problems))
    rows = [
        (country.country, track.track, track.version, track.steps, track.clocks, country.cases)
        for country in report.countries
        for track in country.tracks
    ]
    terminal.table(
        "Protocols", ("country", "track", "version", "steps", "limits", "worked cases"), rows
    )
    _tell_coverage(terminal, covered)
    if not sound:
        raise typer.Exit(Exit.PROBLEMS)


async def _coverage(url: str, countries: Sequence[str], on: date) -> list[Coverage]:
    catalogue = Catalogue.load(only=countries)
    engine = make_engine(url, pool_size=1)
    try:
        async with engine.connect() as connection:
            return [
                await coverage_of(connection, catalogue, country, on)
                for country in catalogue.countries
            ]
    finally:
        await engine.dispose()


def _tell_coverage(terminal: Terminal, covered: list[Coverage] | None) -> None:
    if covered is None:
        terminal.say(
            "Only the protocols were checked. To check also that every mandate resolves, set "
            "REFERRAL_DATABASE_URL, or name the folder of an embedded database with --data-dir."
        )
        return
    _tell_served(terminal, covered)
    rows = [
        (
            hole.country,
            hole.mandate,
            f"{len(hole.places)} of {len(one.places)}: {', '.join(hole.places)}",
            hole.fall_back or "NOBODY",
        )
        for one in covered
        for hole in one.holes
    ]
    if rows:
        columns = ("country", "mandate", "places without it", "asked instead")
        terminal.table("Holes in coverage", columns, rows)
    terminal.say(
        *(
            f"{one.country}: {len(one.mandates)} mandates at {len(one.places)} places, "
            + ("all of them resolve." if one.resolved else "somewhere NOBODY can be asked.")
            for one in covered
        )
    )


def _tell_served(terminal: Terminal, covered: list[Coverage]) -> None:
    """Each mandate: how many agencies hold it, and at how many places somebody is found how."""
    rows = []
    for one in covered:
        for mandate in one.mandates:
            served = [cell for cell in one.served if cell.mandate == mandate]
            found = Counter(Via.NATIONAL_FALL_BACK if c.no_agency else c.via for c in served)
            wider = found[Via.ANCESTOR] + found[Via.GROUP]
            counts = (found[Via.DIRECT], wider, found[Via.DECLARED_FALL_BACK])
            agencies = len({cell.agency for cell in served if not cell.no_agency})
            rows.append((one.country, mandate, agencies, *counts, found[Via.NATIONAL_FALL_BACK]))
    columns = ("country", "mandate", "agencies", "there", "wider area", "fall-back", "nobody")
    terminal.table("Who serves: places by how somebody is found", columns, rows)


def _plain(covered: Coverage) -> dict[str, object]:
    """One country's coverage as JSON: every mandate at every place, and the holes."""
    return {
        "country": covered.country,
        "mandates": list(covered.mandates),
        "places": list(covered.places),
        "served": [asdict(one) for one in covered.served],
        "holes": [asdict(one) for one in covered.holes],
    }


@audit.command("verify")
def verify_log(
    seen: Annotated[
        list[Path] | None,
        typer.Option(
            "--from",
            metavar="CHECKPOINT",
            exists=True,
            dir_okay=False,
            help="A checkpoint seen earlier, elsewhere: is all of it still here? Repeatable.",
        ),
    ] = None,
    log: Annotated[
        list[str] | None,
        typer.Option(
            "--log",
            metavar="KEY",
            help="The log's key, and those of its earlier epochs before it; if none, as it says.",
        ),
    ] = None,
    witness: Annotated[
        list[str] | None, typer.Option("--witness", metavar="KEY", help="A witness's key.")
    ] = None,
    custodian: Annotated[
        list[str] | None,
        typer.Option("--custodian", metavar="KEY", help="A custodian's key; two open an epoch."),
    ] = None,
    bundle: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            exists=True,
            dir_okay=False,
            help="Only a bundle of evidence: its archive, opened, or the evidence.json in it.",
        ),
    ] = None,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Read the whole log: is it what it was, and does it say what happened?"""
    terminal = Terminal(as_json)
    trusted = _trusted(seen or [], log or [], witness or [], custodian or [])
    if bundle is not None:
        _verify_bundle(terminal, bundle, trusted)
        return
    with (
        installing.database(settings_with(data_dir)) as addresses,
        terminal.progress("entries") as told,
    ):
        findings = asyncio.run(verify(addresses.of("auditor_ro"), told, trusted))
    terminal.answer(asdict(findings))
    terminal.say(*(f"{problem.where}: {problem.what}" for problem in findings.problems))
    if findings.more:
        terminal.say(f"and {findings.more} more.")
    wrong = len(findings.problems) + findings.more
    terminal.say(
        f"{findings.entries} entries in {findings.streams} streams, {findings.effects} effects; "
        f"{findings.placed} have their place in the tree, {findings.signed} are signed, "
        f"{findings.final} countersigned: " + (f"{wrong} problems." if wrong else "all agree.")
    )
    if wrong:
        raise typer.Exit(Exit.PROBLEMS)


def _verify_bundle(terminal: Terminal, bundle: Path, trusted: Trusted) -> None:
    """As the verifier that came in the bundle does it: no database, no network."""
    if not trusted.log:
        raise typer.BadParameter("--bundle needs --log KEY, and not one from the bundle")
    problem, found = "", []
    try:
        earlier = trusted.log[-2::-1]
        found = check_bundle(_evidence_in(bundle), trusted.log[-1], trusted.witnesses, earlier)
    except ProofError as fault:
        problem = str(fault)
    except (ValueError, LookupError, TypeError, AttributeError, RuntimeError, BadZipFile):
        problem = f"{bundle} is no evidence: open the file that was sent first, with age or 7-Zip"
    seen = found[-1].witnesses if found else {}
    terminal.answer(
        {"entries": len(found), "witnesses": sorted(seen), "problems": [problem] if problem else []}
    )
    if problem:
        terminal.say(f"DOES NOT HOLD: {problem}")
        raise typer.Exit(Exit.PROBLEMS)
    terminal.say(
        f"{len(found)} entries, none missing, none changed; the record is the one that was "
        f"approved. Countersigned by: {', '.join(sorted(seen)) or 'nobody of those named here'}."
    )


def _evidence_in(bundle: Path) -> str:
    if not is_zipfile(bundle):
        return bundle.read_text("utf-8")
    with ZipFile(bundle) as archive:
        return archive.read("evidence.json").decode()


def _trusted(seen: list[Path], log: list[str], witness: list[str], custodian: list[str]) -> Trusted:
    """What the caller brings along; raises BadParameter for what is no key and no checkpoint."""
    try:
        return Trusted(
            log=tuple(map(Key.read, log)),
            witnesses=tuple(map(Key.read, witness)),
            checkpoints=tuple(map(_note, seen)),
            custodians=tuple(map(Key.read, custodian)),
        )
    except ProofError as problem:
        raise typer.BadParameter(str(problem)) from None


def _note(path: Path) -> Note:
    try:
        return Note.read(path.read_text("utf-8"))
    except (ProofError, UnicodeDecodeError) as problem:
        raise typer.BadParameter(f"{path} is no signed note: {problem}") from None
