"""Figures of oversight over JSON and as files: under which name, in which shapes.

A number that is null is hidden by the floor, and zero is zero. Times are seconds.
"""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response

from referral import figure_questions as ask
from referral.api import figure_answers as shapes
from referral.api.asked import Headers, Route
from referral.api.figure_doors import doors
from referral.api.hand_off_answers import Lines, Listed
from referral.api.wire import ROOT, answer, links, refused
from referral.entry import Reading
from referral.errors import Refusal
from referral.exports import figure_sheets as sheets
from referral.exports.pilots import pilot_sheet
from referral.figure_questions import Told
from referral.queries import Behind

router = APIRouter(prefix=f"{ROOT}/oversight", tags=["oversight"], route_class=Route)


async def behind_figure(
    call: Reading,
    request: Request,
    asked: Headers,
    told: Annotated[Told[Behind] | Refusal, Depends(ask.behind_figure)],
) -> Response:
    """The hand-offs one number counts, the newest first; none to who oversees the country."""
    if isinstance(told, Refusal):
        return refused(told, request)
    words = asked.wording(call)
    lines = tuple(Listed.of(line, words, call.now) for line in told.found.lines)
    return answer(Lines(hand_offs=lines), headers=links(request, told.found.after))


doors(router, "figures", ask.figures_by, shapes.FiguresSeen, sheets.figures_sheet)
doors(router, "series", ask.series_of, shapes.SeriesSeen, sheets.series_sheet, dated=False)
doors(router, "curve", ask.curve_of, shapes.CurveSeen, sheets.curve_sheet)
router.get("/behind", response_model=Lines)(behind_figure)
doors(router, "pilot", ask.pilot_of, shapes.PilotSeen, pilot_sheet, dated=False)
doors(router, "comparison", ask.comparison_of, shapes.ComparisonSeen, sheets.comparison_sheet)
doors(router, "bottlenecks", ask.bottlenecks_of, shapes.BottlenecksSeen, sheets.bottlenecks_sheet)
doors(router, "law-gaps", ask.law_gaps_in, shapes.LawGapsSeen, sheets.law_gaps_sheet)
doors(router, "attested", ask.attested_in, shapes.AttestedSeen, sheets.attested_sheet)
doors(
    router,
    "uncontacted",
    ask.uncontacted_in,
    shapes.UncontactedSeen,
    sheets.uncontacted_sheet,
    dated=False,
)
doors(router, "returns", ask.returns_in, shapes.ReturnsSeen, sheets.returns_sheet)
