"""The directory: places, agencies, mandates, members, credentials (schema ``agencies``).

Hand-written SQL beside this file's folder, run as the owner so that no login role owns anything.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

from alembic import op
from sqlalchemy import text

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

_SQL: Final = Path(__file__).parent.parent / "sql"
_PARTS: Final = ("0001_directory.sql", "0001_serving.sql", "0001_credentials.sql", "0001_duty.sql")


def upgrade() -> None:
    """Create the schema, its tables, the look-up and the credential functions."""
    op.execute("CREATE EXTENSION IF NOT EXISTS btree_gist")  # periods that may not overlap
    op.execute("CREATE SCHEMA agencies AUTHORIZATION referral_owner")
    caller = op.get_bind().scalar(text("SELECT current_user"))
    op.execute("SET LOCAL ROLE referral_owner")
    for part in _PARTS:
        _run((_SQL / part).read_text(encoding="utf-8"))
    op.execute(f'SET LOCAL ROLE "{caller}"')


def downgrade() -> None:
    """Take the whole directory away."""
    op.execute("DROP SCHEMA agencies CASCADE")


def _run(script: str) -> None:
    """Many statements at once: past the prepared-statement path, which takes only one."""
    adapted = op.get_bind().connection.dbapi_connection
    assert adapted is not None, "a migration runs on an open connection"  # noqa: S101 (for mypy)
    adapted.run_async(lambda driver: driver.execute(script))
