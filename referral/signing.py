"""The signer as a process of its own, with a role, a key and a memory that nobody else has.

``referral log sign`` runs it; with an embedded database it is started beside the service and ends
with it, however that ends: its standard input closes. It must never load what serves or decides.
"""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Final

from referral import log_keys, logs
from referral.addresses import Addresses, MissingError, external, running
from referral.audit import signer, state_files
from referral.audit.signer import Signer
from referral.clock import utc_now
from referral.database import make_engine
from referral.settings import Settings

_ENDS_WITHIN: Final = 10.0  # seconds


def addresses_of(settings: Settings) -> Addresses:
    """Where the database is: as set, or the embedded one that is running. Raises MissingError."""
    found = external(settings) or running(settings.data_dir)
    if found is None:
        raise MissingError(
            f"No database is set and none is running in {settings.data_dir}: start `referral "
            "serve` first, or set REFERRAL_SIGNER_DATABASE_URL."
        )
    return found


async def sign(
    settings: Settings,
    addresses: Addresses,
    stopping: asyncio.Event,
    clock: Callable[[], datetime] = utc_now,
) -> int:
    """Sign until told to stop; how often it signed. Raises MissingError, StateError."""
    embedded = addresses.embedded
    key = log_keys.signing_key(settings, embedded=embedded)
    if key is None:
        raise MissingError(
            "REFERRAL_LOG_KEY is not set, so nothing is signed: make a key with `referral log "
            "key`, keep a copy elsewhere, and name its file in REFERRAL_LOG_KEY_FILE."
        )
    file = log_keys.state_file(settings, embedded=embedded)
    with state_files.held(file):
        engine = make_engine(addresses.of("signer"), pool_size=1, statement_timeout=120)
        try:
            made = Signer(key, file, log_keys.custodians(settings))
            return await signer.run(engine, made, clock, stopping)
        finally:
            await engine.dispose()


@contextmanager
def beside(settings: Settings) -> Iterator[None]:
    """A signer in its own process as long as this lasts; it ends with us, also by kill -9."""
    level = str(logging.getLogger().level)
    child = subprocess.Popen(  # noqa: S603 - this very program
        [sys.executable, "-m", "referral.signing", level],
        env=log_keys.environment_of(settings),
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
    )
    try:
        yield
    finally:
        assert child.stdin is not None, "it was given a pipe"  # noqa: S101 (for mypy)
        child.stdin.close()
        try:
            child.wait(_ENDS_WITHIN)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()


def main() -> None:
    """Beside an embedded database: until told to stop, or standard input ends."""
    logs.configure(as_json=True, level=int(sys.argv[1]))
    settings = Settings()
    asyncio.run(_main(settings))


async def _main(settings: Settings) -> None:
    stopping, loop = asyncio.Event(), asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stopping.set)
    loop.add_reader(sys.stdin.fileno(), _ended, stopping, sys.stdin.fileno())
    await sign(settings, addresses_of(settings), stopping)


def _ended(stopping: asyncio.Event, number: int) -> None:
    if not os.read(number, 1024):
        asyncio.get_running_loop().remove_reader(number)
        stopping.set()


if __name__ == "__main__":
    main()
