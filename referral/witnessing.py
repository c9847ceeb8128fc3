"""Commands of witnesses: enrolling them here, and being one for somebody else's log.

`witness` needs neither a database of ours nor an account with the log: an agency runs it on a
machine of its own. It must never see an entry.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer

from referral import installing, keeping, logs, sealing
from referral.audit import state_files, witnesses
from referral.audit.key_files import COSIGNS, SigningKey
from referral.audit.proof import Key
from referral.audit.remote import AwayError, NotKeptError, remote
from referral.audit.witness import Incident, Visited, Witness
from referral.clock import utc_now
from referral.options import AsJson, DataDir, group, settings_with
from referral.outcomes import Exit
from referral.session import WriteSession
from referral.terminal import Terminal
from referral.vault.files import write_secret

enrolled = group("Those who countersign our checkpoints.")


def witness(
    log: Annotated[str, typer.Option(help="Where the log is: https://…")],
    key: Annotated[Path, typer.Option(dir_okay=False, help="Your private key; made if missing.")],
    state: Annotated[Path, typer.Option(dir_okay=False, help="What you have seen; keep it.")],
    name: Annotated[str | None, typer.Option(help="Yours, when the key is made.")] = None,
    log_key: Annotated[str | None, typer.Option(help="The log's public key, at first.")] = None,
    custodian: Annotated[
        list[str] | None, typer.Option(help="Public key of one who may open an epoch; repeat it.")
    ] = None,
    every: Annotated[int, typer.Option(min=1, help="Seconds between two visits.")] = 10,
    once: Annotated[bool, typer.Option("--once", help="Visit once and stop.")] = False,
    as_json: AsJson = False,
) -> None:
    """Watch a log that is somebody else's, and countersign what goes on from what you saw.

    A log that contradicts itself ends it with exit code 1; both stories are kept beside the state.
    """
    terminal = Terminal(as_json)
    logs.configure(as_json=True)
    with sealing.told(terminal), state_files.held(state):
        mine = _own(terminal, key, name)
        made = Witness(mine, state, log_key, custodian or ())

        def said(visited: Visited) -> None:
            terminal.err.bell() if visited.lost else None
            for words in visited.lost:
                terminal.err.print(f"LOST: {words}", markup=False)
            if visited.cosigned:
                terminal.say(f"Countersigned {visited.size} entries.")

        try:
            last = asyncio.run(_visits(log, made, said, every=None if once else every))
        except Incident as incident:
            _refuse(terminal, log, incident)
            raise typer.Exit(Exit.PROBLEMS) from None
        except (AwayError, NotKeptError) as fault:
            terminal.refuse(f"{log}: {fault}", Exit.UNREACHABLE)
            raise typer.Exit(Exit.UNREACHABLE) from None
    terminal.answer({"size": last.size, "cosigned": last.cosigned, "lost": last.lost})


def _refuse(terminal: Terminal, log: str, incident: Incident) -> None:
    terminal.refuse(
        f"INCIDENT: {log} contradicts what it said before. {incident}. Nothing was countersigned. "
        f"Both stories are in {incident.file}: keep it, tell the other agencies and the operator, "
        "and start again only when you know what happened.",
        Exit.PROBLEMS,
    )


async def _visits(
    log: str, made: Witness, said: Callable[[Visited], None], *, every: int | None
) -> Visited:
    """One visit, or one after the other; a log that is away is asked again."""
    async with remote(log) as asked:
        while True:
            try:
                visited = await made.visit(asked, utc_now)
                said(visited)
            except (AwayError, NotKeptError):
                if every is None:
                    raise
            else:
                if every is None:
                    return visited
            await asyncio.sleep(every)


def _own(terminal: Terminal, file: Path, name: str | None) -> SigningKey:
    if file.exists():
        return SigningKey.read(file.read_text("utf-8"))
    if name is None:
        raise state_files.StateError(f"{file} is not there: to make a new key, give --name too.")
    made = SigningKey.new(name, COSIGNS)
    write_secret(file, made.written())
    terminal.say(f"A new key is in {file}. Give its public text to the log's operator: {made.key}")
    return made


@enrolled.command("add")
def add(
    key: Annotated[str, typer.Argument(help="Her public key: name+id+base64.")],
    agency: Annotated[str | None, typer.Option(help="Key of the agency she is of.")] = None,
    country: Annotated[str | None, typer.Option(help="Of that agency.")] = None,
    beside: Annotated[bool, typer.Option("--beside", help="Not independent: runs here.")] = False,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Take a witness's cosignatures from now on. It is told in the log of each country."""
    terminal, settings = Terminal(as_json), settings_with(data_dir)
    with installing.database(settings) as addresses, sealing.told(terminal):
        hers = Key.read(key)
        vault = keeping.vault_of(settings, embedded=addresses.embedded)

        async def enrol(session: WriteSession) -> bool:
            found = None
            if agency is not None:
                found = await witnesses.agency_of(
                    session.connection, agency, (country or "").upper()
                )
                if found is None:
                    raise state_files.StateError(f"{country} has no agency with the key {agency}.")
            return await witnesses.enrol(
                session, hers, found, independent=not beside, now=utc_now()
            )

        new = asyncio.run(sealing.writing(addresses, vault, enrol))
    if not new:
        terminal.refuse(f"{hers.name}, or this key, is enrolled already.", Exit.PROBLEMS)
        raise typer.Exit(Exit.PROBLEMS)
    terminal.answer({"name": hers.name, "enrolled": new})
    terminal.say(f"{hers.name} is enrolled.")


@enrolled.command("end")
def end(
    name: Annotated[str, typer.Argument()], data_dir: DataDir = None, as_json: AsJson = False
) -> None:
    """Take nothing of a witness any more; what she signed stays."""
    terminal, settings = Terminal(as_json), settings_with(data_dir)
    with installing.database(settings) as addresses:
        vault = keeping.vault_of(settings, embedded=addresses.embedded)

        async def dismiss(session: WriteSession) -> bool:
            return await witnesses.dismiss(session, name, utc_now())

        ended = asyncio.run(sealing.writing(addresses, vault, dismiss))
    if not ended:
        terminal.refuse(f"No witness is enrolled as {name}.", Exit.PROBLEMS)
        raise typer.Exit(Exit.PROBLEMS)
    terminal.answer({"name": name, "ended": ended})
    terminal.say(f"{name} countersigns no more.")


@enrolled.command("list")
def list_enrolled(data_dir: DataDir = None, as_json: AsJson = False) -> None:
    """Every witness, and when something of theirs was last kept."""
    terminal, settings = Terminal(as_json), settings_with(data_dir)
    with installing.database(settings) as addresses:
        found = asyncio.run(sealing.acting(addresses, witnesses.known))
    terminal.answer({"witnesses": found})
    rows = [
        (
            one["name"],
            one["agency"] or "",
            "yes" if one["independent"] else "NO: runs beside the log",
            one["last_at"] or "never",
            one["ended_at"] or "",
        )
        for one in found
    ]
    terminal.table("Witnesses", ("name", "agency", "independent", "last kept", "ended"), rows)
