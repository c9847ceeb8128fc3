"""Commands for the log itself: its key, the sequencer, the signer, and a new epoch of it.

A new epoch takes three steps and three people: the operator proposes, two custodians sign offline,
the operator enters what they signed. No entry's content passes here.
"""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Annotated, Final, TypeVar

import typer
from sqlalchemy.ext.asyncio import AsyncConnection

from protocols.catalogue import Catalogue
from referral import installing, keeping, log_keys, logs, signing
from referral.addresses import Addresses, MissingError
from referral.audit import epochs, sequencer, state_files
from referral.audit.announcing import NobodyError
from referral.audit.checkpoints import Epoch
from referral.audit.key_files import SIGNS, SigningKey
from referral.audit.memory import Memory
from referral.audit.proof import Checkpoint, Key, Note, ProofError
from referral.audit.state_files import StateError
from referral.audit.statements import Statement
from referral.clock import utc_now
from referral.database import make_engine
from referral.options import AsJson, DataDir, File, group, settings_with
from referral.outcomes import Exit
from referral.session import WriteSession
from referral.settings import Settings
from referral.terminal import Terminal
from referral.vault import Vault
from referral.vault.files import write_secret

T = TypeVar("T")

log = group("The log: its key, who grows it, who signs it.")
epoch = group("A new epoch of the log: another key, or a database put back from a copy.")
custodian = group("For those of whom two may open a new epoch; needs no database.")

NewFile = Annotated[Path, typer.Argument(dir_okay=False, help="Made here, readable by you alone.")]
_WRONG: Final = (ProofError, StateError, NobodyError)


@log.command("key")
def make_key(
    file: NewFile,
    origin: Annotated[str, typer.Option(help="Name and epoch, as log.example.gov/2026a.")],
    as_json: AsJson = False,
) -> None:
    """Make the log's private key; the answer is the public one, by which everybody checks."""
    _make(file, origin, SIGNS, as_json=as_json)


@custodian.command("key")
def make_custodian(
    file: NewFile, name: Annotated[str, typer.Option()], as_json: AsJson = False
) -> None:
    """Make a custodian's private key, on her own machine."""
    _make(file, name, SIGNS, as_json=as_json)


@custodian.command("sign")
def sign_statement(
    statement: Annotated[Path, typer.Argument(exists=True, dir_okay=False)],
    key: Annotated[Path, typer.Option(exists=True, dir_okay=False)],
    as_json: AsJson = False,
) -> None:
    """Add a custodian's signature to a statement. Read it first: it says what is lost, and why."""
    terminal = Terminal(as_json)
    with told(terminal):
        whole = statement.read_text("utf-8")
        text = whole.partition("\n\n")[0].rstrip("\n") + "\n"
        Statement.read(text)
        line = SigningKey.read(key.read_text("utf-8")).sign(text)
    blank = "" if "\n\n" in whole else "\n"
    statement.write_text(f"{whole}{blank}{line}", "utf-8")
    terminal.answer({"signature": line.strip()})
    terminal.say(text, f"Signed, in {statement}.")


@log.command("sequence")
def sequence(data_dir: DataDir = None, as_json: AsJson = False) -> None:
    """Give committed entries their place in the log, until told to stop."""
    terminal, settings = Terminal(as_json), settings_with(data_dir)
    logs.configure(as_json=True)
    engine = make_engine(signing.addresses_of(settings).of("sequencer"), statement_timeout=120)

    async def run(stopping: asyncio.Event) -> int:
        try:
            return await sequencer.run(engine, utc_now, stopping)
        finally:
            await engine.dispose()

    placed = asyncio.run(_until_told(run))
    terminal.answer({"placed": placed})
    terminal.say(f"Stopped. Placed {placed} entries.")


@log.command("sign")
def sign(data_dir: DataDir = None, as_json: AsJson = False) -> None:
    """Sign what the log has become, until told to stop; it re-reads and re-hashes it first."""
    terminal, settings = Terminal(as_json), settings_with(data_dir)
    logs.configure(as_json=True)
    addresses = signing.addresses_of(settings)
    with told(terminal):
        signed = asyncio.run(_until_told(partial(signing.sign, settings, addresses)))
    terminal.answer({"signed": signed})
    terminal.say(f"Stopped. Signed {signed} checkpoints.")


