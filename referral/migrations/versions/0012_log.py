"""The tree over the log, its signatures, and the stream of what concerns no case."""

from __future__ import annotations

from alembic import op

from referral.migrations import scripts

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create what is new, as the owner of the schema."""
    op.execute("CREATE SCHEMA log AUTHORIZATION referral_owner")
    scripts.run_as_owner("0100_system_stream.sql", "0101_log.sql")
    scripts.give_to_effector("referral.lock_system_stream()", "referral.log_system(jsonb)")
    scripts.run("0102_log_grants.sql")


def downgrade() -> None:
    """Take it away again: only for development; positions and signatures go with it."""
    scripts.drop_functions(
        *("referral.lock_system_stream", "referral.log_system", "referral.begin_operator")
    )
    op.execute("DROP VIEW referral.system_voice")
    op.execute("DROP INDEX referral.one_system_stream")
    op.execute("DROP POLICY place ON referral.audit_entry")
    op.execute("DROP POLICY sign ON referral.audit_entry")
    op.execute("DROP SCHEMA log CASCADE")
