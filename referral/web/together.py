"""What pages of meetings, operations, panels and batches share: a page with a form on it."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from fastapi import Request, Response

from referral.entry import Call
from referral.web.fields import Faults, Params
from referral.web.pages import page

Inputs = tuple[tuple[str, Params], ...]  # kind of the field, and what the field is made of


def form_page(
    request: Request, template: str, view: Any, *, title: str, call: Call[Any], faults: Faults
) -> Response:
    """The page; with something to put right it is an answer of its own, and its title says so."""
    status = 422 if faults else 200
    told = f"Error: {title}" if faults else title
    return page(request, template, view, title=told, call=call, status=status)


def id_in(text: str) -> UUID | None:
    """An id, if this is one."""
    try:
        return UUID(text)
    except ValueError:
        return None
