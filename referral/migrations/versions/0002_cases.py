"""Cases, hand-offs, the log, row security and the one way to change them (schemas referral, vault).

Hand-written SQL, in the order in which it is read: tables, policies, acts, carry_out.
"""

from __future__ import annotations

from alembic import op

from referral.migrations import scripts

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create both schemas and everything in them, as their owner."""
    op.execute("CREATE SCHEMA referral AUTHORIZATION referral_owner")
    op.execute("CREATE SCHEMA vault AUTHORIZATION referral_owner")
    scripts.run_as_owner(
        *("0002_cases.sql", "0003_row_security.sql", "0004_acts.sql", "0005_carry_out.sql")
    )
    scripts.run("0006_owners.sql")


def downgrade() -> None:
    """Take cases, log and keys away: only for development; data goes with them."""
    op.execute("DROP SCHEMA vault CASCADE")
    op.execute("DROP SCHEMA referral CASCADE")
