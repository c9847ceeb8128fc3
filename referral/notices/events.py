"""What an agency's system is told: CloudEvents 1.0 of a few words, for it to fetch the rest.

1. Ids, states and moments; agencies, track and urgency only to who has a part in the referral (the
   database decides that anew for every attempt); of a checkpoint what is public. Nothing of
   anybody's life, ever.
2. The same happening has the same id, however often it is sent.
3. What this file must never know: who receives it, how it is signed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from cloudevents.core.formats.json import JSONFormat
from cloudevents.core.v1.event import CloudEvent

MEDIA_TYPE: Final = JSONFormat.CONTENT_TYPE
LONGEST: Final = 20_000  # bytes of a body: what Standard Webhooks asks for
_PROJECT: Final = "org.referral"
_SCHEMA: Final = "/api/v1/openapi.json#/components/schemas/{}"

# What stands in the outbox -> the state it is told as (FHIR R4 Task.status).
_STATES: Final = {
    "hand_off.requested": "requested",
    "hand_off.received": "received",
    "hand_off.accepted": "accepted",
    "hand_off.declined": "rejected",
    "hand_off.started": "in-progress",
    "hand_off.held": "on-hold",
    "hand_off.resumed": "in-progress",
    "hand_off.completed": "completed",
    "hand_off.failed": "failed",
    "hand_off.cancelled": "cancelled",
}
_TIME_PASSED: Final = {"hand_off.overdue": "overdue", "hand_off.escalated": "escalated"}
TEST: Final = "webhook.tested"
CHECKPOINT: Final = "audit.checkpoint"

# What an endpoint may ask for -> its type on the wire.
TYPES: Final = {
    **{
        name: f"{_PROJECT}.referral.{name}.v1"
        for name in dict.fromkeys((*_STATES.values(), *_TIME_PASSED.values()))
    },
    "checkpoint": f"{_PROJECT}.audit.checkpoint.v1",
}
TEST_TYPE: Final = f"{_PROJECT}.webhook.test.v1"


def asked_as(kind: str) -> str | None:
    """What an endpoint must have asked for to be told this notice; None: no system is told."""
    if kind == CHECKPOINT:
        return "checkpoint"
    return _STATES.get(kind) or _TIME_PASSED.get(kind)


@dataclass(frozen=True, slots=True)
class Happening:
    """One notice as its receiver may know it. ``source``: this installation's address."""

    id: str
    source: str
    kind: str
    at: datetime
    referral: str | None = None
    data: Mapping[str, Any] | None = None


def body_of(happening: Happening) -> str:
    """The event as it is sent, in CloudEvents' JSON."""
    kind = happening.kind
    asked = asked_as(kind)
    data = dict(happening.data or {})
    if kind in _STATES:
        data["state"] = _STATES[kind]
    if kind == CHECKPOINT:
        data["url"] = f"{happening.source}/audit/checkpoint"
    attributes: dict[str, Any] = {
        "specversion": "1.0",
        "id": happening.id,
        "source": happening.source,
        "type": TYPES[asked] if asked else TEST_TYPE,
        "time": happening.at,
        "datacontenttype": "application/json",
        "dataschema": happening.source + _SCHEMA.format(_form_of(kind)),
    }
    if happening.referral is not None:
        attributes["subject"] = happening.referral
    body = JSONFormat().write(CloudEvent(attributes, data))
    assert len(body) < LONGEST, "an event is a few words"  # noqa: S101 - nothing of it grows
    return body.decode()


def _form_of(kind: str) -> str:
    if kind in _STATES or kind in _TIME_PASSED:
        return "HandOffEvent"
    return "CheckpointEvent" if kind == CHECKPOINT else "TrialEvent"
