"""Where agencies' own systems are told: endpoints, their keys, what became of each attempt."""

from __future__ import annotations

from typing import Final

from alembic import op

from referral.migrations import scripts

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

_EFFECTS: Final = (
    "referral.may_keep_webhooks()",
    "referral.open_webhook(uuid, text, text[], jsonb)",
    "referral.add_webhook_key(uuid, jsonb)",
    "referral.webhook_data_key(uuid)",
    "referral.rotate_webhook(uuid, jsonb)",
    "referral.end_webhook(uuid)",
    "referral.close_webhook(uuid, text, timestamptz)",
    "referral.test_webhook(uuid, uuid)",
    "referral.webhook_knows(referral.webhook, referral.outbox, timestamptz)",
    "referral.webhooks_for(uuid[], text[], timestamptz)",
    "referral.webhook_to_send(uuid, uuid, timestamptz)",
    "referral.webhook_settled(uuid, uuid, integer, text, text, timestamptz)",
    "referral.tell_keepers(referral.webhook, text, timestamptz)",
    "referral.tell_checkpoint(timestamptz)",
)


def upgrade() -> None:
    """Create what is new."""
    scripts.run_as_owner("0125_webhooks.sql")
    scripts.give_to_effector(*_EFFECTS, few_rows=True)
    scripts.run("0126_webhooks_grants.sql")


def downgrade() -> None:
    """Take it away again: only for development; data goes with it."""
    scripts.drop_functions(*_EFFECTS)
    op.execute("DROP TABLE referral.webhook_attempt, referral.webhook_key, referral.webhook")
    op.execute("DROP TABLE agencies.webhook_host")
