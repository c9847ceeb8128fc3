"""Erasure of a case or a person, legal holds, and periods that are over."""

from __future__ import annotations

from typing import Final

from alembic import op

from referral.migrations import scripts

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

_FUNCTIONS: Final = (
    *("referral.against_erasing(uuid, uuid)", "referral.lock_erasure(text, uuid, uuid)"),
    *("referral.erasure_key(uuid)", "referral.gone_since(uuid)", "referral.erase(jsonb)"),
    *("referral.forget(uuid, uuid[], boolean)", "referral.kept_long_enough(jsonb, timestamptz)"),
    "referral.lock_kept(uuid)",
)


def upgrade() -> None:
    """Create what is new, as the owner of the schema."""
    scripts.run_as_owner("0110_erasure.sql")
    scripts.give_to_effector(*_FUNCTIONS)
    op.execute("REVOKE EXECUTE ON FUNCTION referral.refuse_forgetting() FROM PUBLIC")
    scripts.run("0111_erasure_grants.sql")


def downgrade() -> None:
    """Take it away again: only for development; data goes with it."""
    op.execute("DROP TRIGGER append_only ON referral.audit_body")
    op.execute("DROP POLICY read_erasure ON referral.proposal")
    scripts.drop_functions(*_FUNCTIONS, "referral.refuse_forgetting()")
    for table in ("erasure", "retention", "legal_hold"):
        op.execute(f"DROP TABLE referral.{table} CASCADE")
    op.execute("DROP INDEX referral.referral_closed")
