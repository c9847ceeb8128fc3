"""Files of a case: sealed, in quarantine until they were looked through."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from alembic import op
from sqlalchemy import text

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

_SQL: Final = Path(__file__).parent.parent / "sql"
_FUNCTIONS: Final = (
    *("post_attachments", "keep_content", "claim_attachment", "quarantined", "lock_attachment"),
    "put_back_attachment",
)


def upgrade() -> None:
    """Create what is new, as the owner of the schema."""
    adapted = op.get_bind().connection.dbapi_connection
    assert adapted is not None, "a migration runs on an open connection"  # noqa: S101 (for mypy)
    caller = op.get_bind().scalar(text("SELECT current_user"))
    op.execute("SET LOCAL ROLE referral_owner")
    script = (_SQL / "0060_attachments.sql").read_text(encoding="utf-8")
    adapted.run_async(lambda driver: driver.execute(script))
    # Functions go to the effector by somebody who may act as both roles.
    op.execute(f'SET LOCAL ROLE "{caller}"')
    owners = (_SQL / "0061_attachments_owners.sql").read_text(encoding="utf-8")
    adapted.run_async(lambda driver: driver.execute(owners))


def downgrade() -> None:
    """Take it away again: only for development; data goes with it."""
    op.execute("DROP TABLE referral.attachment_content, referral.attachment CASCADE")
    for function in _FUNCTIONS:
        op.execute(f"DROP FUNCTION referral.{function}")
