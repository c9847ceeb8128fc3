"""The desk of every test here."""

from __future__ import annotations

import pytest

from tests.cast import House
from tests.referral.api.desk import Desk


@pytest.fixture
def desk(house: House) -> Desk:
    """People at their systems, in a furnished house."""
    return Desk(house)
