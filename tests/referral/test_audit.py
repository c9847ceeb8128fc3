"""The log finds every hand laid on it; refusals and sealed reads leave exactly one entry each.

Tampering is done as somebody above all rights would: triggers and foreign keys off. What it cannot
find without witnesses is said at the end, so that nobody believes more of it than is true.
"""

from __future__ import annotations

import random
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import pytest
import rfc8785
import yaml
from hypothesis import given
from hypothesis import strategies as st

from referral import casework, queries, roles
from referral.audit import canonical
from referral.audit.verify import verify
from referral.casework import Intake, Said
from referral.errors import Refusal
from referral.session import WitnessedRead
from tests.cast import House, asked, child_at_work
from tests.referral.forging import filed_case

_OFF = "SET session_replication_role = replica;"
_FILE = Path(__file__).with_name("tampering.yaml")
_STREAM = "(SELECT stream_id FROM referral.stream_head WHERE kind = 'case')"
_ONE = f"WHERE stream_id = {_STREAM} AND seq = 2"
_WORDS = {
    "{stream}": _STREAM,
    "{one}": _ONE,
    "{body}": f"WHERE entry_id = (SELECT id FROM referral.audit_entry {_ONE})",
    "{other_unit}": "(SELECT id FROM agencies.unit WHERE id NOT IN "
    "(SELECT receiver_unit FROM referral.hand_off) LIMIT 1)",
}
_CUT = """
DELETE FROM referral.audit_body b USING referral.audit_entry e
WHERE e.id = b.entry_id AND e.stream_id = {stream} AND e.seq > {keep};
DELETE FROM referral.audit_entry WHERE stream_id = {stream} AND seq > {keep};
UPDATE referral.stream_head s SET seq = e.seq, hash = e.hash, at = e.at FROM referral.audit_entry e
WHERE e.stream_id = s.stream_id AND s.stream_id = {stream} AND e.seq = {keep};
"""


def tampering(group: str) -> dict[str, str]:
    """What is done to the database, by what it is called."""
    found: dict[str, str] = yaml.safe_load(_FILE.read_text("utf-8"))[group]
    for word, meaning in _WORDS.items():
        found = {name: done.replace(word, meaning) for name, done in found.items()}
    return found


def cut(keep: str, kind: str = "case") -> str:
    """The tail of a stream is cut and its head set back, as somebody careful does it."""
    stream = _STREAM.replace("'case'", f"'{kind}'")
    return _CUT.replace("{stream}", stream).replace("{keep}", keep)


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
async def copies(house: House) -> Callable[[str], Awaitable[list[str]]]:
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


@pytest.mark.parametrize("group", ["columns", "order", "effects"])
async def test_every_hand_laid_on_it_is_found(copies: Any, group: str) -> None:
    done = tampering(group)
    assert len(done) > 5
    unseen = [name for name, statement in done.items() if not await copies(statement)]
    assert unseen == []


@pytest.mark.parametrize("few", [1, 3, 6])
async def test_a_tail_cut_together_with_its_head_shows_in_the_effects(
    copies: Any, few: int
) -> None:
    keep = f"(SELECT max(seq) - {few} FROM referral.audit_entry WHERE stream_id = {_STREAM})"
    counted = f"CREATE TEMP TABLE kept AS SELECT {keep} AS seq;"
    assert await copies(counted + cut("(SELECT seq FROM kept)"))


async def test_any_byte_of_any_entry(house: House) -> None:
    """A hundred bytes chosen by chance, in headers, hashes and bodies of every stream."""
    house.honest = False
    await told_story(house)
    chance = random.Random(20260302)  # noqa: S311 - it must be the same each time
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
        old = await connection.fetchval(
            f"SELECT {column} FROM referral.{table[: table.index(' ')]} {where}", one
        )
        at = chance.randrange(len(old))
        if isinstance(old, bytes):
            new: Any = old[:at] + bytes([old[at] ^ (1 << chance.randrange(8))]) + old[at + 1 :]
        else:
            letters = [c for c in '0aZ}{",:' if c != old[at]]
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
    assert await copies(cut("1", kind="member")) == []


async def entries(house: House) -> int:
    """How many there are."""
    [row] = await house.rows("SELECT count(*) AS n FROM referral.audit_entry")
    count: int = row["n"]
    return count


async def test_every_refusal_leaves_one_entry(house: House) -> None:
    filed, _case_id, hand_off = await filed_case(house)
    referral = UUID(filed.referrals[0].referral_id)
    nothing = Said()
    refusals: list[tuple[Any, ...]] = [
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
        [last] = await house.rows(
            "SELECT act FROM referral.audit_entry ORDER BY xid DESC, id DESC LIMIT 1"
        )
        assert last["act"] == "act.refused"


@pytest.mark.parametrize("groups", [("G2",), ("G3",), ("G4",), ("G2", "G3", "G4")])
async def test_every_opening_of_what_is_sealed_leaves_one_entry(
    house: House, groups: tuple[str, ...]
) -> None:
    _filed, case_id, _hand_off = await filed_case(house)
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
        [last] = await house.rows(
            "SELECT act, actor, object_id FROM referral.audit_entry ORDER BY xid DESC LIMIT 1"
        )
        assert (last["act"], last["object_id"]) == ("case.read", case_id)
        assert last["actor"] == str(house.player(part).membership_id)


async def test_nothing_sealed_is_opened_without_a_witness(house: House) -> None:
    filed, case_id, hand_off = await filed_case(house)
    async with house.acting("inspector") as (session, actor):
        with pytest.raises(TypeError, match="WitnessedRead"):
            await queries.case_seen(session, actor, case_id, groups=("G2",), now=house.at())
    assert asked(filed, "ZZ-C01") == hand_off


_VALUES = st.one_of(
    st.none(), st.booleans(), st.integers(-(2**53) + 1, 2**53 - 1), st.text(), st.lists(st.text())
)


@given(st.dictionaries(st.text(st.characters(codec="ascii")), _VALUES))
def test_entries_are_written_in_the_canonical_form(body: dict[str, Any]) -> None:
    assert canonical(body) == rfc8785.dumps(body)
