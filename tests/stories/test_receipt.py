"""Whoever handed a child over, and whoever took her, can prove it years later without us."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import TYPE_CHECKING
from uuid import UUID

import pytest

from referral import casework, queries
from referral.audit import promises, proof
from referral.audit.proof import Key, ProofError, Receipt
from tests.cast import asked, child_at_work
from tests.referral.api.desk import ROOT, key, problem
from tests.stories.test_many_at_once import filed_bus

if TYPE_CHECKING:
    from referral.audit.checkpoints import Signed
    from referral.casework import Filed
    from tests.cast import House
    from tests.referral.log.running import Log


@pytest.fixture
async def filed(house: House) -> Filed:
    """Ines has filed her report."""
    answer: Filed = await house.manages("inspector", casework.file, child_at_work())
    return answer


@pytest.fixture
def hand_off(filed: Filed) -> UUID:
    """What Winnie is asked to accept."""
    return asked(filed, "ZZ-C01")


async def test_both_parties_hold_the_same_proof(
    house: House, log: Log, filed: Filed, hand_off: UUID
) -> None:
    early = await house.does("inspector", queries.receipt_of, hand_off)
    assert (early.status, early.type) == (409, "transition-not-allowed"), "nobody has accepted"
    await house.manages("social_worker", casework.accept, hand_off)
    waiting = await house.manages("inspector", queries.receipt_of, hand_off)
    assert (waiting.state, waiting.text) == ("promised", None)
    await log.sealed()
    theirs = [
        await house.manages(part, queries.receipt_of, hand_off)
        for part in ("inspector", "supervisor", "social_worker", "protection_supervisor")
    ]
    assert {one.state for one in theirs} == {"provisional"}
    assert len({one.text for one in theirs}) == 1
    proved = Receipt.read(theirs[0].text).check(log.key.key)
    header = json.loads(proved.entry)
    assert (header["act"], header["object"]) == ("hand_off.accepted", str(hand_off))
    assert header["actor"] == str(house.player("social_worker").membership_id)
    assert "Amal" not in theirs[0].text


async def test_it_is_final_when_enough_have_countersigned(
    house: House, log: Log, hand_off: UUID
) -> None:
    await house.manages("social_worker", casework.accept, hand_off)
    signed = await log.sealed()
    names = await countersigned(log, signed, 2)
    seen = await house.manages("inspector", queries.receipt_of, hand_off)
    assert (seen.state, [one.witness for one in seen.witnesses]) == ("final", names)
    keys = [Key.read(row["key"]) for row in await house.rows("SELECT key FROM log.witness")]
    assert sorted(Receipt.read(seen.text).check(log.key.key, keys).witnesses) == names
    three = await house.manages("inspector", queries.receipt_of, hand_off, quorum=3)
    assert three.state == "provisional"


async def countersigned(log: Log, signed: Signed, count: int) -> list[str]:
    """So many agencies have countersigned a checkpoint."""
    from referral.audit import witnesses
    from referral.audit.key_files import SigningKey

    names = [f"agency-{number}" for number in range(count)]
    for name in names:
        witness = SigningKey.new(name, 4)
        line = witness.cosign(str(signed.checkpoint), log.house.at())
        async with log.operator() as session:
            assert await witnesses.enrol(
                session, witness.key, None, independent=True, now=log.house.at()
            )
        await log.house.rows(
            "SELECT log.keep_cosignature($1, $2, $3, $4, $5, $5)",
            *(signed.epoch, signed.checkpoint.size, name, line, log.house.at()),
        )
    return names


async def test_nobody_else_gets_one_and_a_stranger_finds_nothing(house: House, log: Log) -> None:
    trafficked = child_at_work(acts=["RECRUITMENT"], purposes=["FORCED_LABOUR"])
    filed = await house.manages("inspector", casework.file, trafficked)
    hand_off = asked(filed, "ZZ-C01")
    await house.manages("social_worker", casework.accept, hand_off)
    await log.sealed()
    for part in ("outsider", "coordinator", "auditor", "data_officer", "agency_admin"):
        absent = await house.does(part, queries.receipt_of, hand_off)
        assert (absent.status, absent.type) == (404, "not-found"), part
    # Who was asked for something else in the same case may know of it, and gets no receipt of it.
    units = {ask.unit_id for ask in filed.asks} - {str(house.player("social_worker").unit_id)}
    others = ("city_police", "river_police", "prosecutor", "trafficking_officer")
    beside = [part for part in others if str(house.player(part).unit_id) in units]
    assert beside, [ask.step for ask in filed.asks]
    for part in beside:
        refused = await house.does(part, queries.receipt_of, hand_off)
        assert refused.type in {"not-found", "not-permitted"}, part


async def test_who_has_passed_her_on_keeps_her_receipt(
    house: House, log: Log, filed: Filed, hand_off: UUID
) -> None:
    """Sender and receiver keep it also when their part is over."""
    await house.manages("social_worker", casework.accept, hand_off)
    await log.sealed()
    await house.rows(
        "UPDATE referral.party SET groups = '{OWN}' WHERE hand_off_id = $1 "
        "AND relationship = 'sender'",
        hand_off,
    )
    house.honest = False  # the party above was put there by hand
    assert (await house.manages("inspector", queries.receipt_of, hand_off)).text


async def test_the_answer_to_an_acceptance_is_a_promise_that_can_be_held_against_us(
    house: House, log: Log, hand_off: UUID
) -> None:
    client, path = house.client("social_worker"), f"{ROOT}/hand-offs/{hand_off}/acceptance"
    headers = key()
    done = await client.post(path, headers=headers)
    note = done.json()["promise"]
    assert (await client.post(path, headers=headers)).json()["promise"] == note, "the same again"
    promiser = house.installation.promiser
    assert promiser is not None
    assert "nothing shown yet" in proof.check_promise(note, promiser.key, None, {})
    late = house.at() + timedelta(minutes=2)
    with pytest.raises(ProofError, match="NOT KEPT"):
        proof.check_promise(note, promiser.key, None, {late: 1})
    with pytest.raises(ProofError, match="no promise signed by"):
        proof.check_promise(note, log.key.key, None, {})

    await log.sealed()
    kept = (await client.get(f"{ROOT}/hand-offs/{hand_off}/receipt")).json()
    proved = Receipt.read(kept["receipt"]).check(log.key.key)
    assert kept["promise"] == note
    assert kept["promise_key"] == str(promiser.key)
    size = proved.checkpoint.size
    assert "KEPT" in proof.check_promise(note, promiser.key, proved, {late: size})
    with pytest.raises(ProofError, match="NOT KEPT"):  # it came in only after what was seen late
        proof.check_promise(note, promiser.key, proved, {late: proved.index})
    other = await house.rows("SELECT header FROM referral.audit_entry WHERE act = 'case.filed'")
    elsewhere = proof.Proved(other[0]["header"].encode(), 0, proved.checkpoint, {})
    with pytest.raises(ProofError, match="another entry"):
        proof.check_promise(note, promiser.key, elsewhere, {})


async def test_only_an_acceptance_is_answered_so(house: House, log: Log, hand_off: UUID) -> None:
    client, path = house.client("social_worker"), f"{ROOT}/hand-offs/{hand_off}"
    received = await client.post(f"{path}/acknowledgement", headers=key())
    assert received.json()["promise"] is None
    problem(
        await house.client("outsider").post(f"{path}/acceptance", headers=key()), 404, "not-found"
    )


async def test_who_accepts_a_batch_is_promised_each_of_it(house: House, log: Log) -> None:
    _, batch = await filed_bus(house)
    client, path, once = house.client("social_worker"), f"{ROOT}/hand-offs/batches/{batch}", key()
    assert (await client.post(f"{path}/acknowledgement", headers=key())).json()["promises"] == {}
    done = (await client.post(f"{path}/acceptance", headers=once)).json()
    assert set(done["promises"]) == set(done["hand_offs"])
    again = (await client.post(f"{path}/acceptance", headers=once)).json()
    assert again["promises"] == done["promises"]
    promiser = house.installation.promiser
    assert promiser is not None
    await log.sealed()
    for hand_off, note in done["promises"].items():
        kept = (await client.get(f"{ROOT}/hand-offs/{hand_off}/receipt")).json()
        proved = Receipt.read(kept["receipt"]).check(log.key.key)
        assert "KEPT" in proof.check_promise(note, promiser.key, proved, {})


async def test_a_promise_that_is_not_kept_raises_an_alarm(
    house: House, log: Log, hand_off: UUID
) -> None:
    async def watched() -> int:
        async with log.by("worker") as connection:
            return await promises.watch(connection, house.at())

    await house.manages("social_worker", casework.accept, hand_off)
    assert await watched() == 0
    house.at.forward(seconds=61)
    assert await watched() == 1
    told = (await log.alarms())[promises.ALARM]
    assert told.startswith("1 acceptances")
    assert "sequencer and signer" in told
    await log.place()
    assert await watched() == 1, "it has its place, and nobody has signed"
    await log.sealed()
    assert await watched() == 0
    assert promises.ALARM not in await log.alarms()


async def test_pages_and_the_printed_letter_carry_it(
    house: House, log: Log, hand_off: UUID
) -> None:
    browser = await house.browser("social_worker")
    at = f"/hand-offs/{hand_off}"
    assert f"{at}/receipt" not in (await browser.get(at)).text
    assert "data:image/svg" not in (await browser.get(f"{at}/letter")).text
    await house.manages("social_worker", casework.accept, hand_off)
    assert f"{at}/receipt" in (await browser.get(at)).text
    waiting = await browser.get(f"{at}/receipt")
    assert "Promised." in waiting.text
    assert "referral/promise/v1" in waiting.text
    assert (await browser.get(f"{at}/receipt/file")).status_code == 409
    await log.sealed()
    shown = await browser.get(f"{at}/receipt")
    assert "Provisional." in shown.text
    assert "Amal" not in shown.text
    file = await browser.get(f"{at}/receipt/file")
    assert file.headers["content-disposition"] == 'attachment; filename="receipt.txt"'
    assert file.headers["cache-control"] == "no-store"
    proved = Receipt.read(file.text).check(log.key.key)
    same = await house.client("inspector").get(f"{ROOT}/hand-offs/{hand_off}/receipt/file")
    assert same.text == file.text
    letter = (await browser.get(f"{at}/letter")).text
    assert "data:image/svg" in letter
    assert f"entry {proved.index} of {proved.checkpoint.size}" in letter
