"""The directory: places, agencies, mandates, members, credentials (schema ``agencies``).

Hand-written SQL beside this file's folder, run as the owner so that no login role owns anything.
"""

from __future__ import annotations

from alembic import op

from referral.migrations import scripts

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the schema, its tables, the look-up and the credential functions."""
    op.execute("CREATE EXTENSION IF NOT EXISTS btree_gist")  # periods that may not overlap
    op.execute("CREATE SCHEMA agencies AUTHORIZATION referral_owner")
    scripts.run_as_owner(
        *("0001_directory.sql", "0001_serving.sql", "0001_credentials.sql", "0001_duty.sql")
    )


def downgrade() -> None:
    """Take the whole directory away."""
    op.execute("DROP SCHEMA agencies CASCADE")
