"""What is signed goes on from what was signed; what does not fit stops the signer, and why."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import event

from referral import casework
from referral.audit import state_files
from referral.audit.key_files import SigningKey
from referral.audit.memory import Memory
from referral.audit.proof import Checkpoint, Note
from referral.audit.signer import Signer
from referral.audit.state_files import StateError
from tests.cast import asked, child_at_work
from tests.referral.log.running import Log


async def test_what_is_signed_checks_by_the_key_of_the_epoch(log: Log) -> None:
    signed = await log.grow(3)
    note = Note.read(signed.note)
    assert set(note.check([log.key.key])) == {log.key.name}
    assert Checkpoint.read(note.text) == signed.checkpoint
    assert signed.checkpoint.size == 3


async def test_the_first_is_signed_at_once_and_then_an_entry_waits_no_minute(log: Log) -> None:
    await log.write(1)
    await log.place()
    assert await log.look()
    await log.write(1)
    await log.place()
    assert not await log.look()
    log.house.at.forward(seconds=54)
    assert not await log.look()
    log.house.at.forward(seconds=1)
    assert await log.look()
    assert not await log.look()


async def test_an_acceptance_waits_no_ten_seconds(log: Log) -> None:
    house = log.house
    filed = await house.manages("inspector", casework.file, child_at_work())
    await log.sealed()
    hand_off = asked(filed, "ZZ-C01")
    await house.manages("social_worker", casework.accept, hand_off)
    await log.place()
    assert not await log.look()
    house.at.forward(seconds=5)
    assert await log.look()


async def test_256_entries_do_not_wait(log: Log) -> None:
    await log.grow(1)
    await log.write(255)
    await log.place()
    assert not await log.look()
    await log.write(1)
    await log.place()
    assert await log.look()


async def test_while_much_is_written_it_is_signed_each_second(log: Log) -> None:
    await log.grow(1)
    await log.write(128)
    await log.place()
    assert not await log.look()
    log.house.at.forward(seconds=1)
    assert await log.look()


async def test_a_look_at_nothing_new_is_one_query(log: Log) -> None:
    await log.grow(3)
    asked: list[str] = []
    engine = log.engines["signer"].sync_engine
    event.listen(engine, "before_cursor_execute", lambda *told: asked.append(told[2]))
    assert not await log.look()
    assert len(asked) == 1, asked


async def test_that_nothing_happened_is_said_each_hour(log: Log) -> None:
    before = await log.grow(1)
    log.house.at.forward(minutes=59)
    assert not await log.look()
    assert (await log.latest()).seen_at == before.seen_at
    now = log.house.at.forward(minutes=1)
    assert not await log.look()
    after = await log.latest()
    assert (after.seen_at, after.signed_at, after.note) == (now, before.signed_at, before.note)


async def test_a_signer_that_comes_back_goes_on_from_what_it_signed(log: Log) -> None:
    await log.grow(3)
    log.restart()
    assert (await log.grow(2)).checkpoint.size == 5


async def test_killed_between_memory_and_database_the_same_note_is_published(log: Log) -> None:
    """Two roots for one size there must never be: what the memory holds is what the world gets."""
    signed = await log.grow(3)
    await log.superuser("DELETE FROM log.checkpoint")
    log.restart()
    assert not await log.look()
    again = await log.latest()
    assert (again.note, again.signed_at) == (signed.note, signed.signed_at)


async def test_a_header_that_was_changed_is_not_signed(log: Log) -> None:
    log.house.honest = False
    await log.write(3)
    await log.place()
    await log.superuser("UPDATE referral.audit_entry SET header = header || ' ' WHERE seq = 2")
    log.house.at.forward(minutes=2)
    assert not await log.look()
    assert "was changed" in (await log.alarms())["history"]


async def test_a_place_that_is_gone_is_not_signed_over(log: Log) -> None:
    log.house.honest = False
    await log.write(3)
    await log.place()
    await log.superuser("DELETE FROM log.position WHERE position = 1")
    log.house.at.forward(minutes=2)
    assert not await log.look()
    assert "deleted" in (await log.alarms())["tree"]


async def test_history_rewritten_with_its_tree_is_not_signed(log: Log) -> None:
    """Entries, places and tree are in agreement again; the signer remembers another root."""
    log.house.honest = False
    await log.grow(3)
    await log.superuser(
        "UPDATE referral.audit_entry SET header = header || ' ' WHERE seq = 2",
        *("DELETE FROM log.position", "DELETE FROM log.tile", "DELETE FROM log.checkpoint"),
    )
    await log.place()
    assert not await log.look()
    assert "history was rewritten" in (await log.alarms())["history"]


async def test_a_tail_that_was_cut_is_not_signed_over(log: Log) -> None:
    log.house.honest = False
    await log.grow(3)
    await log.superuser(
        *("DELETE FROM log.position WHERE position = 2", "DELETE FROM log.checkpoint")
    )
    assert not await log.look()
    told = (await log.alarms())["behind"]
    assert "up to 3 entries" in told
    assert "has 2 of them" in told
    assert "referral audit epoch propose" in told


async def test_alarms_end_when_all_is_well_again(log: Log) -> None:
    await log.grow(3)
    log.house.at.forward(minutes=1)
    log.skewed = timedelta(hours=-1)
    assert not await log.look()
    assert set(await log.alarms()) == {"clock"}
    log.skewed = timedelta(0)
    assert not await log.look()
    assert await log.alarms() == {}
    assert (await log.grow(1)).checkpoint.size == 4


@pytest.mark.parametrize("jump", [timedelta(seconds=-6), timedelta(seconds=6)])
async def test_under_a_clock_that_jumped_nothing_is_signed(log: Log, jump: timedelta) -> None:
    await log.grow(1)
    await log.write(1)
    await log.place()
    await log.look()
    log.skewed = jump
    log.house.at.forward(minutes=2)
    assert not await log.look()
    assert (
        f"jumped {'forward' if jump > timedelta(0) else 'back'} by 6 s"
        in ((await log.alarms())["clock"])
    )


async def test_a_look_that_takes_long_is_no_jump_of_the_clock(log: Log) -> None:
    """The database is slow, or there is much to hash: meanwhile both clocks move on."""
    await log.grow(1)
    engine = log.engines["signer"].sync_engine
    event.listen(engine, "before_cursor_execute", lambda *_: log.house.at.forward(seconds=6))
    for _ in range(3):
        await log.write(1)
        await log.place()
        await log.look()
        assert await log.alarms() == {}


async def test_a_clock_before_the_last_signature_signs_nothing_after_a_restart_either(
    log: Log,
) -> None:
    await log.grow(1)
    log.skewed = timedelta(days=-1)
    log.restart()
    await log.write(300)
    await log.place()
    assert not await log.look()
    assert "last signed" in (await log.alarms())["clock"]


async def test_before_the_first_entry_there_is_nothing_to_sign_and_nothing_wrong(log: Log) -> None:
    assert not await log.look()
    assert await log.alarms() == {}


async def test_without_an_epoch_it_says_who_begins_one(log: Log) -> None:
    await log.superuser("DELETE FROM log.epoch")
    assert not await log.look()
    assert "referral migrate" in (await log.alarms())["epoch"]


async def test_a_published_root_that_was_changed_is_not_signed_over(log: Log) -> None:
    log.house.honest = False
    await log.grow(2)
    await log.superuser("UPDATE log.checkpoint SET root = decode(repeat('00', 32), 'hex')")
    await log.write(1)
    await log.place()
    log.house.at.forward(minutes=1)
    assert not await log.look()
    assert "history was rewritten" in (await log.alarms())["history"]


async def test_put_back_to_before_its_epoch_nothing_is_signed(log: Log) -> None:
    """Copy and key are from before; the memory knows of the epoch that followed."""
    await log.grow(2)
    copy, before = await log.backup(), log.key
    new = SigningKey.new("log.example.org/2026b", 1)
    await log.opens(new, await log.proposed(new))
    await log.sealed()
    await log.restore(copy)
    log.key = before
    log.restart()
    assert not await log.look()
    assert "has 0 of them" in (await log.alarms())["behind"]
    log.house.honest = False


async def test_an_epoch_that_begins_with_another_entry_is_not_signed(log: Log) -> None:
    log.house.honest = False
    await log.grow(2)
    new = SigningKey.new("log.example.org/2026b", 1)
    await log.opens(new, await log.proposed(new))
    first = "(SELECT id FROM referral.audit_entry ORDER BY xid, id LIMIT 1)"
    await log.superuser(f"UPDATE log.epoch SET entry_id = {first} WHERE epoch = 2")
    await log.place()
    assert not await log.look()
    assert "does not begin with the entry" in (await log.alarms())["epoch"]


async def test_an_epoch_for_which_no_custodian_stands_is_not_signed(log: Log) -> None:
    new = SigningKey.new("log.example.org/2026b", 1)
    await log.opens(new, await log.proposed(new))
    log.custodians = ()
    log.restart()
    await log.place()
    assert not await log.look()
    assert "REFERRAL_LOG_CUSTODIANS" in (await log.alarms())["epoch"]


async def test_another_key_signs_nothing(log: Log) -> None:
    await log.grow(1)
    log.key = SigningKey.new(log.key.name, 1)
    log.restart()
    assert not await log.look()
    assert "REFERRAL_LOG_KEY_FILE" in (await log.alarms())["key"]


async def test_a_signer_that_forgot_signs_nothing(log: Log) -> None:
    await log.grow(1)
    log.state.unlink()
    log.restart()
    assert not await log.look()
    assert "remembers nothing" in (await log.alarms())["state"]


async def test_a_memory_that_is_damaged_is_none(log: Log) -> None:
    await log.grow(1)
    log.state.write_text('{"epoch": 1}')
    with pytest.raises(StateError, match="damaged"):
        Signer(log.key, log.state)


async def test_the_memory_is_what_it_was_and_nobody_elses_to_read(log: Log) -> None:
    signed = await log.grow(5)
    kept = Memory.read(log.state.read_text())
    assert (kept.size, kept.root) == (signed.checkpoint.size, signed.checkpoint.root)
    assert log.state.stat().st_mode & 0o777 == 0o600


def test_two_signers_do_not_share_a_memory(tmp_path: Path) -> None:
    file = tmp_path / "log_state"
    with (
        state_files.held(file),
        pytest.raises(StateError, match="Another process"),
        state_files.held(file),
    ):
        pytest.fail("two have it")
