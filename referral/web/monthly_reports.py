"""The monthly report: which month, and the document itself."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from fastapi import APIRouter, Request, Response

from referral import queries
from referral.edge import handed_out
from referral.entry import Call, Reading
from referral.errors import Refusal
from referral.exports.monthly_report import monthly_report
from referral.queries.figure_rows import last_closed, refused_figures
from referral.session import ReadSession
from referral.web.fields import NONE, Faults, Fields, Params, Sent, faults_in
from referral.web.figure_page import WHOSE, Views, month_input, teller, views
from referral.web.pages import PageRoute, error_page
from referral.web.together import form_page

router = APIRouter(route_class=PageRoute, include_in_schema=False)

_FIELDS: Final = {"/month": "month"}


@dataclass(frozen=True, slots=True)
class MonthlyReportPage:
    """Whose figures it has, and for which month it is asked."""

    whose: str
    views: Views
    month: Params
    faults: Faults


@router.get("/oversight/figures/report")
async def report(request: Request, call: Reading, until: str = "") -> Response:
    """To whoever has figures: the form; ``until`` is the month the pages showed last."""
    refused = await refused_figures(call.session, call.actor, None, call.now)
    if refused is not None:
        return error_page(request, refused, call)
    known = queries.month_in(until) or last_closed(call.session, call.actor, call.now)
    return _form(request, call, f"{known:%Y-%m}", NONE)


@router.get("/oversight/figures/report.pdf")
async def report_printed(request: Request, call: Reading, month: str = "") -> Response:
    """The document; that it was printed is in the log."""
    found = await monthly_report(call.session, call.actor, month, now=call.now)
    if not isinstance(found, Refusal):
        return handed_out(found.content, "application/pdf", found.name)
    if found.type != "invalid-input":
        return error_page(request, found, call)
    return _form(request, call, month, faults_in(found, _FIELDS))


def _form(request: Request, call: Call[ReadSession], month: str, faults: Faults) -> Response:
    wanted = queries.Wanted()
    make = Fields(Sent({"month": (month,)}), faults)
    view = MonthlyReportPage(
        whose=WHOSE[teller(call, wanted).whose],
        views=views(wanted),
        month=month_input(make, "month", "Month"),
        faults=faults,
    )
    return form_page(
        *(request, "oversight/monthly_report.html", view),
        title="Monthly report",
        call=call,
        faults=faults,
    )
