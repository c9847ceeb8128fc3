"""The log finds every hand laid on it, and never accuses an honest history.

Tampering is done as somebody above all rights would: triggers and foreign keys off. What it cannot
find without witnesses is said at the end, so that nobody believes more of it than is true.
"""

from __future__ import annotations

import random
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import pytest

from referral import casework, queries, roles
from referral.audit.verify import verify
from referral.casework import Act, Acted, Intake, PersonTold, Said
from referral.errors import Refusal
from referral.session import WitnessedRead
from tests.cast import House, asked, child_at_work
from tests.referral.test_carry_out import filed_case
from tests.stories.test_nobody_answers import let_time_pass

_OFF = "SET session_replication_role = replica;"
# The entries of the one case that was accepted; FIRST, MIDDLE, LAST of its stream.
_STREAM = "(SELECT stream_id FROM referral.stream_head WHERE kind = 'case')"
_AT = {
    "first": "1",
    "middle": f"(SELECT seq / 2 FROM referral.stream_head WHERE stream_id = {_STREAM})",
    "last": f"(SELECT seq FROM referral.stream_head WHERE stream_id = {_STREAM})",
}
_CUT = f"""
DELETE FROM referral.audit_body b USING referral.audit_entry e WHERE e.id = b.entry_id AND e.stream_id = {_STREAM} AND e.seq > %(keep)s;
DELETE FROM referral.audit_entry WHERE stream_id = {_STREAM} AND seq > %(keep)s;
UPDATE referral.stream_head s SET seq = e.seq, hash = e.hash, at = e.at FROM referral.audit_entry e
WHERE e.stream_id = s.stream_id AND s.stream_id = {_STREAM} AND e.seq = %(keep)s;
"""
_KEEP = f"(SELECT max(seq) - {{}} FROM referral.audit_entry WHERE stream_id = {_STREAM})"
_OTHER_UNIT = "(SELECT id FROM agencies.unit WHERE id NOT IN (SELECT receiver_unit FROM referral.hand_off) LIMIT 1)"
_ONE = f"WHERE stream_id = {_STREAM} AND seq = 2"
_BODY = f"WHERE entry_id = (SELECT id FROM referral.audit_entry {_ONE})"