@epoch.command("begin")
def begin_first(
    signer: Annotated[
        str | None,
        typer.Option(help="The log's public key; else that of the key set here."),
    ] = None,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """The first epoch; `migrate` does it by itself where the log's key is set."""
    terminal, settings = Terminal(as_json), settings_with(data_dir)
    with installing.database(settings) as addresses, told(terminal):
        key = Key.read(signer) if signer else _public(settings, addresses)
        begun = asyncio.run(begun_by(addresses, key))
    terminal.answer({"begun": begun, "signer": str(key)})
    terminal.say(f"{'Begun' if begun else 'There was one already'}: {key.name}. Its key: {key}")


@epoch.command("propose")
def propose(
    to: Annotated[Path, typer.Argument(dir_okay=False, help="Where the statement is written.")],
    signer: Annotated[str, typer.Option(help="The new key's public text (`referral log key`).")],
    why: Annotated[str, typer.Option(help="In a line: what happened.")],
    last: Annotated[
        Path | None,
        typer.Option(exists=True, help="A witness's newest checkpoint, if the state is lost."),
    ] = None,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Write down what stands and what does not, for two custodians to sign."""
    terminal, settings = Terminal(as_json), settings_with(data_dir)
    with installing.database(settings) as addresses, told(terminal):
        newest = _last(settings, addresses, last)
        statement = asyncio.run(_proposed(addresses, settings, Key.read(signer), why, newest))
    to.write_text(str(statement), "utf-8")
    missing = len(statement.missing)
    terminal.answer({"file": str(to), "kept": statement.kept.size, "missing": missing})
    terminal.say(
        str(statement),
        f"Kept: {statement.kept.size} entries. The next {missing} are lost, or are told anew.",
        f"Two custodians sign {to}: `referral audit custodian sign {to} --key FILE`.",
    )


@epoch.command("open")
def open_epoch(statement: File, data_dir: DataDir = None, as_json: AsJson = False) -> None:
    """Enter what two custodians have signed. Then start the signer with the new key."""
    terminal, settings = Terminal(as_json), settings_with(data_dir)
    note = statement.read_text("utf-8")
    with installing.database(settings) as addresses, told(terminal):
        known = log_keys.custodians(settings)
        vault = keeping.vault_of(settings, embedded=addresses.embedded)

        async def opened(session: WriteSession) -> Epoch:
            return await epochs.open_epoch(session, note, known, utc_now())

        found = asyncio.run(writing(addresses, vault, opened))
    terminal.answer({"epoch": found.number, "origin": found.origin})
    terminal.say(
        f"Epoch {found.number}, {found.origin}. Start the signer with its key; witnesses follow "
        "by the custodians' signatures."
    )


async def begun_by(addresses: Addresses, key: Key) -> bool:
    """The first epoch of a database, if it has none."""
    return await acting(addresses, lambda connection: epochs.begin(connection, key, utc_now()))


async def acting(addresses: Addresses, act: Callable[[AsyncConnection], Awaitable[T]]) -> T:
    """Something an operator does, in one transaction as ``referral_migrator``."""
    engine = make_engine(addresses.of("migrator"), pool_size=1)
    try:
        async with engine.begin() as connection:
            return await act(connection)
    finally:
        await engine.dispose()


async def writing(
    addresses: Addresses, vault: Vault, act: Callable[[WriteSession], Awaitable[T]]
) -> T:
    """As ``acting``, where entries are written of it."""
    nothing = Catalogue({})  # the log knows no law

    async def with_session(connection: AsyncConnection) -> T:
        return await act(WriteSession(connection, vault, nothing, "operator"))

    return await acting(addresses, with_session)


async def _proposed(
    addresses: Addresses, settings: Settings, signer: Key, why: str, last: Checkpoint | None
) -> Statement:
    return await acting(
        addresses,
        lambda connection: epochs.propose(connection, signer, why, last, settings.log_quorum),
    )


def _last(settings: Settings, addresses: Addresses, given: Path | None) -> Checkpoint | None:
    if given is not None:
        return Checkpoint.read(Note.read(given.read_text("utf-8")).text)
    kept = state_files.read(log_keys.state_file(settings, embedded=addresses.embedded))
    if kept is None:
        return None
    memory = Memory.read(kept)
    return Checkpoint(memory.origin, memory.size, memory.root)


def _public(settings: Settings, addresses: Addresses) -> Key:
    key = log_keys.signing_key(settings, embedded=addresses.embedded)
    if key is None:
        raise MissingError("Name the log's public key with --signer, or set REFERRAL_LOG_KEY_FILE.")
    return key.key


def _make(file: Path, name: str, kind: int, *, as_json: bool) -> None:
    terminal = Terminal(as_json)
    with told(terminal):
        if file.exists():
            raise StateError(f"{file} is there already, and a key is never written over.")
        made = SigningKey.new(name, 1 if kind == SIGNS else 4)
    write_secret(file, made.written())
    terminal.answer({"file": str(file), "key": str(made.key)})
    terminal.say(f"The private key is in {file}: keep a copy elsewhere.", f"Public: {made.key}")


@contextmanager
def told(terminal: Terminal) -> Iterator[None]:
    """What does not hold is said in words, with the exit code of problems found."""
    try:
        yield
    except _WRONG as fault:
        terminal.refuse(str(fault), Exit.PROBLEMS)
        raise typer.Exit(Exit.PROBLEMS) from None


async def _until_told(run: Callable[[asyncio.Event], Awaitable[int]]) -> int:
    stopping, loop = asyncio.Event(), asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stopping.set)
    return await run(stopping)
