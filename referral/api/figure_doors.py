"""The doors of a question of figures: its answer as JSON, and the same as CSV and as XLSX."""

# No ``from __future__ import annotations``: what a door depends on is known when it is opened.
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import datetime
from inspect import cleandoc
from typing import Annotated, Any, Final, Self, TypeVar
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Depends, Request, Response

from referral.api.answers import Answer
from referral.api.wire import answer, refused
from referral.entry import Call, Reading
from referral.errors import Refusal
from referral.exports.figure_sheets import WHOSE
from referral.exports.sheets import Asker, Sheet, as_csv, as_xlsx
from referral.figure_questions import Told
from referral.figures import months_on
from referral.queries.figure_rows import whose

F = TypeVar("F")

_XLSX: Final = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


class Seen(Answer):
    """The answer to one question."""

    @classmethod
    def of(cls, found: Any) -> Self:
        """What was found; whole, where the shape has one field."""
        names = [*cls.model_fields]
        told = {names[0]: found} if len(names) == 1 else found
        return cls.model_validate(told, from_attributes=True)


def doors(
    router: APIRouter,
    name: str,
    asking: Callable[..., Awaitable[Told[F] | Refusal]],
    shape: type[Seen],
    sheet: Callable[[F, datetime], Sheet],
    *,
    dated: bool = True,
) -> None:
    """Opens ``name``, ``name.csv`` and ``name.xlsx``, with the parameters and words of a question.

    ``dated``: the file says of which months it is, whoever named them. No JSON comes through the
    doors of files: the reference has none of them.
    """

    async def json(request: Request, told: Annotated[Any, Depends(asking)]) -> Response:
        return refused(told, request) if isinstance(told, Refusal) else answer(shape.of(told.found))

    def file(written: Callable[[Sheet, Call[Any]], Response]) -> Callable[..., Any]:
        async def door(
            request: Request, call: Reading, told: Annotated[Any, Depends(asking)]
        ) -> Response:
            if isinstance(told, Refusal):
                return refused(told, request)
            asked = dict(request.query_params) | (_months(told) if dated else {})
            return written(_headed(sheet(told.found, call.now), call, asked), call)

        return door

    words = cleandoc(asking.__doc__ or "")
    router.get(f"/{name}", response_model=shape, name=asking.__name__, description=words)(json)
    for ending, written in ((".csv", _csv), (".xlsx", _xlsx)):
        router.get(f"/{name}{ending}", include_in_schema=False)(file(written))


def _months(told: Told[Any]) -> dict[str, str]:
    first, last = told.period.begins, months_on(told.period.ends, -1)
    return {"since": f"{first:%Y-%m}", "until": f"{last:%Y-%m}"}


def _headed(sheet: Sheet, call: Call[Any], asked: dict[str, str]) -> Sheet:
    notes = (WHOSE[whose(call.actor).value], *sheet.notes)
    return replace(sheet, asked=tuple(asked.items()), notes=notes)


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
