"""A party to a case who does not hold the person steers nothing: asked, declined, or holder once.

Each attempt is one part of a decision of the forger's own making, with entries that chain and say
what it does, so that only her standing can be wrong.
"""

from __future__ import annotations

from typing import Any
from uuid import UUID, uuid4

from referral import casework
from referral.audit import Done
from referral.casework import Filed
from tests.cast import House, asked
from tests.referral.forging import (
    ALL,
    NO_CAPACITY,
    Payload,
    a_person,
    docket,
    draft,
    filed_case,
    key_for,
    new_id,
    receiver,
    refused,
    rows_of,
    signed,
)


async def test_a_unit_that_is_only_asked_steers_nothing(house: House) -> None:
    filed, case_id, hand_off = await filed_case(house)
    await attack_as_bystander(house, "social_worker", filed, case_id, hand_off)


async def test_a_unit_that_has_declined_steers_nothing(house: House) -> None:
    filed, case_id, hand_off = await filed_case(house)
    declined = await house.manages("social_worker", casework.decline, hand_off, NO_CAPACITY)
    await attack_as_bystander(house, "social_worker", filed, case_id, asked(declined, "ZZ-C01"))


async def test_a_former_holder_steers_nothing(house: House) -> None:
    filed, case_id, hand_off = await filed_case(house)
    accepted = await house.manages("social_worker", casework.accept, hand_off)
    await attack_as_bystander(house, "inspector", filed, case_id, asked(accepted, "ZZ-C04"))


async def attack_as_bystander(
    house: House, part: str, filed: Filed, case_id: UUID, hand_off: UUID
) -> None:
    """Everything a party who does not hold the person could try, one part of a decision each."""
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
        "becoming holder as if filing": (
            "RF012",
            (opens,),
            {"cases": [], "referrals": [new_referral]},
        ),
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
