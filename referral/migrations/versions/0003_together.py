"""What people do together: the law of a hand-off in its own row, and acts of several at once.

Functions of the second migration that had to learn of these tables were changed in their own files:
nothing is released yet, and one text of ``carry_out`` is easier to check than two.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

from alembic import op
from sqlalchemy import text

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

_SQL: Final = Path(__file__).parent.parent / "sql"
_PARTS: Final = (
    "0007_pinned.sql",
    "0008_batches.sql",
    "0014_together.sql",
    "0010_panels.sql",
    "0011_meetings.sql",
    "0012_operations.sql",
    "0013_overrides.sql",
    "0015_history.sql",
)
_TABLES: Final = (
    *("screening_override", "operation_participant", "operation"),
    *("meeting_task", "meeting_unit", "meeting_item", "meeting"),
    *("panel_member", "panel_decision"),
)


def upgrade() -> None:
    """Create what is new, as the owner of the schema."""
    adapted = op.get_bind().connection.dbapi_connection
    assert adapted is not None, "a migration runs on an open connection"  # noqa: S101 (for mypy)
    caller = op.get_bind().scalar(text("SELECT current_user"))
    op.execute("SET LOCAL ROLE referral_owner")
    for part in _PARTS:
        script = (_SQL / part).read_text(encoding="utf-8")
        adapted.run_async(lambda driver, script=script: driver.execute(script))
    # Functions go to the effector by somebody who may act as both roles.
    op.execute(f'SET LOCAL ROLE "{caller}"')
    owners = (_SQL / "0009_together_owners.sql").read_text(encoding="utf-8")
    adapted.run_async(lambda driver: driver.execute(owners))


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
