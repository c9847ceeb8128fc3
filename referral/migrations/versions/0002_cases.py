"""Cases, hand-offs, the log, row security and the one way to change them (schemas referral, vault).

Hand-written SQL, in the order in which it is read: tables, policies, acts, carry_out.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

from alembic import op
from sqlalchemy import text

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_SQL: Final = Path(__file__).parent.parent / "sql"
_PARTS: Final = (
    "0002_cases.sql",
    "0003_row_security.sql",
    "0004_acts.sql",
    "0005_carry_out.sql",
)


def upgrade() -> None:
    """Create both schemas and everything in them, as their owner."""
    adapted = op.get_bind().connection.dbapi_connection
    assert adapted is not None, "a migration runs on an open connection"  # noqa: S101 (for mypy)
    caller = op.get_bind().scalar(text("SELECT current_user"))
    op.execute("CREATE SCHEMA referral AUTHORIZATION referral_owner")
    op.execute("CREATE SCHEMA vault AUTHORIZATION referral_owner")
    op.execute("SET LOCAL ROLE referral_owner")
    for part in _PARTS:
        script = (_SQL / part).read_text(encoding="utf-8")
        adapted.run_async(lambda driver, script=script: driver.execute(script))
    # Functions go to the effector by somebody who may act as both roles.
    op.execute(f'SET LOCAL ROLE "{caller}"')
    owners = (_SQL / "0006_owners.sql").read_text(encoding="utf-8")
    adapted.run_async(lambda driver: driver.execute(owners))


def downgrade() -> None:
    """Take cases, log and keys away: only for development; data goes with them."""
    op.execute("DROP SCHEMA vault CASCADE")
    op.execute("DROP SCHEMA referral CASCADE")
