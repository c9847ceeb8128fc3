"""Receipts of acceptances, promises that were not kept, and bundles of evidence."""

from __future__ import annotations

from alembic import op

from referral.migrations import scripts

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create what is new, as the owner of the schema."""
    scripts.run_as_owner("0160_bundles.sql")
    scripts.give_to_effector(
        *("referral.acceptance_of(uuid)", "referral.may_bundle(uuid, uuid)"),
        *("referral.bundle_bodies(uuid)", "referral.make_bundle(jsonb)"),
        "referral.forget_bundles(timestamptz)",
    )
    scripts.run("0161_bundle_grants.sql")


def downgrade() -> None:
    """Take it away again: only for development; bundles go with it."""
    op.execute("DROP VIEW log.unkept")
    op.execute("DROP POLICY due ON referral.audit_entry")
    op.execute("REVOKE SELECT (id, xid, at, act) ON referral.audit_entry FROM referral_worker")
    op.execute("DROP INDEX referral.audit_entry_at")
    scripts.drop_functions(
        *("referral.forget_bundles", "referral.make_bundle", "referral.bundle_bodies"),
        *("referral.may_bundle", "referral.acceptance_of"),
    )
    op.execute("DROP TABLE referral.bundle")
