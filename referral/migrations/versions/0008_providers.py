"""Identity providers of agencies, and who their subjects are here (schema ``agencies``)."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

from alembic import op
from sqlalchemy import text

from referral.migrations import scripts

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

_SQL: Final = Path(__file__).parent.parent / "sql"
_FUNCTIONS: Final = (
    *("known_subject", "proved_elsewhere", "bind_subject", "bound_subjects", "tie", "speaks_for"),
)


def upgrade() -> None:
    """Create what is new, as the owner of the schema."""
    scripts.run_as_owner("0070_providers.sql")


def downgrade() -> None:
    """Take it away again: only for development; nobody is bound to a provider any more."""
    caller = op.get_bind().scalar(text("SELECT current_user"))
    op.execute("SET LOCAL ROLE referral_owner")
    op.execute("DELETE FROM agencies.ceremony WHERE purpose = 'provider'")
    # What this migration replaced knows of providers; before it, nobody did.
    before = (_SQL / "0030_factors.sql").read_text(encoding="utf-8")
    found = re.search(r"CREATE (FUNCTION agencies\.change_seat.*?\$\$.*?\$\$;)", before, re.DOTALL)
    assert found is not None, "0030 makes change_seat"  # noqa: S101 (for mypy)
    op.execute(f"CREATE OR REPLACE {found[1]}")
    op.execute("ALTER TABLE agencies.session DROP COLUMN provider_id")
    for function in _FUNCTIONS:
        op.execute(f"DROP FUNCTION agencies.{function}")
    for table in ("subject", "provider"):
        op.execute(f"DROP TABLE agencies.{table} CASCADE")
    op.execute(f'SET LOCAL ROLE "{caller}"')
