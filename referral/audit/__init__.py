"""The log: one entry per effect, written in the effect's own transaction, chained per stream.

An entry is a *header* that is never erased (who, when, which act on which opaque thing, from, to)
and an encrypted *body* stored apart (outcome, reason and rule codes), tied to it by an HMAC under a
key of that entry alone. The bytes that are hashed are the canonical JSON of the header (RFC 8785);
each header carries the hash of the one before it in its stream. ``carry_out`` checks all of this
again in SQL and refuses an effect that comes without its entry.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any, Self
from uuid import UUID

import orjson
from uuid_utils.compat import uuid7

from referral.vault import SubjectKey

VERSION = 1
GENESIS = "0" * 64


class Done(StrEnum):
    """Acts as they stand in the log: thing, dot, past tense. The grammar is this list."""

    CASE_FILED = "case.filed"
    CASE_AMENDED = "case.amended"
    CASE_IMPORTED = "case.imported"
    CASE_READ = "case.read"
    EVENT_RECORDED = "event.recorded"
    NOTE_ADDED = "note.added"
    CONSENT_RECORDED = "consent.recorded"
    CONSENT_WITHDRAWN = "consent.withdrawn"
    BASIS_CHANGED = "referral.basis_changed"
    ATTACHMENT_ADDED = "attachment.added"
    ATTACHMENT_PASSED = "attachment.passed"
    ATTACHMENT_REFUSED = "attachment.refused"
    SCREENING_OVERRIDDEN = "screening.overridden"
    PANEL_DECIDED = "panel.decided"
    VOICE_CONTACT_RECORDED = "case.voice_contact_recorded"
    REFERRAL_OPENED = "referral.opened"
    REFERRAL_AMENDED = "referral.amended"
    REFERRAL_CLOSED = "referral.closed"
    CUSTODY_MOVED = "referral.custody_moved"
    REASSIGNED = "referral.reassigned"
    HAND_OFF_REQUESTED = "hand_off.requested"
    HAND_OFF_RECEIVED = "hand_off.received"
    HAND_OFF_ACCEPTED = "hand_off.accepted"
    HAND_OFF_DECLINED = "hand_off.declined"
    HAND_OFF_STARTED = "hand_off.started"
    HAND_OFF_HELD = "hand_off.held"
    HAND_OFF_RESUMED = "hand_off.resumed"
    HAND_OFF_COMPLETED = "hand_off.completed"
    HAND_OFF_FAILED = "hand_off.failed"
    HAND_OFF_CANCELLED = "hand_off.cancelled"
    CANCELLATION_ASKED = "hand_off.cancellation_asked"
    FIRST_CONTACT_RECORDED = "hand_off.first_contact_recorded"
    ATTESTATION_CONFIRMED = "hand_off.attestation_confirmed"
    DOCKET_SET = "hand_off.docket_set"
    CLOCK_REMINDED = "hand_off.reminded"
    CLOCK_LAPSED = "hand_off.overdue"
    CLOCK_ESCALATED = "hand_off.escalated"
    LIMIT_PAUSED = "hand_off.limit_paused"
    LIMIT_RESUMED = "hand_off.limit_resumed"
    LIMIT_EXTENDED = "hand_off.limit_extended"
    REFERRAL_CLOCK_LAPSED = "referral.overdue"
    REFERRAL_LIMIT_PAUSED = "referral.limit_paused"
    REFERRAL_LIMIT_RESUMED = "referral.limit_resumed"
    REFERRAL_LIMIT_EXTENDED = "referral.limit_extended"
    LIMIT_RECOUNTED = "hand_off.limit_recounted"
    REFERRAL_LIMIT_RECOUNTED = "referral.limit_recounted"
    CALENDAR_CHANGED = "calendar.changed"
    MEETING_CALLED = "meeting.called"
    MEETING_HELD = "meeting.held"
    OPERATION_PLANNED = "operation.planned"
    OPERATION_ENDED = "operation.ended"
    OPERATION_ABORTED = "operation.aborted"
    PROPOSED = "proposal.asked"
    APPROVED = "proposal.approved"
    NOT_APPROVED = "proposal.refused"
    EXCLUDED = "exclusion.set"
    EXCLUSION_LIFTED = "exclusion.lifted"
    CASE_SEALED = "case.sealed"
    CASE_UNSEALED = "case.unsealed"
    CASE_MERGED = "case.merged"
    BUNDLE_MADE = "bundle.made"
    CASE_ERASED = "case.erased"
    PERSON_ERASED = "person.erased"
    RETENTION_PASSED = "case.retention_passed"
    HOLD_SET = "hold.set"
    HOLD_LIFTED = "hold.lifted"
    GLASS_OPENED = "glass.opened"
    GLASS_CLOSED = "glass.closed"
    GLASS_REVIEWED = "glass.reviewed"
    GLASS_ESCALATED = "glass.escalated"
    KEY_ROTATED = "key.rotated"
    KEYS_REWRAPPED = "key.rewrapped"
    REFUSED = "act.refused"
    SIGNED_IN = "member.signed_in"
    SIGN_IN_FAILED = "member.sign_in_failed"
    SIGNED_OUT = "member.signed_out"
    STEPPED_UP = "member.stepped_up"
    FACTOR_ENROLLED = "member.factor_enrolled"
    FACTOR_REMOVED = "member.factor_removed"
    PASSKEY_BLOCKED = "member.passkey_blocked"
    PASSWORD_SET = "member.password_set"  # noqa: S105 - the name of an act
    SESSIONS_ENDED = "member.sessions_ended"
    DEVICE_REGISTERED = "member.device_registered"
    DEVICE_FORGOTTEN = "member.device_forgotten"
    RECOVERED = "member.recovered"
    RECOVERY_ASKED = "member.recovery_asked"
    RECOVERY_REFUSED = "member.recovery_refused"
    ADMITTED = "member.admitted"
    ROLE_ASKED = "member.role_asked"
    ROLE_GIVEN = "member.role_given"
    ROLE_REFUSED = "member.role_refused"
    ROLE_ENDED = "member.role_ended"
    ENABLED = "member.enabled"
    DISABLED = "member.disabled"
    ABSENCE_NOTED = "member.absence_noted"
    ABSENCE_ENDED = "member.absence_ended"
    DUTY_NOTED = "member.duty_noted"
    DUTY_ENDED = "member.duty_ended"
    UNIT_ADDED = "member.unit_added"
    UNIT_RENAMED = "member.unit_renamed"
    PROVISIONED = "member.provisioned"
    TOKEN_ISSUED = "member.token_issued"  # noqa: S105 - the name of an act
    SUBJECT_BOUND = "member.subject_bound"
    SUBJECT_UNBOUND = "member.subject_unbound"
    HAND_OVER_TAKEN = "member.hand_over_taken"
    RELEASE_ASKED = "release.asked"
    RELEASE_PREPARED = "release.prepared"
    RELEASE_FAILED = "release.failed"
    RELEASE_PUBLISHED = "release.published"
    RELEASE_HANDED_OVER = "release.handed_over"
    RELEASE_REFUSED = "release.refused"
    WEBHOOK_OPENED = "member.webhook_opened"
    WEBHOOK_ROTATED = "member.webhook_rotated"
    WEBHOOK_TESTED = "member.webhook_tested"
    WEBHOOK_ENDED = "member.webhook_ended"
    WEBHOOK_GONE = "webhook.gone"  # it said so itself
    NOTICES_PREFERRED = "member.notices_preferred"
    DUPLICATES_SOUGHT = "member.duplicates_sought"
    REPORT_PRINTED = "member.report_printed"
    EPOCH_OPENED = "log.epoch_opened"
    WITNESS_ENROLLED = "log.witness_enrolled"
    WITNESS_DISMISSED = "log.witness_dismissed"


@dataclass(frozen=True, slots=True)
class Head:
    """Where a stream stands: its last sequence number and hash (hex)."""

    stream_id: UUID
    seq: int
    hash: str
    at: datetime | None = None

    @classmethod
    def from_row(cls, row: Mapping[str, Any]) -> Self:
        """As the database hands it out."""
        told = row["at"]
        return cls(
            UUID(row["stream_id"]),
            row["seq"],
            row["hash"].removeprefix("\\x"),
            datetime.fromisoformat(told) if told else None,
        )


@dataclass(frozen=True, slots=True)
class Draft:
    """An entry before it has its place. ``why`` is the access decision's reason code."""

    act: Done
    object_type: str
    object_id: UUID | None
    why: str
    from_: str | None = None
    to: str | None = None
    occurred_at: datetime | None = None
    body: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Author:
    """Who acts, as the log knows her: a pseudonym (the membership's opaque id) and her agency."""

    actor: str
    agency: UUID | None


