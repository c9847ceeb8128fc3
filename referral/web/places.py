"""The places of a country by name, as the directory has them."""

from __future__ import annotations

from typing import Any

from agencies import directory
from referral.entry import Call
from referral.web.wording import LANGUAGE


async def places_of(call: Call[Any]) -> dict[str, str]:
    """Code to name: the whole country first, then by name."""
    country = call.actor.country
    found = await directory.places_in(call.session.connection, country)
    named = {
        code: names.get(LANGUAGE) or next(iter(names.values()), code)
        for code, names in found.items()
    }
    return dict(sorted(named.items(), key=lambda one: (one[0] != country, one[1])))
