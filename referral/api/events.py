"""What an agency's own system is sent, as it stands in the OpenAPI document (its ``webhooks``).

The events themselves are made in ``notices.events``; here they are only described.
"""

from __future__ import annotations

from typing import Any, Final, Literal
from uuid import UUID

from fastapi import APIRouter, Depends, Header, Response

from referral.api.shapes import Shape, shown
from referral.notices.events import MEDIA_TYPE

router = APIRouter()

_SOME: Final = "0e4f0f0a-39d6-4c6c-9c0e-0b8d0a1c9d55"
_CLOUD: Final = {
    "specversion": "1.0",
    "id": "01981c3e-7a0b-7c55-9a53-1f6f0c8e2d10",
    "source": "https://referral.example.org",
    "time": "2026-03-02T12:00:00Z",
    "datacontenttype": "application/json",
    "dataschema": "https://referral.example.org/api/v1/openapi.json#/components/schemas/",
}
_CHECKPOINT: Final = {
    "origin": "log.example.org/2026a",
    "size": 1204,
    "root": "bjQLnP+zepicpUTmu3gKLHiQHT+zNzh2hRGjBhevoB0=",
    "url": "https://referral.example.org/audit/checkpoint",
}
_ANSWERS: Final = {
    "2XX": {"description": "Taken. What the answer says else is not read."},
    "410": {"description": "Gone: the endpoint ends at once, and its agency is told."},
    "default": {"description": "Not taken (a redirect too): it comes again, for three days."},
}


class HandOffEvent(Shape):
    """Ids alone; what else there is, the receiver asks for with its own rights.

    ``state`` where the event is one. The rest only to an agency that has a part in the referral;
    an agency that is confidential has no id here.
    """

    model_config = shown({"hand_off_id": _SOME, "state": "accepted"})

    hand_off_id: UUID
    state: str | None = None
    track: str | None = None
    urgency: str | None = None
    sender_agency_id: UUID | None = None
    receiver_agency_id: UUID | None = None


class CheckpointEvent(Shape):
    """The log has a new checkpoint: this many entries, this root (base64); ``url`` has it signed.

    At most one a minute, the newest: keep them, and whatever is told later must go on from there
    (``/audit/proof/consistency``).
    """

    model_config = shown(_CHECKPOINT)

    origin: str
    size: int
    root: str
    url: str


class TrialEvent(Shape):
    """An administrator has tried the endpoint."""

    model_config = shown({})


class _Event(Shape):
    specversion: Literal["1.0"]
    id: str
    source: str
    time: str
    datacontenttype: Literal["application/json"]
    dataschema: str


class ReferralCloudEvent(_Event):
    """CloudEvents 1.0. ``subject``: the referral; ``type``: ``org.referral.referral.….v1``."""

    model_config = shown(
        {
            **_CLOUD,
            "type": "org.referral.referral.accepted.v1",
            "subject": _SOME,
            "dataschema": f"{_CLOUD['dataschema']}HandOffEvent",
            "data": {"hand_off_id": _SOME, "state": "accepted"},
        }
    )

    type: str
    subject: str
    data: HandOffEvent


class CheckpointCloudEvent(_Event):
    """CloudEvents 1.0."""

    model_config = shown(
        {
            **_CLOUD,
            "type": "org.referral.audit.checkpoint.v1",
            "dataschema": f"{_CLOUD['dataschema']}CheckpointEvent",
            "data": _CHECKPOINT,
        }
    )

    type: Literal["org.referral.audit.checkpoint.v1"]
    data: CheckpointEvent


class TrialCloudEvent(_Event):
    """CloudEvents 1.0."""

    model_config = shown(
        {
            **_CLOUD,
            "type": "org.referral.webhook.test.v1",
            "dataschema": f"{_CLOUD['dataschema']}TrialEvent",
            "data": {},
        }
    )

    type: Literal["org.referral.webhook.test.v1"]
    data: TrialEvent


def _told(
    webhook_id: str = Header(alias="webhook-id"),
    webhook_timestamp: str = Header(alias="webhook-timestamp"),
    webhook_signature: str = Header(alias="webhook-signature"),
) -> None:
    """Standard Webhooks 1.0: check the signature over ``id.timestamp.body`` before anything else.

    ``v1``: HMAC-SHA256; ``v1a``: Ed25519; one of several is enough. The id is the same when an
    event comes again: apply each once. Order is not promised.
    """


@router.post("referral-event", dependencies=[Depends(_told)])
def referral_event(body: ReferralCloudEvent) -> Response:
    """A hand-off has reached a state, is overdue, or was escalated."""
    raise NotImplementedError


@router.post("checkpoint", dependencies=[Depends(_told)])
def checkpoint(body: CheckpointCloudEvent) -> Response:
    """The log has a new checkpoint."""
    raise NotImplementedError


@router.post("test", dependencies=[Depends(_told)])
def test(body: TrialCloudEvent) -> Response:
    """An administrator has tried the endpoint."""
    raise NotImplementedError


def described(item: dict[str, Any]) -> None:
    """One of them, as it is sent: its media type, nobody signed in, and what answers mean."""
    operation = item["post"]
    content = operation["requestBody"]["content"]
    operation["requestBody"]["content"] = {MEDIA_TYPE: content["application/json"]}
    operation["responses"] = dict(_ANSWERS)
    operation["security"] = []
