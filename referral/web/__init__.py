"""Pages: plain forms that work without JavaScript. Rules live in the rooms; pages ask and show."""

from fastapi import APIRouter, Request, Response

from referral.web import (
    account,
    agendas,
    attachments,
    audit,
    batches,
    bundles,
    calendars,
    cases,
    consents,
    coverage,
    directory,
    duplicates,
    enrolling,
    erasures,
    figure_pilot,
    figures,
    glass,
    hand_offs,
    letters,
    matrix,
    meetings,
    member_acts,
    members,
    monthly_reports,
    need_to_know,
    notices,
    operations,
    oversight,
    panels,
    passkeys,
    providers,
    published,
    receipts,
    recovery,
    releases,
    removals,
    second,
    sections,
    signin,
    stepping_up,
    subjects,
    webhooks,
)
from referral.web.pages import error_page, static

router = APIRouter()
for part in (
    signin,
    second,
    passkeys,
    providers,
    stepping_up,
    enrolling,
    account,
    recovery,
    subjects,
    webhooks,
    members,
    member_acts,
    cases,
    attachments,
    consents,
    need_to_know,
    bundles,
    glass,
    removals,
    erasures,
    duplicates,
    batches,
    hand_offs,
    letters,
    receipts,
    panels,
    meetings,
    agendas,
    notices,
    operations,
    sections,
    oversight,
    figures,
    figure_pilot,
    monthly_reports,
    audit,
    directory,
    coverage,
    calendars,
    matrix,
    releases,
    published,
):
    router.include_router(part.router)


@router.api_route("/static/{path:path}", methods=["GET", "HEAD"], include_in_schema=False)
async def asset(request: Request, path: str) -> Response:
    """A style sheet or picture; its version in the address allows a long cache."""
    return await static.get_response(path, request.scope)


__all__ = ["error_page", "router"]
