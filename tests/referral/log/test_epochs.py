"""A new epoch: two custodians say why, and what stood is named; nobody follows on less."""

from __future__ import annotations

from uuid import UUID

import pytest

from referral.audit import checkpoints, epochs, openings, statements
from referral.audit.checkpoints import place_of
from referral.audit.key_files import SigningKey
from referral.audit.proof import Checkpoint, Note, ProofError
from referral.audit.statements import Statement
from referral.audit.witness import Incident
from tests.referral.log.running import Log

NEXT = "log.example.org/2026b"
UNPLACED = """
SELECT count(*) FROM referral.audit_entry e WHERE NOT EXISTS (
    SELECT FROM log.position p WHERE p.entry_id = e.id AND (p.epoch = 2 OR p.position < $1))
"""
TWICE = """
SELECT count(*) FROM (SELECT entry_id FROM log.position p WHERE p.epoch = 2 OR p.position < $1
    GROUP BY entry_id HAVING count(*) > 1) twice
"""


async def told_once(log: Log, kept: int) -> None:
    """Every entry stands in what was kept of the first epoch, or in the second; never in both."""
    for question in (UNPLACED, TWICE):
        [row] = await log.house.rows(question, kept)
        assert row[0] == 0, question


async def test_the_key_is_changed_and_nothing_is_lost(log: Log) -> None:
    labour, police = [await log.enrolled(name) for name in ("labour", "police")]
    final = await log.grow(3)
    for witness in (labour, police):
        await log.visit(witness)
    provisional = await log.grow(2)
    await log.write(1)
    new = SigningKey.new(NEXT, 1)
    note = await log.proposed(new)
    told = Statement.read(Note.read(note).text)
    assert (told.kept, told.last) == (final.checkpoint, provisional.checkpoint)
    await log.opens(new, note)
    after = await log.sealed()
    assert after.checkpoint.origin == NEXT
    await told_once(log, told.kept.size)
    for witness in (labour, police):
        visited = await log.visit(witness)
        assert (visited.cosigned, visited.lost) == (True, ())
    assert (await log.latest()).final()
    # And on as ever, also for whoever comes back.
    await log.grow(2)
    assert (await log.visit(log.witness(labour._key))).cosigned


async def test_entry_0_says_what_the_epoch_follows(log: Log) -> None:
    final = await log.grow(3)
    new = SigningKey.new(NEXT, 1)
    await log.opens(new, await log.proposed(new))
    await log.sealed()
    [row] = await log.house.rows(
        "SELECT e.header, e.header::jsonb ->> 'from' AS before, e.header::jsonb ->> 'to' AS after "
        "FROM log.position p JOIN referral.audit_entry e ON e.id = p.entry_id "
        "WHERE p.epoch = 2 AND p.position = 0"
    )
    assert row["before"] == "@".join(str(final.checkpoint).split())
    assert row["after"] == NEXT
    async with log.by("app") as connection:
        [_, epoch] = await checkpoints.epochs(connection)
        place = await place_of(connection, epoch.entry_id or UUID(int=0))
    assert openings.opens(row["header"], epoch)
    assert place is not None
    assert (place.epoch, place.index) == (2, 0)


async def test_a_restored_backup_is_told_loudly_and_followed(log: Log) -> None:
    """What witnesses had seen and the copy lacks is named in entry 0, and by each of them."""
    labour, police, late = [await log.enrolled(name) for name in ("labour", "police", "late")]
    kept = await log.grow(3)
    for witness in (labour, police):
        await log.visit(witness)
    await log.visit(late)
    copy = await log.backup()
    last = await log.grow(4)
    for witness in (labour, police):
        await log.visit(witness)
    await log.restore(copy)
    await log.write(2)
    await log.place()
    assert not await log.look()
    with pytest.raises(Incident):
        await log.visit(labour)
    new = SigningKey.new(NEXT, 1)
    note = await log.proposed(new, "disk lost on Monday; backup of 11:00")
    told = Statement.read(Note.read(note).text)
    assert (told.kept, told.last) == (kept.checkpoint, last.checkpoint)
    await log.opens(new, note)
    await log.sealed()
    assert await log.alarms() == {}
    await told_once(log, kept.checkpoint.size)
    [epoch] = await log.house.rows(
        "SELECT opening::jsonb ->> 'to' AS told FROM log.epoch WHERE epoch = 2"
    )
    missing = f"{kept.checkpoint.size}-{last.checkpoint.size - 1}"
    assert epoch["told"] == f"{NEXT}, without {missing}"
    for witness in (labour, police):
        visited = await log.visit(witness)
        assert visited.cosigned
        assert "disk lost on Monday" in visited.lost[0]
        assert witness.seen.lost == visited.lost
    assert (await log.visit(late)).lost == ()
    log.house.honest = True


