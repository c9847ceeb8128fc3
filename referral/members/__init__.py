"""Whom an agency's people are: listed, given a new start, and (by administrators) changed.

Every verb hands its caller's own secret to the database, which asks its tables once more whether
she may; a refusal is a value and nothing was changed then. It must never know a case.
"""

from referral.members.recovery import recover
from referral.members.roster import MemberLine, members_of

__all__ = ["MemberLine", "members_of", "recover"]