COLUMNS = {
    "header": f"UPDATE referral.audit_entry SET header = replace(header, '\"v\":1', '\"v\":2') {_ONE}",
    "header, unreadable": f"UPDATE referral.audit_entry SET header = 'nonsense' {_ONE}",
    "header, another thing": f"UPDATE referral.audit_entry SET header = '[]' {_ONE}",
    "header, another number": f"UPDATE referral.audit_entry SET header = '5' {_ONE}",
    "header and its hash": f"UPDATE referral.audit_entry SET header = header || ' ', hash = sha256(convert_to(header || ' ', 'UTF8')) {_ONE}",
    "hash": f"UPDATE referral.audit_entry SET hash = sha256(hash) {_ONE}",
    "id": f"WITH n AS (UPDATE referral.audit_entry SET id = gen_random_uuid() {_ONE} RETURNING id) UPDATE referral.audit_body SET entry_id = (SELECT id FROM n) {_BODY}",
    "stream_id": f"UPDATE referral.audit_entry SET stream_id = gen_random_uuid() {_ONE}",
    "seq": f"UPDATE referral.audit_entry SET seq = 9999 {_ONE}",
    "country": f"UPDATE referral.audit_entry SET country = 'AR' {_ONE}",
    "at": f"UPDATE referral.audit_entry SET at = at + interval '1 microsecond' {_ONE}",
    "act": f"UPDATE referral.audit_entry SET act = 'case.read' {_ONE}",
    "actor": f"UPDATE referral.audit_entry SET actor = 'clockwork' {_ONE}",
    "agency_id": f"UPDATE referral.audit_entry SET agency_id = gen_random_uuid() {_ONE}",
    "object_type": f"UPDATE referral.audit_entry SET object_type = 'member' {_ONE}",
    "object_id": f"UPDATE referral.audit_entry SET object_id = gen_random_uuid() {_ONE}",
    "body": f"UPDATE referral.audit_body SET content = set_byte(content, 20, 255 - get_byte(content, 20)) {_BODY}",
    "body, cut": f"UPDATE referral.audit_body SET content = '' {_BODY}",
    "body, gone": f"DELETE FROM referral.audit_body {_BODY}",
    "body, whose key": f"UPDATE referral.audit_body SET subject = gen_random_uuid() {_BODY}",
    "body, country": f"UPDATE referral.audit_body SET country = 'AR' {_BODY}",
    "bodies exchanged": "UPDATE referral.audit_body b SET content = o.content FROM referral.audit_body o "
    f"WHERE b.entry_id = (SELECT id FROM referral.audit_entry {_ONE}) AND o.entry_id <> b.entry_id",
    "head, hash": f"UPDATE referral.stream_head SET hash = sha256(hash) WHERE stream_id = {_STREAM}",
    "head, seq": f"UPDATE referral.stream_head SET seq = seq + 1 WHERE stream_id = {_STREAM}",
    "head, subject": f"UPDATE referral.stream_head SET subject = gen_random_uuid() WHERE stream_id = {_STREAM}",
    "head, country": f"UPDATE referral.stream_head SET country = 'AR' WHERE stream_id = {_STREAM}",
    "head, gone": f"DELETE FROM referral.stream_head WHERE stream_id = {_STREAM}",
    "own stream, given to another": "UPDATE referral.stream_head SET subject = gen_random_uuid() WHERE kind = 'member'",
}
DELETED = {
    f"an entry deleted, {place}": f"DELETE FROM referral.audit_entry WHERE stream_id = {_STREAM} AND seq = {at}"
    for place, at in _AT.items()
}
ORDER = {
    "two entries exchanged": f"""
UPDATE referral.audit_entry SET seq = -1 WHERE stream_id = {_STREAM} AND seq = 2;
UPDATE referral.audit_entry SET seq = 2 WHERE stream_id = {_STREAM} AND seq = 3;
UPDATE referral.audit_entry SET seq = 3 WHERE stream_id = {_STREAM} AND seq = -1;""",
    "an entry appended": f"""
INSERT INTO referral.audit_entry SELECT gen_random_uuid(), stream_id, 1 + (SELECT max(seq) FROM referral.audit_entry WHERE stream_id = {_STREAM}),
    country, header, hash, at, act, actor, agency_id, object_type, object_id FROM referral.audit_entry {_ONE};""",
    "an entry inserted, the rest moved on": f"""
UPDATE referral.audit_entry SET seq = seq + 1000 WHERE stream_id = {_STREAM} AND seq > 2;
INSERT INTO referral.audit_entry SELECT gen_random_uuid(), stream_id, 3, country, header, hash, at, act, actor, agency_id, object_type, object_id
    FROM referral.audit_entry {_ONE};
UPDATE referral.audit_entry SET seq = seq - 999 WHERE stream_id = {_STREAM} AND seq > 1000;""",
    "the tail cut": f"DELETE FROM referral.audit_entry WHERE stream_id = {_STREAM} AND seq > {_KEEP.format(3)}",
    "the whole stream": f"DELETE FROM referral.audit_entry WHERE stream_id = {_STREAM}; DELETE FROM referral.stream_head WHERE kind = 'case'",
} | {
    f"the tail of {n} cut, head set back": (_CUT % {"keep": "%(keep)s"}).replace(
        "%(keep)s", _KEEP.format(n)
    )
    for n in (1, 3, 6)
}
EFFECTS = {
    "a hand-off completed": "UPDATE referral.hand_off SET state = 'completed' WHERE step = 'ZZ-C01'",
    "a hand-off counted up": "UPDATE referral.hand_off SET version = version + 1 WHERE step = 'ZZ-C01'",
    "a hand-off sent elsewhere": f"UPDATE referral.hand_off SET receiver_unit = {_OTHER_UNIT} WHERE step = 'ZZ-C04'",
    "a hand-off deleted": "DELETE FROM referral.hand_off WHERE step = 'ZZ-C04'",
    "a hand-off invented": "INSERT INTO referral.hand_off SELECT (jsonb_populate_record(h, jsonb_build_object('id', gen_random_uuid()))).* "
    "FROM referral.hand_off h WHERE step = 'ZZ-C04'",
    "the child given to another": f"UPDATE referral.referral SET holder_unit = {_OTHER_UNIT}",
    "the referral closed": "UPDATE referral.referral SET state = 'closed'",
    "the referral counted up": "UPDATE referral.referral SET version = version + 1",
    "the referral deleted": "DELETE FROM referral.referral",
    "the case counted back": "UPDATE referral.case SET version = version - 1",
    "the case deleted": "DELETE FROM referral.case",
    "an event deleted": "DELETE FROM referral.event WHERE id = (SELECT id FROM referral.event LIMIT 1)",
    "an event invented": "INSERT INTO referral.event SELECT (jsonb_populate_record(v, jsonb_build_object('id', gen_random_uuid()))).* FROM referral.event v LIMIT 1",
    "a note deleted": "DELETE FROM referral.note WHERE kind = 'note'",
    "a friend let in as holder": f"INSERT INTO referral.party SELECT (jsonb_populate_record(p, jsonb_build_object('id', gen_random_uuid(), 'unit_id', {_OTHER_UNIT}))).* "
    "FROM referral.party p WHERE relationship = 'holder'",
    "a friend let in as former holder": f"INSERT INTO referral.party SELECT (jsonb_populate_record(p, jsonb_build_object('id', gen_random_uuid(), 'unit_id', {_OTHER_UNIT}))).* "
    "FROM referral.party p WHERE relationship = 'past_holder'",
    "the former holder reads on": "UPDATE referral.party SET groups = '{G0,G1,G2}' WHERE relationship = 'past_holder'",
    "who is asked reads names": "UPDATE referral.party SET groups = '{G0,G1,G2}' WHERE relationship = 'pending'",
    "the holder reads where she is": "UPDATE referral.party SET groups = '{G0,G1,G2,G3}' WHERE relationship = 'holder'",
    "the holder locked out": "DELETE FROM referral.party WHERE relationship = 'holder'",
    "who is asked locked out": "UPDATE referral.party SET until = now() WHERE relationship = 'pending'",
}


