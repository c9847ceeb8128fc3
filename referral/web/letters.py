"""The official letter of a hand-off, to be printed and signed."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from fastapi import APIRouter, Request, Response

from referral import queries
from referral.entry import Reading
from referral.errors import Refusal
from referral.queries import ReceiptSeen
from referral.web.notice_words import LANGUAGES
from referral.web.pages import PageRoute, error_page, page
from referral.web.receipts import picture_of, receipt_seen, site_of
from referral.web.wording import Law

router = APIRouter(route_class=PageRoute, include_in_schema=False)


@dataclass(frozen=True, slots=True)
class LetterPage:
    """The letter, paragraph by paragraph, and what else there is."""

    back: str
    title: str
    paragraphs: tuple[tuple[str, ...], ...]
    number: str
    numbered: bool  # else it goes under the case's reference
    picture: str | None  # of its receipt, once it was accepted
    anchor: str
    others: tuple[tuple[str, str], ...]  # address, words


@router.get("/hand-offs/{hand_off_id}/letter")
async def letter(
    request: Request, call: Reading, hand_off_id: UUID, document: str = "", language: str = ""
) -> Response:
    """By the country's own text; the first its step requires, if none is named."""
    seen = await queries.letter_of(
        call.session,
        call.actor,
        hand_off_id,
        document=document or None,
        language=language or None,
        now=call.now,
    )
    if isinstance(seen, Refusal):
        return error_page(request, seen, call)
    law = Law(call.installation.catalogue, call.actor.country)
    at = f"/hand-offs/{hand_off_id}"
    others = [
        (f"{at}/letter?document={seen.document}&language={one}", LANGUAGES.get(one, one))
        for one in seen.languages
        if one != seen.language
    ] + [
        (f"{at}/letter?document={one}&language={seen.language}", law.label(one))
        for one in seen.documents
        if one != seen.document
    ]
    paragraphs = tuple(tuple(part.splitlines()) for part in seen.text.split("\n\n"))
    receipt = await receipt_seen(call, hand_off_id)
    picture, anchor = None, ""
    if not isinstance(receipt, Refusal):
        picture, anchor = picture_of(receipt, site_of(request, call)), _anchor(receipt)
    numbers = (seen.number, seen.numbered, picture, anchor)
    view = LetterPage(at, seen.title, paragraphs, *numbers, tuple(others))
    return page(request, "hand_offs/letter.html", view, title="Letter", call=call)


def _anchor(seen: ReceiptSeen) -> str:
    """The receipt in one line under the picture: what paper can prove."""
    if seen.index is None:
        return f"Accepted; the log has promised to sign it within a minute. Leaf {seen.leaf}"
    state = "final" if seen.state == "final" else "provisional until it is countersigned"
    place = f"entry {seen.index} of {seen.size}, root {seen.root}"
    return f"Accepted; receipt {state}: {place}, leaf {seen.leaf}"
