"""Witnesses countersign what goes on from what they saw; two stories are an incident."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest

from referral.audit import checkpoints, proof, witnesses
from referral.audit.checkpoints import place_of
from referral.audit.key_files import SigningKey
from referral.audit.proof import Note
from referral.audit.remote import NotKeptError, Remote
from referral.audit.state_files import StateError
from referral.audit.witness import Incident, Witness
from tests.referral.log.running import Log


async def test_two_of_three_make_a_checkpoint_final(log: Log) -> None:
    labour, police, social = [
        await log.enrolled(name) for name in ("labour", "police", "social-services")
    ]
    signed = await log.grow(3)
    assert not signed.final()
    assert (await log.visit(labour)).cosigned
    assert not (await log.latest()).final()
    assert (await log.visit(police)).cosigned
    final = await log.latest()
    assert final.final()
    assert [one.witness for one in final.cosigned] == ["labour", "police"]
    assert (await log.visit(social)).cosigned
    # Whoever has signed it does not sign it again.
    assert not (await log.visit(labour)).cosigned
    rows = await log.house.rows("SELECT key FROM log.witness")
    keys = [proof.Key.read(row["key"]) for row in rows]
    assert set(Note.read((await log.latest()).note).check([log.key.key, *keys])) == {
        *(log.key.name, "labour", "police", "social-services")
    }


async def test_a_receipt_with_two_witnesses_checks_without_us(log: Log) -> None:
    """What receipts are made of fits together: place, path, note."""
    labour, police = [await log.enrolled(name) for name in ("labour", "police")]
    await log.grow(7)
    for witness in (labour, police):
        await log.visit(witness)
    [row] = await log.house.rows(
        "SELECT id, header FROM referral.audit_entry ORDER BY xid, id OFFSET 4 LIMIT 1"
    )
    async with log.by("app") as connection:
        place = await place_of(connection, row["id"])
        assert place is not None
        signed = await checkpoints.final_covering(connection, place)
        assert signed is not None
        path = await checkpoints.inclusion(connection, place, signed.checkpoint.size)
    receipt = proof.Receipt(row["header"].encode(), place.index, path, Note.read(signed.note))
    keys = [proof.Key.read(str(key)) for key in (labour._key.key, police._key.key)]
    assert set(receipt.check(log.key.key, keys).witnesses) == {"labour", "police"}


async def test_a_witness_that_is_down_keeps_nobody_from_working(log: Log) -> None:
    labour, police = [await log.enrolled(name) for name in ("labour", "police")]
    for _ in range(3):
        await log.grow(2)
        await log.visit(labour)
    async with log.by("app") as connection:
        assert await checkpoints.last_final(connection, 1) is None
    assert (await log.visit(police)).cosigned
    assert (await log.latest()).final()


async def test_it_remembers_before_it_signs(log: Log) -> None:
    """Killed between the two, she signs the same one when she comes back, and no other."""
    labour = await log.enrolled("labour")
    await log.grow(2)

    class Broken(Remote):
        async def post(self, note: str) -> None:
            raise NotKeptError(note)

    async with log.remote() as remote:
        with pytest.raises(NotKeptError):
            await labour.visit(Broken(remote.client), log.now)
    again = log.witness(labour._key)
    assert again.seen.checkpoint == (await log.latest()).checkpoint
    assert (await log.visit(again)).cosigned


async def test_at_her_first_start_she_must_be_told_whose_log_it_is(log: Log) -> None:
    key = SigningKey.new("labour", 4)
    with pytest.raises(StateError, match="--log-key"):
        Witness(key, log.folder / "labour.state")


async def test_an_older_checkpoint_from_a_cache_is_no_incident(log: Log) -> None:
    labour = await log.enrolled("labour")
    older = (await log.grow(2)).note
    await log.grow(2)
    await log.visit(labour)

    class Cached(Remote):
        async def checkpoint(self) -> str:
            return older

    async with log.remote() as remote:
        assert not (await labour.visit(Cached(remote.client), log.now)).cosigned
    assert (await log.visit(labour)).size == (await log.latest()).checkpoint.size


async def test_a_forged_signature_is_an_incident(log: Log) -> None:
    labour = await log.enrolled("labour")
    await log.grow(2)
    stranger = SigningKey.new(log.key.name, 1)
    text = str((await log.latest()).checkpoint)

    class Forged(Remote):
        async def checkpoint(self) -> str:
            return f"{text}\n{stranger.sign(text)}"

    async with log.remote() as remote:
        with pytest.raises(Incident, match="not signed by the key"):
            await labour.visit(Forged(remote.client), log.now)


@pytest.mark.parametrize(
    ("change", "status", "words"),
    [
        (lambda note: note.replace("2026a", "2027a"), 404, "not the log of that name"),
        (lambda note: note.replace("\n6\n", "\n9\n"), 409, "signed no checkpoint of 9 entries"),
        (lambda note: note.replace("\n6\n", "\n06\n"), 422, "leading zeros"),
        (lambda note: note.partition("\n\n")[0] + "\n\n", 422, "no signed note"),
        (lambda note: note.replace("labour ", "nobody "), 403, "no witness of this log"),
        (lambda note: note[:-6] + "AAAA=\n", 422, ""),
        (lambda note: note[:0], 422, "no signed note"),
        (lambda note: note + note.splitlines()[-1] * 20, 422, ""),
        (lambda note: note + (note.splitlines()[-1] + "\n") * 40, 422, "At most 16"),
    ],
)
async def test_what_is_no_cosignature_of_ours_is_refused_with_its_reason(
    log: Log, change: Callable[[str], str], status: int, words: str
) -> None:
    labour = await log.enrolled("labour")
    signed = await log.grow(1)
    assert signed.checkpoint.size == 6, "that she is enrolled is told in each of five countries"
    text = str(signed.checkpoint)
    note = f"{text}\n{labour._key.cosign(text, log.now())}"
    async with log.remote() as remote:
        answer = await remote.client.post("/audit/cosignatures", content=change(note))
        assert answer.status_code == status, answer.text
        assert words in answer.json()["detail"]
        good = await remote.client.post("/audit/cosignatures", content=note)
        assert good.json() == {"kept": 1}
        again = await remote.client.post("/audit/cosignatures", content=note)
        assert again.json() == {"kept": 0}


async def test_the_logs_own_signature_is_no_cosignature(log: Log) -> None:
    signed = await log.grow(1)
    async with log.remote() as remote:
        with pytest.raises(NotKeptError, match="no cosignature"):
            await remote.post(signed.own)


async def test_another_root_of_ours_is_refused_as_what_it_is(log: Log) -> None:
    labour = await log.enrolled("labour")
    signed = (await log.grow(1)).checkpoint
    text = str(proof.Checkpoint(signed.origin, signed.size, bytes(32)))
    note = f"{text}\n{labour._key.cosign(text, log.now())}"
    async with log.remote() as remote:
        with pytest.raises(NotKeptError, match="told two stories"):
            await remote.post(note)
        assert (await remote.client.post("/audit/cosignatures", content=note)).status_code == 409


@pytest.mark.parametrize("skew", [timedelta(minutes=6), timedelta(minutes=-6)])
async def test_a_witness_whose_clock_is_wrong_is_told_so(log: Log, skew: timedelta) -> None:
    labour = await log.enrolled("labour")
    text = str((await log.grow(1)).checkpoint)
    async with log.remote() as remote:
        with pytest.raises(NotKeptError, match="witness's clock"):
            await remote.post(f"{text}\n{labour._key.cosign(text, log.now() + skew)}")


async def test_who_was_dismissed_signs_no_more_and_what_she_signed_stays(log: Log) -> None:
    labour = await log.enrolled("labour")
    await log.grow(1)
    await log.visit(labour)
    async with log.operator() as session:
        assert await witnesses.dismiss(session, "labour", log.now())
        assert not await witnesses.dismiss(session, "labour", log.now())
    assert len((await log.latest()).cosigned) == 1
    await log.grow(1)
    with pytest.raises(NotKeptError, match="no witness of this log"):
        await log.visit(labour)


async def test_a_key_that_does_not_countersign_makes_no_witness(log: Log) -> None:
    async with log.operator() as session:
        with pytest.raises(proof.ProofError, match="does not countersign"):
            await witnesses.enrol(session, log.key.key, None, independent=False, now=log.now())
