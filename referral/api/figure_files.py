"""Two doors beside a question: its answer as CSV and as XLSX, for whoever may ask it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace
from functools import wraps
from inspect import Parameter, signature
from typing import Any, Final
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Request, Response

from referral.api.wire import refused
from referral.entry import Call
from referral.errors import Refusal
from referral.exports.figure_sheets import WHOSE
from referral.exports.sheets import Asker, Sheet, as_csv, as_xlsx
from referral.queries.figure_rows import whose

Asking = Callable[..., Awaitable[Sheet | Refusal]]
_XLSX: Final = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


def files(router: APIRouter, path: str) -> Callable[[Asking], Asking]:
    """Opens ``path.csv`` and ``path.xlsx``; what is decorated takes ``call``.

    No JSON comes through these doors: the reference has none of them.
    """

    def opened(asking: Asking) -> Asking:
        for ending, written in ((".csv", _csv), (".xlsx", _xlsx)):
            door = _door(asking, written)
            router.add_api_route(path + ending, door, methods=["GET"], include_in_schema=False)
        return asking

    return opened


def _door(
    asking: Asking, written: Callable[[Sheet, Call[Any]], Response]
) -> Callable[..., Awaitable[Response]]:
    @wraps(asking)
    async def door(request: Request, **asked: Any) -> Response:
        found = await asking(**asked)
        if isinstance(found, Refusal):
            return refused(found, request)
        told = dict(request.query_params) | dict(found.asked)
        notes = (WHOSE[whose(asked["call"].actor).value], *found.notes)
        return written(replace(found, asked=tuple(told.items()), notes=notes), asked["call"])

    asked = signature(asking)
    own = Parameter("request", Parameter.POSITIONAL_OR_KEYWORD, annotation=Request)
    named = asked.replace(parameters=[own, *asked.parameters.values()])
    door.__signature__ = named  # type: ignore[attr-defined] # what the framework reads
    return door


def _csv(sheet: Sheet, _: Call[Any]) -> Response:
    return _file(sheet, "csv", as_csv(sheet), "text/csv; charset=utf-8")


def _xlsx(sheet: Sheet, call: Call[Any]) -> Response:
    actor = call.actor
    name = f"{actor.name}, {actor.unit_name}, {actor.agency_name}"
    asker = Asker(name, call.now, ZoneInfo(actor.time_zone))
    return _file(sheet, "xlsx", as_xlsx(sheet, asker), _XLSX)


def _file(sheet: Sheet, ending: str, content: str | bytes, kind: str) -> Response:
    headers = {"Content-Disposition": f'attachment; filename="{sheet.name}.{ending}"'}
    return Response(content, headers=headers, media_type=kind)
