"""Clients: agencies' own systems, and the tokens they are given (schema ``agencies``)."""

from __future__ import annotations

from typing import Final

from alembic import op
from sqlalchemy import text

from referral.migrations import scripts

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

_FUNCTIONS: Final = ("client_token", "client_keys", "client_in_standing")


def upgrade() -> None:
    """Create what is new, as the owner of the schema."""
    scripts.run_as_owner("0071_clients.sql")


def downgrade() -> None:
    """Take it away again: only for development; no system has a token any more."""
    caller = op.get_bind().scalar(text("SELECT current_user"))
    op.execute("SET LOCAL ROLE referral_owner")
    op.execute("DELETE FROM agencies.api_token WHERE 'scim' = ANY (scopes)")
    op.execute("ALTER TABLE agencies.api_token DROP COLUMN client_id")
    for function in _FUNCTIONS:
        op.execute(f"DROP FUNCTION agencies.{function}")
    for table in ("client_proof", "client"):
        op.execute(f"DROP TABLE agencies.{table} CASCADE")
    op.execute(f'SET LOCAL ROLE "{caller}"')
