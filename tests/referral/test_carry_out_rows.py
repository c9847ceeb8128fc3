"""What a caller may not choose: rows of other cases, others' words, columns only acts may set.

Forged as in ``test_carry_out``; here the caller is in her right, and takes more than is hers.
"""

from __future__ import annotations

from typing import Any
from uuid import UUID

import asyncpg
import orjson
import pytest

from referral import casework
from referral.audit import Done
from referral.casework import Said
from referral.database import scalar
from tests.cast import House, asked, child_at_work
from tests.referral.forging import (
    ALL,
    NO_CAPACITY,
    Payload,
    a_person,
    adding,
    all_refused,
    caught,
    docket,
    draft,
    filed_case,
    key_for,
    new_id,
    refused,
    rows_of,
    send,
    set_in,
    signed,
    two_held,
    whole,
    without,
)


async def test_a_filing_is_the_acting_units_own_and_has_no_history(house: House) -> None:
    honest = await caught(house, "inspector", casework.file, child_at_work())
    case_id = honest["case_id"]
    social, outsider = house.player("social_worker"), house.player("outsider")
    hand_off = honest["hand_offs"][0]
    now = house.at().isoformat()
    later: dict[str, dict[str, Any]] = {
        "an acceptance": {"accepted_at": now},
        "a receipt": {"received_at": now},
        "a first contact": {"first_contact_at": now},
        "an outcome": {"outcome": "SERVICE_DELIVERED"},
        "an end": {"ended_at": now},
        "an attestation": {"attested": True},
        "its confirmation": {"attestation_confirmed_at": now},
        "somebody at work": {"receiver_member": str(social.membership_id)},
        "a later state": {"state": "accepted"},
        "many entries": {"version": 7},
        "lapses": {"rung": 3},
        "lateness": {"overdue_since": now},
        "another sender": {"sender_unit": str(social.unit_id)},
        "a colleague as sender": {"sender_member": str(social.membership_id)},
        "a receiver the directory does not charge": {"receiver_unit": str(outsider.unit_id)},
        "another place, where a friend serves": {
            "receiver_unit": str(outsider.unit_id),
            "receiver_agency": hand_off["receiver_agency"],
            "jurisdiction": "ZZ-S",
        },
        "another agency's unit": {"receiver_agency": new_id()},
        "a group nobody knows": {"travels": [*ALL, "G6"]},
        "another track": {"track": "trafficking"},
        "another person": {"person_id": new_id()},
        "another version's law": {"protocol_version": "2027-01-01"},
        "law that was changed": {"protocol_digest": "another"},
    }
    opened: dict[str, Any] = {
        f"a hand-off with {name}": (set_in("hand_offs", **columns), "RF005")
        for name, columns in later.items()
    }
    referrals: dict[str, Any] = {
        f"a referral {name}": (set_in("referrals", **columns), "RF012")
        for name, columns in dict[str, dict[str, Any]](
            {
                "held by another": {"holder_unit": str(social.unit_id)},
                "in charge of another": {"holder_member": str(social.membership_id)},
                "closed at once": {"state": "closed"},
                "with an outcome": {"outcome": "SERVICE_DELIVERED"},
                "held by a hand-off": {"custody": hand_off["id"]},
                "with a past": {"version": 4},
                "of a person not filed": {"person_id": new_id()},
            }
        ).items()
    }
    changed: dict[str, dict[str, Any]] = {
        "of another unit": {"filed_by_unit": str(social.unit_id)},
        "of a colleague": {"filed_by_member": str(social.membership_id)},
        "with more entries than told": {"version": 99},
        "led by another's referral": {"lead_referral": new_id()},
    }
    cases: dict[str, Any] = {
        f"a case {name}": (set_in("cases", **columns), "RF012") for name, columns in changed.items()
    }
    await all_refused(
        house,
        "inspector",
        honest,
        opened
        | referrals
        | cases
        | {
            "a live hand-off as history": (set_in("hand_offs", imported=True), "RF011"),
            "two cases": (adding(cases=honest["cases"] * 2), "23505"),
            "no case at all": (without("cases"), "RF008"),
            "a key for somebody else": (
                adding(keys=[*honest["keys"], key_for(UUID(new_id()), UUID(case_id))]),
                "RF016",
            ),
        },
    )
    await send(house, "inspector", honest)
    [screening] = await house.rows("SELECT by_member FROM referral.screening LIMIT 1")
    assert screening["by_member"] == house.player("inspector").membership_id


