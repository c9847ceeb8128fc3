"""Kinds of notices and causes of failure, as people read them. Words only."""

from __future__ import annotations

from typing import Final

from referral.queries import NoticeLine, Untold
from referral.session import Role
from referral.web import navigation
from referral.web.lines import UNNAMED
from referral.web.wording import Tag

KINDS: Final = {
    "hand_off.requested": "Your unit is asked for something",
    "hand_off.received": "Received: the other side has opened it",
    "hand_off.accepted": "Accepted",
    "hand_off.declined": "Declined: it goes on where the protocol says",
    "hand_off.started": "Work has begun",
    "hand_off.held": "Put on hold",
    "hand_off.resumed": "Work goes on",
    "hand_off.completed": "Completed",
    "hand_off.failed": "It could not be done",
    "hand_off.cancelled": "Cancelled",
    "hand_off.cancellation_asked": "You are asked to cancel",
    "hand_off.reminded": "A limit is coming near",
    "hand_off.overdue": "A limit has passed",
    "hand_off.escalated": "A limit passed long ago: others were called",
    "hand_off.agenda": "It stands on the agenda of the next meeting",
    "hand_off.limit_paused": "A limit stands still",
    "hand_off.limit_resumed": "A limit runs again",
    "hand_off.limit_extended": "A limit was extended",
    "hand_off.limit_recounted": "A limit was counted again: the calendar changed",
    "referral.overdue": "A limit of the referral itself has passed",
    "referral.limit_recounted": "A limit of the referral was counted again: the calendar changed",
    "hand_off.limit_undecided": "A limit cannot be decided here: watch it yourself",
    "referral.limit_undecided": "A limit of the referral itself cannot be decided here: watch it",
    "referral.reassigned": "Somebody else is in charge",
    "notice.unreached": "A notice reached nobody: telephone them",
    "consent.withdrawn": "A consent was taken back",
    "attachment.refused": "A file was not accepted",
    "glass.opened": "A case was opened in an emergency",
    "glass.unreviewed": "An emergency opening has not been reviewed",
    "glass.person_review": "Somebody opens cases in emergencies often",
    "member.work_waiting": "What somebody had in hand waits",
    "proposal.asked": "Somebody asks for your approval",
    "proposal.approved": "What you asked for was approved",
    "proposal.refused": "What you asked for was not approved",
    "erasure.asked": "Somebody asks you to erase a case, or to lift a legal hold: see Erasures",
    "erasure.approved": "An erasure, or the end of a legal hold, was approved",
    "erasure.refused": "An erasure, or the end of a legal hold, was not approved",
    "erasure.due": "A case has been kept as long as the law says: see Erasures",
    "hold.set": "A case is to be kept for a court: see Erasures",
    "duplicate.possible": "Somebody may be known already in a case that names nobody",
    "member.read_budget": "Somebody of your unit opens unusually many names",
    "removal.answered": "A removal you asked for was answered",
    "removal.custody": "A case comes to you from a holder who was removed",
    "webhook.failing": "A system of your agency has taken no event for a day: see Webhooks",
    "webhook.ended": "A system of your agency said that it is gone: see Webhooks",
}
# Where what happened is looked at, by its thing: a page of one's own, or below the case.
_PAGES: Final = {
    "erasure": "/erasures",
    "hold": "/erasures",
    "glass": "/break-glass/reviews",
    "removal": "/removals",
    "webhook": "/members/webhooks",
    "member": "/members",
    "notice": "/notices/unreached",
}
_BELOW_CASE: Final = {
    "proposal": "/need-to-know",
    "consent": "/consents",
    "attachment": "/attachments",
}
OTHER: Final = "Something of yours has changed"

CAUSES: Final = {
    "nobody_there": "Nobody is on duty or present, and nobody stands in",
    "no_address": "Nobody there has a mail address with us",
    "address_refused": "The mail address was refused",
    "mail_down": "The mail server did not answer",
    "mail_busy": "The mail server put it off",
    "mail_refused": "The mail server would not take it",
    "quiet_hours": "Held back in quiet hours",
    "mail_sign_in": "The mail server does not let us in",
    "": "It could not be delivered",
}
MAILED: Final = {
    "waiting": "mail waits",
    "queued": "mail is on its way",
    "failed": "mail failed",
    "dropped": "not mailed",
}
LANGUAGES: Final = {"en": "English", "es": "Español", "th": "ไทย", "gn": "Avañe'ẽ"}
ALARMED: Final = "Nothing is mailed there any more: enter another, or save it again once it works."


def words_of(kind: str) -> str:
    """What happened, in a few words."""
    return KINDS.get(kind, OTHER)


def leads_to(one: NoticeLine, role: Role) -> str | None:
    """The address where she sees what happened; None: there is none that she may open."""
    thing = one.kind.partition(".")[0]
    if one.hand_off_id is not None:
        return f"/hand-offs/{one.hand_off_id}"
    if _PAGES.get(thing) in navigation.open_to(role):
        return _PAGES[thing]
    return None if one.case_id is None else f"/cases/{one.case_id}{_BELOW_CASE.get(thing, '')}"


def mark(*, read: bool, danger: bool) -> tuple[Tag, ...]:
    """Unread, and urgent."""
    found = () if read else (Tag("Unread", "blue"),)
    return (*found, Tag("Emergency", "red")) if danger else found


def whose(one: Untold) -> str:
    """For whom it was; an agency that is not to be named is not."""
    role = f" ({one.by_role.replace('_', ' ').lower()})" if one.by_role else ""
    return f"{one.whose or UNNAMED}{role}"


def warning(one: Untold) -> str:
    """On the page of a hand-off: who could not be told, and what to do now."""
    side = "Your own unit" if one.mine else "The other side"
    why = CAUSES.get(one.cause, CAUSES[""])
    return f"{side} could not be told ({words_of(one.kind).lower()}). {why}. Telephone them."
