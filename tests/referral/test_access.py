"""Who may do what: every cell of security.md 3.2 and 3.3, written here by hand a second time.

The expectation is not read from the file it checks: a cell changed there must be changed here, by
somebody who has read why.
"""

from __future__ import annotations

import ast
import inspect
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import uuid4

import pytest

from referral import access, casework
from referral.access.relationships import Relationship, relationships_of
from referral.session import Actor, Role

# Columns in the order of security.md 3.2, and two more: the supervisor of who is asked, and those
# whose part is over. "-" denies, Y allows, R wants a reason, S a fresh password.
COLUMNS = (
    Relationship.PENDING_RECIPIENT,
    Relationship.RECIPIENT_SUPERVISOR,
    Relationship.HOLDER,
    Relationship.HOLDERS_UNIT,
    Relationship.UNIT_SUPERVISOR,
    Relationship.PAST_HOLDER,
    Relationship.PARTICIPANT,
    Relationship.SENDER,
    Relationship.PAST_RECIPIENT,
    Relationship.BREAK_GLASS,
)
#                            asked sup  hold unit sup  past task send over glass
EXPECTED = {
    "see_envelope":             "Y -  Y  Y  Y  Y  Y  Y  Y Y",
    "see_answer":               "Y -  Y  Y  Y  Y  Y  Y  Y Y",
    "take_receipt":             "Y -  Y  Y  Y  Y  Y  Y  Y -",
    "see_timeline":             "Y -  Y  Y  Y  Y  Y  Y  - Y",
    "read_case_log":            "Y -  Y  Y  Y  Y  Y  Y  - Y",
    "read_facts":               "Y -  Y  Y  Y  -  Y  -  - Y",
    "read_workplace":           "- -  Y  Y  Y  -  Y  -  - Y",
    "read_identity":            "- -  Y  R  Y  -  Y  -  - SR",
    "read_safety":              "- -  S  -  SR -  S  -  - SR",
    "read_narrative":           "- -  Y  R  SR -  Y  -  - SR",
    "read_reporter":            "- -  SR -  SR -  -  -  - -",
    "edit":                     "- -  Y  -  -  -  -  -  - -",
    "add_note":                 "- -  Y  -  -  -  Y  -  - -",
    "record_consent":           "- -  Y  -  -  -  -  -  - -",
    "see_consents":             "Y -  Y  Y  Y  -  Y  -  - Y",
    "change_basis":             "- -  -  -  R  -  -  -  - -",
    "attach":                   "- -  Y  -  -  -  -  -  - -",
    "read_original":            "- -  SR -  SR -  -  -  - -",
    "request_hand_off":         "- -  Y  -  R  -  -  -  - -",
    "acknowledge":              "Y Y  -  -  -  -  -  -  - -",
    "accept":                   "Y Y  -  -  -  -  -  -  - -",
    "decline":                  "R R  -  -  -  -  -  -  - -",
    "start":                    "- -  Y  -  R  -  Y  -  - -",
    "hold":                     "- -  Y  -  R  -  Y  -  - -",
    "resume":                   "- -  Y  -  R  -  Y  -  - -",
    "amend":                    "- -  Y  -  R  -  -  -  - -",
    "record_event":             "- -  Y  -  R  -  -  -  - -",
    "override_screening":       "- -  R  -  R  -  -  -  - -",
    "decide_panel":             "- -  Y  -  R  -  -  -  - -",
    "read_panel":               "- -  Y  R  R  -  Y  -  - -",
    "record_first_contact":     "- -  Y  -  R  -  Y  -  - -",
    "set_docket":               "Y -  Y  Y  Y  -  Y  Y  Y -",
    "cancel_after_acceptance":  "- -  R  -  R  -  -  -  - -",
    "ask_cancellation":         "- -  -  -  -  -  -  Y  - -",
    "attest":                   "- -  R  R  R  -  -  -  - -",
    "confirm_attestation":      "Y -  Y  -  Y  -  Y  -  - -",
    "cancel_before_acceptance": "- -  R  -  R  -  -  -  - -",
    "complete":                 "- -  R  -  R  -  R  -  - -",
    "fail":                     "- -  R  -  R  -  R  -  - -",
    "record_withdrawal":        "Y -  Y  Y  Y  -  Y  -  - -",
    "reassign":                 "- -  -  -  R  -  -  -  - -",
    "export_case":              "- -  SR -  SR -  -  -  - -",
    "seal":                     "- -  2R -  2R -  -  -  - -",
    "unseal":                   "- -  2R -  2R -  -  -  - -",
    "lift_exclusion":           "- -  2R -  2R -  -  -  - -",
    "void":                     "- -  2R -  2R -  -  -  - -",
    "merge":                    "- -  2R -  2R -  -  -  - -",
    "bundle":                   "- -  2RS -  2RS -  -  -  - -",
    "approve_bundle":           "- -  S  -  S  -  -  -  - -",
    "approve":                  "- -  Y  -  Y  -  -  -  - -",
    "exclude":                  "- -  R  -  R  -  -  -  - -",
}  # fmt: skip
OFFICER, SUPERVISOR, COORDINATOR = Role.OFFICER, Role.SUPERVISOR, Role.COORDINATOR
AUDITOR, DPO, STATISTICIAN = Role.AUDITOR, Role.DATA_PROTECTION_OFFICER, Role.STATISTICIAN
ADMIN, SYSTEM = Role.AGENCY_ADMIN, Role.SYSTEM_ADMIN
CASEWORK = dict.fromkeys((OFFICER, SUPERVISOR), "Y")
EVERYBODY = dict.fromkeys(set(Role) - {Role.WORKER}, "Y")
BY_ROLE: dict[str, dict[Role, str]] = {
    "create_intake": {**CASEWORK, COORDINATOR: "Y"},
    "find_duplicates": {OFFICER: "SR", SUPERVISOR: "SR", COORDINATOR: "SR"},
    "route_unmatched": {COORDINATOR: "Y"},
    "call_meeting": {**CASEWORK, COORDINATOR: "Y"},
    "see_meetings": {**CASEWORK, COORDINATOR: "Y"},
    "plan_operation": CASEWORK,
    "see_inbox": CASEWORK,
    "see_oversight": {SUPERVISOR: "Y"},
    "see_statistics": {**CASEWORK, COORDINATOR: "Y", STATISTICIAN: "Y", DPO: "Y"},
    "open_glass": {OFFICER: "SR", SUPERVISOR: "SR"},
    "see_glass": {SUPERVISOR: "Y", DPO: "Y"},
    "review_glass": {SUPERVISOR: "R", DPO: "R"},
    "remove": {COORDINATOR: "2R", DPO: "2R"},
    "see_removals": {COORDINATOR: "Y", DPO: "Y"},
    "see_unreached": {SUPERVISOR: "Y", COORDINATOR: "Y", ADMIN: "Y"},
    "approve_removal": {COORDINATOR: "Y", DPO: "Y"},
    "read_body": {},
    "read_log": {AUDITOR: "Y", DPO: "Y"},
    "manage_members": {ADMIN: "Y"},
    "keep_webhooks": {ADMIN: "Y"},
    "see_members": {SUPERVISOR: "Y", DPO: "Y", ADMIN: "Y"},
    "recover_member": {SUPERVISOR: "S", ADMIN: "S"},
    "note_absence": {**CASEWORK, COORDINATOR: "Y", ADMIN: "Y"},
    "keep_roster": {SUPERVISOR: "Y", ADMIN: "Y"},
    "answer_recovery": {SUPERVISOR: "S", DPO: "S", ADMIN: "S"},
    "answer_grant": {SUPERVISOR: "S", DPO: "S", ADMIN: "S"},
    "grant_oversight": {ADMIN: "2"},
    "publish_protocol": {COORDINATOR: "2"},
    "approve_protocol": {COORDINATOR: "Y", DPO: "Y"},
    "load_protocol": {SYSTEM: "Y"},
    "ask_erasure": {OFFICER: "R", SUPERVISOR: "R"},
    "erase": {DPO: "2R"},
    "hold_legally": {OFFICER: "R", SUPERVISOR: "R", DPO: "R"},
    "ask_lifting": {OFFICER: "R", SUPERVISOR: "R"},
    "lift_hold": {DPO: "2R"},
    "see_erasures": {**CASEWORK, AUDITOR: "Y", DPO: "Y"},
    "deploy": {SYSTEM: "Y"},
    "prepare_release": {STATISTICIAN: "2"},
    "approve_release": {DPO: "S"},
    "see_releases": {STATISTICIAN: "Y", DPO: "Y"},
    "take_hand_over": {STATISTICIAN: "S", DPO: "S"},
    "see_directory": EVERYBODY,
    "see_coverage": {COORDINATOR: "Y"},
    "change_calendar": {COORDINATOR: "Y"},
    "see_protocols": EVERYBODY,
    "see_matrix": EVERYBODY,
}
OPENS = {
    "G0": "see_envelope",
    "G1": "read_facts",
    "G1W": "read_workplace",
    "G2": "read_identity",
    "G3": "read_safety",
    "G4": "read_narrative",
    "G5": "read_reporter",
}
# Which action of the matrix each verb asks for; None: it is asked of the role (file), of nobody
# (time), or writes only what another verb decided.
VERBS = {
    **{verb: (verb,) for verb in ("acknowledge", "accept", "decline", "start", "hold", "resume")},
    **{
        verb: (verb,)
        for verb in ("complete", "fail", "attest", "attach", "amend", "record_event", "add_note")
    },
    **{verb: (verb,) for verb in ("change_basis", "record_consent")},
    "withdraw_consent": ("record_withdrawal",),
    **{verb: (verb,) for verb in ("record_first_contact", "ask_cancellation", "set_docket")},
    "confirm_attestation": ("confirm_attestation",),
    "cancel": ("cancel_before_acceptance", "cancel_after_acceptance"),
    "record_voice": ("record_event",),
    "identify": ("amend",),
    "act_on_batch": ("acknowledge", "accept", "decline"),
    "decide_panel": ("decide_panel", "complete"),
    "override_screening": ("override_screening",),
    "propose": ("seal", "unseal", "lift_exclusion", "void", "merge"),
    "reassign": ("reassign",),
    "answer_proposal": ("approve",),
    "exclude": ("exclude",),
    "ask_bundle": ("bundle",),
    "answer_bundle": ("approve_bundle",),
}
OUTSIDE = {
    "break_glass": "open_glass",
    "find_duplicates": "find_duplicates",
    "ask_removal": "remove",
    "answer_removal": "approve_removal",
    "ask_erasure": "ask_erasure",
    "answer_erasure": "erase",
    "set_hold": "hold_legally",
    "ask_lifting": "ask_lifting",
    "close_glass": "open_glass",
    "review_glass": "review_glass",
    "file": "create_intake",
    "file_history": "create_intake",
    "call_meeting": "call_meeting",
    "hold_meeting": "call_meeting",
    "plan_operation": "plan_operation",
    "end_operation": "plan_operation",
    "preview_calendar": "change_calendar",
    "change_calendar": "change_calendar",
    "prepare_release": "prepare_release",
    "answer_release": "approve_release",
    "take_hand_over": "take_hand_over",
}
NO_ACT = {
    *("claim", "pass_time", "recount"),  # time's, for many at once
    *("lapse", "refuse", "filed_again", "filed_before"),
    *("take_in_hand", "look_through", "settle", "put_back"),  # the clockwork's
    *("kept_long_enough", "note_retention"),
    *("take_release", "keep_release", "fail_release"),
}
NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)


