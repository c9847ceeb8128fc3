"""The access rules over JSON and as a table: the very data that decides, for whoever signs in."""

from __future__ import annotations

import csv
import io
from typing import Any

from fastapi import APIRouter, Response

from agencies.duties import Scope
from referral import access
from referral.access.matrix import cell_of
from referral.api.answers import Answer
from referral.api.asked import Route
from referral.api.wire import ROOT, answer, refused
from referral.entry import Call, Reading, needs_scope
from referral.errors import Refusal

router = APIRouter(prefix=ROOT, tags=["directory"], route_class=Route)


class Matrix(Answer):
    """Who may do what: action, then relationship or role, then what the cell asks for.

    Y allowed, R a reason, S a password within 15 minutes, 2 a second person; no cell: denied.
    ``classes``: the action that opens each field group. ``apart``: duties no one person may have
    together. ``routes`` and ``tables``: what each address asks for, what each table holds.
    """

    on_a_case: dict[str, dict[str, str]]
    by_role: dict[str, dict[str, str]]
    classes: dict[str, str]
    apart: tuple[tuple[str, ...], ...]
    routes: dict[str, str | list[str]]
    tables: dict[str, str]


@router.get("/matrix", response_model=Matrix)
async def matrix(call: Reading) -> Response:
    """The access rules as data: the same file that decides."""
    refusal = _may(call)
    if refusal is not None:
        return refused(refusal)
    found, doors = access.matrix(), access.doors()
    return answer(
        Matrix(
            on_a_case=_cells(found.on_a_case),
            by_role=_cells(found.by_role),
            classes=dict(found.classes),
            apart=tuple(tuple(sorted(pair)) for pair in found.apart),
            routes=dict(doors["routes"]),
            tables=dict(doors["tables"]),
        )
    )


@router.get("/matrix.csv", include_in_schema=False)  # no JSON: the reference has none of it
async def matrix_table(call: Reading) -> Response:
    """The access rules as a table: one line for each cell that allows anything."""
    refusal = _may(call)
    if refusal is not None:
        return refused(refusal)
    found = access.matrix()
    written = io.StringIO()
    lines = csv.writer(written)
    lines.writerow(("table", "action", "who", "cell"))
    for name, table in (("on_a_case", found.on_a_case), ("by_role", found.by_role)):
        for action, row in _cells(table).items():
            lines.writerows((name, action, who, cell) for who, cell in row.items())
    headers = {"Content-Disposition": 'attachment; filename="access-rules.csv"'}
    return Response(written.getvalue(), headers=headers, media_type="text/csv; charset=utf-8")


def _may(call: Call[Any]) -> Refusal | None:
    needs_scope(call, Scope.DIRECTORY_READ)
    return access.by_role(call.actor, "see_matrix")


def _cells(table: Any) -> dict[str, dict[str, str]]:
    return {
        action: {who.value: cell_of(needs) for who, needs in row.items()}
        for action, row in table.items()
    }
