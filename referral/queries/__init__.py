"""The questions. Each is a function named for what is asked; none of them changes anything.

Row security narrows every answer to what the actor's unit is party to, and each query says the same
in its own WHERE (a policy alone is slow, and one lock is not two).
"""

from referral.queries.attachments import (
    AttachmentLine,
    AttachmentOpened,
    attachment_opened,
    attachments_of,
)
from referral.queries.batches import batch_of
from referral.queries.cases import CaseSeen, case_seen, case_with
from referral.queries.clocks import ClockSeen
from referral.queries.consents import ConsentSeen, consents_of, receivers_in
from referral.queries.erasures import (
    AskedErasure,
    Erasures,
    Gone,
    HoldSeen,
    PeriodOver,
    erasures_of,
)
from referral.queries.first_referrals import imported_first_referrals
from referral.queries.glasses import GlassSeen, glasses_of
from referral.queries.hand_offs import HandOffSeen, hand_off_seen
from referral.queries.inbox import Page, inbox_of
from referral.queries.letters import LetterSeen, letter_of
from referral.queries.lines import HandOffLine, units_named
from referral.queries.log import TimelineLine, timeline_of
from referral.queries.meetings import (
    ItemSeen,
    LateSeen,
    MeetingLine,
    MeetingSeen,
    mandates_of,
    meeting_seen,
    meetings_of,
    units_in,
)
from referral.queries.need_to_know import (
    ExclusionSeen,
    NeedToKnow,
    ProposalSeen,
    need_to_know,
)
from referral.queries.operations import (
    OperationLine,
    OperationSeen,
    memberships_named,
    operation_seen,
    operations_of,
)
from referral.queries.oversight import ResponseTimes, holder_idle_in, overdue_in, response_times_in
from referral.queries.panels import PanelSeen, SeatSeen, seats_of
from referral.queries.persons import PersonSeen
from referral.queries.referrals import ReferralSeen
from referral.queries.removals import RemovalSeen, removals_of

__all__ = [
    "AskedErasure",
    "AttachmentLine",
    "AttachmentOpened",
    "CaseSeen",
    "ClockSeen",
    "ConsentSeen",
    "Erasures",
    "ExclusionSeen",
    "GlassSeen",
    "Gone",
    "HandOffLine",
    "HandOffSeen",
    "HoldSeen",
    "ItemSeen",
    "LateSeen",
    "LetterSeen",
    "MeetingLine",
    "MeetingSeen",
    "NeedToKnow",
    "OperationLine",
    "OperationSeen",
    "Page",
    "PanelSeen",
    "PeriodOver",
    "PersonSeen",
    "ProposalSeen",
    "ReferralSeen",
    "RemovalSeen",
    "ResponseTimes",
    "SeatSeen",
    "TimelineLine",
    "attachment_opened",
    "attachments_of",
    "batch_of",
    "case_seen",
    "case_with",
    "consents_of",
    "erasures_of",
    "glasses_of",
    "hand_off_seen",
    "holder_idle_in",
    "imported_first_referrals",
    "inbox_of",
    "letter_of",
    "mandates_of",
    "meeting_seen",
    "meetings_of",
    "memberships_named",
    "need_to_know",
    "operation_seen",
    "operations_of",
    "overdue_in",
    "receivers_in",
    "removals_of",
    "response_times_in",
    "seats_of",
    "timeline_of",
    "units_in",
    "units_named",
]
