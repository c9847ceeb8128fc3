"""Who may do what: every cell of security.md 3.2 and 3.3, written here by hand a second time.

The expectation is not read from the file it checks: a cell changed there must be changed here, by
somebody who has read why.
"""

from __future__ import annotations

import ast
import inspect
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import chain, combinations
from pathlib import Path
from uuid import uuid4

import pytest

from referral import access, casework
from referral.access import Need, decide
from referral.access.relationships import Relationship, relationships_of
from referral.errors import Refusal
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
)
#                            asked sup  hold unit sup  past task send over
EXPECTED = {
    "see_envelope":             "Y -  Y  Y  Y  Y  Y  Y  Y",
    "see_answer":               "Y -  Y  Y  Y  Y  Y  Y  Y",
    "see_timeline":             "Y -  Y  Y  Y  Y  Y  Y  -",
    "read_case_log":            "Y -  Y  Y  Y  Y  Y  Y  -",
    "read_facts":               "Y -  Y  Y  Y  -  Y  -  -",
    "read_identity":            "- -  Y  R  Y  -  Y  -  -",
    "read_safety":              "- -  S  -  SR -  S  -  -",
    "read_narrative":           "- -  Y  R  SR -  Y  -  -",
    "read_reporter":            "- -  SR -  SR -  -  -  -",
    "edit":                     "- -  Y  -  -  -  -  -  -",
    "add_note":                 "- -  Y  -  -  -  Y  -  -",
    "request_hand_off":         "- -  Y  -  R  -  -  -  -",
    "acknowledge":              "Y Y  -  -  -  -  -  -  -",
    "accept":                   "Y Y  -  -  -  -  -  -  -",
    "decline":                  "R R  -  -  -  -  -  -  -",
    "start":                    "- -  Y  -  R  -  Y  -  -",
    "hold":                     "- -  Y  -  R  -  Y  -  -",
    "resume":                   "- -  Y  -  R  -  Y  -  -",
    "amend":                    "- -  Y  -  R  -  -  -  -",
    "record_event":             "- -  Y  -  R  -  -  -  -",
    "override_screening":       "- -  R  -  R  -  -  -  -",
    "decide_panel":             "- -  Y  -  R  -  -  -  -",
    "read_panel":               "- -  Y  R  R  -  Y  -  -",
    "record_first_contact":     "- -  Y  -  R  -  Y  -  -",
    "set_docket":               "Y -  Y  Y  Y  -  Y  Y  Y",
    "cancel_after_acceptance":  "- -  R  -  R  -  -  -  -",
    "ask_cancellation":         "- -  -  -  -  -  -  Y  -",
    "attest":                   "- -  R  R  R  -  -  -  -",
    "confirm_attestation":      "Y -  Y  -  Y  -  Y  -  -",
    "cancel_before_acceptance": "- -  R  -  R  -  -  -  -",
    "complete":                 "- -  R  -  R  -  R  -  -",
    "fail":                     "- -  R  -  R  -  R  -  -",
    "record_withdrawal":        "Y -  Y  Y  Y  -  Y  -  -",
}  # fmt: skip
EVERYBODY = set(Role) - {Role.WORKER}
BY_ROLE = {
    "create_intake": {Role.OFFICER, Role.SUPERVISOR, Role.COORDINATOR},
    "call_meeting": {Role.OFFICER, Role.SUPERVISOR, Role.COORDINATOR},
    "see_meetings": {Role.OFFICER, Role.SUPERVISOR, Role.COORDINATOR},
    "plan_operation": {Role.OFFICER, Role.SUPERVISOR},
    "see_inbox": {Role.OFFICER, Role.SUPERVISOR},
    "see_oversight": {Role.SUPERVISOR},
    "read_log": {Role.AUDITOR, Role.DATA_PROTECTION_OFFICER},
    "manage_members": {Role.AGENCY_ADMIN},
    "recover_member": {Role.SUPERVISOR, Role.AGENCY_ADMIN},
    "see_directory": EVERYBODY,
    "see_coverage": {Role.COORDINATOR},
    "see_protocols": EVERYBODY,
}
# Which action of the matrix each verb asks for; None: it is asked of the role (file), of nobody
# (time), or writes only what another verb decided.
VERBS = {
    **{verb: (verb,) for verb in ("acknowledge", "accept", "decline", "start", "hold", "resume")},
    **{
        verb: (verb,)
        for verb in ("complete", "fail", "attest", "amend", "record_event", "add_note")
    },
    **{verb: (verb,) for verb in ("record_first_contact", "ask_cancellation", "set_docket")},
    "confirm_attestation": ("confirm_attestation",),
    "cancel": ("cancel_before_acceptance", "cancel_after_acceptance"),
    "record_voice": ("record_event",),
    "identify": ("amend",),
    "act_on_batch": ("acknowledge", "accept", "decline"),
    "decide_panel": ("decide_panel", "complete"),
    "override_screening": ("override_screening",),
}
OUTSIDE = {
    "file": "create_intake",
    "file_history": "create_intake",
    "call_meeting": "call_meeting",
    "hold_meeting": "call_meeting",
    "plan_operation": "plan_operation",
    "end_operation": "plan_operation",
}
NO_ACT = {"lapse", "refuse", "filed_again", "filed_before"}
NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)


