"""The access rules over JSON: the very data that decides, readable by everybody signed in."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Response

from agencies.duties import Scope
from referral import access
from referral.api.answers import Answer
from referral.api.asked import Route
from referral.api.wire import ROOT, answer
from referral.entry import Reading, needs_scope

router = APIRouter(prefix=ROOT, tags=["directory"], route_class=Route)


class Matrix(Answer):
    """Who may do what: action, then relationship or role, then what the cell asks for.

    Y allowed, R a reason, S a password within 15 minutes, 2 a second person; no cell: denied.
    """

    on_a_case: dict[str, dict[str, str]]
    by_role: dict[str, dict[str, str]]


@router.get("/matrix", response_model=Matrix)
async def matrix(call: Reading) -> Response:
    """The access rules as data: the same file that decides."""
    needs_scope(call, Scope.DIRECTORY_READ)
    found = access.matrix()
    return answer(Matrix(on_a_case=_cells(found.on_a_case), by_role=_cells(found.by_role)))


def _cells(table: Any) -> dict[str, dict[str, str]]:
    return {
        action: {
            who.value: "".join(sorted(need.value for need in needs)) or "Y"
            for who, needs in row.items()
        }
        for action, row in table.items()
    }
