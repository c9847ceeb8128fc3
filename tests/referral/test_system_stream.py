"""What concerns no case is told in the system's stream, each thing by who speaks of it."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import orjson
import pytest
from sqlalchemy.exc import DBAPIError

from referral.audit import CLOCKWORK, OPERATOR, Author, Done, ledger
from referral.audit.streams import log_own, log_system
from referral.audit.verify import verify
from referral.session import Claim, WriteSession

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from datetime import datetime

    from referral.session import Actor
    from tests.cast import House

ENROLLED = Done.WITNESS_ENROLLED


@asynccontextmanager
async def clockwork(house: House) -> AsyncIterator[WriteSession]:
    """A transaction of the clockwork, for one country."""
    async with house.worker.begin() as connection:
        await connection.exec_driver_sql("SELECT referral.begin_worker('ZZ')")
        yield WriteSession(connection, house.installation.vault, house.installation.catalogue, "t")


async def tell(session: WriteSession, by: Actor | Author, *, now: datetime) -> None:
    """A witness is enrolled, as somebody says."""
    await log_system(session, ENROLLED, by=by, about=("witness", uuid4()), now=now, to="enrolled")


async def test_the_first_entry_opens_the_stream_and_the_next_continues_it(house: House) -> None:
    for _ in range(2):
        async with clockwork(house) as session:
            await tell(session, CLOCKWORK, now=house.at.forward(minutes=1))
    rows = await house.rows(
        "SELECT e.seq, e.actor, s.country FROM referral.audit_entry e "
        "JOIN referral.stream_head s USING (stream_id) WHERE s.kind = 'system' ORDER BY e.seq"
    )
    assert [tuple(row) for row in rows] == [(1, "clockwork", "ZZ"), (2, "clockwork", "ZZ")]
    assert (await verify(house.database.url_of("auditor_ro"))).problems == []


async def test_what_a_member_does_goes_on_in_her_own_stream(house: House) -> None:
    """About herself if nobody else is named; whoever sends it again is answered the same."""
    other, claim = uuid4(), Claim(bytes([1]) * 32, bytes([2]) * 32)

    async def signs_out(session: WriteSession, actor: Actor, *, now: datetime, **more: Any) -> None:
        session.claim = claim if "answer" in more else None
        await log_own(session, actor, Done.SIGNED_OUT, now=now, **more)

    await house.does("coordinator", signs_out)
    await house.does("coordinator", signs_out, about=other)
    assert await house.rows("SELECT FROM referral.idempotency") == []
    await house.does("coordinator", signs_out, answer={"outcome": "gone"})
    own = house.player("coordinator").membership_id
    rows = await house.rows(
        "SELECT e.seq, e.object_id FROM referral.audit_entry e JOIN referral.stream_head s "
        "USING (stream_id) WHERE e.act = $1 AND s.kind = 'member' ORDER BY e.seq",
        Done.SIGNED_OUT.value,
    )
    assert [tuple(row) for row in rows] == [(1, own), (2, other), (3, own)]
    [kept] = await house.rows("SELECT key_hash FROM referral.idempotency")
    assert kept["key_hash"] == claim.key_hash


@pytest.mark.parametrize("part", ["inspector", "agency_admin", "coordinator"])
async def test_nobody_says_of_the_system_what_is_not_hers_to_say(house: House, part: str) -> None:
    with pytest.raises(DBAPIError, match=r"does not (speak|say)"):
        await house.does(part, tell_of_a_witness)


async def tell_of_a_witness(session: WriteSession, actor: Actor, *, now: datetime) -> None:
    """As ``tell``, in the caller's own name."""
    await tell(session, actor, now=now)


async def test_the_clockwork_is_not_the_operator(house: House) -> None:
    with pytest.raises(DBAPIError, match="do not continue their stream"):
        async with clockwork(house) as session:
            await tell(session, OPERATOR, now=house.at())


async def sent_through(house: House, door: str, verb: Any, change: Any) -> None:
    """What a verb of the coordinator sends, changed and sent through another door."""

    async def through(connection: Any, statement: str, *values: Any) -> None:
        payload = orjson.loads(values[0])
        change(payload)
        await connection.exec_driver_sql(
            f"SELECT referral.{door}($1::jsonb)", (orjson.dumps(payload).decode(),)
        )

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ledger, "scalar", through)
        await house.does("coordinator", verb)


def with_notices(payload: dict[str, Any]) -> None:
    """A payload that tells somebody, too."""
    payload["outbox"] = []


async def test_entries_of_other_streams_do_not_pass_as_the_systems(house: House) -> None:
    async def signs_out(session: WriteSession, actor: Actor, *, now: datetime) -> None:
        await log_own(session, actor, Done.SIGNED_OUT, now=now)

    await house.does("coordinator", signs_out)
    with pytest.raises(DBAPIError, match="does not say so of the system"):
        await sent_through(house, "log_system", signs_out, dict)
    with pytest.raises(DBAPIError, match="no part of a decision"):
        await sent_through(
            house, "carry_out", signs_out, lambda payload: payload.update(system=True)
        )
    with pytest.raises(DBAPIError, match="only tells: outbox"):
        await sent_through(
            house, "log_system", signs_out, lambda payload: payload.update(outbox=[])
        )
