"""The one decision, over everything it may be asked: role, relationship, action, class, state.

What must come out is worked out here from the hand-written tables of ``test_access``, not from the
file that decides.
"""

from __future__ import annotations

import ast
import inspect
from collections.abc import Iterator
from dataclasses import replace
from itertools import chain, combinations, product
from uuid import UUID

import pytest

from agencies.duties import SEPARATE_DUTIES
from referral import access
from referral.access import Context, Decision, Need, Resource, decide
from referral.access.relationships import Relationship
from referral.session import Actor, Role
from tests.referral.test_access import BY_ROLE, COLUMNS, EXPECTED, NOW, OPENS, actor, cell

CLASSES = ("G0", "G1", "G2", "G3", "G4", "G5", "OWN")
ME, OTHER = UUID(int=1), UUID(int=2)
MY_AGENCY = UUID(int=3)
SHOWN = [Context(*given) for given in product((False, True), repeat=3)]
EVERY = access.EVERYTHING_SHOWN
# A case as it may stand: open, excluded as a person or as an agency, sealed with and without her,
# under a legal hold.
STATES = {
    "open": Resource(),
    "excluded": Resource(barred=frozenset({ME})),
    "agency excluded": Resource(barred=frozenset({OTHER, MY_AGENCY})),
    "named on the seal and excluded": Resource(
        sealed=True, named=frozenset({ME}), barred=frozenset({ME})
    ),
    "sealed": Resource(sealed=True, named=frozenset({OTHER})),
    "sealed, nobody named": Resource(sealed=True),
    "sealed, named": Resource(sealed=True, named=frozenset({ME, OTHER})),
    "others excluded": Resource(barred=frozenset({OTHER})),
    "held": Resource(legal_hold=True),
}
DENIES = {
    "excluded": "excluded",
    "agency excluded": "excluded",
    "named on the seal and excluded": "excluded",
    "sealed": "sealed",
    "sealed, nobody named": "sealed",
}


def me(role: Role = Role.SUPERVISOR) -> Actor:
    """Whoever is asking."""
    return actor(role, member_id=ME, agency_id=MY_AGENCY)


def stands(role: Role, who: Relationship) -> bool:
    """Only those who work on cases stand to one, and only a supervisor as a supervisor."""
    supervising = {Relationship.RECIPIENT_SUPERVISOR, Relationship.UNIT_SUPERVISOR}
    return role is Role.SUPERVISOR or (role is Role.OFFICER and who not in supervising)


def lacking(wanted: str, context: Context) -> set[str]:
    """What a cell asks for and she has not shown."""
    shown = {
        "R": context.has_reason,
        "S": context.stepped_up,
        "2": context.second_person,
    }
    return {letter for letter, given in shown.items() if letter in wanted and not given}


def sight(few: tuple[Relationship, ...], travelled: frozenset[str], context: Context) -> set[str]:
    """Field groups that must be visible: opened by a cell, and travelling to her."""
    travelling = travelled | ({"G1W"} if "G1" in travelled else set())
    travelling |= {"G0"} if "OWN" in travelled else set()
    return {
        group
        for group, action in OPENS.items()
        if group in travelling
        and any(cell(action, who) != "-" and not lacking(cell(action, who), context) for who in few)
    }


def questions() -> Iterator[tuple[Role, str, Relationship, str, Context]]:
    """Every role x action x relationship x state, with everything that may be shown."""
    roles = [role for role in Role if role is not Role.WORKER]
    return product(roles, EXPECTED, COLUMNS, STATES, SHOWN)


def test_every_cell_of_every_role_relationship_action_and_state() -> None:
    asked = 0
    people = {role: me(role) for role in Role}
    for role, action, who, state, context in questions():
        resource = replace(
            STATES[state], relationships=frozenset({who}), travelled=frozenset(CLASSES)
        )
        answer = decide(people[role], action, resource, context)
        asked += 1
        wanted, place = cell(action, who), (role, action, who, state, context)
        if state in DENIES:
            assert answer == Decision(allow=False, reason_code=DENIES[state]), place
        elif state == "held" and action in {"void", "merge"}:
            assert answer == Decision(allow=False, reason_code="legal-hold"), place
        else:
            if not stands(role, who):
                assert answer == Decision(allow=False, reason_code="no-relationship"), place
                continue
            lacks = lacking(wanted, context) if wanted != "-" else set()
            assert answer.allow is (wanted != "-" and not lacks), place
            assert {need.value for need in answer.obligations} == lacks, place
            assert answer.reason_code == ("no-cell" if wanted == "-" else who.value), place
            assert answer.visible_classes == sight((who,), frozenset(CLASSES), context), place
    assert asked >= 20_000