async def test_one_custodian_or_a_stranger_opens_nothing(log: Log) -> None:
    await log.grow(3)
    new = SigningKey.new(NEXT, 1)
    statement = (await log.proposed(new)).partition("\n\n")[0] + "\n"
    one, two, _ = log.custodians
    stranger = SigningKey.new("notary", 1)
    for signers in ((one,), (one, one), (one, stranger), (stranger,), ()):
        note = statement + "\n" + "".join(signer.sign(statement) for signer in signers)
        with pytest.raises(ProofError):
            await log.opens(new, note)
    await log.opens(new, statement + "\n" + one.sign(statement) + two.sign(statement))


async def test_an_epoch_entered_past_the_custodians_is_neither_signed_nor_countersigned(
    log: Log,
) -> None:
    """A superuser enters it himself, with a key of his own; signer and witnesses ask for two."""
    labour = await log.enrolled("labour")
    await log.grow(3)
    await log.visit(labour)
    his = SigningKey.new(NEXT, 1)
    real = log.custodians
    log.custodians = (SigningKey.new("ombudsman", 1), SigningKey.new("notary", 1))
    await log.opens(his, await log.proposed(his))
    log.custodians = real
    log.restart()
    await log.place()
    log.house.at.forward(minutes=2)
    assert not await log.look()
    assert "REFERRAL_LOG_CUSTODIANS" in (await log.alarms())["epoch"]
    log.custodians = ()
    log.state.unlink()
    assert not await log.look()
    # A signer of his own signs it; no witness follows.
    log.custodians = (SigningKey.new("ombudsman", 1), SigningKey.new("notary", 1))
    note = await log.house.rows("SELECT statement FROM log.epoch WHERE epoch = 2")
    text = Note.read(note[0]["statement"]).text
    signatures = "".join(one.sign(text) for one in log.custodians)
    log.house.honest = False  # the log tells of the other statement
    await log.superuser(f"UPDATE log.epoch SET statement = E'{text}\n{signatures}' WHERE epoch = 2")
    log.restart()
    await log.sealed()
    with pytest.raises(Incident, match="signed by 0 of the custodians"):
        await log.visit(labour)


async def test_a_statement_that_admits_less_than_a_witness_knows_is_an_incident(log: Log) -> None:
    labour = await log.enrolled("labour")
    await log.grow(3)
    copy = await log.backup()
    await log.grow(3)
    await log.visit(labour)
    await log.restore(copy)
    log.state.unlink()  # lost with the disk: the statement knows of nothing later
    new = SigningKey.new(NEXT, 1)
    await log.opens(new, await log.proposed(new))
    await log.sealed()
    with pytest.raises(Incident, match="are known here"):
        await log.visit(labour)


async def test_another_database_is_no_restored_one(log: Log) -> None:
    await log.grow(3)
    here = (await log.latest()).checkpoint
    async with log.by("migrator") as connection:
        with pytest.raises(ProofError, match="another root"):
            await epochs.propose(
                connection,
                SigningKey.new(NEXT, 1).key,
                "why",
                Checkpoint(here.origin, here.size, bytes(32)),
                2,
            )


