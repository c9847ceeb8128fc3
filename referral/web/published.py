"""What everybody may read without signing in: published figures, from frozen releases alone."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from fastapi import APIRouter, Request, Response

from referral import errors, queries
from referral.entry import installation_of
from referral.figures.periods import is_period
from referral.queries import Publication
from referral.web.pages import PageRoute, error_page, page
from referral.web.release_tables import ReleaseTables, tables_of

router = APIRouter(route_class=PageRoute, include_in_schema=False)

CACHED: Final = "public, max-age=3600"  # seconds; a release changes by the next one only


@dataclass(frozen=True, slots=True)
class PublishedPage:
    """The years and quarters of a country; of one of them the tables."""

    country: str
    periods: tuple[tuple[str, str], ...]
    period: str = ""
    published: str = ""
    digest: str = ""
    files: str = ""
    tables: ReleaseTables | None = None


@router.get("/published/{country}")
async def periods(request: Request, country: str) -> Response:
    """Which years and quarters are published."""
    found = await _read(request, country, None)
    listed = tuple((f"/published/{country}/{one.period}", one.period) for one in found)
    view = PublishedPage(country, listed)
    return _cached(page(request, "oversight/published.html", view, title="Published figures"))


@router.get("/published/{country}/{period}")
async def figures(request: Request, country: str, period: str) -> Response:
    """One year or quarter, as it was released."""
    asked = period if is_period(period) else None
    found = next((one for one in await _read(request, country, asked) if one.content), None)
    if found is None or found.content is None:
        return error_page(request, errors.not_found())
    view = PublishedPage(
        country,
        periods=((f"/published/{country}", "All periods"),),
        period=found.period,
        published=f"{found.published_at:%Y-%m-%d}",
        digest=found.digest,
        files=f"/api/v1/published/{country}/{found.period}",
        tables=tables_of(found.content),
    )
    title = f"Figures of {found.period}"
    return _cached(page(request, "oversight/published.html", view, title=title))


async def _read(request: Request, country: str, period: str | None) -> tuple[Publication, ...]:
    if not (country.isascii() and len(country) == 2 and country.isupper()):  # noqa: PLR2004
        return ()
    async with installation_of(request).engine.connect() as connection, connection.begin():
        return await queries.published_in(connection, country, period)


def _cached(response: Response) -> Response:
    response.headers["Cache-Control"] = CACHED
    return response
