"""The one way in, attacked: what is forged and sent straight to ``carry_out`` changes nothing.

The attacker has what a broken service would have: the app's connection, somebody's standing, the keys.
Each forgery starts from an honest payload that is carried out at the end, so that none is refused for
the wrong reason.
"""

from __future__ import annotations

from typing import Any
from uuid import UUID, uuid4

from referral import casework
from referral.audit import Done
from referral.casework import Filed, Intake, PersonTold, Said
from tests.cast import PLACE, House, asked, child_at_work
from tests.referral.forging import (
    Payload,
    adding,
    all_refused,
    caught,
    draft,
    head_of,
    new_id,
    refused,
    rewritten,
    send,
    set_in,
    signed,
    without,
)

NO_CAPACITY = Said(reason_code="NO_CAPACITY", note="Both our teams are at the flood.")
ALL = ["G0", "G1", "G2", "G3", "G4", "G5"]


async def filed_case(house: House) -> tuple[Filed, UUID, UUID]:
    """A child at work, the office asked; its case and the hand-off."""
    filed: Filed = await house.manages("inspector", casework.file, child_at_work())
    return filed, UUID(filed.case_id), asked(filed, "ZZ-C01")


async def two_held(house: House) -> tuple[Filed, Filed, UUID]:
    """Two children of one case: the office holds the first, the directorate the second."""
    told = {"age": 10, "works": True, "econ_hours": 20, "beneficiary": "other"}
    person = PersonTold(facts=told, identity={"name": "Amal Doe"})
    intake = Intake(client_id=uuid4(), place=PLACE, reported="CL", persons=(person, person))
    filed: Filed = await house.manages("inspector", casework.file, intake)
    first, second = (
        UUID(ask.hand_off_id) for ask in filed.asks if ask.step == "ZZ-C01"
    )
    await house.manages("social_worker", casework.accept, first)
    declined = await house.manages("social_worker", casework.decline, second, NO_CAPACITY)
    taken = await house.manages("directorate", casework.accept, asked(declined, "ZZ-C01"))
    return filed, taken, first


async def test_an_entry_must_continue_its_own_stream_in_the_callers_name(house: House) -> None:
    filed, case_id, hand_off = await filed_case(house)
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
    filed, case_id, hand_off = await filed_case(house)
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
            "for a colleague": (set_in("moves", receiver_member=str(inspector.membership_id)), "RF003"),
            "twice in one call": (adding(moves=[row, row]), "RF003"),
            "the receiver's act as the holder's": (
                set_in("moves", act="cancel", to_state="cancelled", entries=1),
                "RF003",
            ),
            "custody left where it was": (without("custody"), "RF004"),
            "custody for a colleague": (set_in("custody", member=str(inspector.membership_id)), "RF004"),
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
    filed, case_id, hand_off = await filed_case(house)
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


async def test_a_unit_that_is_only_asked_steers_nothing(house: House) -> None:
    filed, case_id, hand_off = await filed_case(house)
    await attack_as_bystander(house, "social_worker", filed, case_id, hand_off)


async def test_a_unit_that_has_declined_steers_nothing(house: House) -> None:
    filed, case_id, hand_off = await filed_case(house)
    declined = await house.manages("social_worker", casework.decline, hand_off, NO_CAPACITY)
    await attack_as_bystander(
        house, "social_worker", filed, case_id, asked(declined, "ZZ-C01")
    )


async def test_a_former_holder_steers_nothing(house: House) -> None:
    filed, case_id, hand_off = await filed_case(house)
    accepted = await house.manages("social_worker", casework.accept, hand_off)
    await attack_as_bystander(house, "inspector", filed, case_id, asked(accepted, "ZZ-C04"))


