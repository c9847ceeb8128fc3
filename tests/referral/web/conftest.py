"""People at their browsers, and a child at work whose report is filed."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from uuid import UUID

import pytest

from referral import casework
from tests.cast import House, asked, child_at_work
from tests.referral.web.visiting import Visitor

Visit = Callable[..., Awaitable[Visitor]]


@pytest.fixture
def visit(house: House) -> Visit:
    """A signed-in visitor playing a part."""

    async def made(part: str, country: str = "zz") -> Visitor:
        return Visitor(await house.browser(part, country))

    return made


@pytest.fixture
async def filed(house: House) -> casework.Filed:
    """Ines has filed her report."""
    answer = await house.manages("inspector", casework.file, child_at_work())
    assert isinstance(answer, casework.Filed)
    return answer


@pytest.fixture
def hand_off(filed: casework.Filed) -> UUID:
    """The hand-off Winnie is asked to accept."""
    return asked(filed, "ZZ-C01")


@pytest.fixture
def case(filed: casework.Filed) -> str:
    """The address of the case."""
    return f"/cases/{filed.case_id}"
