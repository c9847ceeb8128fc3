"""The only writer. Every change to a case is a verb here, whatever door it came through.

A verb locks what it changes, asks ``access``, lets the engine decide, and carries the decision out
in one call with its log entries. Rooms never commit. A refusal is a value, and is in the log too.
"""

from protocols.lifecycle import Act
from referral.casework.amending import amend, identify
from referral.casework.answers import Acted, Ask
from referral.casework.attaching import (
    Attached,
    Brought,
    Waiting,
    attach,
    look_through,
    put_back,
    settle,
    take_in_hand,
)
from referral.casework.batches import BatchActed, act_on_batch
from referral.casework.bundles import Asked, Choice, answer_bundle, ask_bundle
from referral.casework.calendars import (
    MOST_LISTED,
    CalendarChange,
    CalendarChanged,
    LimitMoved,
    Preview,
    change_calendar,
    preview_calendar,
)
from referral.casework.clockwork import Claimed, Passed, claim, lapse, pass_time
from referral.casework.consenting import (
    StillHeld,
    Withdrawn,
    change_basis,
    record_consent,
    withdraw_consent,
)
from referral.casework.contacts import (
    ask_cancellation,
    confirm_attestation,
    record_first_contact,
    set_docket,
)
from referral.casework.deciding import decide_panel
from referral.casework.duplicates import Matches, Sought, find_duplicates
from referral.casework.erasing import Ground, answer_erasure, ask_erasure
from referral.casework.filed import filed_again
from referral.casework.filing import file
from referral.casework.filings import Filed, PersonFiled, ReferralOpened
from referral.casework.glass import LONGEST, Glass, break_glass, close_glass, review_glass
from referral.casework.hand_offs import (
    accept,
    acknowledge,
    attest,
    cancel,
    complete,
    decline,
    fail,
    hold,
    resume,
    start,
)
from referral.casework.history import (
    UNLISTED,
    Imported,
    Recorded,
    disorder_of,
    file_history,
    filed_before,
)
from referral.casework.holding import ask_lifting, kept_long_enough, note_retention, set_hold
from referral.casework.intake import Intake, LawfulBasis, PersonTold
from referral.casework.meetings import Call, Met, Record, Task, call_meeting, hold_meeting
from referral.casework.need_to_know import (
    ACTS,
    answer_proposal,
    exclude,
    propose,
)
from referral.casework.operations import Operated, Plan, end_operation, plan_operation
from referral.casework.overriding import override_screening
from referral.casework.panels import VOTES, Seat, Sitting
from referral.casework.proposing import Narrowed
from referral.casework.reassigning import reassign
from referral.casework.records import add_note, record_event, record_voice
from referral.casework.recounting import Looked, recount
from referral.casework.refusing import refuse
from referral.casework.releasing import (
    Failing,
    Ordered,
    Released,
    answer_release,
    fail_release,
    keep_release,
    prepare_release,
    take_hand_over,
    take_release,
)
from referral.casework.removing import answer_removal, ask_removal
from referral.casework.said import Said

__all__ = [
    "ACTS",
    "LONGEST",
    "MOST_LISTED",
    "UNLISTED",
    "VOTES",
    "Act",
    "Acted",
    "Ask",
    "Asked",
    "Attached",
    "BatchActed",
    "Brought",
    "CalendarChange",
    "CalendarChanged",
    "Call",
    "Choice",
    "Claimed",
    "Failing",
    "Filed",
    "Glass",
    "Ground",
    "Imported",
    "Intake",
    "LawfulBasis",
    "LimitMoved",
    "Looked",
    "Matches",
    "Met",
    "Narrowed",
    "Operated",
    "Ordered",
    "Passed",
    "PersonFiled",
    "PersonTold",
    "Plan",
    "Preview",
    "Record",
    "Recorded",
    "ReferralOpened",
    "Released",
    "Said",
    "Seat",
    "Sitting",
    "Sought",
    "StillHeld",
    "Task",
    "Waiting",
    "Withdrawn",
    "accept",
    "acknowledge",
    "act_on_batch",
    "add_note",
    "amend",
    "answer_bundle",
    "answer_erasure",
    "answer_proposal",
    "answer_release",
    "answer_removal",
    "ask_bundle",
    "ask_cancellation",
    "ask_erasure",
    "ask_lifting",
    "ask_removal",
    "attach",
    "attest",
    "break_glass",
    "call_meeting",
    "cancel",
    "change_basis",
    "change_calendar",
    "claim",
    "close_glass",
    "complete",
    "confirm_attestation",
    "decide_panel",
    "decline",
    "disorder_of",
    "end_operation",
    "exclude",
    "fail",
    "fail_release",
    "file",
    "file_history",
    "filed_again",
    "filed_before",
    "find_duplicates",
    "hold",
    "hold_meeting",
    "identify",
    "keep_release",
    "kept_long_enough",
    "lapse",
    "look_through",
    "note_retention",
    "override_screening",
    "pass_time",
    "plan_operation",
    "prepare_release",
    "preview_calendar",
    "propose",
    "put_back",
    "reassign",
    "record_consent",
    "record_event",
    "record_first_contact",
    "record_voice",
    "recount",
    "refuse",
    "resume",
    "review_glass",
    "set_docket",
    "set_hold",
    "settle",
    "start",
    "take_hand_over",
    "take_in_hand",
    "take_release",
    "withdraw_consent",
]
