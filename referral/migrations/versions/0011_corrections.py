"""What is put right afterwards: who is in charge, what was entered in error or twice."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from alembic import op
from sqlalchemy import text

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

_SQL: Final = Path(__file__).parent.parent / "sql"
_FUNCTIONS: Final = (
    *("referral.post_reassignments", "agencies.may_take_charge", "referral.strike"),
    *("referral.point", "referral.may_point", "referral.twins", "referral.leads"),
)


def upgrade() -> None:
    """Create what is new, as the owner of the schema."""
    adapted = op.get_bind().connection.dbapi_connection
    assert adapted is not None, "a migration runs on an open connection"  # noqa: S101 (for mypy)
    caller = op.get_bind().scalar(text("SELECT current_user"))
    op.execute("SET LOCAL ROLE referral_owner")
    script = (_SQL / "0080_corrections.sql").read_text(encoding="utf-8")
    adapted.run_async(lambda driver: driver.execute(script))
    # Functions go to the effector by somebody who may act as both roles.
    op.execute(f'SET LOCAL ROLE "{caller}"')
    owners = (_SQL / "0081_corrections_owners.sql").read_text(encoding="utf-8")
    adapted.run_async(lambda driver: driver.execute(owners))


def downgrade() -> None:
    """Take it away again: only for development; data goes with it."""
    for function in _FUNCTIONS:
        op.execute(f"DROP FUNCTION {function}")
