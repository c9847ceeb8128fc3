"""Epochs and witnesses are what the log tells of them: a changed row is found, and named."""

from __future__ import annotations

from pathlib import Path

import asyncpg
import pytest
import yaml

from referral.audit import witnesses
from referral.audit.key_files import SigningKey
from referral.audit.roots import Trusted
from referral.audit.verify import verify_within
from tests.referral.log.running import Log

NEXT = "log.example.org/2026b"


async def wrong(log: Log, *done: str, trusted: Trusted | None = None) -> list[str]:
    """What is found once somebody above all rights has done this; it is undone again."""
    connection = await asyncpg.connect(log.house.database.superuser_url)
    transaction = connection.transaction()
    await transaction.start()
    try:
        await connection.execute("SET LOCAL session_replication_role = replica")
        for statement in done:
            assert not (await connection.execute(statement)).endswith(" 0"), statement
        problems = (await verify_within(connection, trusted=trusted)).problems
    finally:
        await transaction.rollback()
        await connection.close()
    return [f"{one.where}: {one.what}" for one in problems]


@pytest.fixture
async def later(log: Log) -> Log:
    """A log in its second epoch, with one witness and one that was dismissed."""
    await log.enrolled("labour")
    await log.enrolled("police")
    await log.grow(3)
    new = SigningKey.new(NEXT, 1)
    await log.opens(new, await log.proposed(new, "the key is changed"))
    await log.sealed()
    async with log.operator() as session:
        assert await witnesses.dismiss(session, "police", log.now())
    return log


CHANGED = yaml.safe_load(Path(__file__).with_name("declared.yaml").read_text("utf-8"))


async def test_every_change_of_an_epoch_or_a_witness_is_found_and_named(later: Log) -> None:
    log, missed = later, []
    assert await wrong(log) == []
    for name, hand in CHANGED.items():
        found = await wrong(log, hand["done"])
        named = any(one.startswith(hand["found"]) for one in found)
        missed += [] if named else [(name, found)]
    assert missed == []


async def test_with_their_keys_the_custodians_word_is_checked_too(later: Log) -> None:
    """A statement of the operator's own, entered past the custodians, fits its entry."""
    log = later
    own = SigningKey.new("log.example.org/2026c", 1)
    real, log.custodians = (
        log.custodians,
        tuple(SigningKey.new(one.name, 1) for one in log.custodians),
    )
    await log.opens(own, await log.proposed(own))
    assert await wrong(log) == []
    found = await wrong(log, trusted=Trusted(custodians=tuple(one.key for one in real)))
    assert [one.partition(":")[0] for one in found] == ["epoch 3"]
    assert "signed by 0 of the custodians" in found[0]


async def test_enrolled_by_somebody_else_than_the_operator_is_not_enrolled(log: Log) -> None:
    """The clockwork speaks of the log too; a witness is the operator's word."""
    await log.write(1)
    assert await wrong(log) == []
