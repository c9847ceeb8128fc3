"""Whom an agency's people are: listed, given a new start, and (by administrators) changed.

Every verb hands its caller's own secret to the database, which asks its tables once more whether
she may; a refusal is a value and nothing was changed then. It must never know a case.
"""

from referral.members.binding import Bindings, SubjectLine, bind_subject, bindings_of
from referral.members.keeping import (
    Admitted,
    admit,
    answer_grant,
    end_absence,
    end_duty,
    end_role,
    give_role,
    keep_unit,
    note_absence,
    put_on_duty,
    set_active,
)
from referral.members.notifying import MODES, Wish, prefer, read_notices
from referral.members.recovery import ASKED, answer_recovery, recover
from referral.members.roster import (
    AbsenceLine,
    DutyLine,
    GrantLine,
    MemberLine,
    RecoveryLine,
    Roster,
    UnitLine,
    away_of,
    roster_of,
)
from referral.members.tokens import issue as issue_token
from referral.members.tokens import keys_of as client_keys
from referral.members.webhooks import (
    HalfKey,
    Keyed,
    Webhook,
    Webhooks,
    end_webhook,
    open_webhook,
    rotate_webhook,
    try_webhook,
    webhooks_of,
)

__all__ = [
    "ASKED",
    "MODES",
    "AbsenceLine",
    "Admitted",
    "Bindings",
    "DutyLine",
    "GrantLine",
    "HalfKey",
    "Keyed",
    "MemberLine",
    "RecoveryLine",
    "Roster",
    "SubjectLine",
    "UnitLine",
    "Webhook",
    "Webhooks",
    "Wish",
    "admit",
    "answer_grant",
    "answer_recovery",
    "away_of",
    "bind_subject",
    "bindings_of",
    "client_keys",
    "end_absence",
    "end_duty",
    "end_role",
    "end_webhook",
    "give_role",
    "issue_token",
    "keep_unit",
    "note_absence",
    "open_webhook",
    "prefer",
    "put_on_duty",
    "read_notices",
    "recover",
    "roster_of",
    "rotate_webhook",
    "set_active",
    "try_webhook",
    "webhooks_of",
]
