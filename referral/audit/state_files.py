"""What a signer or a witness must never forget, in a file outside every database.

Written (``vault.files``) before anything that follows from it is said to anybody.
One process at a time holds such a file; the lock ends with the process, also by kill -9.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


class StateError(Exception):
    """The file cannot be used; the text says what to do."""


@contextmanager
def held(file: Path) -> Iterator[None]:
    """Nobody else uses this file meanwhile. Raises StateError at once when somebody does."""
    try:
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        lock = os.open(file.with_name(f"{file.name}.lock"), os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as fault:
        raise StateError(f"{file} cannot be used: {fault.strerror}.") from fault
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    except BlockingIOError:
        raise StateError(
            f"Another process has {file}. Two that sign from one memory could sign two histories: "
            "stop the other, or let this one have a file of its own."
        ) from None
    finally:
        os.close(lock)


def read(file: Path) -> str | None:
    """What was kept; None when nothing was yet. Raises StateError when it cannot be read."""
    try:
        return file.read_text("utf-8")
    except FileNotFoundError:
        return None
    except (OSError, UnicodeDecodeError) as fault:
        raise StateError(
            f"{file} cannot be read ({type(fault).__name__}): bring back the copy of it, or give "
            "this account read access. Without it nothing is signed."
        ) from fault