def cell(action: str, who: Relationship) -> str:
    """What is written above."""
    return EXPECTED[action].split()[COLUMNS.index(who)]


def test_the_expectation_is_complete() -> None:
    assert set(COLUMNS) == set(Relationship)
    assert all(len(row.split()) == len(COLUMNS) for row in EXPECTED.values())
    assert set(access.matrix().on_a_case) == set(EXPECTED)
    assert set(access.matrix().by_role) == set(BY_ROLE)


@pytest.mark.parametrize("action", EXPECTED)
def test_every_cell_is_decided_as_written(action: str) -> None:
    for who in COLUMNS:
        wanted = cell(action, who)
        for has_reason in (False, True):
            for stepped_up in (False, True):
                verdict = decide(action, [who], has_reason=has_reason, stepped_up=stepped_up)
                lacking = {"R"} if "R" in wanted and not has_reason else set()
                lacking |= {"S"} if "S" in wanted and not stepped_up else set()
                allowed = wanted != "-" and not lacking
                assert verdict.allow is allowed, (action, who)
                missing = lacking if wanted != "-" else set()
                assert {need.value for need in verdict.missing} == missing, (action, who)
                assert verdict.why == ("no-cell" if wanted == "-" else who.value)


@pytest.mark.parametrize("action", EXPECTED)
def test_several_relationships_allow_what_the_best_of_them_allows(action: str) -> None:
    """Never more: every pair and triple, with and without reason and password."""
    for few in chain(combinations(COLUMNS, 2), combinations(COLUMNS, 3)):
        for has_reason in (False, True):
            for stepped_up in (False, True):
                ground = {"has_reason": has_reason, "stepped_up": stepped_up}
                verdict = decide(action, few, **ground)
                alone = [decide(action, [who], **ground).allow for who in few]
                assert verdict.allow is any(alone), (action, few)


def test_nobody_without_a_relationship_does_anything() -> None:
    for action in EXPECTED:
        verdict = decide(action, [], has_reason=True, stepped_up=True)
        assert (verdict.allow, verdict.why) == (False, "no-cell")


def test_an_action_nobody_wrote_down_is_no_action() -> None:
    with pytest.raises(KeyError):
        decide("export_everything", list(COLUMNS), has_reason=True, stepped_up=True)


def test_deciding_is_pure() -> None:
    """No clock, no table, no state: the same question has the same answer; nothing is awaited."""
    source = inspect.getsource(decide)
    names = {node.id for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Name)}
    assert not names & {"datetime", "session", "as_json", "open", "os"}
    assert not inspect.iscoroutinefunction(decide)
    few = [Relationship.HOLDER, Relationship.SENDER]
    answers = {
        decide("read_safety", order, has_reason=False, stepped_up=False)
        for order in (few, few[::-1], few * 2)
        for _ in range(3)
    }
    assert len(answers) == 1


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


@pytest.mark.parametrize("action", BY_ROLE)
def test_every_role_is_decided_as_written(action: str) -> None:
    for role in Role:
        answer = access.by_role(actor(role), action)
        assert (answer is None) is (role in BY_ROLE[action]), role
        if answer is not None:
            assert answer.status == 403


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


def test_what_is_refused_says_what_is_missing() -> None:
    locked = decide(
        "read_safety", [Relationship.UNIT_SUPERVISOR], has_reason=False, stepped_up=False
    )
    assert access.refusal_for("read_safety", locked).type == "step-up-required"
    stepped = decide(
        "read_safety", [Relationship.UNIT_SUPERVISOR], has_reason=False, stepped_up=True
    )
    assert stepped.missing == {Need.REASON}
    answer = access.refusal_for("read_safety", stepped)
    assert isinstance(answer, Refusal)
    assert answer.status == 403


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
                "decide": 0,
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
