"""The receipt of an accepted hand-off: what it proves, whether it is final, and how to check it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

import segno
from fastapi import APIRouter, Request, Response

from referral import queries
from referral.edge import handed_out
from referral.entry import Call, Reading
from referral.errors import Refusal
from referral.queries import ReceiptSeen
from referral.web.lines import Reader
from referral.web.pages import PageRoute, error_page, page

router = APIRouter(route_class=PageRoute, include_in_schema=False)

_STATES: Final = {
    "promised": (
        "Promised. The acceptance is recorded, and waits for the log's next signature: a minute at "
        "most. Until then you hold the promise below, which is signed."
    ),
    "provisional": (
        "Provisional. The log has signed that this acceptance is in it. It becomes final when "
        "enough other agencies have countersigned; that needs nothing from you, and work goes on."
    ),
    "final": (
        "Final. The log has signed that this acceptance is in it, and other agencies have "
        "countersigned: nobody, not even who runs this service, can take it out unnoticed."
    ),
}


@dataclass(frozen=True, slots=True)
class ReceiptPage:
    """The receipt, laid out. ``command``: how it is checked without this service."""

    back: str
    reference: str
    state: str
    told: str
    rows: tuple[tuple[str, str], ...]
    text: str | None
    promise: str | None
    file: str
    picture: str
    command: str
    promise_command: str


@router.get("/hand-offs/{hand_off_id}/receipt")
async def receipt(request: Request, call: Reading, hand_off_id: UUID) -> Response:
    """To the unit that sent it and the unit that accepted it."""
    seen = await receipt_seen(call, hand_off_id)
    if isinstance(seen, Refusal):
        return error_page(request, seen, call)
    view = _view(seen, Reader.of(call), site_of(request, call))
    return page(request, "hand_offs/receipt.html", view, title="Receipt", call=call)


@router.get("/hand-offs/{hand_off_id}/receipt/file")
async def receipt_file(request: Request, call: Reading, hand_off_id: UUID) -> Response:
    """The receipt as a file to keep; its name says nothing of the case."""
    seen = await receipt_seen(call, hand_off_id)
    if isinstance(seen, Refusal):
        return error_page(request, seen, call)
    if seen.text is None:
        return error_page(request, queries.not_yet(), call)
    return handed_out(seen.text.encode(), "text/plain; charset=utf-8", "receipt.txt")


async def receipt_seen(call: Call[Any], hand_off_id: UUID) -> ReceiptSeen | Refusal:
    """The receipt as this installation makes it."""
    return await queries.receipt_of(
        call.session,
        call.actor,
        hand_off_id,
        promiser=call.installation.promiser,
        quorum=call.installation.settings.log_quorum,
        now=call.now,
    )


def site_of(request: Request, call: Call[Any]) -> str:
    """What browsers call us: as set, or as this one has just called."""
    return call.installation.settings.site or f"{request.url.scheme}://{request.url.netloc}"


def picture_of(seen: ReceiptSeen, site: str) -> str:
    """A QR code for paper: where the receipt is, and behind the # what paper alone can prove.

    The leaf's hash and the checkpoint's size and root: whoever has the sheet and, later, any
    receipt or checkpoint, sees that they are the same. No browser sends what stands behind the #.
    The whole receipt (two kilobytes of hashes, which cannot be packed) would need a code so dense
    that a copied or faxed form is not read any more, and would be provisional for ever.
    """
    proof = "" if seen.index is None else f".{seen.index}.{seen.size}.{_address(seen.root or '')}"
    told = f"{site}/hand-offs/{seen.line.id}/receipt#{_address(seen.leaf)}{proof}"
    return segno.make(told, error="m").svg_data_uri(scale=3, border=4, light="#fff")


def _address(base64: str) -> str:
    return base64.translate(str.maketrans("+/", "-_")).rstrip("=")


def _view(seen: ReceiptSeen, reader: Reader, site: str) -> ReceiptPage:
    clock = reader.clock
    rows = [("Accepted", clock.moment(seen.accepted_at)), ("Entry", str(seen.entry))]
    if seen.index is not None and seen.signed_at is not None:
        rows += [
            ("Place in the log", f"{seen.index}, among {seen.size} entries"),
            ("Signed by the log", clock.moment(seen.signed_at)),
        ]
    rows += [
        (
            "Countersigned",
            f"{one.witness}, {clock.moment(one.signed_at)}"
            + ("" if one.independent else " (runs beside the log: not independent)"),
        )
        for one in seen.witnesses
    ]
    at = f"/hand-offs/{seen.line.id}"
    return ReceiptPage(
        back=at,
        reference=seen.line.reference,
        state=seen.state,
        told=_STATES[seen.state],
        rows=tuple(rows),
        text=seen.text,
        promise=seen.promise,
        file=f"{at}/receipt/file",
        picture=picture_of(seen, site),
        command=f"python verifier.py receipt receipt.txt --log {seen.log_key}",
        promise_command="python verifier.py promise promise.txt receipt.txt "
        f"--promiser {seen.promise_key} --log {seen.log_key}",
    )
