"""The entry that opens an epoch: what it says of the one before. Pure."""

from __future__ import annotations

import base64
from typing import NamedTuple

import orjson

from referral.audit import Done
from referral.audit.checkpoints import Epoch
from referral.audit.proof import Checkpoint
from referral.audit.statements import Statement


class Told(NamedTuple):
    """``from`` and ``to`` of the opening entry's header."""

    from_: str
    to: str


def told_by(statement: Statement) -> Told:
    """The checkpoint that stands, the new epoch, and what is missing between them."""
    missing = statement.missing
    lost = f", without {missing.start}-{missing.stop - 1}" if missing else ""
    return Told(_named(statement.kept), f"{statement.to}{lost}")


def _named(checkpoint: Checkpoint) -> str:
    root = base64.b64encode(checkpoint.root).decode()
    return f"{checkpoint.origin}@{checkpoint.size}@{root}"


def opens(header: str, epoch: Epoch, statement: Statement | None = None) -> bool:
    """Whether a header is the entry that opens this epoch, as the custodians' statement says."""
    try:
        told = orjson.loads(header)
    except orjson.JSONDecodeError:
        return False
    if not isinstance(told, dict) or told.get("act") != Done.EPOCH_OPENED:
        return False
    if statement is not None and (told.get("from"), told.get("to")) != told_by(statement):
        return False
    return told.get("id") == str(epoch.entry_id) and _origin(told.get("to")) == epoch.origin


def _origin(to: object) -> str:
    return str(to).split(", ", maxsplit=1)[0]
