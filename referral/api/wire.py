"""How the API writes answers: JSON with its version, refusals as problems, the pages of a list.

Whatever is the same for every operation stands here once; nothing here knows a case.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final
from urllib.parse import urlencode

from fastapi import Request, Response
from pydantic import BaseModel

from referral import edge
from referral.errors import Refusal

ROOT: Final = "/api/v1"
KEYED: Final[dict[str, Any]] = {
    "parameters": [
        {
            "name": "Idempotency-Key",
            "in": "header",
            "required": True,
            "schema": {"type": "string", "maxLength": 200},
            "example": '"7b0a1d52-5c0b-4f7b-9d51-2f4b6f0c2a11"',
            "description": "A new UUID per act, the same one when the act is repeated.",
        }
    ]
}


def answer(
    shape: BaseModel,
    status: int = 200,
    *,
    version: int | None = None,
    headers: Mapping[str, str] | None = None,
) -> Response:
    """A shape as JSON; ``version`` becomes its ETag."""
    found = dict(headers or {})
    if version is not None:
        found["ETag"] = f'"{version}"'
    return Response(
        shape.__pydantic_serializer__.to_json(shape),
        status,
        headers=found,
        media_type="application/json",
    )


def refused(refusal: Refusal, request: Request | None = None) -> Response:
    """A refusal met in a room: answered, and its log entry committed."""
    return edge.problem(request, refusal)


def links(request: Request, after: str | None) -> dict[str, str]:
    """RFC 8288: where the first and the next page are; the addresses are relative to ours."""
    asked = [(key, value) for key, value in request.query_params.multi_items() if key != "after"]
    found = [_link(request.url.path, asked, "first")]
    if after is not None:
        found.append(_link(request.url.path, [*asked, ("after", after)], "next"))
    return {"Link": ", ".join(found)}


def _link(path: str, query: Sequence[tuple[str, str]], relation: str) -> str:
    return f'<{path}{"?" if query else ""}{urlencode(query)}>; rel="{relation}"'
