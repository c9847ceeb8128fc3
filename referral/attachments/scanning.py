"""Asking a virus scanner: ClamAV's daemon, where one is set up.

The test file of the trade (EICAR) is found here too, so that a chain without one can be tried.
Source: clamd(8), command INSTREAM.
"""

from __future__ import annotations

import io
from collections.abc import Awaitable, Callable
from typing import Final

from aioclamd import ClamdAsyncClient, ClamdError

from referral.attachments.verdicts import Refused

Scan = Callable[[bytes], Awaitable[Refused | None]]

_EICAR: Final = b"EICAR-STANDARD-ANTIVIRUS-TEST-FILE"
_INFECTED: Final = Refused("infected", "The virus scanner refuses it. Tell whoever sent it to you.")
_SECONDS: Final = 30.0


class ScannerDownError(Exception):
    """The scanner gave no verdict; the file stays in quarantine and is tried again."""


async def without(content: bytes) -> Refused | None:
    """No scanner: only the test file is known."""
    return _INFECTED if _EICAR in content else None


def clamd(host: str, port: int) -> Scan:
    """A scanner at this address. What it returns raises ScannerDownError."""

    async def scan(content: bytes) -> Refused | None:
        if _EICAR in content:
            return _INFECTED
        try:
            asked = ClamdAsyncClient(host, port, timeout=_SECONDS)
            told = await asked.instream(io.BytesIO(content))
        except (OSError, ClamdError, TimeoutError) as fault:
            raise ScannerDownError(f"the scanner at {host}:{port} gave no verdict") from fault
        verdict = (told or {}).get("stream", ("", ""))[0]
        if verdict == "FOUND":
            return _INFECTED
        if verdict != "OK":
            raise ScannerDownError(f"the scanner at {host}:{port} gave no verdict")
        return None

    return scan
