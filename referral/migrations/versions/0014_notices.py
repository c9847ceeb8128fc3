"""Telling: deliveries, how people want to be told, and the queue of letters."""

from __future__ import annotations

from typing import Final

from alembic import op

from referral.migrations import scripts

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

_LENT: Final = (
    "referral.may_be_told(uuid, uuid, uuid, uuid)",
    "referral.claim_notices(timestamptz, integer)",
    "referral.as_notice(referral.outbox)",
    "referral.post_notices(jsonb, timestamptz)",
    "referral.raise_alarm(uuid, timestamptz)",
    "referral.write_letters(timestamptz, integer)",
    "referral.letter_of(uuid, timestamptz)",
    "referral.settle_letter(uuid, text, text, timestamptz, boolean, timestamptz)",
    "referral.mail_refused(uuid, timestamptz)",
    "referral.my_notices(timestamptz, uuid, integer)",
    "referral.unread_notices()",
    "referral.read_notices(uuid[], timestamptz)",
    "referral.my_preference()",
    "referral.prefer(jsonb, timestamptz)",
    "referral.unreached_in(timestamptz)",
    "referral.without_address(timestamptz)",
    "referral.unreached_of(uuid)",
)


def upgrade() -> None:
    """Create it as the owner; what reads past the app's policies goes to the effector."""
    op.execute("CREATE SCHEMA queue AUTHORIZATION referral_owner")
    scripts.run_as_owner("0120_notices.sql", "0121_notices_queue.sql", "0122_notices_doors.sql")
    scripts.give_to_effector(*_LENT, few_rows=True)
    scripts.run("0123_notices_grants.sql")


def downgrade() -> None:
    """Take it away again: only for development; what waited to be told goes with it."""
    op.execute("DROP SCHEMA queue CASCADE")
    op.execute("DROP FUNCTION referral.watch_notices")
    scripts.drop_functions(*_LENT)
    scripts.drop_functions(
        "agencies.seats_in",
        "agencies.units_with",
        "agencies.member_at",
        "agencies.look_at_session",
    )
    op.execute("DROP TABLE referral.delivery, referral.notice_preference")
    op.execute("DROP POLICY due ON referral.outbox")
    op.execute(
        "ALTER TABLE referral.outbox DROP COLUMN about, DROP COLUMN rung, DROP COLUMN reach, "
        "DROP COLUMN cause, DROP COLUMN escalated_at"
    )
