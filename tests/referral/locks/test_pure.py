"""The rest of the first lock that asks nobody: whose part counts, what stands, what is offered."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from uuid import UUID, uuid4

import pytest

from referral import access
from referral.access import EVERYTHING_SHOWN, Context, Locked, Resource, decide
from referral.access.matrix import Need, cell_of, given
from referral.access.relationships import Relationship, live, relationships_of
from referral.access.standing import moment
from referral.errors import Refusal
from referral.session import Role
from tests.referral.test_access import (
    BY_ROLE,
    COLUMNS,
    EXPECTED,
    NOW,
    actor,
    cell,
    party,
)

OFFICER = actor(Role.OFFICER, authenticated_at=NOW)
WAYS = ("start", "read_safety", "seal", "see_envelope")


def locked(
    *mine: Mapping[str, object], holder: UUID | None = None, hold: bool = False, **more: object
) -> Locked:
    """What ``referral.lock_hand_off`` answers, of one hand-off or of the referral."""
    row = {
        "case": {"id": str(UUID(int=1)), "legal_hold": hold},
        "referral": {
            "id": str(UUID(int=2)),
            "holder_unit": str(UUID(int=3)),
            "holder_member": str(holder) if holder else None,
        },
        "hand_offs": [{"id": str(UUID(int=number))} for number in (4, 5)],
        "mine": [
            {**party("holder", referral_id=str(UUID(int=2)), hand_off_id=str(UUID(int=4))), **one}
            for one in mine
        ],
        "head": {
            "stream_id": str(UUID(int=6)),
            "seq": 1,
            "hash": "\\x00",
            "at": NOW.isoformat(),
        },
        **{name: [] for name in ("clocks", "facts", "hidden", "keys", "events", "tracks")},
        "holder_mandates": [],
        "person": {},
        "numbered": 0,
        **more,
    }
    return Locked.from_row(row, UUID(int=5))


def test_every_cell_is_as_written() -> None:
    """The file against the tables of ``test_access``: each cell with all it asks for."""
    for action, row in access.matrix().on_a_case.items():
        read = {who: {need.value for need in needs} for who, needs in row.items()}
        wrote = {who: set(cell(action, who)) - {"Y"} for who in COLUMNS}
        assert read == {who: needs for who, needs in wrote.items() if needs != {"-"}}, action
    for action, roles in access.matrix().by_role.items():
        read_too = {role: {need.value for need in needs} for role, needs in roles.items()}
        assert read_too == {role: set(one) - {"Y"} for role, one in BY_ROLE[action].items()}, action


def test_what_stands_is_found_by_its_id() -> None:
    found = locked()
    assert (found.case_id, found.referral_id) == (UUID(int=1), UUID(int=2))
    assert found.holder_unit == UUID(int=3)
    assert found.hand_off["id"] == str(UUID(int=5))
    for one in (4, 5):
        assert found.named(str(UUID(int=one)))["id"] == str(UUID(int=one))
    assert moment(NOW.isoformat()) == NOW


def test_a_part_counts_until_it_runs_out_and_not_at_that_moment() -> None:
    forever = party("holder")
    for later, counts in ((-1, False), (0, False), (1, True)):
        ends = (NOW + timedelta(seconds=later)).isoformat()
        assert bool(live([{**forever, "expires_at": ends}], NOW)) is counts, later
    assert live([forever], NOW) == [forever]


def test_how_she_stands_is_of_that_referral_and_that_hand_off() -> None:
    other = str(uuid4())
    assert locked({}).relationships(OFFICER) == {Relationship.HOLDER, Relationship.HOLDERS_UNIT}
    assert locked({}, holder=OFFICER.id).relationships(OFFICER) == {
        *(Relationship.HOLDER, Relationship.HOLDERS_UNIT)
    }
    assert locked({}, holder=uuid4()).relationships(OFFICER) == {Relationship.HOLDERS_UNIT}
    assert locked({"referral_id": other}).relationships(OFFICER) == frozenset()
    for part in ("pending", "participant", "sender", "past_recipient"):
        own = {"relationship": part, "hand_off_id": str(UUID(int=5))}
        assert len(locked(own).relationships(OFFICER)) == 1, part
        assert locked({**own, "hand_off_id": other}).relationships(OFFICER) == frozenset(), part


@pytest.mark.parametrize("role", [Role.OFFICER, Role.SUPERVISOR])
def test_who_is_asked_and_her_supervisor(role: Role) -> None:
    own = party("pending", hand_off_id=str(UUID(int=5)))
    found = relationships_of(actor(role), [own], holder_member=None, hand_off_id=UUID(int=5))
    above = {Relationship.RECIPIENT_SUPERVISOR} if role is Role.SUPERVISOR else set()
    assert found == {Relationship.PENDING_RECIPIENT} | above
    for part in ("past_holder", "break_glass"):
        found = relationships_of(
            actor(role), [party(part)], holder_member=None, hand_off_id=uuid4()
        )
        assert found == {Relationship(part)}
    held = relationships_of(actor(role), [party("holder")], holder_member=uuid4())
    assert (Relationship.UNIT_SUPERVISOR in held) is (role is Role.SUPERVISOR)


def test_an_unknown_part_is_no_relationship() -> None:
    assert relationships_of(OFFICER, [party("consented")], holder_member=None) == frozenset()


@pytest.mark.parametrize("action", WAYS)
@pytest.mark.parametrize("who", COLUMNS)
def test_what_a_page_offers_is_what_some_cell_allows(action: str, who: Relationship) -> None:
    wanted = cell(action, who)
    assert access.offered(action, [who]) is (wanted != "-")
    assert access.offered(action, [who, Relationship.HOLDER])
    assert not access.offered(action, [])
    if wanted != "-":
        assert access.needs_reason(action, [who]) is ("R" in wanted)


def test_a_page_asks_for_a_reason_only_where_no_cell_of_hers_does_without() -> None:
    both = [Relationship.HOLDER, Relationship.UNIT_SUPERVISOR]
    assert not access.needs_reason("start", both)
    assert access.needs_reason("fail", both)
    assert not access.needs_reason("start", [Relationship.SENDER, Relationship.HOLDER])


@pytest.mark.parametrize(
    ("action", "reason", "fresh", "answer"),
    [
        ("read_safety", None, True, None),
        ("read_safety", None, False, "step-up-required"),
        ("fail", "We have moved", True, None),
        ("fail", "", True, "reason-required"),
        ("reassign", "We have moved", True, "not-permitted"),
        ("seal", "A cousin works here", True, "not-permitted"),
    ],
)
def test_one_action_on_what_stands(
    action: str, reason: str | None, *, fresh: bool, answer: str | None
) -> None:
    who = replace(OFFICER, authenticated_at=NOW if fresh else None)
    told = access.check(who, locked({"groups": ["G3"]}), action, reason=reason, now=NOW)
    assert (told.type if isinstance(told, Refusal) else None) == answer


def test_a_second_person_is_asked_for_until_there_is_one() -> None:
    seen = access.check(
        OFFICER, locked({}), "seal", reason="A cousin works here", now=NOW, second_person=True
    )
    assert not isinstance(seen, Refusal)
    assert seen.allow


def test_a_seal_and_an_exclusion_on_what_stands_keep_her_out() -> None:
    named: Mapping[str, object] = {"sealed": True, "named": [str(uuid4())]}
    for part in (named, {"barred": [str(OFFICER.member_id)]}, {"barred": [str(OFFICER.agency_id)]}):
        told = access.check(OFFICER, locked(part), "start", reason="why", now=NOW)
        assert isinstance(told, Refusal)
        assert told.status == 404
    on_it = {"sealed": True, "named": [str(OFFICER.member_id)]}
    assert not isinstance(
        access.check(OFFICER, locked(on_it), "start", reason=None, now=NOW), Refusal
    )


def test_a_legal_hold_on_what_stands_denies_what_destroys_and_nothing_else() -> None:
    for action in ("void", "merge", "seal", "start"):
        for hold in (True, False):
            told = access.check(
                OFFICER, locked({}, hold=hold), action, reason="w", now=NOW, second_person=True
            )
            denied = hold and action in {"void", "merge"}
            assert isinstance(told, Refusal) is denied, (action, hold)
            if isinstance(told, Refusal):
                assert (told.status, told.extra["from"]) == (409, "legal hold")


def test_what_she_has_shown_is_what_a_door_knows() -> None:
    assert Context.of(OFFICER, "why", NOW) == Context(has_reason=True, stepped_up=True)
    assert Context.of(actor(Role.OFFICER), "", NOW) == Context()
    assert Context() == Context(
        has_reason=False, stepped_up=False, second_person=False, suspended=False
    )
    assert Resource() == Resource(sealed=False, legal_hold=False)
    assert Context(has_reason=True, stepped_up=True, second_person=True) == EVERYTHING_SHOWN
    assert given(has_reason=True, stepped_up=True) == {Need.REASON, Need.STEP_UP}


@pytest.mark.parametrize(("action", "row"), BY_ROLE.items())
def test_whoever_is_refused_by_role_is_told_which_role_may(
    action: str, row: dict[Role, str]
) -> None:
    for role in Role:
        told = access.by_role(actor(role), action, "why", None)
        if role not in row:
            assert told is not None
            assert told.status == 403
            assert told.extra["needed_role"] == ", ".join(sorted(one.value for one in row))


def test_a_cell_is_written_as_it_is_read() -> None:
    assert cell_of(frozenset()) == "Y"
    assert cell_of(frozenset({Need.STEP_UP, Need.REASON, Need.SECOND_PERSON})) == "2RS"


def test_the_one_refused_is_told_who_may() -> None:
    task = Resource(relationships=frozenset({Relationship.PARTICIPANT}))
    refusal = access.refusal_for("reassign", decide(OFFICER, "reassign", task, EVERYTHING_SHOWN))
    assert "supervisor of the unit that holds" in str(refusal.extra) + refusal.detail
    assert set(EXPECTED) == set(access.matrix().on_a_case)
