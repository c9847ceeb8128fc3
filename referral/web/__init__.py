"""Pages: plain forms that work without JavaScript. Rules live in the rooms; pages ask and show."""

from fastapi import APIRouter, Request, Response

from referral.web import (
    account,
    attachments,
    batches,
    cases,
    consents,
    coverage,
    directory,
    duplicates,
    enrolling,
    erasures,
    glass,
    hand_offs,
    letters,
    matrix,
    meetings,
    member_acts,
    members,
    need_to_know,
    operations,
    oversight,
    panels,
    passkeys,
    providers,
    recovery,
    removals,
    second,
    signin,
    stepping_up,
    subjects,
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
    members,
    member_acts,
    cases,
    attachments,
    consents,
    need_to_know,
    glass,
    removals,
    erasures,
    duplicates,
    batches,
    hand_offs,
    letters,
    panels,
    meetings,
    operations,
    oversight,
    directory,
    coverage,
    matrix,
):
    router.include_router(part.router)


@router.api_route("/static/{path:path}", methods=["GET", "HEAD"], include_in_schema=False)
async def asset(request: Request, path: str) -> Response:
    """A style sheet or picture; its version in the address allows a long cache."""
    return await static.get_response(path, request.scope)


__all__ = ["error_page", "router"]
