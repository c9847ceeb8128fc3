"""Beyond this machine nothing is told in the clear, and counts are for this machine alone.

Whether a request came by TLS the server knows itself, or from the one proxy it believes; whoever
goes round the proxy is seen as what she is.
"""

from __future__ import annotations

from ipaddress import ip_address

from starlette.requests import Request
from starlette.types import ASGIApp, Receive, Scope, Send

from referral import errors
from referral.edge.answering import Answering
from referral.edge.watching import UNGUARDED
from referral.errors import Refusal


class Outside:
    """Refuses what came without TLS; health may be asked, and everything else only from here."""

    def __init__(self, app: ASGIApp, answered: Answering) -> None:
        """Stand before this app."""
        self.app, self.answered = app, answered

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let in what came by TLS."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        here, path = _here(scope), scope["path"]
        if path == "/metrics" and not here:
            await self.answered(Request(scope), errors.not_found())(scope, receive, send)
        elif scope["scheme"] == "https" or path in UNGUARDED:
            await self.app(scope, receive, send)
        else:
            await self.answered(Request(scope), in_the_clear())(scope, receive, send)


def _here(scope: Scope) -> bool:
    """Whether the caller is this machine, as far as is known."""
    try:
        return ip_address((scope.get("client") or ("", 0))[0]).is_loopback
    except ValueError:
        return False


def in_the_clear() -> Refusal:
    """Whatever was sent has been seen by others already; nothing is answered the same way."""
    return Refusal(
        403,
        "in-the-clear",
        "Come by TLS",
        "This came without encryption, so nothing was read and nothing is answered. Open the "
        "address with https://, or through the proxy the operator has declared.",
    )
