"""The JSON door: routes under ``/api/v1``, named like the verbs and questions behind them."""

from referral.api import audit, cases, directory, hand_offs, oversight, reference

routers = (
    cases.router,
    hand_offs.router,
    oversight.router,
    directory.router,
    audit.router,
    reference.router,
)
described = reference.described

__all__ = ["described", "routers"]
