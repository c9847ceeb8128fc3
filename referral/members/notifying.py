"""How somebody wants to be told, in her own words, and what she has read.

An address is an address and no more: it is never shown to anybody but its owner. It must never know a
case.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from email.errors import HeaderParseError
from email.headerregistry import Address
from typing import Final
from uuid import UUID

import orjson

from referral import errors
from referral.audit import Done
from referral.audit.streams import log_own
from referral.database import scalar
from referral.errors import Fault, Refusal
from referral.notices.wording import texts
from referral.session import Actor, ReadSession

MODES: Final = ("each", "digest")
_LONGEST: Final = 254  # RFC 5321 4.5.3.1.3, without the brackets


@dataclass(frozen=True, slots=True)
class Wish:
    """What she asks for. Hours 0-23 of her unit's zone; without an address nothing is mailed."""

    address: str | None
    language: str | None
    mode: str
    digest_hour: int
    quiet_from: int | None
    quiet_until: int | None


async def prefer(
    session: ReadSession, actor: Actor, wish: Wish, *, domains: str | None, now: datetime
) -> Refusal | None:
    """Keep it, whole. ``domains``: those an address must be of, separated by commas; None: any."""
    faults = list(_faults(wish, domains))
    if faults:
        return errors.invalid_input(faults)
    wanted = {name: getattr(wish, name) for name in Wish.__slots__}
    statement = "SELECT referral.prefer($1::jsonb, $2)"
    await scalar(session.connection, statement, orjson.dumps(wanted).decode(), now)
    told = wish.mode if wish.address else "none"
    await log_own(session, actor, Done.NOTICES_PREFERRED, now=now, mode=told)
    return None


async def read_notices(session: ReadSession, ids: tuple[UUID, ...], *, now: datetime) -> int:
    """Mark her own notices as read; returns how many were not yet."""
    statement = "SELECT referral.read_notices($1::uuid[], $2)"
    found: int = await scalar(session.connection, statement, list(ids), now)
    return found


def _faults(wish: Wish, domains: str | None) -> list[Fault]:
    found = []
    if wish.address is not None and not _is_address(wish.address):
        message = "Give one address, such as name@agency.example, without names or brackets."
        found.append(Fault("/address", "malformed", message))
    elif wish.address is not None and domains is not None and not _is_of(wish.address, domains):
        message = f"Mail goes only to addresses of {domains}: ask your agency for one there."
        found.append(Fault("/address", "not-allowed", message))
    if wish.language is not None and wish.language not in texts():
        message = f"There are texts in {', '.join(texts())}; leave it out for your country's own."
        found.append(Fault("/language", "unknown", message))
    if wish.mode not in MODES:
        message = f"Choose one of: {', '.join(MODES)}."
        found.append(Fault("/mode", "unknown", message))
    if (wish.quiet_from is None) != (wish.quiet_until is None):
        message = "Quiet hours have a beginning and an end: give both, or neither."
        missing = "/quiet_until" if wish.quiet_until is None else "/quiet_from"
        found.append(Fault(missing, "missing", message))
    hours = {
        "/digest_hour": wish.digest_hour,
        "/quiet_from": wish.quiet_from,
        "/quiet_until": wish.quiet_until,
    }
    for pointer, hour in hours.items():
        if hour is not None and not 0 <= hour <= 23:  # noqa: PLR2004 - hours of a day
            found.append(Fault(pointer, "out-of-range", "Give an hour from 0 to 23."))
    return found


def _is_address(given: str) -> bool:
    """One plain address, in characters that every mail server takes."""
    if len(given) > _LONGEST or not given.isascii() or not given.isprintable():
        return False
    try:
        found = Address(addr_spec=given)
    except (ValueError, IndexError, HeaderParseError):
        return False
    plain = not any(one in given for one in ' ,;<>"()[]\\')
    return plain and bool(found.username) and "." in found.domain.strip(".")


def _is_of(address: str, domains: str) -> bool:
    domain = address.rpartition("@")[2].lower()
    return domain in {one.strip().lower() for one in domains.split(",")}