def cell(action: str, who: Relationship) -> str:
    """What is written above."""
    return EXPECTED[action].split()[COLUMNS.index(who)]


def test_the_expectation_is_complete() -> None:
    assert set(COLUMNS) == set(Relationship)
    assert access.matrix().classes == OPENS
    assert all(len(row.split()) == len(COLUMNS) for row in EXPECTED.values())
    assert set(access.matrix().on_a_case) == set(EXPECTED)
    assert set(access.matrix().by_role) == set(BY_ROLE)


def actor(role: Role, **changes: object) -> Actor:
    """Somebody in this role."""
    made = Actor(
        id=uuid4(),
        member_id=uuid4(),
        name="Somebody",
        country="ZZ",
        agency_id=uuid4(),
        agency_key="A",
        agency_name="An agency",
        agency_type="POLICE",
        unit_id=uuid4(),
        unit_name="A unit",
        role=role,
        time_zone="UTC",
    )
    return replace(made, **changes)  # type: ignore[arg-type]


def test_a_password_is_fresh_for_fifteen_minutes_and_a_token_never() -> None:
    for age, fresh in ((0, True), (14 * 60 + 59, True), (15 * 60, False), (3600, False)):
        entered = actor(Role.OFFICER, authenticated_at=NOW - timedelta(seconds=age))
        assert access.stepped_up(entered, NOW) is fresh, age
    assert not access.stepped_up(actor(Role.OFFICER), NOW)


