"""Time for many at once, and changed calendars, attacked: what is forged changes nothing.

The attacker has the clockwork's connection or a coordinator's standing. Each forgery starts from
what is honest, and that is carried out at the end.
"""

from __future__ import annotations

from copy import deepcopy
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

import asyncpg
import orjson
import pytest

from referral import casework, recounting, worker
from referral.casework import clockwork
from referral.database import scalar
from referral.session import WriteSession
from tests.cast import House, asked, child_at_work
from tests.referral.forging import (
    Forge,
    Payload,
    adding,
    all_refused,
    caught,
    rewritten,
    send,
    set_in,
    whole,
    without,
)
from tests.stories.test_calendar_changed import MOURNING, complaint

if TYPE_CHECKING:
    from collections.abc import Mapping


async def caught_of_time(house: House, door: str) -> Payload:
    """What the clockwork would send through this door now; nothing is carried out."""
    found: list[Payload] = []

    async def catch(connection: Any, statement: str, *values: Any) -> Any:
        if f"referral.{door}(" not in statement:
            return await scalar(connection, statement, *values)
        found.append(orjson.loads(values[0]))
        raise LookupError  # far enough

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(clockwork, "scalar", catch)
        with pytest.raises(LookupError):
            await _some_time(house)
    assert len(found) == 1
    return found[0]


async def _some_time(house: House) -> None:
    made = house.clockwork
    async with house.worker.connect() as connection:
        await recounting.look_through(made, connection, house.at())
        async with connection.begin():
            await connection.exec_driver_sql("SELECT referral.begin_worker('ZZ')")
            session = WriteSession(connection, made.vault, made.catalogue, "forger")
            claimed = await casework.claim(session, most=10, now=house.at())
            await casework.pass_time(session, claimed, now=house.at())


async def sent_as_time(house: House, door: str, payload: Payload, role: str = "worker") -> None:
    """Straight to the database, as the clockwork or as whoever."""
    connection = await asyncpg.connect(house.database.url_of(role))
    try:
        async with connection.transaction():
            if role == "worker":
                await connection.execute("SELECT referral.begin_worker('ZZ')")
            text = orjson.dumps(payload).decode()
            await connection.execute(f"SELECT referral.{door}($1::jsonb)", text)
    finally:
        await connection.close()


async def all_refused_of_time(
    house: House, door: str, honest: Payload, forgeries: Mapping[str, tuple[Forge, str]]
) -> None:
    before, wrong = await whole(house), {}
    for name, (forge, code) in forgeries.items():
        payload = deepcopy(honest)
        altered = forge(payload)
        try:
            await sent_as_time(house, door, altered if altered is not None else payload)
            wrong[name] = "got through"
        except asyncpg.PostgresError as fault:
            if fault.sqlstate != code:
                wrong[name] = f"{fault.sqlstate} {fault}"
    assert not wrong, wrong
    assert await whole(house) == before


def of_one(forge: Forge) -> Forge:
    """The first case alone, forged: what writes entries again chains them all."""

    def forged(payload: Payload) -> None:
        case = payload["cases"][0]
        for part, rows in payload.items():
            kept = [row for row in rows if part == "cases" or row["case_id"] == case]
            payload[part] = kept[:1] if part == "cases" else kept
        forge(payload)

    return forged


async def two_late(house: House) -> tuple[UUID, UUID]:
    """Two hand-offs whose reminder is due."""
    first, second = [
        asked(await house.manages("inspector", casework.file, child_at_work()), "ZZ-C01")
        for _ in range(2)
    ]
    house.at.forward(hours=12)
    return first, second


async def test_time_does_what_it_may_and_nothing_else(house: House) -> None:
    _, second = await two_late(house)
    honest = await caught_of_time(house, "let_time_pass")
    cases = honest["cases"]
    assert len(cases) == 2
    later = (house.at() + timedelta(days=9)).isoformat()

    def swapped(payload: Payload) -> None:
        one, other = payload["entries"]
        one["case_id"], other["case_id"] = other["case_id"], one["case_id"]

    def only_one_told(payload: Payload) -> None:
        payload["entries"].pop()

    def other_body(payload: Payload) -> None:
        payload["entries"][0]["content"] = payload["entries"][1]["content"]

    def twice(payload: Payload) -> None:
        payload["clock_moves"].append(payload["clock_moves"][0])

    def elsewhere(payload: Payload) -> None:
        payload["outbox"][0]["hand_off_id"] = payload["outbox"][-1]["hand_off_id"]

    await all_refused_of_time(
        house,
        "let_time_pass",
        honest,
        {
            "a move of a state": (adding(moves=[{"id": str(second)}]), "RF009"),
            "a hand-off opened": (adding(hand_offs=[{"id": str(second)}]), "RF009"),
            "no cases": (set_to(cases=[]), "RF008"),
            "a case that is not there": (set_to(cases=[*cases, str(uuid4())]), "RF008"),
            "a case too few": (set_to(cases=cases[:1]), "RF002"),
            "no entries": (set_to(entries=[]), "RF001"),
            "one case untold": (only_one_told, "RF001"),
            "each other's entries": (swapped, "RF002"),
            "another's body": (other_body, "RF002"),
            "a wrong hash": (set_in("entries", hash="00" * 32), "RF002"),
            "a wrong predecessor": (of_one(rewritten(prev="00" * 32)), "RF002"),
            "a number left out": (of_one(rewritten(seq=99)), "RF002"),
            "in somebody's name": (of_one(rewritten(actor=str(uuid4()))), "RF002"),
            "of another thing": (of_one(rewritten(object_type="case")), "RF002"),
            "of another hand-off": (of_one(rewritten(object=str(uuid4()))), "RF015"),
            "at another state": (of_one(rewritten(to="accepted")), "RF015"),
            "marked and not told": (set_in("marks", entries=2), "RF015"),
            "told and not marked": (without("marks"), "RF015"),
            "met as well": (set_in("marks", first_contact_at=later), "RF013"),
            "a limit moved": (set_in("marks", limit_moved=True), "RF013"),
            "a mark of another case": (set_in("marks", case_id=cases[1]), "RF013"),
            "a later end": (set_in("clock_moves", due_at=later), "RF014"),
            "another ladder": (set_in("clock_moves", rungs=[]), "RF014"),
            "more time": (set_in("clock_moves", extensions=1), "RF014"),
            "standing still": (set_in("clock_moves", state="paused"), "RF014"),
            "a clock of another case": (set_in("clock_moves", case_id=cases[1]), "RF014"),
            "a clock twice": (twice, "RF014"),
            "told of another case": (elsewhere, "RF009"),
            "somebody told of no case": (set_in("outbox", case_id=str(uuid4())), "RF009"),
        },
    )
    for role in ("app", "auditor_ro"):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await sent_as_time(house, "let_time_pass", honest, role)
    await sent_as_time(house, "let_time_pass", honest)


