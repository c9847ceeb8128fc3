"""The JSON door: routes under ``/api/v1``, named like the verbs and questions behind them."""

from referral.api import (
    attachments,
    audit,
    batches,
    case_acts,
    cases,
    consents,
    coverage,
    directory,
    duplicates,
    glass,
    hand_off_acts,
    hand_offs,
    law,
    matrix,
    meetings,
    members,
    need_to_know,
    oauth,
    operations,
    oversight,
    reference,
    subjects,
)
from referral.api.openapi import described

routers = (
    cases.router,
    case_acts.router,
    attachments.router,
    consents.router,
    need_to_know.router,
    glass.router,
    duplicates.router,
    batches.router,
    hand_offs.router,
    hand_off_acts.router,
    meetings.router,
    subjects.router,
    members.router,
    operations.router,
    oversight.router,
    directory.router,
    coverage.router,
    law.router,
    matrix.router,
    audit.router,
    oauth.router,
    reference.router,
)

__all__ = ["described", "routers"]