async def told_story(house: House) -> UUID:
    """Filed, opened, accepted, met, noted, read, refused: something in every kind of stream."""
    filed, case_id, hand_off = await filed_case(house)
    for verb in (casework.acknowledge, casework.accept, casework.record_first_contact):
        house.at.forward(hours=1)
        await house.manages("social_worker", verb, hand_off)
    referral = UUID(filed.referrals[0].referral_id)
    await house.manages("social_worker", casework.add_note, referral, "She asks for her brother.")
    await house.does("outsider", casework.accept, hand_off)
    await house.does("outsider", casework.start, hand_off)
    await house.manages("social_worker", casework.start, hand_off)
    return case_id


@pytest.fixture
async def copies(house: House) -> AsyncIterator[Any]:
    """Copies of a house with a story in it, each to be broken in another way."""
    house.honest = False
    await told_story(house)
    assert not (await verify(house.database.superuser_url)).problems
    await house.installation.engine.dispose()
    assert house.worker is not None
    await house.worker.dispose()

    async def broken(statement: str) -> list[str]:
        """What is found after this was done to a copy."""
        name = f"copy_{uuid4().hex[:12]}"
        cluster = house.database.cluster
        await roles.create_database(cluster.superuser_url, name, template=house.database.name)
        url = house.database.superuser_url.replace(house.database.name, name)
        connection = await asyncpg.connect(url)
        await connection.execute(_OFF + statement)
        await connection.close()
        # As the verifier: whatever it finds it finds without any right to a case.
        found = await verify(cluster.url("auditor_ro", name))
        connection = await asyncpg.connect(cluster.superuser_url)
        await connection.execute(f"DROP DATABASE {name} WITH (FORCE)")
        await connection.close()
        return [f"{problem.where}: {problem.what}" for problem in found.problems]

    return broken


@pytest.mark.parametrize(
    "done",
    [COLUMNS, DELETED | ORDER, EFFECTS],
    ids=["columns", "deleted and reordered", "effects"],
)
async def test_every_hand_laid_on_it_is_found(copies: Any, done: dict[str, str]) -> None:
    unseen = [name for name, statement in done.items() if not await copies(statement)]
    assert unseen == []


