"""No false alarm: whatever people honestly do, the log agrees with it afterwards.

Walks chosen by chance (seeded): somebody of the cast does something to some hand-off, mostly what
she may, and time passes between. A fault on the way is a failure too: a refusal is a value.
"""

from __future__ import annotations

import random
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from protocols.lifecycle import Act, Kind, Party, State, acts_from
from protocols.permits import outcomes_for, reasons_for
from referral import casework
from referral.audit.verify import verify
from referral.casework import Acted, Intake, PersonTold, Said
from referral.errors import Refusal
from tests.cast import House, child_at_work
from tests.stories.test_nobody_answers import let_time_pass

VERBS = {
    Act.ACKNOWLEDGE: casework.acknowledge,
    Act.ACCEPT: casework.accept,
    Act.DECLINE: casework.decline,
    Act.START: casework.start,
    Act.HOLD: casework.hold,
    Act.RESUME: casework.resume,
    Act.COMPLETE: casework.complete,
    Act.FAIL: casework.fail,
    Act.CANCEL: casework.cancel,
}
MARKS = (
    casework.record_first_contact,
    casework.ask_cancellation,
    casework.confirm_attestation,
)


def report(chance: random.Random) -> Intake:
    """Some report or other: of one or two children, known well or hardly."""
    if chance.random() < 0.6:
        intake = child_at_work(beneficiary=chance.choice(["parent", "other"]))
        persons = intake.persons * chance.choice([1, 1, 2])
        return Intake(client_id=uuid4(), place="ZZ-N", reported="CL", persons=persons)
    told = {
        "age": chance.choice([15, 30]),
        "danger_now": chance.random() < 0.5,
        "works": True,
        "acts": ["RECRUITMENT"],
        "means": ["DECEPTION"],
        "purposes": ["FORCED_LABOUR"],
    }
    return Intake(client_id=uuid4(), place="ZZ-N", reported="HT", persons=(PersonTold(facts=told),))


async def one_step(house: House, chance: random.Random, case_id: UUID) -> Any:
    """Somebody does something to some hand-off of the case, mostly what she may."""
    rows = await house.rows(
        "SELECT h.*, r.holder_unit, r.protocol_version, r.protocol_digest FROM referral.hand_off h "
        "JOIN referral.referral r ON r.id = h.referral_id WHERE h.case_id = $1 ORDER BY h.id",
        case_id,
    )
    live = [row for row in rows if not State(row["state"]).terminal]
    row = chance.choice(live if live and chance.random() < 0.9 else rows)
    pinned = row["protocol_version"], row["protocol_digest"]
    protocol = house.installation.catalogue.pinned("ZZ", row["track"], *pinned)
    party = chance.choice([Party.RECEIVER, Party.RECEIVER, Party.SENDER])
    offered = acts_from(Kind(row["kind"]), State(row["state"]), party)
    act = chance.choice([one for one in offered if one in VERBS] or list(VERBS))
    said = Said(
        reason_code=chance.choice([*reasons_for(protocol, row["step"], act)] or ["OTHER"]),
        outcome=chance.choice([*outcomes_for(protocol, row["step"])] or ["OTHER"]),
        note="As told.",
        reason="As told.",
        review_at=house.at() + timedelta(days=3),
        attested_by="Judge C. Teo",
        attested_on="directory number 4400",
    )
    receiver = row["holder_unit"] if party is Party.SENDER else row["receiver_unit"]
    asked_of, holder = part_in(house, chance, receiver), part_in(house, chance, row["holder_unit"])
    referral = row["referral_id"]
    kept = [
        f"{key} {word}" for key, one in protocol.steps.items() for word in (*one.outcomes, "again")
    ]
    learned = {"beneficiary": chance.choice(["parent", "other"]), "high_risk": True}
    event = chance.choice([*kept, *protocol.events])
    acts: list[tuple[Any, ...]] = [
        (holder, casework.record_event, referral, event),
        (holder, casework.amend, referral, learned),
        (holder, casework.attest, row["id"], act),
        (holder, casework.add_note, referral, "Seen."),
        (asked_of, casework.set_docket, row["id"], "D-1"),
        (asked_of, chance.choice(MARKS), row["id"]),
        *[(asked_of, VERBS[act], row["id"])] * 6,
    ]
    return await house.does(*chance.choice(acts), said)


def part_in(house: House, chance: random.Random, unit: UUID) -> str:
    """Somebody of that unit; now and then, or where nobody plays, somebody else."""
    cast = sorted(key for key in house.players if key.endswith(".zz"))
    there = [key for key in cast if house.players[key].unit_id == unit]
    key = chance.choice(there if there and chance.random() < 0.92 else cast)
    return key.removesuffix(".zz")


@pytest.mark.parametrize("seed", range(6))
async def test_honest_histories_raise_no_alarm(house: House, seed: int) -> None:
    """Six histories each, of some sixteen acts by whoever comes along; time passes between them."""
    chance = random.Random(seed)  # noqa: S311 - it must be the same each time
    done = 0
    for _ in range(6):
        filed = await house.manages("inspector", casework.file, report(chance))
        for _ in range(chance.randrange(10, 24)):
            house.at.forward(hours=chance.choice([0, 0, 1, 30]))
            answer = await one_step(house, chance, UUID(filed.case_id))
            assert isinstance(answer, Acted | Refusal)
            done += isinstance(answer, Acted)
            if chance.random() < 0.15:
                await let_time_pass(house)
        found = await verify(house.database.url_of("auditor_ro"))
        assert not found.problems, found.problems[:5]
    assert done > 20, "a walk in which nothing happens shows nothing"
