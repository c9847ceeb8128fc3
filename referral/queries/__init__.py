"""The questions. Each is a function named for what is asked; none of them changes anything.

Row security narrows every answer to what the actor's unit is party to, and each query says the same
in its own WHERE (a policy alone is slow, and one lock is not two).
"""

from referral.queries.agendas import Agenda, AgendaItem, agenda_in
from referral.queries.attachments import (
    AttachmentLine,
    AttachmentOpened,
    attachment_opened,
    attachments_of,
)
from referral.queries.batches import batch_of
from referral.queries.behind_figures import Behind, behind_figure
from referral.queries.bundles import (
    BundleOpened,
    BundleSeen,
    BundlesSeen,
    bundle_taken,
    bundles_of,
)
from referral.queries.cases import CaseSeen, case_seen, case_with
from referral.queries.clocks import ClockSeen
from referral.queries.consents import ConsentSeen, consents_of, receivers_in
from referral.queries.entered_days import ChangeSeen, DayEntered, calendar_changes, keep_up
from referral.queries.entries import (
    MOST,
    EntryLine,
    EntryPage,
    EntrySeen,
    LogSeen,
    Sought,
    agencies_acting,
    cursor_of,
    entries_in,
    entry_seen,
    log_seen,
)
from referral.queries.erasures import (
    AskedErasure,
    Erasures,
    Gone,
    HoldSeen,
    PeriodOver,
    erasures_of,
)
from referral.queries.figures_wanted import BESIDE_OTHERS, Wanted, apart, month_in, without_targets
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
from referral.queries.notices import (
    NoticeLine,
    NoticePage,
    Preference,
    Unaddressed,
    Unreached,
    Untold,
    notices_of,
    preference_of,
    sees_unreached,
    unreached_in,
    unreached_of,
)
from referral.queries.operations import (
    OperationLine,
    OperationSeen,
    memberships_named,
    operation_seen,
    operations_of,
)
from referral.queries.oversight import Left, holder_idle_in, left_in, overdue_in
from referral.queries.oversight_figures import (
    Overview,
    comparison_of,
    curve_of,
    figures_by,
    overview_in,
    series_of,
)
from referral.queries.oversight_law import (
    Bottleneck,
    LimitKept,
    Sides,
    bottlenecks_of,
    law_gaps_in,
    limits_of,
    pilot_of,
)
from referral.queries.oversight_senders import Returns, SenderActs, attested_in, returns_in
from referral.queries.oversight_uncontacted import Uncontacted, uncontacted_in
from referral.queries.own_limits import OwnLimit, own_limits_of
from referral.queries.panels import PanelSeen, SeatSeen, seats_of
from referral.queries.persons import PersonSeen
from referral.queries.receipts import ReceiptSeen, not_yet, promise_of, promises_of, receipt_of
from referral.queries.referrals import ReferralSeen
from referral.queries.releases import (
    Publication,
    ReleaseLine,
    ReleaseSeen,
    published_in,
    release_seen,
    releases_of,
)
from referral.queries.removals import RemovalSeen, removals_of
from referral.queries.response_times import ResponseTimes, response_times_in

__all__ = [
    "BESIDE_OTHERS",
    "MOST",
    "Agenda",
    "AgendaItem",
    "AskedErasure",
    "AttachmentLine",
    "AttachmentOpened",
    "Behind",
    "Bottleneck",
    "BundleOpened",
    "BundleSeen",
    "BundlesSeen",
    "CaseSeen",
    "ChangeSeen",
    "ClockSeen",
    "ConsentSeen",
    "DayEntered",
    "EntryLine",
    "EntryPage",
    "EntrySeen",
    "Erasures",
    "ExclusionSeen",
    "GlassSeen",
    "Gone",
    "HandOffLine",
    "HandOffSeen",
    "HoldSeen",
    "ItemSeen",
    "LateSeen",
    "Left",
    "LetterSeen",
    "LimitKept",
    "LogSeen",
    "MeetingLine",
    "MeetingSeen",
    "NeedToKnow",
    "NoticeLine",
    "NoticePage",
    "OperationLine",
    "OperationSeen",
    "Overview",
    "OwnLimit",
    "Page",
    "PanelSeen",
    "PeriodOver",
    "PersonSeen",
    "Preference",
    "ProposalSeen",
    "Publication",
    "ReceiptSeen",
    "ReferralSeen",
    "ReleaseLine",
    "ReleaseSeen",
    "RemovalSeen",
    "ResponseTimes",
    "Returns",
    "SeatSeen",
    "SenderActs",
    "Sides",
    "Sought",
    "TimelineLine",
    "Unaddressed",
    "Uncontacted",
    "Unreached",
    "Untold",
    "Wanted",
    "agencies_acting",
    "agenda_in",
    "apart",
    "attachment_opened",
    "attachments_of",
    "attested_in",
    "batch_of",
    "behind_figure",
    "bottlenecks_of",
    "bundle_taken",
    "bundles_of",
    "calendar_changes",
    "case_seen",
    "case_with",
    "comparison_of",
    "consents_of",
    "cursor_of",
    "curve_of",
    "entries_in",
    "entry_seen",
    "erasures_of",
    "figures_by",
    "glasses_of",
    "hand_off_seen",
    "holder_idle_in",
    "imported_first_referrals",
    "inbox_of",
    "keep_up",
    "law_gaps_in",
    "left_in",
    "letter_of",
    "limits_of",
    "log_seen",
    "mandates_of",
    "meeting_seen",
    "meetings_of",
    "memberships_named",
    "month_in",
    "need_to_know",
    "not_yet",
    "notices_of",
    "operation_seen",
    "operations_of",
    "overdue_in",
    "overview_in",
    "own_limits_of",
    "pilot_of",
    "preference_of",
    "promise_of",
    "promises_of",
    "published_in",
    "receipt_of",
    "receivers_in",
    "release_seen",
    "releases_of",
    "removals_of",
    "response_times_in",
    "returns_in",
    "seats_of",
    "sees_unreached",
    "series_of",
    "timeline_of",
    "uncontacted_in",
    "units_in",
    "units_named",
    "unreached_in",
    "unreached_of",
    "without_targets",
]
