"""Second factors as the pages need them: kept, compared, used up, dropped.

Every change names its holder, a secret of the caller's (session or enrolment); whose account that
is, and whether its proof is fresh enough, the database decides. What this file must never know:
forms, cases.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from agencies import one_time_codes, passkeys
from agencies.identity import digest_of
from agencies.passkeys import Claimed, Enrolled, Site
from referral.database import as_json, scalar
from referral.session import ReadSession
from referral.vault import SubjectKey, Wrapped

_PLACE = {"room": "code_generator", "column": "secret"}


@dataclass(frozen=True, slots=True)
class Passkey:
    """One of somebody's passkeys."""

    id: UUID
    credential_id: bytes
    name: str
    enrolled_at: datetime
    used_at: datetime | None
    blocked: bool


@dataclass(frozen=True, slots=True)
class Factors:
    """What somebody has enrolled."""

    passkeys: tuple[Passkey, ...]
    codes_since: datetime | None
    password: bool

    @property
    def usable(self) -> tuple[Passkey, ...]:
        """The passkeys that are not blocked."""
        return tuple(one for one in self.passkeys if not one.blocked)

    @property
    def second(self) -> bool:
        """Whether there is any second factor to ask for."""
        return bool(self.usable) or self.codes_since is not None


@dataclass(frozen=True, slots=True)
class Proved:
    """A passkey's answer: whose it is, and whether it counted; ``blocked`` means a copy exists."""

    member_id: UUID
    blocked: bool = False


async def of(session: ReadSession, member_id: UUID) -> Factors:
    """What this member has enrolled."""
    row = await as_json(session.connection, "SELECT agencies.factors_of($1)", member_id)
    return Factors(
        tuple(_passkey(one) for one in row["passkeys"]),
        _moment(row["codes_since"]),
        row["password"],
    )


def _passkey(row: Any) -> Passkey:
    return Passkey(
        UUID(row["id"]),
        bytes.fromhex(row["credential_id"]),
        row["name"],
        datetime.fromisoformat(row["enrolled_at"]),
        _moment(row["used_at"]),
        blocked=row["blocked_at"] is not None,
    )


def _moment(told: str | None) -> datetime | None:
    return datetime.fromisoformat(told) if told else None


async def prove_passkey(
    session: ReadSession,
    site: Site,
    challenge: bytes,
    answer: Claimed,
    expected: UUID | None,
    now: datetime,
) -> Proved | None:
    """Whose passkey answered; None when the answer is not good. ``expected``: nobody else will do.

    The counter is moved on in the same statement that compares it: of two answers with one count
    the second finds its passkey blocked.
    """
    row = await as_json(
        session.connection,
        "SELECT jsonb_build_object('member', p.member_id, 'key', encode(p.public_key, 'hex')) "
        "FROM agencies.passkey_material($1) p",
        answer.credential_id,
    )
    if row is None:
        return None
    member_id = UUID(row["member"])
    if expected not in {None, member_id} or answer.user_handle not in {None, member_id.bytes}:
        return None
    count = passkeys.count_of(site, challenge, answer, bytes.fromhex(row["key"]))
    if count is None:
        return None
    used = await scalar(
        session.connection,
        "SELECT agencies.use_passkey($1, $2, $3)",
        *(answer.credential_id, count, now),
    )
    return None if used is None else Proved(member_id, blocked=used == "blocked")


async def keep_passkey(
    session: ReadSession, holder: str, made: Enrolled, name: str, now: datetime
) -> bool:
    """Kept; False when the holder may not, or it is somebody's already."""
    return bool(
        await scalar(
            session.connection,
            "SELECT agencies.keep_passkey($1, $2, $3, $4, $5, $6)",
            *(digest_of(holder), made.credential_id, made.public_key, made.count, name, now),
        )
    )


async def begin_codes(session: ReadSession, holder: str, now: datetime) -> bool:
    """A new secret, sealed, waiting for its first code. False when the holder may not."""
    subject = uuid4()
    key, wrapped = session.vault.new_key(subject, "factor")
    sealed = key.seal(one_time_codes.new_secret().encode(), row=subject, **_PLACE)
    return bool(
        await scalar(
            session.connection,
            "SELECT agencies.begin_codes($1, $2, $3, $4, $5, $6)",
            *(digest_of(holder), subject, sealed, wrapped.version, wrapped.wrapped, now),
        )
    )


async def waiting_secret(session: ReadSession, member_id: UUID) -> str | None:
    """The secret that waits for its first code, to be shown to its owner."""
    found = await _material(session, member_id, waiting=True)
    return found[1] if found else None


async def keep_codes(
    session: ReadSession, holder: str, member_id: UUID, code: str, now: datetime
) -> bool:
    """The first code was right, so it counts from now on; that code is used up."""
    found = await _material(session, member_id, waiting=True)
    step = one_time_codes.step_of(found[1], code, now) if found else None
    if found is None or step is None:
        return False
    return bool(
        await scalar(
            session.connection,
            "SELECT agencies.keep_codes($1, $2, $3, $4)",
            *(digest_of(holder), found[0], step, now),
        )
    )


async def use_code(session: ReadSession, member_id: UUID, code: str, now: datetime) -> bool:
    """Whether this is a code of hers that was not used before; from now on it was."""
    found = await _material(session, member_id, waiting=False)
    step = one_time_codes.step_of(found[1], code, now) if found else None
    if found is None or step is None:
        return False
    return bool(
        await scalar(session.connection, "SELECT agencies.use_code($1, $2)", found[0], step)
    )


async def drop(session: ReadSession, holder: str, passkey: UUID | None, now: datetime) -> bool:
    """One passkey less, or (None) no more codes."""
    return bool(
        await scalar(
            session.connection,
            "SELECT agencies.drop_factor($1, $2, $3)",
            *(digest_of(holder), passkey, now),
        )
    )


async def set_password(session: ReadSession, holder: str, hashed: str, now: datetime) -> bool:
    """Another password; every other session of hers has ended."""
    return bool(
        await scalar(
            session.connection,
            "SELECT agencies.set_password($1, $2, $3)",
            *(digest_of(holder), hashed, now),
        )
    )


async def _material(
    session: ReadSession, member_id: UUID, *, waiting: bool
) -> tuple[UUID, str] | None:
    row = await as_json(
        session.connection, "SELECT agencies.code_material($1, $2)", member_id, waiting
    )
    if row is None:
        return None
    subject = UUID(row["subject"])
    wrapped = bytes.fromhex(row["wrapped"])
    key: SubjectKey = session.vault.unwrap(Wrapped(subject, row["kind"], row["version"], wrapped))
    secret = key.open(bytes.fromhex(row["secret"]), row=subject, **_PLACE)
    return subject, secret.decode()