@pytest.mark.parametrize("who", COLUMNS)
def test_what_is_visible_is_what_a_cell_opens_and_what_travels(who: Relationship) -> None:
    for count in range(len(CLASSES) + 1):
        for groups in combinations(CLASSES, count):
            travelled = frozenset(groups)
            resource = Resource(relationships=frozenset({who}), travelled=travelled)
            for context in SHOWN:
                answer = decide(me(), "see_envelope", resource, context)
                assert answer.visible_classes == sight((who,), travelled, context), (
                    groups,
                    context,
                )


def test_before_acceptance_there_are_no_names_and_places() -> None:
    asked = Resource(
        relationships=frozenset({Relationship.PENDING_RECIPIENT}), travelled=frozenset(CLASSES)
    )
    assert decide(me(), "read_facts", asked, EVERY).visible_classes == {"G0", "G1"}


@pytest.mark.parametrize("action", EXPECTED)
def test_several_relationships_allow_what_the_best_of_them_allows(action: str) -> None:
    """Never more: every pair and triple, with everything that may be shown."""
    for few in chain(combinations(COLUMNS, 2), combinations(COLUMNS, 3)):
        for context in SHOWN:
            resource = Resource(relationships=frozenset(few), travelled=frozenset(CLASSES))
            answer = decide(me(), action, resource, context)
            alone = [
                decide(me(), action, replace(resource, relationships=frozenset({who})), context)
                for who in few
            ]
            assert answer.allow is any(one.allow for one in alone), (action, few)
            assert answer.visible_classes == frozenset().union(
                *(one.visible_classes for one in alone)
            )
            if answer.obligations:
                assert answer.obligations in [one.obligations for one in alone]


@pytest.mark.parametrize("action", BY_ROLE)
def test_every_role_is_decided_as_written(action: str) -> None:
    for role, context, (state, resource) in product(Role, SHOWN, STATES.items()):
        answer = decide(me(role), action, resource, context)
        wanted = BY_ROLE[action].get(role, "-")
        lacks = lacking(wanted, context) if wanted != "-" else set()
        assert answer.visible_classes == frozenset()
        if state in DENIES:
            assert answer == Decision(allow=False, reason_code=DENIES[state])
        elif state == "held" and action in {"erase", "ask_erasure"}:
            assert answer.reason_code == "legal-hold"
            assert not answer.allow
        else:
            assert answer.allow is (wanted != "-" and not lacks), (role, context)
            assert {need.value for need in answer.obligations} == lacks
            assert answer.reason_code == ("no-cell" if wanted == "-" else role.value)


def test_a_suspension_denies_everything() -> None:
    for who, action in product(COLUMNS, EXPECTED):
        resource = Resource(relationships=frozenset({who}), travelled=frozenset(CLASSES))
        answer = decide(me(), action, resource, replace(EVERY, suspended=True))
        assert answer == Decision(allow=False, reason_code="suspended")
    for role, action in product(Role, BY_ROLE):
        answer = decide(me(role), action, access.OUTSIDE, replace(EVERY, suspended=True))
        assert answer == Decision(allow=False, reason_code="suspended")


def test_nobody_without_a_relationship_does_anything() -> None:
    for action, role in product(EXPECTED, Role):
        answer = decide(me(role), action, Resource(travelled=frozenset(CLASSES)), EVERY)
        assert answer == Decision(allow=False, reason_code="no-relationship")
        assert access.refusal_for(action, answer).status == 404


@pytest.mark.parametrize("action", ["export_everything", "impersonate", ""])
def test_an_action_nobody_wrote_down_is_no_action(action: str) -> None:
    with pytest.raises(KeyError):
        decide(me(), action, Resource(relationships=frozenset(COLUMNS)), EVERY)