async def attack_as_bystander(
    house: House, part: str, filed: Filed, case_id: UUID, hand_off: UUID
) -> None:
    """Everything a party to the case who does not hold it could try, one part of a decision each."""
    who = house.player(part)
    [referral] = await house.rows("SELECT * FROM referral.referral WHERE case_id = $1", case_id)
    [asking] = await house.rows("SELECT * FROM referral.hand_off WHERE id = $1", hand_off)
    [clock, *_] = await house.rows("SELECT * FROM referral.clock WHERE case_id = $1", case_id)
    outsider = house.player("outsider")
    now, here = house.at().isoformat(), {"case_id": str(case_id), "country": "ZZ"}
    of, person = {"referral_id": str(referral["id"])}, {"person_id": str(referral["person_id"])}
    sealed = {"key_version": 1, "content": "\\x00"}
    new_referral = rows_of(referral, id=new_id(), holder_unit=str(who.unit_id)) | {
        "holder_member": None,
        "version": 1,
        "custody": None,
    }
    opened = rows_of(asking, id=new_id(), travels=ALL, state="requested", version=1)
    closed = draft(Done.REFERRAL_CLOSED, "referral", referral["id"], "closed")
    amended = draft(Done.REFERRAL_AMENDED, "referral", referral["id"], "open")
    opens = draft(Done.REFERRAL_OPENED, "referral", new_referral["id"], "open")
    asks = draft(Done.HAND_OFF_REQUESTED, "hand_off", opened["id"], "requested")
    contact = draft(Done.FIRST_CONTACT_RECORDED, "hand_off", hand_off, asking["state"])
    event = draft(Done.EVENT_RECORDED, "case", case_id)
    mine = {"by_unit": str(who.unit_id), "by_member": str(who.membership_id)}
    note = {"id": new_id(), **here, **mine, **sealed, "written_at": now}
    facts = {"id": new_id(), **here, "facts": {}, "amended_at": now}
    attempts: dict[str, tuple[str, tuple[Any, ...], Payload]] = {
        "becoming holder": ("RF012", (opens,), {"referrals": [new_referral]}),
        "becoming holder as if filing": ("RF012", (opens,), {"cases": [], "referrals": [new_referral]}),
        "making a friend holder": (
            "RF012",
            (opens,),
            {"referrals": [new_referral | {"holder_unit": str(outsider.unit_id)}]},
        ),
        "making a friend holder of what stands": (
            "RF012",
            (),
            {"referrals": [rows_of(referral, holder_unit=str(outsider.unit_id))]},
        ),
        "asking oneself": (
            "RF005",
            (asks,),
            {"hand_offs": [opened | receiver(who, asking["receiver_agency"])]},
        ),
        "asking a friend": ("RF005", (asks,), {"hand_offs": [opened | receiver(outsider)]}),
        "closing": ("RF010", (closed,), {"closures": [{"id": of["referral_id"], "at": now}]}),
        "stopping a clock": (
            "RF014",
            (),
            {"clock_moves": [{"id": str(clock["id"]), "state": "stopped", "rung": 0}]},
        ),
        "starting a clock": ("RF014", (), {"clocks": [rows_of(clock, id=new_id())]}),
        "changing what is needed": (
            "RF014",
            (amended,),
            {"referral_changes": [{"id": of["referral_id"], "entries": 1, "withheld": []}]},
        ),
        "lowering the urgency": ("RF014", (), {"case_changes": {"urgency": "routine"}}),
        "recording an event": (
            "RF014",
            (event,),
            {"events": [{"id": new_id(), **here, **of, **mine, "event": "case_closed"}]},
        ),
        "recording an event of no referral": (
            "RF014",
            (event,),
            {"events": [{"id": new_id(), **here, **mine, "event": "case_closed"}]},
        ),
        "a note on the case": ("RF013", (), {"notes": [note | {"kind": "note"}]}),
        "words of an answer nobody gave": (
            "RF013",
            (),
            {"notes": [note | {"kind": "decline", "hand_off_id": str(hand_off)}]},
        ),
        "lateness": ("RF013", (contact,), {"marks": [{"id": str(hand_off), "overdue_since": now}]}),
        "another's request to cancel": (
            "RF013",
            (contact,),
            {"marks": [{"id": str(hand_off), "attestation_confirmed_at": now, "rung": 1}]},
        ),
        "another agency's docket number": (
            "RF013",
            (),
            {"dockets": [docket(here, hand_off, new_id())]},
        ),
        "another person's name": ("RF012", (), {"identities": [here | person | sealed]}),
        "where she is": ("RF012", (), {"safeties": [here | person | sealed]}),
        "her story": ("RF012", (), {"narratives": [here | person | sealed]}),
        "her facts": ("RF012", (), {"case_facts": [facts | person]}),
        "the facts of all": ("RF012", (), {"case_facts": [facts]}),
        "the workplace": ("RF012", (), {"workplaces": [{"id": new_id(), **here, "facts": {}}]}),
        "who reported": ("RF012", (), {"reporters": [here | sealed | {"agency_id": new_id()}]}),
        "a person": ("RF012", (), {"persons": [a_person(here)]}),
        "a key for the person": ("RF016", (), {"keys": [key_for(referral["person_id"], case_id)]}),
        "a key for the case": ("RF016", (), {"keys": [key_for(case_id, case_id, kind="case")]}),
        "a key for a colleague": (
            "RF016",
            (),
            {"keys": [key_for(outsider.membership_id, None, kind="member")]},
        ),
        "a colleague's stream": (
            "RF016",
            (),
            {"streams": [{"stream_id": new_id(), "kind": "member", "subject": str(uuid4())}]},
        ),
        "a stream for a case to come": (
            "RF016",
            (),
            {"streams": [{"stream_id": new_id(), "kind": "case", "subject": str(uuid4())}]},
        ),
    }
    found = {}
    for name, (_, told, parts) in attempts.items():
        payload = await signed(house, who, case_id, *told, **parts)
        found[name] = await refused(house, part, payload)
    assert found == {name: code for name, (code, _, _) in attempts.items()}


def rows_of(row: Any, **changes: Any) -> dict[str, Any]:
    """A stored row as a caller would send it."""
    plain = {
        name: value if isinstance(value, bool | int | list | type(None)) else str(value)
        for name, value in row.items()
    }
    for name in ("reason", "warnings", "rungs", "derivation", "sources", "results", "needed", "withheld"):
        if name in plain:
            plain[name] = [] if name != "reason" else {}
    return plain | changes


def receiver(who: Any, agency: Any = None) -> dict[str, str]:
    """Columns that send a hand-off to this player."""
    found = {"receiver_unit": str(who.unit_id)}
    return found | ({"receiver_agency": str(agency)} if agency else {})


def docket(here: dict[str, Any], hand_off: UUID, agency: str) -> dict[str, Any]:
    """A docket number in an agency's name."""
    return {"id": new_id(), **here, "hand_off_id": str(hand_off), "agency_id": agency, "number": "1"}


def a_person(here: dict[str, Any]) -> dict[str, Any]:
    """Somebody more in the case."""
    return {"id": new_id(), **here, "number": 9, "role": "concerned", "identified": True, "headcount": 1}


def key_for(subject: UUID, case_id: UUID | None, kind: str = "person") -> dict[str, Any]:
    """A wrapped key of the forger's making."""
    return {
        "subject": str(subject),
        "kind": kind,
        "case_id": str(case_id) if case_id else None,
        "version": 1,
        "wrapped": "00",
        "created_at": "2026-03-02T12:00:00Z",
    }
