"""What is put right afterwards: who is in charge, what was entered in error or twice."""

from __future__ import annotations

from typing import Final

from alembic import op

from referral.migrations import scripts

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

_FUNCTIONS: Final = (
    *("referral.post_reassignments", "agencies.may_take_charge", "referral.strike"),
    *("referral.point", "referral.may_point", "referral.twins", "referral.leads"),
)


def upgrade() -> None:
    """Create what is new, as the owner of the schema."""
    scripts.run_as_owner("0080_corrections.sql")
    scripts.give_to_effector(
        "referral.post_reassignments(uuid, jsonb)",
        "referral.strike(uuid, uuid[], text)",
        "referral.leads(uuid)",
        "referral.twins(uuid, uuid)",
        "referral.may_point(uuid, uuid)",
        "referral.point(uuid, uuid, jsonb)",
    )
    scripts.run("0081_corrections_owners.sql")


def downgrade() -> None:
    """Take it away again: only for development; data goes with it."""
    for function in _FUNCTIONS:
        op.execute(f"DROP FUNCTION {function}")
