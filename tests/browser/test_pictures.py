"""The four main pages, drawn: the pictures README.md shows are taken here.

With ``REFERRAL_PICTURES=tests/browser/screenshots`` in the environment they are taken anew.
"""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from uuid import UUID, uuid4

import pytest

from referral import casework
from referral.casework import PersonTold
from tests.browser.conftest import Sit
from tests.cast import House, asked, child_at_work

pytestmark = pytest.mark.browser

_STORED = Path(__file__).parent / "screenshots"
_NAMES = ("file", "hand_off", "inbox", "oversight")
_MOST = 150_000  # bytes
_FACTS = {"works": True, "econ_hours": 24, "beneficiary": "other", "hazards": ["HZ_HEAVY_LOADS"]}


async def _days_of_work(house: House) -> UUID:
    """Some reports, one of them answered, one left idle; the last is the one to look at."""
    three = tuple(PersonTold(facts={**_FACTS, "age": age}) for age in (10, 12, 13))
    siblings = await house.manages(
        "inspector", casework.file, replace(child_at_work(), persons=three)
    )
    house.at.forward(hours=3)
    await house.manages("social_worker", casework.accept, asked(siblings, "ZZ-C01"))
    house.at.forward(days=4)
    await house.manages("inspector", casework.file, child_at_work(beneficiary="parent"))
    house.at.forward(hours=30)
    kiln = replace(child_at_work(danger_now=True, high_risk=True), client_id=uuid4())
    last = await house.manages("inspector", casework.file, kiln)
    return asked(last, "ZZ-C01")


async def test_the_four_pages_can_be_drawn(house: House, sit: Sit, tmp_path: Path) -> None:
    hand_off = await _days_of_work(house)
    folder = Path(os.environ.get("REFERRAL_PICTURES", tmp_path))
    for name, part, address in (
        ("file", "inspector", "/cases/new"),
        ("inbox", "social_worker", "/hand-offs"),
        ("hand_off", "social_worker", f"/hand-offs/{hand_off}"),
        ("oversight", "supervisor", "/oversight"),
    ):
        desk = await sit(part, width=1100)
        await desk.go(address)
        await desk.page.screenshot(path=folder / f"{name}.png")
        assert (folder / f"{name}.png").stat().st_size > 10_000
        assert desk.complaints == []


def test_the_stored_pictures_are_small() -> None:
    found = {path.stem: path.stat().st_size for path in _STORED.glob("*.png")}
    assert sorted(found) == sorted(_NAMES)
    assert {name for name, size in found.items() if size > _MOST} == set()
