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
from referral.session import WriteSession

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
