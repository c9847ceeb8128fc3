"""Files of a case: sealed, in quarantine until they were looked through."""

from __future__ import annotations

from typing import Final

from alembic import op

from referral.migrations import scripts

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

_FUNCTIONS: Final = (
    *("post_attachments", "keep_content", "claim_attachment", "quarantined", "lock_attachment"),
    "put_back_attachment",
)


def upgrade() -> None:
    """Create what is new, as the owner of the schema."""
    scripts.run_as_owner("0060_attachments.sql")
    scripts.give_to_effector(
        "referral.post_attachments(uuid, jsonb, uuid[])",
        "referral.keep_content(uuid, text, bytea)",
        "referral.claim_attachment(uuid, timestamptz, timestamptz)",
        "referral.quarantined(uuid)",
        "referral.lock_attachment(uuid)",
        "referral.put_back_attachment(uuid)",
    )
    scripts.run("0061_attachments_owners.sql")


def downgrade() -> None:
    """Take it away again: only for development; data goes with it."""
    op.execute("DROP TABLE referral.attachment_content, referral.attachment CASCADE")
    for function in _FUNCTIONS:
        op.execute(f"DROP FUNCTION referral.{function}")
