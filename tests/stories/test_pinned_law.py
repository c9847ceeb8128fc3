"""A referral is explained by the law it was filed under, whatever stands on the day it is read."""

from __future__ import annotations

import shutil
from pathlib import Path
from uuid import UUID

import pytest

import protocols
from protocols.catalogue import Catalogue
from referral import casework
from tests.cast import House, asked, child_at_work
from tests.referral.api.desk import Desk
from tests.referral.web.visiting import Visitor


@pytest.fixture
def law(tmp_path: Path) -> Catalogue:
    """Zedland, whose child protection gets a second version tomorrow: every step has a new name."""
    source = Path(protocols.__file__).parent / "countries" / "zz"
    shutil.copytree(source, tmp_path / "zz")
    first = tmp_path / "zz" / "child_protection" / "2026-02-15.yaml"
    text = first.read_text(encoding="utf-8")
    text = text.replace("takes_force: 2026-02-15", "takes_force: 2026-03-03")
    text = text.replace("title: {en: ", "title: {en: Renamed ")
    first.with_name("2026-03-03.yaml").write_text(text, encoding="utf-8")
    return Catalogue.load(tmp_path)


async def test_a_hand_off_made_after_the_new_law_stands_under_the_old_one(
    house: House, law: Catalogue
) -> None:
    """The referral was filed the day before; what it opens next week is still of its version."""
    house.installation.catalogue = law
    filed = await house.manages("inspector", casework.file, child_at_work())
    house.at.forward(days=7)
    accepted = await house.manages("social_worker", casework.accept, asked(filed, "ZZ-C01"))
    follow = asked(accepted, "ZZ-C04")
    made = (await house.sees("prosecutor", follow)).line
    assert made.requested_at.date().isoformat() == "2026-03-09"
    assert made.protocol_version == "2026-02-15"
    assert "Renamed" not in await _page(house, "prosecutor", follow)
    answer = await Desk(house).reads("prosecutor", f"hand-offs/{follow}")
    assert answer.json()["hand_off"]["protocol_version"] == "2026-02-15"
    assert "Renamed" not in answer.text


async def test_a_referral_filed_today_is_explained_by_todays_law(
    house: House, law: Catalogue
) -> None:
    house.installation.catalogue = law
    house.at.forward(days=7)
    filed = await house.manages("inspector", casework.file, child_at_work())
    first = asked(filed, "ZZ-C01")
    assert "Renamed" in await _page(house, "social_worker", first)
    assert "version of 2026-03-03" in await _page(house, "social_worker", first)


async def test_who_declined_reads_the_law_it_was_asked_under(house: House, law: Catalogue) -> None:
    """Its part is over: the referral's row is no longer its to read, its own hand-off's is."""
    house.installation.catalogue = law
    filed = await house.manages("inspector", casework.file, child_at_work())
    first = asked(filed, "ZZ-C01")
    said = casework.Said(reason_code="NO_CAPACITY", note="Both teams are at the flood.")
    await house.manages("social_worker", casework.decline, first, said)
    house.at.forward(days=7)
    page = await _page(house, "social_worker", first)
    assert "Renamed" not in page
    assert "version of 2026-02-15" in page


async def test_law_that_is_no_longer_what_it_was_explains_nothing(
    house: House, law: Catalogue
) -> None:
    """Codes are shown as they are rather than with the words of another version."""
    filed = await house.manages("inspector", casework.file, child_at_work())
    first = asked(filed, "ZZ-C01")
    await house.rows("UPDATE referral.hand_off SET protocol_digest = 'another'")
    page = await _page(house, "social_worker", first)
    assert "ZZ-C01" in page
    assert law.countries == ("ZZ",)


async def _page(house: House, part: str, hand_off: UUID) -> str:
    seen = await Visitor(await house.browser(part)).see(f"/hand-offs/{hand_off}")
    assert seen.status == 200, seen.words[:400]
    return seen.words
