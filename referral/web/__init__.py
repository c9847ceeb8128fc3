"""Pages: plain forms that work without JavaScript. Rules live in the rooms; a page asks and shows."""

from fastapi import APIRouter

from referral.web import hand_offs, signin
from referral.web.pages import error_page, static

router = APIRouter()
for part in (signin, hand_offs):
    router.include_router(part.router)

__all__ = ["error_page", "router", "static"]
