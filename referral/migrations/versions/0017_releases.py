"""Public figures: prepared by one, published by another, frozen; and who counts them."""

from __future__ import annotations

from alembic import op

from referral.migrations import scripts

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create what is new, as the owner of the schema."""
    scripts.run_as_owner("0140_releases.sql")
    scripts.give_to_effector(
        "referral.publish(jsonb)",
        "referral.published(text, text)",
        "referral.take_release(timestamptz)",
        "referral.people_of(text, integer, text)",
        "referral.count_people(text, integer, text, text[])",
        "referral.count_trafficked(text, integer, text)",
    )
    scripts.run("0141_releases_grants.sql")


def downgrade() -> None:
    """Take it away again: only for development; releases go with it."""
    scripts.drop_functions(
        *("referral.publish", "referral.published", "referral.count_people"),
        "referral.take_release",
        *("referral.count_trafficked", "referral.people_of"),
    )
    op.execute(
        "DROP TABLE referral.release_answer, referral.release, referral.release_failure, "
        "referral.release_attempt, referral.release_order"
    )
