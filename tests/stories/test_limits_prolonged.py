"""The court adjourns, goes on, and gives more time; everybody sees by when, and why."""

from __future__ import annotations

import shutil
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

from protocols.catalogue import Catalogue
from protocols.shelves import FOLDER
from referral import casework
from referral.casework import Acted, Said
from tests.cast import House, asked, child_at_work
from tests.stories.test_nobody_answers import let_time_pass

SEPARATION = "ZZ-C06.separation"


async def before_the_court(house: House) -> tuple[UUID, UUID]:
    """A child is separated from her family, and the court has to rule: referral and hand-off."""
    filed = await house.manages("inspector", casework.file, child_at_work(beneficiary="parent"))
    taken = await house.manages("social_worker", casework.accept, asked(filed, "ZZ-C01"))
    referral = UUID(taken.referral_id)
    assessed = await recorded(house, referral, "ZZ-C02 SEPARATION_NEEDED")
    court = asked(assessed, "ZZ-C06")
    await house.manages("court", casework.accept, court)
    return referral, court


async def recorded(house: House, referral: UUID, event: str, **said: Any) -> Acted:
    answer = await house.manages(
        "social_worker", casework.record_event, referral, event, Said(**said)
    )
    assert isinstance(answer, Acted)
    return answer


async def stored(house: House, clock: str) -> dict[str, Any]:
    (row,) = await house.rows(
        "SELECT k.*, k.rungs::jsonb -> k.rung ->> 'at' AS next_rung FROM referral.clock k "
        "WHERE k.clock = $1",
        clock,
    )
    return dict(row)


async def acts(house: House, thing: UUID) -> list[str]:
    rows = await house.rows(
        "SELECT act FROM referral.audit_entry WHERE object_id = $1 AND act LIKE '%limit%' "
        "ORDER BY seq",
        thing,
    )
    return [row["act"] for row in rows]


async def listed_due(house: House, hand_off: UUID) -> datetime | None:
    return (await house.sees("court", hand_off)).line.due_at


def end_of(moment: datetime) -> datetime:
    return moment.replace(hour=23, minute=59, second=59, microsecond=0)


async def test_a_term_stands_still_while_the_court_adjourns_and_goes_on_with_what_was_left(
    house: House,
) -> None:
    referral, court = await before_the_court(house)
    begun = house.at()
    ruling = begun + timedelta(hours=72)
    assert await listed_due(house, court) == ruling

    house.at.forward(hours=2 * 24)
    await let_time_pass(house)
    await recorded(house, referral, "hearing_adjourned")
    paused = await stored(house, SEPARATION)
    assert (paused["state"], paused["next_at"]) == ("paused", None)

    # Nobody is told of the term for as long as it stands still, however long.
    house.at.forward(hours=10 * 24)
    await let_time_pass(house)
    assert (await stored(house, SEPARATION))["rung"] == 0

    await recorded(house, referral, "hearing_resumed")
    on = await stored(house, SEPARATION)
    assert on["state"] == "running"
    assert on["due_at"] == end_of(begun + timedelta(days=7 + 10))
    assert on["next_at"] == datetime.fromisoformat(on["next_rung"]) > house.at()
    assert "stood still" in on["derivation"]
    seen = await house.sees("court", court)
    assert any("days added: 10" in x for one in seen.clocks for x in one.derivation)
    assert await acts(house, court) == ["hand_off.limit_paused", "hand_off.limit_resumed"]

    house.at.forward(days=8)
    fired = await let_time_pass(house)
    assert on["due_at"] in fired
    assert on["due_at"] + timedelta(hours=24) in fired
    assert (await stored(house, SEPARATION))["state"] == "lapsed"