def party(relationship: str, **of: str) -> dict[str, object]:
    """One row of the party table."""
    return {
        "relationship": relationship,
        "referral_id": "r",
        "hand_off_id": "h",
        "groups": [],
        "barred": [],
        "sealed": False,
        "named": [],
        "expires_at": None,
        **of,
    }


@pytest.mark.parametrize("role", sorted(Role))
def test_only_those_who_work_on_cases_are_related_to_any(role: Role) -> None:
    rows = [party(name) for name in ("holder", "pending", "sender", "participant", "past_holder")]
    found = relationships_of(actor(role), rows, holder_member=None)
    assert bool(found) is (role in {Role.OFFICER, Role.SUPERVISOR})


def test_who_holds_is_the_person_in_charge_or_the_unit_on_duty() -> None:
    officer = actor(Role.OFFICER)
    held = [party("holder")]
    on_duty = {Relationship.HOLDER, Relationship.HOLDERS_UNIT}
    assert relationships_of(officer, held, holder_member=None) == on_duty
    assert relationships_of(officer, held, holder_member=officer.id) == on_duty
    assert relationships_of(officer, held, holder_member=uuid4()) == {Relationship.HOLDERS_UNIT}
    chief = actor(Role.SUPERVISOR)
    assert relationships_of(chief, held, holder_member=uuid4()) == {
        *(Relationship.HOLDERS_UNIT, Relationship.UNIT_SUPERVISOR)
    }