async def test_what_another_case_holds_cannot_be_named(house: House) -> None:
    """Every reference a row can carry, pointed at a case of the same sender."""
    filed, case_id, hand_off = await filed_case(house)
    other, other_id, other_hand_off = await filed_case(house)
    referral = other.referrals[0]
    honest = await caught(house, "social_worker", casework.accept, hand_off)
    facts = await caught(
        house, "inspector", casework.amend, UUID(filed.referrals[0].referral_id), {"econ_hours": 30}
    )
    words = await caught(house, "social_worker", casework.decline, hand_off, NO_CAPACITY)
    [clock] = await house.rows("SELECT id FROM referral.clock WHERE case_id = $1 LIMIT 1", other_id)
    person = {"person_id": referral.person_id}
    stolen: dict[str, tuple[str, Payload, Any]] = {}
    for part, row in (
        ("clocks", {"referral_id": referral.referral_id}),
        ("clocks", {"hand_off_id": str(other_hand_off)}),
        ("clocks", {"case_id": str(other_id)}),
        ("hand_offs", {"referral_id": referral.referral_id}),
        ("hand_offs", {"case_id": str(other_id)}),
        ("hand_offs", person),
        ("custody", {"referral_id": referral.referral_id}),
        ("custody", {"hand_off_id": str(other_hand_off)}),
        ("moves", {"id": str(other_hand_off)}),
        ("clock_moves", {"id": str(clock["id"])}),
        ("outbox", {"hand_off_id": str(other_hand_off)}),
    ):
        stolen[f"{part} {sorted(row)}"] = ("social_worker", honest, set_in(part, **row))
    for part, row in (
        ("case_facts", person),
        ("screenings", person),
        ("case_facts", {"case_id": str(other_id)}),
        ("referral_changes", {"id": referral.referral_id}),
    ):
        stolen[f"amended {part} {sorted(row)}"] = ("inspector", facts, set_in(part, **row))
    for row in ({"hand_off_id": str(other_hand_off)}, {"case_id": str(other_id)}, person):
        stolen[f"notes {sorted(row)}"] = ("social_worker", words, set_in("notes", **row))
    sealed = {"case_id": str(case_id), "country": "ZZ", "key_version": 1, "content": "\\x00"}
    for part in ("identities", "safeties", "narratives"):
        stolen[part] = ("inspector", facts, adding(**{part: [sealed | person]}))
    existing = a_person({"case_id": str(case_id), "country": "ZZ"}) | {"id": referral.person_id}
    stolen["persons"] = ("inspector", facts, adding(persons=[existing]))
    through = []
    for name, (part, payload, forge) in stolen.items():
        copy = orjson.loads(orjson.dumps(payload))
        forge(copy)
        code = await refused(house, part, copy)
        if code is None or not code.startswith("RF0"):
            through.append((name, code))
    assert through == []
    await send(house, "inspector", facts)


async def test_who_holds_one_child_does_not_write_about_another(house: House) -> None:
    filed, taken, first = await two_held(house)
    case_id = UUID(filed.case_id)
    who = house.player("directorate")
    [row] = await house.rows(
        "SELECT r.* FROM referral.referral r JOIN referral.hand_off h ON h.referral_id = r.id "
        "WHERE h.id = $1",
        first,
    )
    here = {"case_id": str(case_id), "country": "ZZ"}
    person, sealed = {"person_id": str(row["person_id"])}, {"key_version": 1, "content": "\\x00"}
    mine = rows_of(row, id=new_id(), holder_unit=str(who.unit_id), version=1)
    mine |= {"holder_member": None, "custody": None}
    opens = draft(Done.REFERRAL_OPENED, "referral", mine["id"], "open")
    closes = draft(Done.REFERRAL_CLOSED, "referral", row["id"], "closed")
    changes = draft(Done.REFERRAL_AMENDED, "referral", row["id"], "open")
    at = house.at().isoformat()
    attempts: dict[str, tuple[str, tuple[Any, ...], Payload]] = {
        "a referral of the other": ("RF012", (opens,), {"referrals": [mine]}),
        "her name": ("RF012", (), {"identities": [here | person | sealed]}),
        "where she is": ("RF012", (), {"safeties": [here | person | sealed]}),
        "her facts": (
            "RF012",
            (),
            {"case_facts": [{"id": new_id(), **here, **person, "facts": {}, "amended_at": at}]},
        ),
        "taking her for a new person": (
            "RF012",
            (),
            {"persons": [a_person(here) | {"id": person["person_id"]}]},
        ),
        "closing her referral": (
            "RF010",
            (closes,),
            {"closures": [{"id": str(row["id"]), "at": at}]},
        ),
        "changing her referral": (
            "RF014",
            (changes,),
            {"referral_changes": [{"id": str(row["id"]), "entries": 1, "results": []}]},
        ),
    }
    found = {}
    for name, (_, told, parts) in attempts.items():
        payload = await signed(house, who, case_id, *told, **parts)
        found[name] = await refused(house, "directorate", payload)
    assert found == {name: code for name, (code, _, _) in attempts.items()}
    # Her own she may close; closed, it is not closed again.
    own = UUID(taken.referral_id)
    closing = draft(Done.REFERRAL_CLOSED, "referral", own, "closed")
    closures = {"closures": [{"id": str(own), "at": at, "outcome": "OTHER"}]}
    await send(house, "directorate", await signed(house, who, case_id, closing, **closures))
    again = await signed(house, who, case_id, closing, **closures)
    assert await refused(house, "directorate", again) == "RF010"


