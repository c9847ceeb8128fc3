"""What a province does otherwise is also said otherwise: steps, choices, what can be recorded."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path
from uuid import UUID

import pytest

import protocols
from protocols.catalogue import Catalogue
from referral import casework
from tests.cast import House, asked, child_at_work
from tests.referral.api.desk import Desk
from tests.referral.web.visiting import Visitor

_SOUTH = """\
      ZZ-C01:
        title: {en: The southern office takes over, es: Toma a cargo la oficina del sur}
        clocks:
          answer: {at_limit: [case_closed]}
      ZZ-C02:
        title: {en: The southern office looks, es: La oficina del sur evalúa}
"""


@pytest.fixture
def law(tmp_path: Path) -> Catalogue:
    """Zedland, whose South names two steps otherwise and says what is lawful at a limit."""
    shutil.copytree(Path(protocols.__file__).parent / "countries" / "zz", tmp_path / "zz")
    file = tmp_path / "zz" / "child_protection" / "2026-02-15.yaml"
    text = file.read_text(encoding="utf-8")
    head, _, tail = text.partition("  hospital_in_the_south:")
    tail = tail.replace("    steps:\n", f"    steps:\n{_SOUTH}", 1)
    file.write_text(f"{head}  hospital_in_the_south:{tail}", encoding="utf-8")
    return Catalogue.load(tmp_path)


async def test_each_door_explains_the_law_of_the_place(house: House, law: Catalogue) -> None:
    house.installation.catalogue = law
    for place, part, named in (
        ("ZZ-S", "outsider", "The southern office takes over"),
        ("ZZ-N", "social_worker", "Child protection takes the child over"),
    ):
        south = place == "ZZ-S"
        report = replace(child_at_work(), place=place)
        filed = await house.manages("inspector", casework.file, report)
        hand_off = asked(filed, "ZZ-C01")
        page = await Visitor(await house.browser(part)).see(f"/hand-offs/{hand_off}")
        told = (await Desk(house).reads(part, f"hand-offs/{hand_off}")).json()
        inspector = Visitor(await house.browser("inspector"))
        answer = await inspector.see(f"/cases/{filed.case_id}/filed")
        assert named in page.words, place
        assert named in str(told), place
        assert named in answer.words, place
        assert ("closes the case with reasons" in page.words) is south
        [limit] = [one for one in told["limits"] if one["clock"] == "ZZ-C01.answer"]
        assert bool(limit["at_limit"]) is south


async def test_what_can_be_recorded_is_offered_as_the_place_has_it(
    house: House, law: Catalogue
) -> None:
    house.installation.catalogue = law
    report = replace(child_at_work(beneficiary="parent"), place="ZZ-S")
    filed = await house.manages("inspector", casework.file, report)
    taken = await house.manages("outsider", casework.accept, asked(filed, "ZZ-C01"))
    page = await Visitor(await house.browser("outsider")).see(f"/cases/{filed.case_id}")
    assert "The southern office looks: Separation from the family is needed" in page.words
    unknown = await house.does(
        "outsider", casework.record_event, UUID(taken.referral_id), "nothing_of_the_kind"
    )
    assert "ZZ-C02 SEPARATION_NEEDED" in unknown.extra["errors"][0]["message"]
