"""A receipt: an entry, its place in the log, the way from it to a signed root (C2SP tlog-proof).

Reads only. Whoever has it proves years later, without us, that the entry was in the log: ``proof``
checks it. Provisional until enough witnesses have countersigned its checkpoint.
"""

from __future__ import annotations

import base64
from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from referral.audit import checkpoints
from referral.audit.checkpoints import Place, Signed
from referral.audit.proof import FORM


@dataclass(frozen=True, slots=True)
class Placed:
    """Where an entry stands under a checkpoint, and the hashes that prove it."""

    place: Place
    signed: Signed
    path: tuple[bytes, ...]
    final: bool


async def placed(connection: AsyncConnection, entry: UUID, quorum: int) -> Placed | None:
    """An entry under the first final checkpoint that covers it, or else the first there is.

    None while it waits for its place or for a checkpoint.
    """
    place = await checkpoints.place_of(connection, entry)
    if place is None:
        return None
    final = await checkpoints.final_covering(connection, place, quorum)
    signed = final or await checkpoints.covering(connection, place)
    if signed is None:
        return None
    path = await checkpoints.inclusion(connection, place, signed.checkpoint.size)
    return Placed(place, signed, path, final is not None)


def written(header: str, found: Placed) -> str:
    """The receipt as text; ``header``: of the entry."""
    lines = [FORM, f"extra {base64.b64encode(header.encode()).decode()}"]
    lines += [f"index {found.place.index}", *as_text(found.path)]
    return "\n".join(lines) + "\n\n" + found.signed.note


def as_text(hashes: Sequence[bytes]) -> list[str]:
    """Hashes as text."""
    return [base64.b64encode(one).decode() for one in hashes]
