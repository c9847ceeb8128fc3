"""The look-up at the doors: a token never does it, and no address ever holds a name."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

from tests.cast import House
from tests.referral.api.desk import ROOT, Desk, problem
from tests.referral.web.visiting import Visitor

AMAL = {"name": "Amal Doe", "born_on": "2016-01-31"}
WHY = {"reason": "Before her report is filed again."}


def told(**identity: str) -> list[dict[str, Any]]:
    """A girl at work with this identity."""
    facts = {"age": 10, "works": True, "econ_hours": 20, "beneficiary": "other"}
    return [{"facts": facts, "identity": identity}]


async def test_over_json(house: House, desk: Desk) -> None:
    await desk.files(persons=told(**AMAL))
    problem(await desk.sends("outsider", "duplicates", {**AMAL, **WHY}), 403, "step-up-required")
    otto = await house.browser("outsider")

    async def seeks(**body: str) -> Any:
        key = {"Idempotency-Key": f'"{uuid4()}"'}
        return await otto.post(f"{ROOT}/duplicates", json=body, headers=key)

    found = (await seeks(**AMAL, **WHY)).json()
    assert found["coordinator"] is False
    assert len(found["agencies"]) == 1
    assert set(found) == {"agencies", "coordinator"}
    nobody = (await seeks(name="Basil Doe", born_on="2016-01-31", **WHY)).json()
    assert nobody == {"agencies": [], "coordinator": False}
    problem(await seeks(name="Amal", **WHY), 422, "invalid-input")
    problem(await seeks(**AMAL), 403, "reason-required")
    problem(await seeks(case_id=str(uuid4()), **WHY), 422, "invalid-input")


async def test_as_a_page(house: House, desk: Desk) -> None:
    await desk.files(persons=told(**AMAL))
    otto = Visitor(await house.browser("outsider"))
    page = await otto.see("/duplicates")
    bare = await otto.send(page, "/duplicates", **AMAL)
    assert bare.status == 422
    found = await otto.send(page, "/duplicates", **AMAL, **WHY)
    assert found.status == 200
    assert "Possible match held by" in found.words
    assert "Amal" not in str(found.answer.url)
    none = await otto.send(page, "/duplicates", name="Basil Doe", born_on="2016-01-31", **WHY)
    assert "Nobody is known" in none.words
    auditor = Visitor(await house.browser("auditor"))
    assert (await auditor.see("/duplicates")).status == 403
