"""Provisioning by an agency's identity provider (schemas ``agencies``, ``referral``)."""

from __future__ import annotations

from typing import Final

from alembic import op

from referral.migrations import scripts

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

_FUNCTIONS: Final = (
    *("scim_users", "scim_groups", "scim_create", "scim_change", "scim_active", "scim_bind"),
    *("scim_join", "scim_leave", "people_of", "works_elsewhere", "provisioner"),
)


def upgrade() -> None:
    """Create what is new, as the owner of the schemas."""
    scripts.run("0073_flag_work.sql")
    scripts.run_as_owner("0072_provisioning.sql")


def downgrade() -> None:
    """Take it away again: only for development; members stay as they were provisioned."""
    for function in _FUNCTIONS:
        op.execute(f"DROP FUNCTION agencies.{function}")
    op.execute("DROP FUNCTION referral.flag_work")
    op.execute("DROP TABLE agencies.provisioned")
