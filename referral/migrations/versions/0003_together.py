"""What people do together: the law of a hand-off in its own row, and acts of several at once.

Functions of the second migration that had to learn of these tables were changed in their own files:
nothing is released yet, and one text of ``carry_out`` is easier to check than two.
"""

from __future__ import annotations

from typing import Final

from alembic import op

from referral.migrations import scripts

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

_TABLES: Final = (
    *("screening_override", "operation_participant", "operation"),
    *("meeting_task", "meeting_unit", "meeting_item", "meeting"),
    *("panel_member", "panel_decision"),
)


def upgrade() -> None:
    """Create what is new, as the owner of the schema."""
    scripts.run_as_owner(
        *("0007_pinned.sql", "0008_batches.sql", "0014_together.sql", "0010_panels.sql"),
        *("0011_meetings.sql", "0012_operations.sql", "0013_overrides.sql", "0015_history.sql"),
    )
    scripts.run("0009_together_owners.sql")


def downgrade() -> None:
    """Take it away again: only for development; data goes with it."""
    for table in _TABLES:
        op.execute(f"DROP TABLE referral.{table} CASCADE")
    for function in (
        "lock_batch",
        "begin_together",
        "told_as_done",
        "agenda_of",
        "history_of",
        "post_panels",
        "convene",
        "meeting_key",
        "operate",
        "operation_key",
    ):
        op.execute(f"DROP FUNCTION referral.{function}")
    op.execute("DROP INDEX referral.hand_off_late, referral.screening_of_person")
    op.execute(
        "ALTER TABLE referral.hand_off DROP COLUMN protocol_version, DROP COLUMN protocol_digest"
    )
