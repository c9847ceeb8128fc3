"""The demo's three witnesses, who run beside the log they watch and so prove nothing.

Each is enrolled as not independent, and whatever counts them says so.

It must never run anywhere but in the demo.
"""

from __future__ import annotations

import asyncio
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Final

import structlog

from referral import sealing
from referral.addresses import Addresses
from referral.audit import state_files, witnesses
from referral.audit.key_files import COSIGNS, SigningKey
from referral.audit.proof import Key
from referral.audit.remote import AwayError, NotKeptError, Remote, remote
from referral.audit.state_files import StateError
from referral.audit.witness import Incident, Witness
from referral.clock import utc_now
from referral.session import WriteSession
from referral.vault import Vault
from referral.vault.files import write_secret

_LOG = structlog.get_logger("referral.witnesses")

NAMES: Final = ("labour.demo", "police.demo", "social-services.demo")
EVERY: Final = 5.0  # seconds between two visits
FOLDER: Final = "witnesses"


async def enrol(addresses: Addresses, vault: Vault, data_dir: Path) -> tuple[SigningKey, ...]:
    """Their keys, made at the first start; enrolled with a database that does not know them yet."""
    keys = tuple(_key(data_dir / FOLDER, name) for name in NAMES)

    async def enter(session: WriteSession) -> None:
        known = {one.name for one in await witnesses.enrolled(session.connection)}
        for key in keys:
            if key.name not in known:
                await witnesses.enrol(session, key.key, None, independent=False, now=utc_now())

    await sealing.writing(addresses, vault, enter)
    return keys


def _key(folder: Path, name: str) -> SigningKey:
    folder.mkdir(mode=0o700, exist_ok=True)
    file = folder / f"{name}.key"
    if not file.exists():
        write_secret(file, SigningKey.new(name, COSIGNS).written())
    return SigningKey.read(file.read_text("utf-8"))


async def watch(
    keys: tuple[SigningKey, ...], data_dir: Path, url: str, log: Key, stopping: asyncio.Event
) -> None:
    """Visit every few seconds until told to stop; one that met an incident visits no more."""
    with ExitStack() as stack:
        made = []
        for key in keys:
            # Of another log there is nothing to remember: a demo begun afresh has a new one.
            state = data_dir / FOLDER / f"{key.name}.{log.id.hex()}.state"
            stack.enter_context(state_files.held(state))
            made.append(Witness(key, state, str(log)))
        async with remote(url) as asked:
            while made and not stopping.is_set():
                made = [one for one in made if await _well(one, asked)]
                with suppress(TimeoutError):
                    await asyncio.wait_for(stopping.wait(), EVERY)


async def _well(witness: Witness, asked: Remote) -> bool:
    try:
        await witness.visit(asked, utc_now)
    except (AwayError, NotKeptError):
        return True  # not there yet, or no more: the next visit tells
    except (Incident, StateError):
        _LOG.error("incident")
        return False
    return True