async def test_only_those_who_work_on_cases_touch_one(house: House) -> None:
    _filed, case_id, _hand_off = await filed_case(house)
    found = {}
    for part in ("agency_admin", "auditor", "coordinator"):
        who = house.player(part)
        entry = await signed(house, who, case_id)
        found[f"{part}, an entry"] = await refused(house, part, entry)
        note = {"id": new_id(), "case_id": str(case_id), "country": "ZZ", "kind": "note"}
        wrote = await signed(house, who, case_id, notes=[note])
        found[f"{part}, a note"] = await refused(house, part, wrote)
    for part in ("agency_admin", "auditor"):
        honest = await caught(house, "inspector", casework.file, child_at_work())
        found[f"{part}, a case"] = await refused(house, part, honest)
    assert set(found.values()) == {"RF007"}, found
    # A coordinator files (security.md 3.3): a report must never be lost at this door.
    await house.manages("coordinator", casework.file, child_at_work())


async def test_time_itself_moves_no_state_and_writes_about_nobody(house: House) -> None:
    _filed, case_id, hand_off = await filed_case(house)
    honest = await caught(house, "social_worker", casework.accept, hand_off)
    before = await whole(house)
    parts = (
        "moves",
        "custody",
        "closures",
        "notes",
        "dockets",
        "identities",
        "safeties",
        "narratives",
        "persons",
        "case_facts",
        "referrals",
        "cases",
        "screenings",
        "keys",
        "streams",
    )
    assert house.worker is not None
    for part in parts:
        async with house.worker.connect() as connection:
            await scalar(connection, "SELECT referral.begin_worker('ZZ')")
            payload = {"case_id": str(case_id), "entries": honest["entries"], part: []}
            driver = (await connection.get_raw_connection()).driver_connection
            assert driver is not None
            text = orjson.dumps(payload).decode()
            with pytest.raises(asyncpg.PostgresError) as fault:
                await driver.execute("SELECT referral.carry_out($1::jsonb)", text)
            assert fault.value.sqlstate == "RF007", part
            await connection.rollback()
    assert await whole(house) == before


async def test_an_answer_in_anothers_name_names_who_gave_it(house: House) -> None:
    _filed, _case_id, hand_off = await filed_case(house)
    said = Said(reason="No connection.", attested_by="The duty officer", attested_on="number 4400")
    honest = await caught(house, "inspector", casework.attest, hand_off, casework.Act.ACCEPT, said)
    await all_refused(
        house,
        "inspector",
        honest,
        {
            "no attestation": (without("notes"), "RF003"),
            "the words of another kind": (set_in("notes", kind="reason"), "RF003"),
            "written by a colleague": (set_in("notes", by_member=new_id()), "RF013"),
            "written elsewhere": (set_in("notes", by_unit=new_id()), "RF013"),
            "not marked": (set_in("moves", attested=False), "RF003"),
        },
    )
    await send(house, "inspector", honest)


async def test_a_docket_number_is_of_the_own_agency_and_the_own_hand_off(house: House) -> None:
    _filed, case_id, hand_off = await filed_case(house)
    accepted = await house.manages("social_worker", casework.accept, hand_off)
    court = asked(accepted, "ZZ-C04")
    honest = await caught(house, "prosecutor", casework.set_docket, court, "P-1/26")
    here = {"case_id": str(case_id), "country": "ZZ"}
    await all_refused(
        house,
        "prosecutor",
        honest,
        {
            "another agency's": (set_in("dockets", agency_id=new_id()), "RF013"),
            "on another's hand-off": (
                adding(dockets=[docket(here, hand_off, honest["dockets"][0]["agency_id"])]),
                "RF013",
            ),
            "a mark without a number": (without("dockets"), "RF013"),
        },
    )
    await send(house, "prosecutor", honest)
