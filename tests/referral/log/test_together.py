"""Many entries are proved together, each where it counts, also across the seams of the log."""

from __future__ import annotations

from uuid import UUID, uuid4

import pytest

from referral.audit.key_files import SigningKey
from referral.audit.proof import Checkpoint, check_inclusion, leaf_hash
from referral.audit.together import Together, together
from tests.referral.log.running import Log

SECOND, THIRD = "log.example.org/2026b", "log.example.org/2026c"


async def entries(log: Log) -> list[UUID]:
    """All there are, in their order."""
    rows = await log.house.rows("SELECT id FROM referral.audit_entry ORDER BY xid, id")
    return [row["id"] for row in rows]


async def proved(log: Log, ids: list[UUID], quorum: int = 2) -> Together | None:
    """Together, and every proof in it checked by its header and its checkpoint."""
    async with log.by("app") as connection:
        found = await together(connection, ids, quorum)
    if found is None:
        return None
    headers = {
        row["id"]: row["header"]
        for row in await log.house.rows("SELECT id, header FROM referral.audit_entry")
    }
    told = [(headers[one], shown) for one, shown in found.proved.items()]
    told += [(one.opening, one.shown) for one in found.earlier]
    under = [found.signed.checkpoint, *(one.signed.checkpoint for one in found.earlier)]
    for header, shown in told:
        at: Checkpoint = under[shown.epoch]
        leaf = leaf_hash(header.encode())
        check_inclusion(leaf, shown.index, at.size, shown.path, at.root)
    assert list(found.proved) == ids
    return found


async def goes_on(log: Log, origin: str) -> None:
    """With a new key; nothing of it is placed yet."""
    new = SigningKey.new(origin, 1)
    await log.opens(new, await log.proposed(new))


async def test_all_wait_for_the_last_of_them(log: Log) -> None:
    await log.grow(2)
    await log.write(1)
    ids = await entries(log)
    assert await proved(log, ids[:2])
    assert await proved(log, ids) is None, "one has no place"
    await log.place()
    assert await proved(log, ids) is None, "one is under no checkpoint"
    await log.sealed()
    found = await proved(log, ids)
    assert found is not None
    assert (found.final, found.earlier, found.signed.checkpoint.size) == (False, (), 3)
    assert {one.epoch for one in found.proved.values()} == {0}
    first = await proved(log, ids[:2])
    assert first is not None
    assert first.signed.checkpoint.size == 2, "the first that covers them"
    assert await proved(log, [*ids, uuid4()]) is None


async def test_a_final_checkpoint_is_taken_before_an_earlier_one(log: Log) -> None:
    people = [await log.enrolled(name) for name in ("labour", "police")]
    first = (await log.grow(1)).checkpoint.size
    last = (await log.grow(1)).checkpoint.size
    for one in people:
        await log.visit(one)
    ids = (await entries(log))[:3]
    for quorum, size in ((2, last), (3, first)):
        found = await proved(log, ids, quorum)
        assert found is not None
        assert (found.final, found.signed.checkpoint.size) == (quorum == 2, size)


async def test_in_three_epochs_each_is_named_by_the_next(log: Log) -> None:
    kept = []
    for origin in (SECOND, THIRD):
        kept.append((await log.grow(2)).checkpoint)
        await goes_on(log, origin)
        await log.sealed()
    await log.grow(2)
    ids = await entries(log)
    found = await proved(log, ids)
    assert found is not None
    assert found.signed.checkpoint.origin == THIRD
    assert [one.signed.checkpoint for one in found.earlier] == kept[::-1]
    assert [(one.shown.epoch, one.shown.index) for one in found.earlier] == [(0, 0), (1, 0)]
    places = [(one.epoch, one.index) for one in found.proved.values()]
    assert places[:2] == [(2, 0), (2, 1)]
    assert {epoch for epoch, _ in places} == {0, 1, 2}
    # Of those in the first two alone nothing is said of the third.
    two = await proved(log, [ids[0], ids[3]])
    assert two is not None
    assert two.signed.checkpoint.origin == SECOND
    assert [one.signed.checkpoint for one in two.earlier] == kept[:1]
    # Where none is in the second, it is shown all the same: it says what was kept of the first.
    ends = await proved(log, [ids[0], ids[-1]])
    assert ends is not None
    assert [one.signed.checkpoint for one in ends.earlier] == kept[::-1]


async def test_what_was_not_kept_waits_to_be_told_anew(log: Log) -> None:
    people = [await log.enrolled(name) for name in ("labour", "police")]
    kept = (await log.grow(1)).checkpoint
    for one in people:
        await log.visit(one)
    await log.grow(2)
    ids = await entries(log)
    assert await proved(log, ids)
    await goes_on(log, SECOND)
    for some in (ids[: kept.size + 1], ids[kept.size : kept.size + 1], ids):
        assert await proved(log, some) is None
    before = await proved(log, ids[: kept.size])
    assert before is not None
    assert (before.signed.checkpoint, before.final, before.earlier) == (kept, True, ())
    await log.sealed()
    found = await proved(log, ids)
    assert found is not None
    assert [one.epoch for one in found.proved.values()] == [1] * kept.size + [0] * 2
    assert [one.signed.checkpoint for one in found.earlier] == [kept]


@pytest.mark.parametrize("signed", [False, True])
async def test_an_epoch_that_was_left_at_once_is_left_out(log: Log, *, signed: bool) -> None:
    """What opened the second is told anew in the third, which says from where all goes on."""
    people = [await log.enrolled(name) for name in ("labour", "police")]
    kept = (await log.grow(1)).checkpoint
    for one in people:
        await log.visit(one)
    await goes_on(log, SECOND)
    if signed:  # and nobody has seen it
        await log.sealed()
    await goes_on(log, THIRD)
    ids = await entries(log)
    assert await proved(log, ids) is None
    await log.sealed()
    found = await proved(log, ids)
    assert found is not None
    assert [one.signed.checkpoint for one in found.earlier] == [kept]
    [earlier] = found.earlier
    assert earlier.shown.epoch == 0
    assert earlier.shown.index > 0