CLOCKWORK = Author("clockwork", None)
OPERATOR = Author("operator", None)  # somebody at a server's console


def fixed_width(moment: datetime) -> str:
    """UTC, microseconds, always 27 characters: sorts as text and never varies in form."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def canonical(value: Mapping[str, Any]) -> bytes:
    """The canonical JSON (RFC 8785) of a mapping with ASCII keys.

    Its values are text, whole numbers, truth values, None and lists of these: of them the quickest
    writer makes the same bytes. Raises TypeError for anything else that JSON does not know.
    """
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS)


def append(
    head: Head, key: SubjectKey, drafts: Sequence[Draft], *, author: Author, at: datetime
) -> tuple[list[dict[str, Any]], Head]:
    """Give drafts their place in the stream: rows for ``carry_out``, and the new head.

    Each entry's moment is ``at``, or a microsecond after the entry before it where the clock has
    not moved on or has gone back.
    """
    rows: list[dict[str, Any]] = []
    for draft in drafts:
        moment = at if head.at is None else max(at, head.at + timedelta(microseconds=1))
        row, head = _entry(head, key, draft, author, moment)
        rows.append(row)
    return rows, head


def _entry(
    head: Head, key: SubjectKey, draft: Draft, author: Author, at: datetime
) -> tuple[dict[str, Any], Head]:
    entry_id = uuid7()
    body = canonical(dict(draft.body))
    sealed = key.seal(body, room="audit_body", column="content", row=entry_id)
    header = canonical(
        {
            "v": VERSION,
            "id": str(entry_id),
            "stream": str(head.stream_id),
            "seq": head.seq + 1,
            "prev": head.hash,
            "at": fixed_width(at),
            "occurred_at": fixed_width(draft.occurred_at) if draft.occurred_at else None,
            "actor": author.actor,
            "agency": str(author.agency) if author.agency else None,
            "act": draft.act.value,
            "why": draft.why,
            "object_type": draft.object_type,
            "object": str(draft.object_id) if draft.object_id else None,
            "from": draft.from_,
            "to": draft.to,
            "body_hmac": key.body_hmac(entry_id, body),
            # Of the ciphertext: whoever holds no key can still tell that a body was changed, and
            # it says nothing once the key is destroyed.
            "body_sealed": hashlib.sha256(sealed).hexdigest(),
        }
    )
    digest = hashlib.sha256(header).hexdigest()
    row = {
        "id": str(entry_id),
        "header": header.decode(),
        "hash": digest,
        "subject": str(key.subject),
        "key_version": key.version,
        "content": sealed.hex(),
    }
    return row, Head(head.stream_id, head.seq + 1, digest, at)
