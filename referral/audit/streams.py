"""Log streams: opening one, and writing to the actor's own or to the system's.

Refusals of strangers and reads of G2-G5 go to the actor's own stream, so that readers do not queue
on the case and an outsider cannot write into a stream he may not know exists. What concerns no case
and nobody's own doing goes to the system's stream, one for each country.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from referral.audit import GENESIS, Author, Done, Head
from referral.audit.ledger import Ledger, post
from referral.database import as_json
from referral.session import Actor, ReadSession, WriteSession
from referral.vault import SubjectKey, Wrapped


def open_stream(ledger: Ledger, kind: str, subject: UUID) -> Head:
    """A new stream with a random id that says nothing of its subject."""
    head = Head(uuid4(), 0, GENESIS)
    ledger.add("streams", stream_id=str(head.stream_id), kind=kind, subject=str(subject))
    return head


def keep_key(ledger: Ledger, wrapped: Wrapped, case_id: UUID | None) -> None:
    """A wrapped key goes to the vault's own schema."""
    ledger.add(
        "keys",
        subject=str(wrapped.subject),
        kind=wrapped.kind,
        case_id=str(case_id) if case_id else None,
        version=wrapped.version,
        wrapped=wrapped.wrapped.hex(),
        created_at=ledger.at.isoformat(),
    )


async def own_stream(session: ReadSession, actor: Actor, ledger: Ledger) -> tuple[Head, SubjectKey]:
    """The actor's stream, locked; opened with its key when this is its first entry."""
    row = await as_json(session.connection, "SELECT referral.lock_own_stream()")
    if row is None:
        key, wrapped = session.vault.new_key(actor.id, "member")
        keep_key(ledger, wrapped, None)
        return open_stream(ledger, "member", actor.id), key
    wrapped = Wrapped(
        actor.id, "member", row["version"], bytes.fromhex(row["wrapped"].removeprefix("\\x"))
    )
    head = Head.from_row(row)
    return head, session.vault.unwrap(wrapped)


async def witness(
    session: ReadSession, actor: Actor, case_id: UUID, groups: list[str], *, why: str, now: datetime
) -> None:
    """One entry for one answer that opens G2-G5: which groups, under which cell of the matrix."""
    ledger = Ledger(None, now, why=why)
    ledger.log(Done.CASE_READ, "case", case_id, groups=sorted(groups))
    head, key = await own_stream(session, actor, ledger)
    await post(_writing(session), ledger, actor=actor, head=head, key=key)


async def log_own(
    session: ReadSession,
    actor: Actor,
    act: Done,
    *,
    now: datetime,
    about: UUID | None = None,
    answer: Mapping[str, Any] | None = None,
    **body: Any,
) -> None:
    """Something the member did that is about no case: signed in, signed out, stepped up.

    ``about`` is the membership (or member) it was done to, where that is somebody else; ``answer``
    is stored under the call's idempotency key, if it has one.
    """
    ledger = Ledger(None, now, why="self")
    ledger.log(act, "member", about or actor.id, **body)
    head, key = await own_stream(session, actor, ledger)
    writing = _writing(session)
    writing.claim = session.claim if isinstance(session, WriteSession) else None
    await post(writing, ledger, actor=actor, head=head, key=key, answer=answer)


async def system_stream(session: ReadSession, ledger: Ledger) -> tuple[Head, SubjectKey]:
    """The system's stream of the session's country, locked; opened with its first entry."""
    row = await as_json(session.connection, "SELECT referral.lock_system_stream()")
    if row is None:
        key, wrapped = session.vault.new_key(uuid4(), "system")
        keep_key(ledger, wrapped, None)
        return open_stream(ledger, "system", key.subject), key
    wrapped = Wrapped(
        UUID(row["subject"]),
        "system",
        row["version"],
        bytes.fromhex(row["wrapped"].removeprefix("\\x")),
    )
    return Head.from_row(row), session.vault.unwrap(wrapped)


async def log_system(
    session: ReadSession,
    act: Done,
    *,
    by: Actor | Author,
    about: tuple[str, UUID | None],
    now: datetime,
    why: str = "role",
    from_: str | None = None,
    to: str | None = None,
    occurred_at: datetime | None = None,
    **body: Any,
) -> None:
    """One entry in the system's stream of the session's country, in the session's transaction.

    ``about``: object type and opaque id. ``by``: the caller, or ``audit.CLOCKWORK``/``OPERATOR``.
    ``from_`` and ``to`` stand in the header and are never erased: sizes, numbers, states. Which
    role speaks of which thing is ``referral.system_voice``; another is refused (RF007).
    """
    ledger = Ledger(None, now, why=why)
    ledger.log(act, *about, from_=from_, to=to, occurred_at=occurred_at, **body)
    head, key = await system_stream(session, ledger)
    await post(_writing(session), ledger, actor=by, head=head, key=key, through="log_system")


def _writing(session: ReadSession) -> WriteSession:
    return WriteSession(session.connection, session.vault, session.catalogue, session.request_id)
