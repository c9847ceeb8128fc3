"""Provisioning by an agency's identity provider (schemas ``agencies``, ``referral``)."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from alembic import op
from sqlalchemy import text

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

_SQL: Final = Path(__file__).parent.parent / "sql"
_FUNCTIONS: Final = (
    *("scim_users", "scim_groups", "scim_create", "scim_change", "scim_active", "scim_bind"),
    *("scim_join", "scim_leave", "people_of", "works_elsewhere", "provisioner"),
)


def upgrade() -> None:
    """Create what is new, as the owner of the schemas."""
    adapted = op.get_bind().connection.dbapi_connection
    assert adapted is not None, "a migration runs on an open connection"  # noqa: S101 (for mypy)
    caller = op.get_bind().scalar(text("SELECT current_user"))
    # Functions go to the effector by somebody who may act as both roles.
    flag = (_SQL / "0073_flag_work.sql").read_text(encoding="utf-8")
    adapted.run_async(lambda driver: driver.execute(flag))
    op.execute("SET LOCAL ROLE referral_owner")
    script = (_SQL / "0072_provisioning.sql").read_text(encoding="utf-8")
    adapted.run_async(lambda driver: driver.execute(script))
    op.execute(f'SET LOCAL ROLE "{caller}"')


def downgrade() -> None:
    """Take it away again: only for development; members stay as they were provisioned."""
    for function in _FUNCTIONS:
        op.execute(f"DROP FUNCTION agencies.{function}")
    op.execute("DROP FUNCTION referral.flag_work")
    op.execute("DROP TABLE agencies.provisioned")
