"""Who may know what beyond the parts of a case: acts of two persons, and the glass that is broken.

Seals, exclusions and the columns of ``party`` stand in the second migration's own files: nothing is
released yet, and one text of a policy is easier to check than two.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

from alembic import op
from sqlalchemy import text

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

_SQL: Final = Path(__file__).parent.parent / "sql"
_FUNCTIONS: Final = (
    *("post_need", "lock_proposal", "glass_ground", "break_glass", "glass_key", "my_glass"),
    *("escalate_glass", "country_key", "find_matches", "spend_names"),
    *("narrow_case", "lock_removal", "removal_key", "held_by", "fall_back", "remove_holder"),
)


def upgrade() -> None:
    """Create what is new, as the owner of the schema."""
    adapted = op.get_bind().connection.dbapi_connection
    assert adapted is not None, "a migration runs on an open connection"  # noqa: S101 (for mypy)
    caller = op.get_bind().scalar(text("SELECT current_user"))
    op.execute("SET LOCAL ROLE referral_owner")
    script = (_SQL / "0020_need_to_know.sql").read_text(encoding="utf-8")
    adapted.run_async(lambda driver: driver.execute(script))
    # Functions go to the effector by somebody who may act as both roles.
    op.execute(f'SET LOCAL ROLE "{caller}"')
    owners = (_SQL / "0021_need_owners.sql").read_text(encoding="utf-8")
    adapted.run_async(lambda driver: driver.execute(owners))


def downgrade() -> None:
    """Take it away again: only for development; data goes with it."""
    for function in _FUNCTIONS:
        op.execute(f"DROP FUNCTION referral.{function}")
    op.execute("DROP INDEX vault.data_key_of_country")
    for table in ("spending", "blind_index", "glass", "proposal"):
        op.execute(f"DROP TABLE referral.{table} CASCADE")
