"""Who may know what beyond the parts of a case: acts of two persons, and the glass that is broken.

Seals, exclusions and the columns of ``party`` stand in the second migration's own files: nothing is
released yet, and one text of a policy is easier to check than two.
"""

from __future__ import annotations

from typing import Final

from alembic import op

from referral.migrations import scripts

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

_FUNCTIONS: Final = (
    *("post_need", "lock_proposal", "glass_ground", "break_glass", "glass_key", "my_glass"),
    *("escalate_glass", "country_key", "find_matches", "spend_names"),
    *("narrow_case", "lock_removal", "removal_key", "held_by", "fall_back", "remove_holder"),
)


def upgrade() -> None:
    """Create what is new, as the owner of the schema."""
    scripts.run_as_owner("0020_need_to_know.sql")
    scripts.run("0021_need_owners.sql")


def downgrade() -> None:
    """Take it away again: only for development; data goes with it."""
    for function in _FUNCTIONS:
        op.execute(f"DROP FUNCTION referral.{function}")
    op.execute("DROP INDEX vault.data_key_of_country")
    for table in ("spending", "blind_index", "glass", "proposal"):
        op.execute(f"DROP TABLE referral.{table} CASCADE")
