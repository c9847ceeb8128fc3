"""Somebody with every right and the stolen key: whoever holds one old checkpoint finds out."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from referral.audit import checkpoints, proof
from referral.audit.checkpoints import Place
from referral.audit.proof import Checkpoint, Note, ProofError
from referral.audit.witness import Incident

if TYPE_CHECKING:
    from tests.referral.log.running import Log

LAID = "(SELECT id, row_number() OVER (ORDER BY xid, id) - 1 AS n FROM referral.audit_entry)"
OF = f"FROM {LAID} laid WHERE laid.id = e.id AND laid.n ="
ATTACKS = {
    "changed": "UPDATE referral.audit_entry e SET header = replace(header, 'enrolled', 'ended')",
    "moved": "UPDATE referral.audit_entry e SET xid = xid8 '3'",
    "deleted": "DELETE FROM referral.audit_entry e",
}


def attack(kind: str, at: int) -> str:
    """A statement against the entry at this place."""
    using = "USING" if kind == "deleted" else "FROM"
    return f"{ATTACKS[kind]} {OF.replace('FROM', using, 1)} {at}"


@pytest.mark.parametrize(
    ("kind", "where"),
    [
        *(("changed", 0), ("changed", 17), ("changed", 29)),
        *(("moved", 1), ("moved", 17), ("moved", 29)),
        *(("deleted", 0), ("deleted", 17), ("deleted", 29)),
    ],
)
async def test_history_rewritten_and_signed_with_the_stolen_key_is_refused_by_every_witness(
    log: Log, kind: str, where: int
) -> None:
    people = [await log.enrolled(name) for name in ("labour", "police", "social")]
    before = await log.grow(30 - 15)
    assert before.checkpoint.size == 30
    receipt = await log.receipt(17)
    for witness in people:
        await log.visit(witness)
    await log.rewritten(attack(kind, where))
    after = await log.grow(5)
    assert set(Note.read(after.note).check([log.key.key])) == {log.key.name}, "the key is stolen"
    for witness in people:
        with pytest.raises(Incident) as incident:
            await log.visit(witness)
        kept = incident.value.file
        assert kept is not None
        assert before.own in kept.read_text()
        assert after.own in kept.read_text()
        # Nothing is forgotten by it: she goes on knowing what she knew, also when she comes back.
        assert log.witness(witness._key).seen.checkpoint == before.checkpoint
    assert (await log.latest()).cosigned == ()
    # Whoever holds a receipt has an old checkpoint too, and nothing leads from it to the new one.
    proved = receipt.check(log.key.key)
    async with log.by("app") as connection:
        path = await checkpoints.consistency(connection, 1, 30, after.checkpoint.size)
    with pytest.raises(ProofError):
        proof.check_consistency(
            *(proved.checkpoint.size, proved.checkpoint.root),
            *(after.checkpoint.size, after.checkpoint.root),
            path,
        )


async def test_two_histories_shown_to_two_agencies_meet_at_whoever_sees_both(log: Log) -> None:
    labour, police = [await log.enrolled(name) for name in ("labour", "police")]
    await log.grow(2)
    for witness in (labour, police):
        await log.visit(witness)
    copy = await log.backup()
    memory = log.state.read_text()
    for_labour = await log.grow(3)
    await log.visit(labour)
    await log.swapped(copy)
    log.state.write_text(memory)
    log.restart()
    for_police = await log.grow(3)
    assert for_labour.checkpoint.size == for_police.checkpoint.size
    assert for_labour.checkpoint.root != for_police.checkpoint.root
    await log.visit(police)  # she has seen this story only
    with pytest.raises(Incident):
        await log.visit(labour)
    await log.swapped(copy)
    with pytest.raises(Incident):
        await log.visit(police)
    await log.swapped(copy)
    await log.dropped(copy)


async def test_an_old_backup_is_neither_signed_nor_countersigned(log: Log) -> None:
    labour = await log.enrolled("labour")
    await log.grow(2)
    copy = await log.backup()
    await log.grow(4)
    await log.visit(labour)
    await log.restore(copy)
    await log.write(1)
    await log.place()
    assert not await log.look()
    assert "put back from a copy" in (await log.alarms())["behind"]
    with pytest.raises(Incident, match="does not prove"):
        await log.visit(labour)
    # Grown again past what was signed, it is another history.
    await log.write(300)
    await log.place()
    assert not await log.look()
    assert "rewritten" in (await log.alarms())["history"]


async def test_a_tail_that_is_cut_off_shows_at_every_witness(log: Log) -> None:
    labour = await log.enrolled("labour")
    before = await log.grow(3)
    await log.visit(labour)
    await log.rewritten(attack("deleted", before.checkpoint.size - 1))
    with pytest.raises(Incident, match="does not prove"):
        await log.visit(labour)


async def test_an_entry_slipped_in_shows(log: Log) -> None:
    """With a transaction number of long ago it stands before what was signed."""
    labour = await log.enrolled("labour")
    await log.grow(3)
    await log.visit(labour)
    await log.write(1)
    await log.rewritten(
        "UPDATE referral.audit_entry SET xid = xid8 '3' WHERE xid = (SELECT max(xid) FROM "
        "referral.audit_entry)"
    )
    with pytest.raises(Incident):
        await log.visit(labour)


async def test_a_proof_of_another_place_proves_nothing(log: Log) -> None:
    await log.grow(9)
    signed = await log.latest()
    [row] = await log.house.rows(
        "SELECT header FROM referral.audit_entry ORDER BY xid, id OFFSET 3 LIMIT 1"
    )
    leaf = proof.leaf_hash(row["header"].encode())
    size, root = signed.checkpoint.size, signed.checkpoint.root
    async with log.by("app") as connection:
        path = await checkpoints.inclusion(connection, Place(1, 3), size)
    proof.check_inclusion(leaf, 3, size, path, root)
    for index in {*range(size)} - {3}:
        with pytest.raises(ProofError):
            proof.check_inclusion(leaf, index, size, path, root)
    assert Checkpoint.read(str(signed.checkpoint)) == signed.checkpoint
