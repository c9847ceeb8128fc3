"""An agency's identity provider with its token, as the tests of provisioning need it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from uuid import UUID

import httpx

from agencies.clients import NewClient
from agencies.duties import Role
from agencies.members import Kind
from agencies.seats import Refused, Seat
from referral import administration
from tests.cast import House

USER = "urn:ietf:params:scim:schemas:core:2.0:User"
OWN = "urn:referral:params:scim:schemas:extension:agency:1.0:User"
PATCH = "urn:ietf:params:scim:api:messages:2.0:PatchOp"


@dataclass(slots=True)
class Feed:
    """One agency's feed: it asks for a token, and then says who works there."""

    house: House
    client: httpx.AsyncClient
    unit: UUID

    async def asks(
        self, method: str, place: str, told: Any = None, **headers: str
    ) -> httpx.Response:
        found = {name.replace("_", "-"): value for name, value in headers.items()}
        return await self.client.request(method, f"/scim/v2{place}", json=told, headers=found)

    async def made(self, user_name: str = "nora@council.example", **more: Any) -> dict[str, Any]:
        told = {"schemas": [USER], "userName": user_name, "displayName": "Nora Quill", **more}
        answer = await self.asks("POST", "/Users", told)
        assert answer.status_code == 201, answer.text
        found: dict[str, Any] = answer.json()
        return found

    async def patched(self, place: str, *operations: dict[str, Any]) -> httpx.Response:
        return await self.asks("PATCH", place, {"schemas": [PATCH], "Operations": list(operations)})

    def group(self, role: str = "OFFICER") -> str:
        return f"/Groups/{self.unit}.{role}"

    async def joins(self, member: str, role: str = "OFFICER") -> httpx.Response:
        told = {"op": "add", "path": "members", "value": [{"value": member}]}
        return await self.patched(self.group(role), told)


async def feed(house: House, part: str = "agency_admin") -> Feed:
    """For the agency (and unit) of whoever plays this part."""
    [row] = await house.rows(
        "SELECT agency_key, unit_id, unit_key FROM agencies.actor WHERE membership_id = $1",
        house.player(part).membership_id,
    )
    url, name = house.database.migrator_url, f"feed.{part}.zz"
    added = await administration.add_member(
        url,
        "ZZ",
        name,
        "Identity provider",
        Seat(row["agency_key"], Role.AGENCY_ADMIN, row["unit_key"]),
        house.at().date(),
        kind=Kind.SYSTEM,
    )
    assert not isinstance(added, Refused), added
    client = await administration.add_client(url, name, ["scim"], None, house.at())
    assert isinstance(client, NewClient), client
    stranger = house.stranger()
    answer = await stranger.post(
        "/oauth/token",
        data={"grant_type": "client_credentials"},
        auth=(client.client_id, str(client.secret)),
    )
    assert answer.status_code == 200, answer.text
    stranger.headers["Authorization"] = f"Bearer {answer.json()['access_token']}"
    return Feed(house, stranger, row["unit_id"])
