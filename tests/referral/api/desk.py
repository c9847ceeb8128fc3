"""A desk with JSON on it: what a person's system sends, said shortly enough to read in a story."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

import httpx

from tests.cast import House

ROOT = "/api/v1"
CHILD = {"age": 10, "works": True, "econ_hours": 20, "beneficiary": "other"}
IDENTITY = {"name": "Amal Doe"}


def key() -> dict[str, str]:
    """A new Idempotency-Key."""
    return {"Idempotency-Key": f'"{uuid4()}"'}


def report(**more: Any) -> dict[str, Any]:
    """A child of ten at work in the North, by name."""
    told = {"persons": [{"facts": CHILD, "identity": IDENTITY}], "reported": "CL"}
    return {"place": "ZZ-N", **told, **more}


@dataclass(slots=True)
class Desk:
    """One client per person, kept."""

    house: House
    clients: dict[str, httpx.AsyncClient] = field(default_factory=dict)

    def of(self, part: str) -> httpx.AsyncClient:
        """The client of this part."""
        if part not in self.clients:
            self.clients[part] = self.house.client(part)
        return self.clients[part]

    async def reads(self, part: str, path: str, **headers: str) -> httpx.Response:
        """One GET below ``/api/v1``."""
        return await self.of(part).get(f"{ROOT}/{path}", headers=headers)

    async def sends(
        self,
        part: str,
        path: str,
        body: Any = None,
        headers: Mapping[str, str] | None = None,
        method: str = "POST",
    ) -> httpx.Response:
        """One POST or PATCH with a key of its own, unless the headers bring one."""
        return await self.of(part).request(
            method, f"{ROOT}/{path}", json=body, headers={**key(), **(headers or {})}
        )

    async def files(self, part: str = "inspector", **more: Any) -> dict[str, Any]:
        """A report filed; the answer."""
        filed = await self.sends(part, "cases", report(**more))
        assert filed.status_code == 201, filed.text
        answer: dict[str, Any] = filed.json()
        return answer

    async def asks(self, step: str = "ZZ-C01", **more: Any) -> str:
        """A report filed; the hand-off it opened at this step."""
        return asked(await self.files(**more), step)

    async def acts(self, part: str, hand_off: str, *nouns: str, **body: Any) -> dict[str, Any]:
        """Acts one after the other, none refused; the last answer."""
        answer: dict[str, Any] = {}
        for noun in nouns:
            done = await self.sends(part, f"hand-offs/{hand_off}/{noun}", body or None)
            assert done.status_code == 200, (noun, done.text)
            answer = done.json()
        return answer


def asked(answer: dict[str, Any], step: str) -> str:
    """The hand-off an answer opened at this step."""
    made = answer.get("hand_offs") or answer.get("made") or []
    found = [one["hand_off_id"] for one in made if one["step"]["code"] == step]
    assert found, [one["step"] for one in made]
    return str(found[0])


def problem(answer: httpx.Response, status: int, kind: str) -> dict[str, Any]:
    """The answer is this problem, in the form of RFC 9457."""
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    told: dict[str, Any] = answer.json()
    assert told["type"] == f"/problems/{kind}", told
    assert told["status"] == status
    assert told["title"]
    assert told["detail"]
    return told


def pointers(told: dict[str, Any]) -> dict[str, str]:
    """Where the input was wrong, and which rule said so."""
    return {one["pointer"]: one["code"] for one in told["errors"]}