def set_to(**parts: Any) -> Forge:
    """Whole parts of it are others."""

    def forge(payload: Payload) -> None:
        payload.update(parts)

    return forge


async def test_a_limit_is_counted_again_after_a_change_alone(house: House) -> None:
    await complaint(house)
    await house.manages("coordinator", casework.change_calendar, MOURNING)
    honest = await caught_of_time(house, "recount_limits")
    later = (house.at() + timedelta(days=90)).isoformat()

    def fired_again(payload: Payload) -> None:
        payload["recounts"][0]["next_at"] = payload["recounts"][0]["rungs"][1]["at"]

    await all_refused_of_time(
        house,
        "recount_limits",
        honest,
        {
            "after no change": (set_in("recounts", change=str(uuid4())), "RF014"),
            "to where it was": (
                set_in("recounts", due_at="2026-03-04T23:59:59+00:00"),
                "RF014",
            ),
            "a clock that is not there": (set_in("recounts", id=str(uuid4())), "RF014"),
            "another ladder": (set_in("recounts", rungs=[]), "RF014"),
            "another rung next": (fired_again, "RF014"),
            "nothing": (set_to(recounts=[]), "RF014"),
            "untold": (set_in("marks", entries=2), "RF015"),
            "a clock moved too": (adding(clock_moves=[{"due_at": later}]), "RF009"),
        },
    )
    await sent_as_time(house, "recount_limits", honest)
    # Settled: it moves nothing any more.
    house.at.forward(minutes=3)
    await worker.turn(house.clockwork, house.at())
    with pytest.raises(asyncpg.PostgresError) as fault:
        await sent_as_time(house, "recount_limits", honest)
    assert fault.value.sqlstate == "RF014"


async def test_a_change_is_entered_whole_with_its_entry_by_a_coordinator(house: House) -> None:
    honest = await caught(
        house, "coordinator", casework.change_calendar, MOURNING, door="change_calendar"
    )
    await all_refused(
        house,
        "coordinator",
        honest,
        {
            "no source": (set_in("calendar_changes", source=" "), "23514"),
            "no name": (set_in("calendar_changes", name=""), "23514"),
            "another kind": (set_in("calendar_changes", kind="guessed"), "23514"),
            "no days": (set_to(calendar_days=[]), "RF021"),
            "a day that has passed": (set_in("calendar_days", day="2026-03-01"), "RF021"),
            "on what was not read": (set_to(seen=1), "RF021"),
            "on nothing at all": (without("seen"), "RF021"),
            "untold": (set_to(entries=[]), "RF001"),
            "told of another": (set_in("calendar_changes", id=str(uuid4())), "RF015"),
            "told as something else": (rewritten(act="release.published"), "RF007"),
        },
        door="change_calendar",
    )
    for part in ("inspector", "supervisor", "auditor"):
        with pytest.raises(asyncpg.PostgresError) as fault:
            await send(house, part, honest, door="change_calendar")
        assert fault.value.sqlstate == "RF007", part
    await send(house, "coordinator", honest, door="change_calendar")


async def test_what_only_its_own_role_may_ask_is_nothing_to_others(house: House) -> None:
    await complaint(house)
    names = sorted(house.installation.catalogue.counted_in_days("ZZ"))
    for part, count in (("coordinator", 1), ("inspector", 0), ("social_worker", 0), ("auditor", 0)):
        async with house.acting(part) as (session, _):
            found = await scalar(
                session.connection,
                "SELECT referral.limits_running($1, $2, 10)",
                names,
                MOURNING.day,
            )
            told = orjson.loads(found) if isinstance(found, str) else found
            assert len(told) == count, part
            agenda = await scalar(
                session.connection,
                "SELECT referral.agenda_until('COORDINATION', $1, $1)",
                house.at() + timedelta(days=400),
            )
            assert agenda in ([], "[]"), part  # nothing is late yet
    # A change is looked through by the clockwork alone; the app may not even ask.
    await house.manages("coordinator", casework.change_calendar, MOURNING)
    (row,) = await house.rows("SELECT id FROM referral.calendar_change")
    async with house.acting("coordinator") as (session, _):
        for call in (
            "referral.looked_through($1, now(), true)",
            "referral.claim_limits(ARRAY[$1::uuid], now())",
        ):
            driver = (await session.connection.get_raw_connection()).driver_connection
            assert driver is not None
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                async with driver.transaction():
                    await driver.execute(f"SELECT {call}", row["id"])
