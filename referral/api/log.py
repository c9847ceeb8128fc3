"""The log's public face: checkpoints, proofs, keys, the verifier; and where witnesses hand in.

Nobody need be signed in: sizes, roots and signatures say nothing of anybody. A witness is known by
her signature alone. Formats: C2SP tlog-checkpoint and signed-note; a proof: a base64 hash a line.
"""

from __future__ import annotations

import base64
from collections.abc import AsyncIterator, Awaitable, Iterable
from contextlib import asynccontextmanager
from functools import cache
from pathlib import Path
from typing import Annotated, Any, Final

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import JSONResponse, PlainTextResponse

from referral import errors
from referral.api.wire import refused
from referral.audit import checkpoints, proof, witnesses
from referral.audit.checkpoints import Epoch, Place
from referral.audit.witnesses import RefusedCosignature
from referral.edge.attempts import attempts_of
from referral.entry import installation_of
from referral.errors import Refusal, RefusedError

router = APIRouter(include_in_schema=False)  # described by C2SP and the README, not our reference

_LARGEST: Final = 2**62
_NEWEST: Final = {"Cache-Control": "public, max-age=1"}
_FOR_GOOD: Final = {"Cache-Control": "public, max-age=31536000, immutable"}
_FOR_AN_HOUR: Final = {"Cache-Control": "public, max-age=3600"}

Size = Annotated[int, Query(ge=1, le=_LARGEST)]
Origin = Annotated[str | None, Query(max_length=200)]


@router.get("/audit/checkpoint")
async def checkpoint(
    request: Request,
    size: Annotated[int | None, Query(ge=1, le=_LARGEST)] = None,
    origin: Origin = None,
) -> Response:
    """The newest checkpoint (or that of a size) with everybody who signed it."""
    async with _reading(request) as connection:
        if size is None:
            found = await checkpoints.latest(connection)
        else:
            epoch = await _epoch(connection, origin)
            found = await checkpoints.at_size(connection, epoch.number, size)
    if found is None:
        return refused(_unsigned())
    return PlainTextResponse(found.note, headers=_NEWEST)


@router.get("/audit/proof/inclusion")
async def inclusion(
    request: Request,
    index: Annotated[int, Query(ge=0, le=_LARGEST)],
    size: Size,
    origin: Origin = None,
) -> Response:
    """The way from an entry to the root of a size."""
    async with _reading(request) as connection:
        epoch = await _epoch(connection, origin)
        await _signed_so_far(connection, epoch, size)
        if index >= size:
            return refused(_impossible(f"There is no entry {index} in a log of {size}."))
        place = Place(epoch.number, index)
        return await _proof(checkpoints.inclusion(connection, place, size))


@router.get("/audit/proof/consistency")
async def consistency(
    request: Request,
    old: Annotated[int, Query(alias="from", ge=0, le=_LARGEST)],
    new: Annotated[int, Query(alias="to", ge=1, le=_LARGEST)],
    origin: Origin = None,
) -> Response:
    """What proves that the log of one size begins with that of another."""
    if old == 0:
        return refused(_impossible("From nothing, everything follows: begin at 1."))
    if old > new:
        return refused(_impossible(f"A log of {new} does not begin with one of {old}."))
    async with _reading(request) as connection:
        epoch = await _epoch(connection, origin)
        await _signed_so_far(connection, epoch, new)
        return await _proof(checkpoints.consistency(connection, epoch.number, old, new))


@router.get("/audit/keys")
async def keys(request: Request) -> Response:
    """Every epoch with its key and its custodians' statement, and the witnesses' keys."""
    async with _reading(request) as connection:
        epochs = [_told(epoch) for epoch in await checkpoints.epochs(connection)]
        enrolled = await witnesses.enrolled(connection)
    told = [{"name": w.name, "key": w.key, "independent": w.independent} for w in enrolled]
    quorum = installation_of(request).settings.log_quorum
    return JSONResponse({"epochs": epochs, "witnesses": told, "quorum": quorum}, headers=_NEWEST)


@router.get("/audit/verifier.py")
async def verifier() -> Response:
    """The stand-alone verifier: one file, for years without us."""
    headers = {**_FOR_AN_HOUR, "Content-Disposition": 'attachment; filename="verifier.py"'}
    return Response(_verifier(), media_type="text/x-python; charset=utf-8", headers=headers)


@router.post("/audit/cosignatures")
async def cosign(request: Request) -> Response:
    """A witness hands in a checkpoint of ours with her signature under it."""
    installation, now = installation_of(request), installation_of(request).clock()
    address = request.client.host if request.client else "unknown"
    wait = attempts_of(request).begin(None, f"cosigning {address}", now)
    if wait is not None:
        return refused(_too_often(round(wait.total_seconds())))
    try:
        note = (await request.body()).decode()
        async with installation.engine.begin() as connection:
            kept = await witnesses.keep(connection, note, now)
    except UnicodeDecodeError:
        return refused(_impossible("A note is text in UTF-8."))
    except RefusedCosignature as fault:
        return refused(Refusal(fault.status, fault.code, "This is not kept", str(fault)))
    attempts_of(request).succeed(None, f"cosigning {address}")
    return JSONResponse({"kept": kept})


@asynccontextmanager
async def _reading(request: Request) -> AsyncIterator[Any]:
    async with installation_of(request).engine.connect() as connection, connection.begin():
        yield connection


async def _epoch(connection: Any, origin: str | None) -> Epoch:
    """The epoch of this origin, or the newest."""
    known = await checkpoints.epochs(connection)
    found = [one for one in known if origin in (None, one.origin)]
    if not found:
        raise RefusedError(_unsigned() if origin is None else errors.not_found())
    return found[-1]


async def _signed_so_far(connection: Any, epoch: Epoch, size: int) -> None:
    newest = await checkpoints.newest_of(connection, epoch.number)
    if size > newest:
        raise RefusedError(
            Refusal(
                404,
                "not-signed-yet",
                "The log is not so long",
                f"Of {epoch.origin}, {newest} entries are signed; nothing is proved of {size}.",
            )
        )


async def _proof(hashes: Awaitable[Iterable[bytes]]) -> Response:
    lines = "".join(f"{base64.b64encode(one).decode()}\n" for one in await hashes)
    return PlainTextResponse(lines, headers=_FOR_GOOD)


def _told(epoch: Epoch) -> dict[str, Any]:
    return {
        "number": epoch.number,
        "origin": epoch.origin,
        "signer": epoch.signer,
        "entry_id": str(epoch.entry_id) if epoch.entry_id else None,
        "kept": epoch.kept,
        "statement": epoch.statement,
        "opening": epoch.opening,
        "opened_at": epoch.opened_at.isoformat(),
    }


def _unsigned() -> Refusal:
    return Refusal(
        404,
        "not-signed-yet",
        "The log has no such checkpoint",
        "It has not been signed yet, or not at this size. The newest is at /audit/checkpoint.",
    )


def _impossible(what: str) -> Refusal:
    return Refusal(422, "invalid-input", "This cannot be proved", what)


def _too_often(seconds: int) -> Refusal:
    return Refusal(
        429,
        "slow-down",
        "Too many cosignatures were refused",
        "Nothing was kept. Look at what the witness sends, and come back later.",
        headers={"Retry-After": str(max(60, seconds))},
    )


@cache
def _verifier() -> bytes:
    return Path(proof.__file__).read_bytes()
