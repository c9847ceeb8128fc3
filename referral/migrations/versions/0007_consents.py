"""Consent: what a referral rests on, and what ends with it."""

from __future__ import annotations

from typing import Final

from alembic import op

from referral.migrations import scripts

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

_FUNCTIONS: Final = ("post_consents", "settle_consents")


def upgrade() -> None:
    """Create what is new, as the owner of the schema."""
    scripts.run_as_owner("0050_consents.sql")
    scripts.give_to_effector(
        "referral.post_consents(uuid, jsonb, uuid[])",
        "referral.settle_consents(uuid, timestamptz)",
    )


def downgrade() -> None:
    """Take it away again: only for development; data goes with it."""
    op.execute("DELETE FROM referral.party WHERE relationship = 'consented'")
    op.execute("DROP TABLE referral.consent CASCADE")
    for function in _FUNCTIONS:
        op.execute(f"DROP FUNCTION referral.{function}")