def test_a_part_in_one_hand_off_is_none_in_another() -> None:
    officer, one, other = actor(Role.OFFICER), uuid4(), uuid4()
    rows = [
        party(name, hand_off_id=str(other), referral_id=str(other))
        for name in ("pending", "participant", "past_recipient", "sender", "holder", "past_holder")
    ]
    found = relationships_of(officer, rows, holder_member=None, hand_off_id=one, referral_id=one)
    assert found == frozenset()


def test_every_verb_asks_the_matrix() -> None:
    verbs = {name for name, value in vars(casework).items() if inspect.iscoroutinefunction(value)}
    assert verbs == set(VERBS) | set(OUTSIDE) | (NO_ACT & verbs)
    for actions in VERBS.values():
        assert set(actions) <= set(EXPECTED)
    assert set(OUTSIDE.values()) <= set(BY_ROLE)


def test_every_action_a_room_asks_for_is_in_the_matrix() -> None:
    """Literal actions in the rooms' calls; one that is not in the file would be a fault."""
    asked = set()
    for path in Path(casework.__file__).parents[1].rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if not isinstance(node, ast.Call):
                continue
            name = (
                node.func.attr
                if isinstance(node.func, ast.Attribute)
                else getattr(node.func, "id", "")
            )
            place = {
                "decide": 1,
                "offered": 0,
                "needs_reason": 0,
                "by_role": 1,
                "hand_off_ground": 3,
                "referral_ground": 3,
                "check": 2,
            }
            if name in place and len(node.args) > place[name]:
                given = node.args[place[name]]
                if isinstance(given, ast.Constant) and isinstance(given.value, str):
                    asked.add(given.value)
    assert len(asked) > 10
    assert asked <= set(EXPECTED) | set(BY_ROLE)
