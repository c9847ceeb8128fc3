"""The access rules as a page: every cell that decides, with what it asks for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from fastapi import APIRouter, Request, Response

from referral import access
from referral.access.matrix import cell_of
from referral.access.relationships import Relationship
from referral.entry import Reading
from referral.session import Role
from referral.web.pages import PageRoute, error_page, page
from referral.web.wording import ROLES

router = APIRouter(route_class=PageRoute, include_in_schema=False)

_RELATIONSHIPS: Final = {
    Relationship.PENDING_RECIPIENT: "Unit asked",
    Relationship.RECIPIENT_SUPERVISOR: "Its supervisor",
    Relationship.HOLDER: "Holder",
    Relationship.HOLDERS_UNIT: "Holder's unit",
    Relationship.UNIT_SUPERVISOR: "Unit supervisor",
    Relationship.PAST_HOLDER: "Former holder",
    Relationship.PARTICIPANT: "Unit with a task",
    Relationship.SENDER: "Sender",
    Relationship.PAST_RECIPIENT: "Asked before",
    Relationship.BREAK_GLASS: "Break-glass",
}


@dataclass(frozen=True, slots=True)
class Rules:
    """One table: who may do what."""

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, tuple[str, ...]], ...]


@dataclass(frozen=True, slots=True)
class MatrixPage:
    """Both tables, and the pairs of duties nobody may have together."""

    tables: tuple[Rules, ...]
    apart: tuple[str, ...]


@router.get("/matrix")
async def matrix(request: Request, call: Reading) -> Response:
    """What decides, as it stands."""
    refusal = access.by_role(call.actor, "see_matrix")
    if refusal is not None:
        return error_page(request, refusal, call)
    found = access.matrix()
    roles = {role: ROLES.get(role.value, role.value) for role in Role if role is not Role.WORKER}
    view = MatrixPage(
        tables=(
            _rules("On a case, by relationship", found.on_a_case, _RELATIONSHIPS),
            _rules("Outside a case, by role", found.by_role, roles),
        ),
        apart=tuple(" and ".join(_words(one) for one in sorted(pair)) for pair in found.apart),
    )
    title = "Access rules"
    return page(request, "directory/matrix.html", view, title=title, call=call, sensitive=False)


def _rules(title: str, table: Mapping[str, Mapping[Any, Any]], who: Mapping[Any, str]) -> Rules:
    return Rules(
        title,
        tuple(who.values()),
        tuple((_words(action), _cells(row, [*who])) for action, row in table.items()),
    )


def _cells(row: Mapping[Any, Any], who: Sequence[Any]) -> tuple[str, ...]:
    return tuple(cell_of(row[one]) if one in row else "–" for one in who)


def _words(name: str) -> str:
    return name.replace("_", " ").capitalize()
