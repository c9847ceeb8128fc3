"""The agenda of a body for a month over JSON: what is late or left lying, by reference alone."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from agencies.duties import Scope
from referral import queries
from referral.api.answers import Answer, Titled
from referral.api.asked import Headers, Route
from referral.api.wire import ROOT, answer, refused
from referral.api.wording import Wording
from referral.entry import Reading, needs_scope
from referral.errors import Refusal
from referral.queries import AgendaItem

router = APIRouter(prefix=f"{ROOT}/agendas", tags=["cases"], route_class=Route)


class Matter(Answer):
    """One matter; ``met``: on how many agendas of the unit it has stood; ``new``: of this month."""

    reference: str
    step: Titled
    mandate: Titled | None
    place: str
    state: str
    why: str
    since: datetime
    met: int
    new: bool

    @classmethod
    def of(cls, one: AgendaItem, words: Wording) -> Matter:
        """In words."""
        asked = one.mandate and Titled(code=one.mandate, title=words.code(one.mandate))
        return cls(
            reference=one.reference,
            step=Titled(code=one.step, title=words.step(one, one.step)),
            mandate=asked or None,
            place=one.jurisdiction,
            state=one.state,
            why=one.why,
            since=one.since,
            met=one.met,
            new=one.new,
        )


class BodysAgenda(Answer):
    """What a body has to deal with, the longest first; nothing of a person is in it."""

    body: Titled
    month: str
    made_at: datetime
    items: tuple[Matter, ...]
    more: bool


@router.get("/{body}", response_model=BodysAgenda)
async def agenda_in(
    call: Reading,
    request: Request,
    asked: Headers,
    body: str,
    month: Annotated[str, Query(description="The month: 2026-03.")],
) -> Response:
    """The agenda of a body your unit meets as: what is open now and was late before it ended."""
    needs_scope(call, Scope.HAND_OFFS_READ)
    found = await queries.agenda_in(call.session, call.actor, body, month, now=call.now)
    if isinstance(found, Refusal):
        return refused(found, request)
    words = asked.wording(call)
    return answer(
        BodysAgenda(
            body=Titled(code=found.body, title=words.code(found.body)),
            month=f"{found.month:%Y-%m}",
            made_at=found.made_at,
            items=tuple(Matter.of(one, words) for one in found.items),
            more=found.more,
        )
    )