async def test_any_byte_of_any_entry(house: House) -> None:
    """A hundred bytes chosen by chance, in headers, hashes and bodies of every stream."""
    house.honest = False
    await told_story(house)
    chance = random.Random(20260302)
    connection = await asyncpg.connect(house.database.superuser_url)
    await connection.execute(_OFF)
    ids = [row["id"] for row in await connection.fetch("SELECT id FROM referral.audit_entry")]
    places = {
        "audit_entry SET hash": ("id", "hash"),
        "audit_body SET content": ("entry_id", "content"),
        "audit_entry SET header": ("id", "header"),
    }
    unseen = []
    for _ in range(100):
        one, (table, (key, column)) = chance.choice(ids), chance.choice(list(places.items()))
        where = f"WHERE {key} = $1"
        old = await connection.fetchval(f"SELECT {column} FROM referral.{table[:table.index(' ')]} {where}", one)
        at = chance.randrange(len(old))
        if isinstance(old, bytes):
            new: Any = old[:at] + bytes([old[at] ^ (1 << chance.randrange(8))]) + old[at + 1 :]
        else:
            letters = [c for c in "0aZ}{\",:" if c != old[at]]
            new = old[:at] + chance.choice(letters) + old[at + 1 :]
        await connection.execute(f"UPDATE referral.{table} = $2 {where}", one, new)
        if not (await verify(house.database.superuser_url)).problems:
            unseen.append((table, at))
        await connection.execute(f"UPDATE referral.{table} = $2 {where}", one, old)
    assert unseen == []
    assert not (await verify(house.database.superuser_url)).problems
    await connection.close()


async def test_what_takes_witnesses_to_find_is_known(copies: Any) -> None:
    """A member's own stream has no effects beside it: its tail can be cut. Then the promise of this
    check ends; the tree and its witnesses (security.md 4.4) are for that, and this test goes."""
    cut = _CUT.replace("kind = 'case'", "kind = 'member'").replace(
        _STREAM, _STREAM.replace("'case'", "'member'")
    )
    assert await copies(cut.replace("%(keep)s", "1")) == []


# --- no false alarm ------------------------------------------------------------------------------

CODES = (
    *("NO_CAPACITY", "CONFLICT_OF_INTEREST", "DUPLICATE", "OTHER", "SAFETY_RISK", "UNSAFE"),
    *("SENT_TO_WRONG_AGENCY", "WAITING_FOR_PERSON"),
)
OUTCOMES = ("ONWARD_REFERRAL_MADE", "NO_SEPARATION_NEEDED", "SEPARATION_NEEDED", "UNFOUNDED", "SERVICE_DELIVERED",
            "RESCUED", "INVESTIGATION_OPENED", "MEASURE_CONFIRMED", "VICTIM_STATUS_CONFIRMED", "OTHER")
EVENTS = ("ZZ-C02 SEPARATION_NEEDED", "ZZ-C02 NO_SEPARATION_NEEDED", "ZZ-C02 UNFOUNDED", "case_closed",
          "plan_reviewed", "ZZ-C01 again", "ZZ-C05 SERVICE_DELIVERED", "ZZ-T05 VICTIM_STATUS_CONFIRMED")