async def test_the_first_epoch_is_begun_once(log: Log) -> None:
    new = SigningKey.new(NEXT, 1).key
    async with log.operator() as session:
        assert not await epochs.begin(session.connection, new, log.now())
    await log.superuser("DELETE FROM log.epoch")
    async with log.operator() as session:
        with pytest.raises(ProofError, match="audit epoch begin"):
            await epochs.propose(session.connection, new, "why", None, 2)
        assert await epochs.begin(session.connection, new, log.now())
        [epoch] = await checkpoints.epochs(session.connection)
    assert (epoch.number, epoch.origin, epoch.signer) == (1, NEXT, str(new))


async def test_of_an_epoch_that_signed_nothing_nothing_is_kept(log: Log) -> None:
    """Neither of the first, before its first checkpoint, nor of one that was left at once."""
    for origin in (NEXT, "log.example.org/2026c"):
        new = SigningKey.new(origin, 1)
        note = await log.proposed(new)
        told = Statement.read(Note.read(note).text)
        assert (told.kept.origin, told.kept.size, told.last) == (log.key.name, 0, told.kept)
        await log.opens(new, note)
    assert (await log.grow(1)).checkpoint.origin == "log.example.org/2026c"


async def test_a_statement_opens_one_epoch_and_only_where_it_belongs(log: Log) -> None:
    await log.grow(2)
    new = SigningKey.new(NEXT, 1)
    note = await log.proposed(new)
    await log.opens(new, note)
    with pytest.raises(ProofError, match="not the last one here"):
        await log.opens(new, note)
    log.house.honest = False
    await log.superuser("DELETE FROM log.epoch")
    with pytest.raises(ProofError, match="not the last one here"):
        await log.opens(new, note)


async def signed_by_two(log: Log, statement: Statement) -> str:
    """As two custodians sign whatever they are shown."""
    return f"{statement}\n" + "".join(one.sign(str(statement)) for one in log.custodians[:2])


async def test_what_is_said_to_stand_stands_here(log: Log) -> None:
    here = (await log.grow(3)).checkpoint
    new = SigningKey.new(NEXT, 1)
    for size, words in ((1, "not one of this database"), (3, "not one of this database")):
        kept = Checkpoint(here.origin, size, bytes(32))
        statement = Statement(kept, kept, new.name, str(new.key), "why")
        with pytest.raises(ProofError, match=words):
            await log.opens(new, await signed_by_two(log, statement))
    note = await signed_by_two(log, Statement(here, here, new.name, str(new.key), "why"))
    log.house.honest = False
    await log.superuser("UPDATE log.tile SET hashes = decode(repeat('00', 96), 'hex')")
    with pytest.raises(ProofError, match="no longer those signed"):
        await log.opens(new, note)


async def test_two_epochs_later_a_witness_still_follows(log: Log) -> None:
    """The whole way, a statement for each; what the first never signed is told in the last."""
    labour = await log.enrolled("labour")
    await log.grow(3)
    await log.visit(labour)
    for origin in (NEXT, "log.example.org/2026c"):
        new = SigningKey.new(origin, 1)
        await log.opens(new, await log.proposed(new))
    await log.write(2)
    await log.sealed()
    assert (await log.visit(labour)).cosigned
    async with log.by("app") as connection:
        for row in await log.house.rows("SELECT id FROM referral.audit_entry"):
            assert await place_of(connection, row["id"]) is not None


def test_a_statement_reads_as_it_was_written() -> None:
    key = SigningKey.new(NEXT, 1).key
    last, kept = (Checkpoint("log.example.org/2026a", size, bytes([size]) * 32) for size in (9, 7))
    told = Statement(last, kept, NEXT, str(key), "the disk was lost")
    assert Statement.read(str(told)) == told
    assert list(told.missing) == [7, 8]
    for wrong in (
        Statement(kept, last, NEXT, str(key), "keeps more than there was"),
        Statement(last, kept, "another", str(key), "another one's key"),
        Statement(last, Checkpoint("elsewhere", 7, bytes(32)), NEXT, str(key), "two logs"),
    ):
        with pytest.raises(ProofError):
            Statement.read(str(wrong))
    for text in ("", "referral log: a new epoch (v1)\n", str(told).replace("why", "because")):
        with pytest.raises(ProofError):
            Statement.read(text)
    assert statements.CUSTODIANS == 2
