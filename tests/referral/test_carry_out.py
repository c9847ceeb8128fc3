"""The one way in, attacked: what is forged and sent straight to ``carry_out`` changes nothing.

The attacker has what a broken service would have: the app's connection, somebody's standing, keys.
Each forgery starts from an honest payload that is carried out at the end, so that none is refused
for the wrong reason.
"""

from __future__ import annotations

from uuid import UUID, uuid4

from referral import casework
from referral.audit import Done
from referral.casework import Intake, PersonTold
from tests.cast import PLACE, House
from tests.referral.forging import (
    Payload,
    adding,
    all_refused,
    caught,
    draft,
    filed_case,
    head_of,
    new_id,
    refused,
    rewritten,
    send,
    set_in,
    signed,
    without,
)


async def test_an_entry_must_continue_its_own_stream_in_the_callers_name(house: House) -> None:
    _filed, _case_id, hand_off = await filed_case(house)
    _, other, _ = await filed_case(house)
    honest = await caught(house, "social_worker", casework.accept, hand_off)
    foreign, _ = await head_of(house, other)
    inspector = house.player("inspector")

    def unhashed(payload: Payload) -> None:
        payload["entries"][0]["header"] = payload["entries"][0]["header"].replace("received", "x")

    def other_body(payload: Payload) -> None:
        payload["entries"][0]["content"] = payload["entries"][1]["content"]

    def skipped(payload: Payload) -> None:
        payload["entries"].pop(0)

    def swapped(payload: Payload) -> None:
        first, second = payload["entries"][:2]
        first["id"], second["id"] = second["id"], first["id"]

    await all_refused(
        house,
        "social_worker",
        honest,
        {
            "no entries at all": (without("entries"), "RF001"),
            "an empty list of entries": (adding(entries=[]), "RF001"),
            "a header that was changed": (unhashed, "RF002"),
            "a wrong hash": (set_in("entries", hash="00" * 32), "RF002"),
            "a wrong predecessor": (rewritten(prev="00" * 32), "RF002"),
            "no predecessor named": (rewritten(prev=None), "RF002"),
            "no id in the header": (rewritten(id=None), "RF002"),
            "a number left out": (rewritten(seq=99), "RF002"),
            "the first entry left out": (skipped, "RF002"),
            "entries under each other's id": (swapped, "RF002"),
            "another case's stream": (rewritten(stream=str(foreign.stream_id)), "RF002"),
            "an invented stream": (rewritten(stream=new_id()), "RF002"),
            "a time before the last entry": (rewritten(at="2020-01-01T00:00:00.000000Z"), "RF002"),
            "a time in another form": (rewritten(at="2030-01-01T00:00:00Z"), "RF002"),
            "in another's name": (rewritten(actor=str(inspector.membership_id)), "RF002"),
            "in the clockwork's name": (rewritten(actor="clockwork"), "RF002"),
            "in nobody's name": (rewritten(actor=None), "RF002"),
            "for another agency": (rewritten(agency=new_id()), "RF002"),
            "another entry's body": (other_body, "RF002"),
            "a body for another's key": (set_in("entries", subject=str(other)), "RF002"),
        },
    )
    await send(house, "social_worker", honest)
    assert await refused(house, "social_worker", honest) == "RF002", "sent a second time"


async def test_no_effect_without_the_entry_that_says_it(house: House) -> None:
    _filed, case_id, hand_off = await filed_case(house)
    _, _, other = await filed_case(house)
    await house.does("social_worker", casework.accept, uuid4())  # her own stream has begun
    worker = house.player("social_worker")
    honest = await caught(house, "social_worker", casework.accept, hand_off)
    parts = {name: part for name, part in honest.items() if name not in {"entries", "case_id"}}
    own = await signed(
        house, worker, worker.membership_id, draft(Done.SIGNED_IN, "member", worker.membership_id)
    )
    beside = await signed(house, worker, case_id)
    lying = await signed(
        house,
        worker,
        case_id,
        draft(Done.HAND_OFF_RECEIVED, "hand_off", hand_off, "received"),
        draft(Done.HAND_OFF_DECLINED, "hand_off", hand_off, "rejected"),
    )
    of_other = await signed(
        house, worker, case_id, draft(Done.HAND_OFF_ACCEPTED, "hand_off", other, "accepted")
    )
    found = {
        "only an entry in the own stream": await refused(
            house, "social_worker", {**own, **parts, "case_id": str(case_id)}
        ),
        "an entry about something else": await refused(house, "social_worker", beside | parts),
        "an entry that says the opposite": await refused(house, "social_worker", lying | parts),
        "an entry without its effect": await refused(house, "social_worker", lying),
        "an entry about another case's hand-off": await refused(house, "social_worker", of_other),
    }
    assert set(found.values()) == {"RF015"}, found
    uncounted = {"moves": [{**honest["moves"][0], "entries": 0}]}
    assert await refused(house, "social_worker", honest | uncounted) == "RF003"
    unheard: Payload = {"events": [], "hand_offs": [], "clocks": [], "outbox": []}
    silent = {name: unheard.get(name, part) for name, part in honest.items()}
    assert await refused(house, "social_worker", silent) == "RF015"
    # In her own stream she may not tell of cases at all.
    told = draft(Done.HAND_OFF_ACCEPTED, "hand_off", hand_off, "accepted")
    aside = await signed(house, worker, worker.membership_id, told)
    aside.pop("case_id")
    assert await refused(house, "social_worker", aside) == "RF002"
    await send(house, "social_worker", honest)