async def test_an_extension_told_late_takes_back_that_it_was_late(
    house: House, tmp_path: Path
) -> None:
    with_slow_courts(house, tmp_path)
    referral, court = await before_the_court(house)
    begun = house.at()
    house.at.forward(days=8)
    await let_time_pass(house)
    assert (await house.sees("court", court)).line.overdue_since
    ordered = begun + timedelta(days=6)
    await recorded(house, referral, "court_extended", occurred_at=ordered)
    longer = await stored(house, SEPARATION)
    assert (longer["due_at"], longer["extensions"]) == (end_of(begun + timedelta(days=14)), 1)
    assert longer["derivation"].startswith('["Extended, 1 of at most 1')
    assert await acts(house, court) == ["hand_off.limit_extended"]
    line = (await house.sees("court", court)).line
    assert (line.overdue_since, line.due_at) == (None, longer["due_at"])

    refused = await house.does("social_worker", casework.record_event, referral, "court_extended")
    assert refused.status == 409
    assert "extended as often as the law allows" in refused.detail
    await house.manages("court", casework.start, court)
    done = await house.manages(
        "court", casework.complete, court, Said(outcome="MEASURE_CONFIRMED", note="Confirmed.")
    )
    assert done.state == "completed"
    assert (await stored(house, SEPARATION))["state"] == "stopped"


async def test_what_is_late_for_another_reason_stays_late(house: House) -> None:
    referral, court = await before_the_court(house)
    ruling = house.at() + timedelta(hours=72)
    house.at.forward(days=6)
    await let_time_pass(house)
    await recorded(house, referral, "court_extended")
    line = (await house.sees("court", court)).line
    assert (line.overdue_since, line.due_at) == (ruling, ruling)


async def test_both_doors_say_that_it_stands_still_and_what_is_lawful_at_its_end(
    house: House,
) -> None:
    referral, court = await before_the_court(house)
    await recorded(house, referral, "hearing_adjourned")
    seen = (await house.client("court").get(f"/api/v1/hand-offs/{court}")).json()
    (limit,) = (one for one in seen["limits"] if one["clock"] == SEPARATION)
    assert (limit["state"], limit["extensions"]) == ("paused", 0)
    assert limit["at_limit"][0] == "The court lets the separation last longer"
    page = (await (await house.browser("court")).get(f"/hand-offs/{court}")).text
    assert "stands still" in page
    assert "one of these is lawful: The court lets the separation last longer" in page


def with_slow_courts(house: House, folder: Path) -> None:
    """Zedland, with a ruling in twenty days instead of 72 hours."""
    shutil.copytree(FOLDER / "zz", folder / "zz")
    path = folder / "zz" / "child_protection" / "2026-02-15.yaml"
    law = path.read_text("utf-8")
    ruling = "until: [completed, declined]\n        limit: 72 h"
    assert law.count(ruling) == 1
    path.write_text(law.replace(ruling, ruling.replace("72 h", "20 cd")), "utf-8")
    house.installation = replace(house.installation, catalogue=Catalogue.load(folder))


async def test_what_is_paused_is_not_overdue_and_ends_with_the_ruling(house: House) -> None:
    referral, court = await before_the_court(house)
    await recorded(house, referral, "hearing_adjourned")
    await recorded(house, referral, "court_extended")
    paused = await stored(house, SEPARATION)
    assert (paused["state"], paused["extensions"], paused["next_at"]) == ("paused", 1, None)
    await house.manages("court", casework.start, court)
    ruled = await house.manages(
        "court", casework.complete, court, Said(outcome="MEASURE_ENDED", note="She goes home.")
    )
    assert ruled.state == "completed"
    assert (await stored(house, SEPARATION))["state"] == "stopped"


async def test_a_limit_of_the_referral_itself_is_extended_too(house: House) -> None:
    filed = await house.manages("inspector", casework.file, child_at_work(beneficiary="parent"))
    taken = await house.manages("social_worker", casework.accept, asked(filed, "ZZ-C01"))
    referral = UUID(taken.referral_id)
    await recorded(house, referral, "ZZ-C02 NO_SEPARATION_NEEDED")
    before = await stored(house, "ZZ-C05.plan")
    assert before["hand_off_id"] is None
    await recorded(house, referral, "plan_put_off")
    after = await stored(house, "ZZ-C05.plan")
    assert after["due_at"] > before["due_at"]
    assert await acts(house, referral) == ["referral.limit_extended"]
