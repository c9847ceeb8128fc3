"""What a fault of the database means to whoever asked: come back soon, come back later, or ours.

It must never know what was asked; only the kind of fault is looked at, never its words.
"""

from __future__ import annotations

from typing import Final

import asyncpg
from sqlalchemy.exc import DBAPIError, InterfaceError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from referral import edge, errors
from referral.errors import Refusal
from referral.logs import sqlstate_of

# 40001 and 40P01: two acts in each other's way; 55P03: waited too long for a lock; 57014: too slow;
# 25P03: idle too long; 53300: no connection left.
_PASSING: Final = frozenset({"40001", "40P01", "55P03", "57014", "25P03", "25P04", "53300"})
# Class 08: connection; 53: resources (disk full); 57P: shutting down; 58: the machine; 28 and 3D:
# it will not have us; 25006: it may only be read.
_GONE: Final = ("08", "53", "57P", "58", "28", "3D", "25006")


def refusal_for(fault: Exception) -> Refusal:
    """What a fault of the database means to whoever asked."""
    state = sqlstate_of(fault) or ""
    if isinstance(fault, PoolTimeout) or state in _PASSING:
        return edge.busy()
    lost = isinstance(fault, DBAPIError) and fault.connection_invalidated
    closed = isinstance(fault, OSError | InterfaceError | asyncpg.InterfaceError)
    if lost or closed or state.startswith(_GONE):
        return errors.unavailable()
    if state.startswith("23"):
        return _clash()
    return edge.unforeseen()


def _clash() -> Refusal:
    """A key exists already: one neutral answer, for the reason itself may be somebody else's."""
    return Refusal(
        409,
        "conflict",
        "This could not be stored beside what is there",
        "Nothing was changed. Read again and repeat; for a new report use a new client_id.",
    )