async def test_a_move_is_made_by_its_party_and_as_the_table_says(house: House) -> None:
    filed, case_id, hand_off = await filed_case(house)
    honest = await caught(house, "social_worker", casework.accept, hand_off)
    inspector = house.player("inspector")
    row = honest["moves"][0]
    await all_refused(
        house,
        "social_worker",
        honest,
        {
            "an act that is not in the table": (set_in("moves", act="swallow"), "RF003"),
            "another end than the table's": (set_in("moves", to_state="completed"), "RF003"),
            "from a state it is not in": (
                set_in("moves", from_state="received", entries=1),
                "RF003",
            ),
            "a jump to the end": (
                set_in("moves", act="complete", to_state="completed", entries=1),
                "RF003",
            ),
            "for a colleague": (
                set_in("moves", receiver_member=str(inspector.membership_id)),
                "RF003",
            ),
            "twice in one call": (adding(moves=[row, row]), "RF003"),
            "the receiver's act as the holder's": (
                set_in("moves", act="cancel", to_state="cancelled", entries=1),
                "RF003",
            ),
            "custody left where it was": (without("custody"), "RF004"),
            "custody for a colleague": (
                set_in("custody", member=str(inspector.membership_id)),
                "RF004",
            ),
            "custody twice": (adding(custody=honest["custody"] * 2), "RF004"),
            "custody of what does not exist": (
                set_in("custody", referral_id=new_id()),
                "RF004",
            ),
            "a part nobody knows": (adding(parties=[{"unit_id": new_id()}]), "RF009"),
        },
    )
    # The same acceptance by somebody else, entries rightly in his own name.
    told = (
        draft(Done.HAND_OFF_RECEIVED, "hand_off", hand_off, "received"),
        draft(Done.HAND_OFF_ACCEPTED, "hand_off", hand_off, "accepted"),
        draft(Done.CUSTODY_MOVED, "referral", filed.referrals[0].referral_id),
    )
    for part, code in (("inspector", "RF003"), ("outsider", "RF008"), ("directorate", "RF008")):
        who = house.player(part)
        move = {**row, "receiver_member": None}
        custody = {**honest["custody"][0], "member": None}
        stolen = await signed(house, who, case_id, *told, moves=[move], custody=[custody])
        assert await refused(house, part, stolen) == code, part
        attested = stolen | {"moves": [{**move, "attested": True}]}
        assert await refused(house, part, attested) == code, f"{part}, attested by nobody"
    await send(house, "social_worker", honest)


async def test_custody_is_never_passed_without_an_acceptance(house: House) -> None:
    filed, _case_id, hand_off = await filed_case(house)
    seen = await caught(house, "social_worker", casework.acknowledge, hand_off)
    passed = {
        "referral_id": filed.referrals[0].referral_id,
        "hand_off_id": str(hand_off),
        "member": None,
        "at": house.at().isoformat(),
    }
    await all_refused(
        house,
        "social_worker",
        seen,
        {
            "with an acknowledgement": (adding(custody=[passed]), "RF004"),
            "alone": (lambda p: {**p, "custody": [passed], "moves": []}, "RF004"),
            "without a word of moves": (
                lambda p: {k: v for k, v in p.items() if k != "moves"} | {"custody": [passed]},
                "RF004",
            ),
        },
    )
    await send(house, "social_worker", seen)


async def test_an_acceptance_leaves_no_rival_waiting(house: House) -> None:
    told = {"age": 15, "danger_now": True, "acts": ["RECRUITMENT"], "purposes": ["FORCED_LABOUR"]}
    intake = Intake(
        client_id=uuid4(), place=PLACE, reported="HT", persons=(PersonTold(facts=told),)
    )
    filed = await house.manages("inspector", casework.file, intake)
    mine = next(UUID(a.hand_off_id) for a in filed.asks if a.mandate == "RIVER_POLICE")
    rival = next(UUID(a.hand_off_id) for a in filed.asks if a.mandate == "POLICE")
    honest = await caught(house, "river_police", casework.accept, mine)
    who, case_id = house.player("river_police"), UUID(filed.case_id)
    kept = [row for row in honest["moves"] if row["id"] == str(mine)]
    told_of = (
        draft(Done.HAND_OFF_RECEIVED, "hand_off", mine, "received"),
        draft(Done.HAND_OFF_ACCEPTED, "hand_off", mine, "accepted"),
        draft(Done.CUSTODY_MOVED, "referral", honest["custody"][0]["referral_id"]),
    )
    custody = honest["custody"]
    greedy = await signed(house, who, case_id, *told_of, moves=kept, custody=custody)
    assert await refused(house, "river_police", greedy) == "RF004"
    # And nobody takes a rival back without accepting, whatever the reason given.
    cancel = {
        "id": str(rival),
        "act": "cancel",
        "from_state": "requested",
        "to_state": "cancelled",
        "entries": 1,
    }
    for code in ("SUPERSEDED", "NO_LONGER_NEEDED", None):
        told_back = draft(Done.HAND_OFF_CANCELLED, "hand_off", rival, "cancelled")
        alone = [cancel | {"reason_code": code}]
        silenced = await signed(house, who, case_id, told_back, moves=alone)
        assert await refused(house, "river_police", silenced) == "RF003", code
    await send(house, "river_police", honest)
