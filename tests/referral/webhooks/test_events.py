"""An event is a CloudEvent of a few words, and says nothing of anybody's life."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import pytest
from cloudevents.core.formats.json import JSONFormat
from pydantic import TypeAdapter

from protocols.lifecycle import State
from referral.api.events import CheckpointCloudEvent, ReferralCloudEvent, TrialCloudEvent
from referral.notices.events import CHECKPOINT, LONGEST, TEST, TYPES, Happening, asked_as, body_of

AT = datetime(2026, 3, 2, 12, tzinfo=UTC)
SITE = "https://referral.example.org"
KINDS = {
    "hand_off.requested": ("requested", "requested"),
    "hand_off.received": ("received", "received"),
    "hand_off.accepted": ("accepted", "accepted"),
    "hand_off.declined": ("rejected", "rejected"),
    "hand_off.started": ("in-progress", "in-progress"),
    "hand_off.held": ("on-hold", "on-hold"),
    "hand_off.resumed": ("in-progress", "in-progress"),
    "hand_off.completed": ("completed", "completed"),
    "hand_off.failed": ("failed", "failed"),
    "hand_off.cancelled": ("cancelled", "cancelled"),
    "hand_off.overdue": ("overdue", None),
    "hand_off.escalated": ("escalated", None),
}


def told(kind: str, **more: Any) -> dict[str, Any]:
    """What is sent of it, read by the published library and as JSON."""
    hand_off, referral = str(uuid4()), str(uuid4())
    data = {"hand_off_id": hand_off, **more}
    body = body_of(Happening("letter-1", SITE, kind, AT, referral, data))
    assert len(body.encode()) < LONGEST
    read = JSONFormat().read(None, body)
    assert (read.get_id(), read.get_source(), read.get_time()) == ("letter-1", SITE, AT)
    assert read.get_specversion() == "1.0"
    found: dict[str, Any] = json.loads(body)
    assert found["subject"] == referral
    assert found["data"]["hand_off_id"] == hand_off
    return found


@pytest.mark.parametrize(("kind", "as_told"), KINDS.items())
def test_a_state_is_told_in_its_own_type(kind: str, as_told: tuple[str, str | None]) -> None:
    asked, state = as_told
    found = told(kind)
    assert asked_as(kind) == asked
    assert found["type"] == TYPES[asked] == f"org.referral.referral.{asked}.v1"
    assert found["data"].get("state") == state
    assert found["datacontenttype"] == "application/json"
    assert found["dataschema"] == f"{SITE}/api/v1/openapi.json#/components/schemas/HandOffEvent"
    TypeAdapter(ReferralCloudEvent).validate_json(json.dumps(found))


def test_every_state_that_can_be_told_has_a_type() -> None:
    never = {State.DRAFT, State.ENTERED_IN_ERROR}
    assert {state.value for state in State if state not in never} <= set(TYPES)
    assert set(TYPES) == {asked for asked, _ in KINDS.values()} | {"checkpoint"}


@pytest.mark.parametrize(
    "kind",
    [
        *("glass.opened", "glass.unreviewed", "removal.answered", "consent.withdrawn"),
        *("proposal.asked", "duplicate.possible", "member.read_budget", "hand_off.reminded"),
        *("attachment.refused", "referral.reassigned", "webhook.failing", "webhook.ended", ""),
    ],
)
def test_what_is_for_people_alone_is_told_to_no_system(kind: str) -> None:
    assert asked_as(kind) is None


def test_a_checkpoint_and_a_test_say_that_they_are_there_and_no_more() -> None:
    told = {"origin": "log.example.org/1", "size": 7, "root": "AAAA"}
    for kind, form, given, data in (
        (CHECKPOINT, CheckpointCloudEvent, told, {**told, "url": f"{SITE}/audit/checkpoint"}),
        (TEST, TrialCloudEvent, None, {}),
    ):
        body = body_of(Happening("letter-1", SITE, kind, AT, data=given))
        found = json.loads(body)
        assert found["data"] == data
        assert "subject" not in found
        TypeAdapter(form).validate_json(body)
    assert asked_as(CHECKPOINT) == "checkpoint"


def test_the_reference_describes_what_is_sent() -> None:
    from referral.api import described

    document = described([], "1")
    told_of = document["webhooks"]
    assert set(told_of) == {"referral-event", "checkpoint", "test"}
    schemas = document["components"]["schemas"]
    for item in told_of.values():
        operation = item["post"]
        [(form, content)] = operation["requestBody"]["content"].items()
        assert form == "application/cloudevents+json"
        assert content["example"]["specversion"] == "1.0"
        assert {one["name"] for one in operation["parameters"]} == {
            *("webhook-id", "webhook-timestamp", "webhook-signature")
        }
        assert operation["security"] == []
        assert "410" in operation["responses"]
        name = content["example"]["dataschema"].rpartition("/")[2]
        assert name in schemas
