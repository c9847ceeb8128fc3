"""Whoever watches the service sees how the log stands; what is wrong with it is an alarm."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from referral import worker
from referral.audit import sequencer
from referral.audit.key_files import SigningKey
from referral.audit.standing import Standing, standing
from tests.referral.log.running import Log


async def ready(log: Log) -> dict[str, Any]:
    """What readiness says of the log; the service itself is ready whatever that is."""
    answer = await log.house.stranger().get("/health/ready")
    assert answer.status_code == 200
    told: dict[str, Any] = answer.json()["log"]
    return told


async def beat(log: Log) -> None:
    """Signs of life of both."""
    async with log.by("sequencer") as connection:
        await sequencer.pulse(connection, log.now())
    signer = log.signer or log.restart()
    async with log.by("signer") as connection:
        await signer.pulse(connection, log.now())


async def test_without_a_signer_the_service_works_and_says_that_nothing_is_signed(
    log: Log,
) -> None:
    told = await ready(log)
    assert told["state"] == "unsigned"
    wrong = await worker.look_at_log(log.house.clockwork, log.now())
    assert set(wrong) == {"sequencer", "signer"}
    assert "REFERRAL_LOG_KEY_FILE" in (await log.alarms())["signer"]
    assert (await ready(log))["alarms"] == ["sequencer", "signer"]
    await log.grow(1)
    await beat(log)
    assert await worker.look_at_log(log.house.clockwork, log.now()) == {}
    assert await log.alarms() == {}
    assert (await ready(log))["state"] == "signed"


async def test_how_long_the_oldest_entry_waits_is_told(log: Log) -> None:
    await log.grow(1)
    await log.write(1)
    await log.place()
    await log.look()
    log.house.at.forward(seconds=40)
    await beat(log)
    told = await ready(log)
    assert (told["entries"], told["signed"], told["lag_seconds"]) == (2, 1, 40.0)
    counts = (await log.house.stranger().get("/metrics")).text
    for line in ("referral_log_entries 2.0", "referral_log_lag_seconds 40.0", "_is_signed 1.0"):
        assert line in counts


async def test_a_signer_that_stopped_is_told_with_its_reason(log: Log) -> None:
    await log.grow(1)
    log.skewed = timedelta(hours=-1)
    await log.look()
    log.skewed = timedelta(0)
    told = await ready(log)
    assert (told["state"], told["alarms"]) == ("stopped", ["clock"])


async def test_after_ten_minutes_without_witnesses_there_is_an_alarm_and_work_goes_on(
    log: Log,
) -> None:
    labour, police = [await log.enrolled(name) for name in ("labour", "police")]
    await log.grow(1)
    await log.visit(labour)
    log.house.at.forward(minutes=9)
    await beat(log)
    assert await worker.look_at_log(log.house.clockwork, log.now()) == {}
    log.house.at.forward(minutes=1)
    await log.grow(1)
    await beat(log)
    await worker.look_at_log(log.house.clockwork, log.now())
    assert "whose witness is silent" in (await log.alarms())["witnesses"]
    assert (await ready(log))["final"] == 0
    await log.visit(labour)
    await log.visit(police)
    await worker.look_at_log(log.house.clockwork, log.now())
    assert await log.alarms() == {}
    assert (await ready(log))["final"] == (await log.latest()).checkpoint.size


async def test_what_goes_on_being_wrong_is_one_alarm(log: Log) -> None:
    for _ in range(2):
        assert set(await worker.look_at_log(log.house.clockwork, log.now())) == {
            *("sequencer", "signer")
        }
        assert set(await log.alarms()) == {"sequencer", "signer"}
    log.house.at.forward(minutes=1)
    await beat(log)
    assert await worker.look_at_log(log.house.clockwork, log.now()) == {}
    assert len(await log.house.rows("SELECT FROM log.alarm WHERE ended_at = $1", log.now())) == 2


async def stands(log: Log) -> Standing:
    """As it is read, two witnesses making it final."""
    async with log.by("app") as connection:
        return await standing(connection, 2)


async def test_without_an_epoch_nothing_is_signed_and_nobody_enrolled(log: Log) -> None:
    await log.superuser("DELETE FROM log.epoch")
    told = await stands(log)
    assert (told.epoch, told.origin, told.placed, told.signed, told.final) == (1, None, 0, 0, 0)
    assert (told.signed_at, told.pending_since) == (None, None)
    assert (told.enrolled, told.quorum, told.independent) == (0, 2, False)


async def test_what_an_earlier_epoch_signed_is_not_the_new_ones(log: Log) -> None:
    signed = await log.grow(2)
    told = await stands(log)
    assert (told.epoch, told.placed, told.signed, told.signed_at) == (1, 2, 2, signed.signed_at)
    assert told.pending_since == signed.signed_at
    new = SigningKey.new("log.example.org/2026b", 1)
    await log.opens(new, await log.proposed(new))
    told = await stands(log)
    assert (told.epoch, told.origin, told.placed, told.signed) == (2, new.name, 0, 0)
    assert (told.signed_at, told.pending_since) == (None, None)


async def test_one_entry_is_enough_to_become_final(log: Log) -> None:
    signed = await log.grow(1)
    assert signed.checkpoint.size == 1
    assert (await stands(log)).pending_since == signed.signed_at
    text = str(signed.checkpoint)
    for name in ("labour", "police"):
        key = (await log.enrolled(name))._key
        async with log.remote() as remote:
            await remote.post(f"{text}\n{key.cosign(text, log.now())}")
    told = await stands(log)
    assert (told.final, told.pending_since, told.independent) == (1, None, True)


async def test_with_too_few_witnesses_the_alarm_says_so(log: Log) -> None:
    await log.enrolled("labour")
    await log.grow(1)
    log.house.at.forward(minutes=10)
    await beat(log)
    await worker.look_at_log(log.house.clockwork, log.now())
    assert "referral audit witnesses add" in (await log.alarms())["witnesses"]
    assert (await ready(log))["witnesses"] == {"enrolled": 1, "quorum": 2, "independent": True}
