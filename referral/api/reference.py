"""The reference as it is read: the document itself, and a page of it that needs nobody's assets.

This must never know an operation: it shows what the document says.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final

import orjson
from fastapi import APIRouter, Request, Response
from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape

from referral.api.asked import Route
from referral.api.openapi import METHODS
from referral.api.wire import ROOT

router = APIRouter(prefix=ROOT, include_in_schema=False, route_class=Route)
_HERE: Final = Path(__file__).parent


@dataclass(frozen=True, slots=True)
class Entry:
    """One operation, as the page shows it."""

    method: str
    path: str
    name: str
    text: str
    parameters: tuple[tuple[str, str, str], ...]
    body: str | None
    answer: str | None


@router.get("/openapi.json")
async def openapi(request: Request) -> Response:
    """The document itself."""
    return Response(orjson.dumps(request.app.state.openapi()), media_type="application/json")


@router.get("/docs")
async def docs(request: Request) -> Response:
    """The page: every operation with its parameters and examples."""
    document = request.app.state.openapi()
    entries = [
        _entry(method.upper(), path, item[method])
        for path, item in document["paths"].items()
        for method in METHODS
        if method in item
    ]
    page = _template().render(
        title=document["info"]["title"],
        description=document["info"]["description"],
        entries=entries,
        root=ROOT,
    )
    return Response(page, media_type="text/html; charset=utf-8")


@router.get("/docs/style.css")
async def style() -> Response:
    """The page's only asset."""
    return Response((_HERE / "reference.css").read_bytes(), media_type="text/css")


@cache
def _template() -> Any:
    environment = Environment(
        loader=FileSystemLoader(_HERE),
        autoescape=select_autoescape(),
        undefined=StrictUndefined,
    )
    return environment.get_template("reference.html")


def _entry(method: str, path: str, operation: Mapping[str, Any]) -> Entry:
    answers = (one for code, one in operation["responses"].items() if code.startswith("2"))
    return Entry(
        method=method,
        path=path,
        name=operation["summary"],
        text=operation.get("description", ""),
        parameters=tuple(
            (one["name"], one["in"], one.get("description", ""))
            for one in operation.get("parameters", ())
        ),
        body=_shown(operation.get("requestBody", {}).get("content", {})),
        answer=_shown(next(answers).get("content", {})),
    )


def _shown(content: Mapping[str, Any]) -> str | None:
    form = next(iter(content.values()), None)
    return None if form is None else json.dumps(form["example"], indent=2, ensure_ascii=False)
