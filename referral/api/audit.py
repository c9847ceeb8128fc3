"""The log over JSON: headers for auditors and for those who have a part in a case, never a body."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Self
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response
from pydantic import Field

from agencies.duties import Scope
from referral import casework, errors, queries
from referral.api.answers import Answer
from referral.api.asked import Headers, Route
from referral.api.timeline_answers import Happened, Timeline
from referral.api.wire import ROOT, answer, links, refused
from referral.audit import Done
from referral.entry import Reading, Writing, needs_scope
from referral.errors import Refusal
from referral.queries import EntryLine, EntrySeen, LogSeen, Sought

router = APIRouter(prefix=f"{ROOT}/audit", tags=["audit"], route_class=Route)


class Entry(Answer):
    """A header as it stands in the log."""

    id: UUID
    at: datetime
    act: str
    actor: str
    agency_id: UUID | None
    agency: str | None = Field(description="Its name; none of a confidential agency.")
    object_type: str
    object_id: UUID | None
    header: dict[str, Any]

    @classmethod
    def of(cls, line: EntryLine) -> Self:
        """From one line of a query."""
        return cls(**{name: getattr(line, name) for name in cls.model_fields})


class Entries(Answer):
    """One page of headers, the newest first; the Link header leads on."""

    entries: tuple[Entry, ...]


class Proof(Answer):
    """An entry and the proof that it is in the log. ``index`` is absent while it waits."""

    entry: Entry
    text: str = Field(description="The header's very bytes (RFC 8785): what is hashed.")
    leaf: str
    index: int | None = None
    size: int | None = None
    root: str | None = None
    final: bool = False
    path: tuple[str, ...] = ()
    checkpoint: str | None = None

    @classmethod
    def of(cls, seen: EntrySeen) -> Self:
        """From the room's view."""
        told = cls(entry=Entry.of(seen.line), text=seen.text, leaf=seen.leaf)
        if seen.place is None:
            return told
        signed = seen.place.signed
        proved = {
            "index": seen.place.place.index,
            "size": signed.checkpoint.size,
            "root": str(signed.checkpoint).split("\n")[2],
            "final": seen.place.final,
            "path": seen.path,
            "checkpoint": signed.note,
        }
        return told.model_copy(update=proved)


class Watching(Answer):
    """A witness, and when something of hers last came."""

    name: str
    agency: str | None
    independent: bool
    enrolled_at: datetime
    last_at: datetime | None
    last_size: int | None


class Alarm(Answer):
    """What is wrong with the log itself."""

    kind: str
    what: str
    raised_at: datetime


class Log(Answer):
    """How the log stands: entries placed, signed, countersigned; who watches; what is wrong."""

    origin: str | None
    placed: int
    signed: int
    final: int
    signed_at: datetime | None
    pending_since: datetime | None
    quorum: int
    independent: bool
    witnesses: tuple[Watching, ...]
    alarms: tuple[Alarm, ...]

    @classmethod
    def of(cls, seen: LogSeen) -> Self:
        """From the room's view."""
        stands = seen.standing
        same = ("origin", "placed", "signed", "final", "signed_at", "pending_since", "quorum")
        return cls(
            **{name: getattr(stands, name) for name in (*same, "independent")},
            witnesses=tuple(
                Watching(**{name: getattr(one, name) for name in Watching.model_fields})
                for one in seen.witnesses
            ),
            alarms=tuple(
                Alarm(kind=one.kind, what=one.what, raised_at=one.raised_at)
                for one in stands.alarms
            ),
        )


@router.get("/cases/{case_id}", response_model=Timeline)
async def entries_of(call: Reading, request: Request, asked: Headers, case_id: UUID) -> Response:
    """The headers of a case's log, chained by hash; never a body, never a name."""
    needs_scope(call, Scope.AUDIT_READ)
    lines = await queries.timeline_of(call.session, call.actor, case_id, now=call.now)
    if isinstance(lines, Refusal):
        return refused(lines, request)
    words = asked.wording(call)
    return answer(
        Timeline(case_id=case_id, lines=tuple(Happened.of(line, words) for line in lines))
    )


@router.get("/log", response_model=Log)
async def log_seen(call: Reading, request: Request) -> Response:
    """How far the log is grown, signed and countersigned, and what is wrong with it."""
    needs_scope(call, Scope.AUDIT_READ)
    quorum = call.installation.settings.log_quorum
    seen = await queries.log_seen(call.session, call.actor, quorum=quorum, now=call.now)
    return refused(seen, request) if isinstance(seen, Refusal) else answer(Log.of(seen))


@router.get("/entries", response_model=Entries)
async def entries_in(
    call: Reading,
    request: Request,
    *,
    actor: Annotated[str | None, Query(max_length=40)] = None,
    agency: Annotated[str | None, Query(max_length=200, description="Its key.")] = None,
    act: Done | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
    after: Annotated[str | None, Query(max_length=40)] = None,
    limit: Annotated[int, Query(ge=1, le=queries.MOST)] = 50,
) -> Response:
    """Headers of your country, the newest first: by actor, agency, act and moment."""
    needs_scope(call, Scope.AUDIT_READ)
    place = queries.cursor_of(after)
    if isinstance(place, Refusal):
        return refused(place, request)
    if any(one is not None and one.tzinfo is None for one in (since, until)):
        fault = errors.Fault("/since", "unreadable", "Say the zone: 2026-03-02T12:00:00Z.")
        return refused(errors.invalid_input([fault]), request)
    sought = Sought(actor, agency, act.value if act else None, since, until)
    page = await queries.entries_in(
        call.session, call.actor, sought, after=place, limit=limit, now=call.now
    )
    if isinstance(page, Refusal):
        return refused(page, request)
    lines = Entries(entries=tuple(map(Entry.of, page.lines)))
    return answer(lines, headers=links(request, str(page.after) if page.after else None))


@router.get("/entries/{entry_id}", response_model=Proof)
async def entry_seen(call: Reading, request: Request, entry_id: UUID) -> Response:
    """One header with the proof that it is in the log."""
    needs_scope(call, Scope.AUDIT_READ)
    quorum = call.installation.settings.log_quorum
    seen = await queries.entry_seen(call.session, call.actor, entry_id, quorum=quorum, now=call.now)
    return refused(seen, request) if isinstance(seen, Refusal) else answer(Proof.of(seen))


@router.get("/entries/{entry_id}/body", include_in_schema=False)
async def body_read(call: Writing, request: Request, entry_id: UUID) -> Response:
    """Refused, whoever asks, and logged: bodies are opened by a bundle of evidence alone."""
    needs_scope(call, Scope.AUDIT_READ)
    nobody = "nobody: a bundle of evidence, made by two, opens those of one referral"
    refusal = await casework.refuse(
        call.session,
        call.actor,
        errors.not_permitted("read_body", nobody),
        act="read_body",
        object_type="entry",
        object_id=entry_id,
        now=call.now,
    )
    return refused(refusal, request)
