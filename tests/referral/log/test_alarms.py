"""An alarm is said once, whatever it is called meanwhile, and that it is over is said too."""

from __future__ import annotations

from structlog.testing import capture_logs

from referral.audit import alarms
from tests.referral.log.running import Log


async def test_an_alarm_is_said_once_and_that_it_is_over(log: Log) -> None:
    begun = log.now()
    with capture_logs() as said:
        async with log.by("worker") as connection:
            for words in ("nobody signs", "nobody signs yet", "still nobody signs"):
                await alarms.raise_(connection, "signer", words, log.now())
                log.house.at.forward(minutes=1)
            [alarm] = await alarms.standing(connection)
            assert alarm == alarms.Alarm("signer", "still nobody signs", begun)
            await connection.rollback()
            for _ in range(2):
                assert await alarms.end(connection, ["sequencer", "signer"], log.now()) is False
    assert [(one["event"], one["code"]) for one in said] == [
        *(("alarm", "signer"), ("alarm over", "signer"))
    ]
