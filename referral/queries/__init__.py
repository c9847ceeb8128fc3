"""The questions. Each is a function named for what is asked; none of them changes anything.

Row security narrows every answer to what the actor's unit is party to, and each query says the same
in its own WHERE (a policy alone is slow, and one lock is not two).
"""

from referral.queries.cases import (
    CaseSeen,
    PersonSeen,
    ReferralSeen,
    case_seen,
    case_with,
)
from referral.queries.hand_offs import (
    ClockSeen,
    HandOffLine,
    HandOffSeen,
    Page,
    hand_off_seen,
    inbox_of,
    units_named,
)
from referral.queries.log import TimelineLine, entries_of, timeline_of
from referral.queries.oversight import (
    ResponseTimes,
    holder_idle_in,
    imported_first_referrals,
    overdue_in,
    response_times_in,
)

__all__ = [
    "CaseSeen",
    "ClockSeen",
    "HandOffLine",
    "HandOffSeen",
    "Page",
    "PersonSeen",
    "ReferralSeen",
    "ResponseTimes",
    "TimelineLine",
    "case_seen",
    "case_with",
    "entries_of",
    "hand_off_seen",
    "holder_idle_in",
    "imported_first_referrals",
    "inbox_of",
    "overdue_in",
    "response_times_in",
    "timeline_of",
    "units_named",
]
