"""A log somewhere else, asked over HTTP: its checkpoint, its proofs, its epochs.

Nothing it says is believed here; that is the witness's business (``audit.witness``).
"""

from __future__ import annotations

import binascii
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import httpx2

from agencies.fetching import Guarded, RefusedAddressError
from referral.audit.checkpoints import Epoch

_SECONDS: Final = 15.0


class AwayError(Exception):
    """The log cannot be asked now; the text says why. Nothing follows from it."""


class NotKeptError(Exception):
    """The log does not take a cosignature, and says why."""


class DeclinedError(Exception):
    """The log answered, and gave no proof of what it should be able to prove."""


@dataclass(frozen=True, slots=True)
class Remote:
    """The endpoints of one log."""

    client: httpx2.AsyncClient

    async def checkpoint(self) -> str:
        """The newest, with its cosignatures; raises AwayError before the first."""
        answer = await self._asked("GET", "/audit/checkpoint")
        if answer.is_error:
            raise AwayError(f"the log shows no checkpoint (HTTP {answer.status_code})")
        return answer.text

    async def consistency(self, epoch: str, old: int, new: int) -> tuple[bytes, ...]:
        """Between two sizes of an epoch, by its origin; raises DeclinedError."""
        given = {"from": str(old), "to": str(new), "origin": epoch}
        return await self._hashes("/audit/proof/consistency", given)

    async def inclusion(self, epoch: str, index: int, size: int) -> tuple[bytes, ...]:
        """Of one entry; raises DeclinedError."""
        given = {"index": str(index), "size": str(size), "origin": epoch}
        return await self._hashes("/audit/proof/inclusion", given)

    async def epochs(self) -> list[Epoch]:
        """All of them; raises DeclinedError when the answer cannot be read."""
        answer = await self._asked("GET", "/audit/keys")
        try:
            return [_epoch(told) for told in answer.json()["epochs"]]
        except (ValueError, KeyError, TypeError) as fault:
            raise DeclinedError("the log does not tell its epochs as it should") from fault

    async def post(self, note: str) -> None:
        """Hand a cosignature in; raises NotKeptError with the log's reason."""
        answer = await self._asked("POST", "/audit/cosignatures", note)
        if answer.is_error:
            raise NotKeptError(f"HTTP {answer.status_code}: {answer.text[:500]}")

    async def _hashes(self, path: str, given: dict[str, str]) -> tuple[bytes, ...]:
        answer = await self._asked("GET", path, params=given)
        if answer.is_error:
            raise DeclinedError(f"HTTP {answer.status_code} for the proof of {given}")
        try:
            return tuple(
                binascii.a2b_base64(line, strict_mode=True) for line in answer.text.split()
            )
        except (binascii.Error, ValueError) as fault:
            raise DeclinedError("what should be a proof is none") from fault

    async def _asked(
        self, method: str, path: str, content: str | None = None, params: Any = None
    ) -> httpx2.Response:
        headers = {"Content-Type": "text/plain; charset=utf-8"} if content is not None else {}
        try:
            answer = await self.client.request(
                method, path, content=content, params=params, headers=headers
            )
        except (httpx2.HTTPError, RefusedAddressError, OSError) as fault:
            raise AwayError(f"{type(fault).__name__} {fault}".strip()) from fault
        if answer.status_code >= 500 or answer.status_code in {408, 429}:  # noqa: PLR2004
            raise AwayError(f"HTTP {answer.status_code}")
        return answer


@asynccontextmanager
async def remote(url: str) -> AsyncIterator[Remote]:
    """The log at this address: over TLS, or on this machine."""
    async with httpx2.AsyncClient(
        base_url=url, transport=Guarded(url), timeout=_SECONDS, trust_env=False
    ) as client:
        yield Remote(client)


def _epoch(told: dict[str, Any]) -> Epoch:
    entry, statement, opening = told["entry_id"], told["statement"], told["opening"]
    return Epoch(
        int(told["number"]),
        str(told["origin"]),
        str(told["signer"]),
        UUID(entry) if entry else None,
        int(told["kept"]),
        None if statement is None else str(statement),
        None if opening is None else str(opening),
        datetime.fromisoformat(told["opened_at"]),
    )
