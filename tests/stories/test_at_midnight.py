"""The day is the country's own: late in the evening in Argentina it is tomorrow in UTC."""

from __future__ import annotations

from datetime import UTC, date, datetime
from uuid import uuid4

import pytest

from protocols.catalogue import Catalogue
from referral import casework, options
from referral.casework import Filed, Intake, PersonTold
from tests.cast import House

EVENING = datetime(2026, 3, 3, 1, 30, tzinfo=UTC)  # 22:30 on Monday 2 March in Buenos Aires


def test_the_day_of_a_country_is_its_own(catalogue: Catalogue) -> None:
    assert catalogue.day_in("AR", EVENING) == date(2026, 3, 2)
    assert catalogue.day_in("ZZ", EVENING) == date(2026, 3, 3)


def test_what_is_entered_today_stands_at_once_in_every_zone(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(options, "utc_now", lambda: EVENING)
    assert options.day_of(None) == date(2026, 3, 2)
    assert options.day_of(datetime(2026, 5, 1)) == date(2026, 5, 1)  # noqa: DTZ001 - a day


async def test_a_body_charged_from_tomorrow_is_not_asked_tonight(house: House) -> None:
    """PROTEX is succeeded at midnight; at 22:30 local time it is still the one that is asked."""
    await house.rows(
        "UPDATE agencies.mandate SET valid_until = '2026-03-03' WHERE mandate = 'PROSEC_HT'"
    )
    house.at.to(EVENING)
    filed = await house.does("hotline", casework.file, trafficking(), country="ar")
    assert isinstance(filed, Filed), filed
    asked = {ask.mandate: ask.no_agency for ask in filed.asks}
    assert asked["PROSEC_HT"] is False

    house.at.to(datetime(2026, 3, 3, 3, 30, tzinfo=UTC))  # half past midnight there
    later = await house.does("hotline", casework.file, trafficking(), country="ar")
    assert {ask.mandate: ask.no_agency for ask in later.asks}["PROSEC_HT"] is True


def trafficking() -> Intake:
    facts = {
        "age": 25,
        "acts": ["RECRUITMENT"],
        "purposes": ["FORCED_LABOUR"],
        "works": True,
    }
    person = PersonTold(facts=facts)
    return Intake(client_id=uuid4(), place="AR-N", reported="HT", persons=(person,))