VERBS = (
    *(casework.acknowledge, casework.accept, casework.accept, casework.decline, casework.start),
    *(casework.hold, casework.resume, casework.complete, casework.fail, casework.cancel),
    *(casework.record_first_contact, casework.ask_cancellation, casework.confirm_attestation),
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
    """Somebody does something to some hand-off of the case, mostly somebody who may."""
    rows = await house.rows("SELECT * FROM referral.hand_off WHERE case_id = $1 ORDER BY id", case_id)
    units = {player.unit_id: key for key, player in house.players.items() if key.endswith(".zz")}
    row = chance.choice(rows)
    [referral] = await house.rows("SELECT * FROM referral.referral WHERE id = $1", row["referral_id"])
    likely = [units.get(row["receiver_unit"]), units.get(row["receiver_unit"]), units.get(referral["holder_unit"])]
    key = chance.choice([one for one in likely if one] or ["outsider.zz"])
    part = (key if chance.random() < 0.9 else chance.choice(list(units.values()))).removesuffix(".zz")
    said = Said(
        reason_code=chance.choice(CODES),
        outcome=chance.choice(OUTCOMES),
        note="As told.",
        reason="As told.",
        review_at=house.at() + timedelta(days=3),
        attested_by="Judge C. Teo",
        attested_on="directory number 4400",
    )
    match chance.randrange(10):
        case 0:
            return await house.does(part, casework.record_event, referral["id"], chance.choice(EVENTS), said)
        case 1:
            facts = {"beneficiary": chance.choice(["parent", "other"]), "high_risk": True}
            return await house.does(part, casework.amend, referral["id"], facts, said)
        case 2:
            act = chance.choice([Act.ACCEPT, Act.DECLINE, Act.ACKNOWLEDGE])
            return await house.does(part, casework.attest, row["id"], act, said)
        case 3:
            return await house.does(part, casework.set_docket, row["id"], "D-1", said)
        case 4:
            return await house.does(part, casework.add_note, referral["id"], "Seen.", said)
        case _:
            return await house.does(part, chance.choice(VERBS), row["id"], said)


@pytest.mark.parametrize("seed", range(6))
async def test_honest_histories_raise_no_alarm(house: House, seed: int) -> None:
    """Six histories each, of some fifteen acts by whoever comes along; time passes between them."""
    chance = random.Random(seed)
    done = 0
    for _ in range(6):
        filed = await house.manages("inspector", casework.file, report(chance))
        for _ in range(chance.randrange(8, 20)):
            house.at.forward(hours=chance.choice([0, 0, 1, 30]))
            answer = await one_step(house, chance, UUID(filed.case_id))
            assert isinstance(answer, Acted | Refusal)
            done += isinstance(answer, Acted)
            if chance.random() < 0.15:
                await let_time_pass(house)
        found = await verify(house.database.url_of("auditor_ro"))
        assert not found.problems, found.problems[:5]
    assert done > 15, "a walk in which nothing happens shows nothing"


# --- exactly one entry ---------------------------------------------------------------------------


async def entries(house: House) -> int:
    """How many there are."""
    [row] = await house.rows("SELECT count(*) AS n FROM referral.audit_entry")
    count: int = row["n"]
    return count


async def test_every_refusal_leaves_one_entry(house: House) -> None:
    filed, case_id, hand_off = await filed_case(house)
    referral = UUID(filed.referrals[0].referral_id)
    nothing = Said()
    refusals = [
        ("outsider", casework.accept, hand_off, nothing),
        ("social_worker", casework.decline, hand_off, nothing),
        ("social_worker", casework.complete, hand_off, nothing),
        ("inspector", casework.accept, hand_off, nothing),
        ("agency_admin", casework.acknowledge, hand_off, nothing),
        ("inspector", casework.accept, uuid4(), nothing),
        ("outsider", casework.record_event, referral, "case_closed"),
        ("social_worker", casework.amend, referral, {"age": 11}),
        ("inspector", casework.amend, referral, {"age": "eleven"}),
        ("inspector", casework.record_event, referral, "nothing known"),
        ("inspector", casework.add_note, referral, "  "),
        ("inspector", casework.set_docket, hand_off, ""),
        ("inspector", casework.file, Intake(client_id=uuid4(), place="ZZ-Q")),
        ("agency_admin", casework.file, child_at_work()),
    ]
    for part, verb, *about in refusals:
        before = await entries(house)
        answer = await house.does(part, verb, *about)
        assert isinstance(answer, Refusal), (part, verb)
        assert await entries(house) == before + 1, (part, verb)
        [last] = await house.rows("SELECT act FROM referral.audit_entry ORDER BY xid DESC, id DESC LIMIT 1")
        assert last["act"] == "act.refused"


@pytest.mark.parametrize("groups", [("G2",), ("G3",), ("G4",), ("G2", "G3", "G4")])
async def test_every_opening_of_what_is_sealed_leaves_one_entry(
    house: House, groups: tuple[str, ...]
) -> None:
    filed, case_id, hand_off = await filed_case(house)
    for part, reason in (("inspector", None), ("supervisor", "review"), ("social_worker", None)):
        before = await entries(house)
        async with house.acting(part) as (session, actor):
            witnessed = WitnessedRead(
                session.connection, session.vault, session.catalogue, session.request_id
            )
            case = await queries.case_seen(
                witnessed, actor, case_id, groups=groups, reason=reason, now=house.at()
            )
            assert not isinstance(case, Refusal)
            assert set(case.opened) | set(case.refused) == set(groups)
        assert await entries(house) == before + 1, part
        [last] = await house.rows("SELECT act, actor, object_id FROM referral.audit_entry ORDER BY xid DESC LIMIT 1")
        assert (last["act"], last["object_id"]) == ("case.read", case_id)
        assert last["actor"] == str(house.player(part).membership_id)


async def test_nothing_sealed_is_opened_without_a_witness(house: House) -> None:
    filed, case_id, hand_off = await filed_case(house)
    async with house.acting("inspector") as (session, actor):
        with pytest.raises(TypeError, match="WitnessedRead"):
            await queries.case_seen(session, actor, case_id, groups=("G2",), now=house.at())
    assert asked(filed, "ZZ-C01") == hand_off
