"""A pilot applies where it is piloted, from its day on; everywhere else the former law stands."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID

from referral import casework
from referral.casework import Said
from tests.cast import House, asked, child_at_work


async def filed_in(house: House, place: str, **facts: Any) -> str:
    """The version of the trafficking law a report from this place is filed under."""
    told = {"age": 25, "acts": ["RECRUITMENT"], "means": ["DECEPTION"], **facts}
    report = child_at_work(purposes=["FORCED_LABOUR"], foreign_national=False, **told)
    filed = await house.manages("inspector", casework.file, replace(report, place=place))
    (row,) = await house.rows(
        "SELECT protocol_version FROM referral.referral WHERE case_id = $1 AND track = $2",
        filed.case_id,
        "trafficking",
    )
    return str(row["protocol_version"])


async def test_a_report_is_filed_under_the_law_of_its_day_and_place(house: House) -> None:
    assert await filed_in(house, "ZZ-E") == "2026-02-15"
    house.at.forward(days=300)
    assert await filed_in(house, "ZZ-N") == "2026-02-15"
    assert await filed_in(house, "ZZ-E", zz_on_an_island=True) == "2026-10-01"


async def test_what_a_province_does_otherwise_is_done_there(house: House) -> None:
    report = replace(child_at_work(beneficiary="parent"), place="ZZ-S")
    filed = await house.manages("inspector", casework.file, report)
    taken = await house.manages("outsider", casework.accept, asked(filed, "ZZ-C01"))
    referral = UUID(taken.referral_id)
    assessed = await house.manages(
        "outsider", casework.record_event, referral, "ZZ-C02 SEPARATION_NEEDED", Said()
    )
    (place_to_stay,) = (ask for ask in assessed.asks if ask.step == "ZZ-C07")
    assert place_to_stay.mandate == "HEALTH"
    (limit,) = await house.rows(
        "SELECT due_at - starts_at AS lasts FROM referral.clock WHERE clock = 'ZZ-C07.answer'"
    )
    assert limit["lasts"] == timedelta(hours=2)
