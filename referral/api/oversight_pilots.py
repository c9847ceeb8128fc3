"""The pilot view over JSON and as files: the same figures of two sides of a version.

A number that is null is hidden by the floor; zero is zero. Times are seconds.
"""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from agencies.duties import Scope
from referral.api.answers import Answer
from referral.api.asked import Route
from referral.api.figure_files import files
from referral.api.wire import ROOT, answer, refused
from referral.entry import Reading, needs_scope
from referral.errors import Refusal
from referral.exports.pilots import CAUTIONS, MOST_MONTHS, By, Pilot, pilot_seen, pilot_sheet
from referral.exports.sheets import Sheet

router = APIRouter(prefix=f"{ROOT}/oversight", tags=["oversight"], route_class=Route)

Code = Annotated[str, Query(pattern=r"^[\w.-]{1,64}$")]
Months = Annotated[int, Query(ge=1, le=MOST_MONTHS)]


class PilotSeen(Answer):
    """Before and since a version took force (``time``), or elsewhere and in its pilot places.

    ``legal`` and ``proposed`` beside a figure: the 95 % interval of its share of limits met.
    ``cautions``: what may and may not be concluded.
    """

    pilot: Pilot
    cautions: tuple[str, ...]


@router.get("/pilot", response_model=PilotSeen)
async def pilot_of(
    call: Reading,
    request: Request,
    track: Code,
    version: Code,
    by: By = By.TIME,
    months: Months = 6,
) -> Response:
    """Both sides of a version of a track; ``months``: of each side, at most."""
    found = await _seen(call, track, version, by, months)
    if isinstance(found, Refusal):
        return refused(found, request)
    return answer(PilotSeen(pilot=found, cautions=CAUTIONS))


@files(router, "/pilot")
async def pilot_file(
    call: Reading,
    track: Code,
    version: Code,
    by: By = By.TIME,
    months: Months = 6,
) -> Sheet | Refusal:
    """The same as a file."""
    found = await _seen(call, track, version, by, months)
    return found if isinstance(found, Refusal) else pilot_sheet(found, call.now)


async def _seen(call: Reading, track: str, version: str, by: By, months: int) -> Pilot | Refusal:
    needs_scope(call, Scope.OVERSIGHT_READ)
    return await pilot_seen(
        *(call.session, call.actor, track, version), by=by, months=months, now=call.now
    )
