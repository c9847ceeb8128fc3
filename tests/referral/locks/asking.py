"""For every address about a case, one request that is right in all but who sends it.

A new address or action of the matrix that is not here fails a test.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from referral.consent import Statement
from tests.referral.test_attachments_seen import photograph

API = "/api/v1"
WHY = "Her aunt has called the station twice."
EVERYWHERE = ("asked", "worked", "task", "declined")
NOTE = {"note": "Both our teams are at the flood."}
SEAL = {"act": "seal", "named": ["inspector.zz"], "reason": WHY}
SEAT = {"mandate": "CHILD_PROTECTION", "vote": "agree", "name": "Dr Hale"}
CONSENT = {
    "receiver_agency": "{agency_id}",
    "purpose": "SERVICES",
    "groups": ["G2"],
    "given_at": "2026-03-02T11:00:00+00:00",
    "form": "WRITTEN",
    "language": "en",
    "statements": [one.value for one in Statement],
    "child": "assent",
    "caregiver": "consent",
}


@dataclass(frozen=True, slots=True)
class Ask:
    """One request of an address: for which action, in which states, with which body.

    ``of``: whether it is about the hand-off, the referral or the whole case.
    """

    action: str
    of: str = "hand_off"
    body: Mapping[str, Any] | None = None
    files: bool = False
    states: tuple[str, ...] = EVERYWHERE
    query: str = ""
    reads: str = ""  # the address, where what is not to be read may as well not be there


def _hand_off(action: str, noun: str, **more: Any) -> tuple[str, Ask]:
    return f"POST {API}/hand-offs/{{hand_off_id}}/{noun}", Ask(action, **more)


def _referral(action: str, noun: str, body: Any = None, **more: Any) -> tuple[str, Ask]:
    return f"POST {API}/referrals/{{referral_id}}/{noun}", Ask(action, "referral", body, **more)


def _read(action: str, path: str, of: str = "case", **more: Any) -> tuple[str, Ask]:
    return f"GET {API}/{path}", Ask(action, of, reads=path, **more)


ASKS: tuple[tuple[str, Ask], ...] = (
    _read("see_envelope", "cases/{case_id}"),
    _read("read_identity", "cases/{case_id}", query="?open=G2"),
    _read("read_safety", "cases/{case_id}", query="?open=G3"),
    _read("read_narrative", "cases/{case_id}", query="?open=G4"),
    _read("see_timeline", "cases/{case_id}/timeline"),
    _read("read_panel", "cases/{case_id}/panel-seats"),
    _read("see_consents", "cases/{case_id}/consents"),
    _read("read_narrative", "cases/{case_id}/attachments"),
    _read("read_narrative", "attachments/{attachment_id}"),
    _read("read_original", "attachments/{attachment_id}/original"),
    _read("approve", "cases/{case_id}/need-to-know"),
    _read("approve", "cases/{case_id}/bundles"),
    _read("export_case", "bundles/{bundle_id}/file"),
    _read("take_receipt", "hand-offs/{hand_off_id}/receipt", "hand_off"),
    _read("take_receipt", "hand-offs/{hand_off_id}/receipt/file", "hand_off"),
    _referral("bundle", "bundles", {"recipient": "A court", "groups": ["G1"], "reason": WHY}),
    (
        f"POST {API}/bundles/{{bundle_id}}/answer",
        Ask("approve_bundle", "referral", {"approve": True}),
    ),
    _read("read_case_log", "audit/cases/{case_id}"),
    _read("see_envelope", "hand-offs/{hand_off_id}", "hand_off"),
    _read("see_envelope", "hand-offs/{hand_off_id}/letter", "hand_off"),
    _read("see_envelope", "hand-offs/batches/{batch}", "hand_off", states=("asked",)),
    (
        f"PATCH {API}/cases/{{case_id}}/facts",
        Ask("amend", "referral", {"referral_id": "{referral_id}", "facts": {"works": True}}),
    ),
    (
        f"POST {API}/cases/{{case_id}}/events",
        Ask(
            "record_event",
            "referral",
            {"referral_id": "{referral_id}", "event": "ZZ-C02 SEPARATION_NEEDED"},
        ),
    ),
    _referral("add_note", "notes", {"note": "She asked for her sister."}),
    _referral("record_event", "voice-contacts", {"reached": True}),
    _referral("override_screening", "screening-overrides", {"topic": "FL", "result": "possible"}),
    _referral("record_consent", "consents", CONSENT),
    _referral("change_basis", "lawful-basis", {"basis": "VITAL_INTEREST", "reference": "art. 9"}),
    _referral("attach", "attachments", files=True),
    _referral(
        "decide_panel",
        "panel-decisions",
        {"step": "ZZ-C01", "outcome": "SERVICE_DELIVERED", "members": [SEAT]},
    ),
    _referral("seal", "proposals", SEAL),
    _referral("unseal", "proposals", {"act": "unseal"}),
    _referral("void", "proposals", {"act": "void"}),
    _referral("merge", "proposals", {"act": "merge"}),
    _referral("reassign", "reassignment", {}),
    _referral(
        "lift_exclusion", "proposals", {"act": "lift_exclusion", "exclusion": "{referral_id}"}
    ),
    _referral("exclude", "exclusions", {"kind": "agency", "name": "POLICE-ZZ-N"}),
    (f"POST {API}/consents/{{consent_id}}/withdrawal", Ask("record_withdrawal", "case")),
    (f"POST {API}/proposals/{{proposal_id}}/answer", Ask("approve", "referral", {"approve": True})),
    (
        f"POST {API}/hand-offs/batches/{{batch}}/acknowledgement",
        Ask("acknowledge", reads="batches", states=("asked",)),
    ),
    (
        f"POST {API}/hand-offs/batches/{{batch}}/acceptance",
        Ask("accept", reads="batches", states=("asked",)),
    ),
    (
        f"POST {API}/hand-offs/batches/{{batch}}/decline",
        Ask(
            "decline",
            body={"reason_code": "NO_CAPACITY", **NOTE},
            reads="batches",
            states=("asked",),
        ),
    ),
    _hand_off("acknowledge", "acknowledgement"),
    _hand_off("accept", "acceptance"),
    _hand_off("decline", "decline", body={"reason_code": "NO_CAPACITY", **NOTE}),
    _hand_off("start", "start"),
    _hand_off(
        "hold",
        "hold",
        body={"reason_code": "COURT_ORDER", "review_at": "2026-03-09T09:00:00+00:00"},
    ),
    _hand_off("resume", "resumption"),
    _hand_off("complete", "completion", body={"outcome": "SERVICE_DELIVERED", **NOTE}),
    _hand_off("fail", "failure", body={"reason_code": "PERSON_UNREACHABLE", **NOTE}),
    _hand_off("cancel", "cancellation", body={"reason_code": "SENT_TO_WRONG_AGENCY"}),
    _hand_off("record_first_contact", "first-contact"),
    _hand_off(
        "attest",
        "attestation",
        body={"act": "acknowledge", "attested_by": "the clerk", "attested_on": "145"},
    ),
    _hand_off("confirm_attestation", "attestation-confirmation"),
    _hand_off("set_docket", "docket", body={"number": "145-2026-00017"}),
)
FILE = {"file": ("kiln.jpg", photograph(), "image/jpeg")}


def filled(value: Any, ids: Mapping[str, str]) -> Any:
    """With the ids put in where they are named."""
    if isinstance(value, Mapping):
        return {name: filled(one, ids) for name, one in value.items()}
    if isinstance(value, list):
        return [filled(one, ids) for one in value]
    if isinstance(value, str) and "{" in value:
        for name, one in ids.items():
            value = value.replace(f"{{{name}}}", one)
    return value