def test_deciding_is_pure() -> None:
    """No clock, no table, no state: the same question has the same answer; nothing is awaited."""
    source = inspect.getsource(inspect.getmodule(decide))  # type: ignore[arg-type]
    tree = ast.parse(source)
    names = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
    assert not names & {"session", "as_json", "open", "os", "sqlalchemy", "asyncio"}
    assert not any(isinstance(node, ast.Await | ast.AsyncFunctionDef) for node in ast.walk(tree))
    few = (Relationship.HOLDER, Relationship.SENDER)
    answers = {
        decide(me(), "read_safety", Resource(relationships=frozenset(order)), Context())
        for order in (few, few[::-1], few * 2)
        for _ in range(3)
    }
    assert len(answers) == 1


def test_every_seal_and_exclusion_of_any_part_counts() -> None:
    part = {"groups": ["G0"], "barred": [], "sealed": False, "named": [], "expires_at": None}
    sealed = {**part, "groups": ["G2"], "sealed": True, "named": [str(ME), str(OTHER)]}
    other = {**sealed, "named": [str(ME)], "barred": [str(OTHER)]}
    found = Resource.of(frozenset({Relationship.HOLDER}), [part, sealed, other])
    assert found.travelled == {"G0", "G2"}
    assert found.sealed
    assert found.named == {ME}
    assert found.barred == {OTHER}
    assert not Resource.of(frozenset(), [part]).sealed
    assert Resource.of(frozenset(), []) == Resource()


def test_what_is_refused_says_what_is_missing_and_a_stranger_is_told_nothing() -> None:
    chief = Resource(relationships=frozenset({Relationship.UNIT_SUPERVISOR}))
    bare = decide(me(), "read_safety", chief, Context())
    assert access.refusal_for("read_safety", bare).type == "step-up-required"
    stepped = decide(me(), "read_safety", chief, Context(stepped_up=True))
    assert stepped.obligations == {Need.REASON}
    assert access.refusal_for("read_safety", stepped).type == "reason-required"
    task = Resource(relationships=frozenset({Relationship.PARTICIPANT}))
    assert access.refusal_for("amend", decide(me(), "amend", task, EVERY)).status == 403
    for state in DENIES:
        hidden = decide(me(), "read_safety", STATES[state], EVERY)
        answer = access.refusal_for("read_safety", hidden)
        assert (answer.status, answer.type) == (404, "not-found"), state


def test_by_role_a_second_person_is_asked_by_the_act_and_never_forgotten() -> None:
    chair = actor(Role.COORDINATOR, authenticated_at=NOW)
    assert access.by_role(chair, "publish_protocol", now=NOW) is None
    assert decide(chair, "publish_protocol", access.OUTSIDE, Context()).allow is False
    refusal = access.by_role(chair, "find_duplicates", now=NOW)
    assert refusal is not None
    assert refusal.type == "reason-required"
    assert access.by_role(chair, "find_duplicates", "A girl of the same name", NOW) is None
    stale = actor(Role.COORDINATOR)
    refusal = access.by_role(stale, "find_duplicates", "A girl of the same name", NOW)
    assert refusal is not None
    assert refusal.type == "step-up-required"
    refusal = access.by_role(stale, "see_inbox")
    assert refusal is not None
    assert refusal.extra["needed_role"] == "OFFICER, SUPERVISOR"


def test_duties_that_must_stay_apart() -> None:
    apart = [
        {"SYSTEM_ADMIN", "KEY_CUSTODIAN"},
        {"SYSTEM_ADMIN", "AUDITOR"},
        {"AGENCY_ADMIN", "AUDITOR"},
    ]
    duties = [*(role.value for role in Role), "KEY_CUSTODIAN"]
    for few in chain(combinations(duties, 2), combinations(duties, 3)):
        expected = any(pair <= set(few) for pair in apart)
        assert (access.conflict(few) is not None) is expected, few
    assert access.conflict(["AUDITOR", "SYSTEM_ADMIN"]) == ("AUDITOR", "SYSTEM_ADMIN")
    assert access.conflict([]) is None
    assert set(access.matrix().apart) >= SEPARATE_DUTIES, "the directory's pairs are among them"


def test_names_are_whole() -> None:
    """What stands in the log as the reason of a decision is short and of our own making."""
    codes = {
        decide(me(role), action, replace(STATES[state], relationships=frozenset({who})), EVERY)
        for role, action, who, state in product((Role.SUPERVISOR,), EXPECTED, COLUMNS, STATES)
    }
    known = {who.value for who in COLUMNS} | {"no-cell", "excluded", "sealed", "legal-hold"}
    assert {one.reason_code for one in codes} <= known
