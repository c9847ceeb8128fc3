"""Days entered into the calendars of a running service; and time that passes for many at once."""

from __future__ import annotations

from typing import Final

from alembic import op

from referral.migrations import scripts

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None

_FUNCTIONS: Final = (
    "referral.passing_states(uuid[], uuid[], timestamptz)",
    *("referral.claim_clocks(timestamptz, integer)", "referral.let_time_pass(jsonb)"),
    *("referral.post_passed_entries(uuid[], jsonb)", "referral.look_at_passed(jsonb)"),
    *("referral.days_entered()", "referral.limits_running(text[], date, integer)"),
    *("referral.change_calendar(jsonb)", "referral.claim_limits(uuid[], timestamptz)"),
    *("referral.recount_limits(jsonb)", "referral.agenda_until(text, timestamptz, timestamptz)"),
    "referral.looked_through(uuid, timestamptz, boolean)",
)
_TABLES: Final = ("clock_recount", "calendar_day", "calendar_change")


def upgrade() -> None:
    """Create what is new."""
    scripts.run_as_owner("0150_calendars.sql", "0151_time_passing.sql")
    scripts.give_to_effector(*_FUNCTIONS, few_rows=True)
    scripts.run("0152_time_passing_grants.sql")


def downgrade() -> None:
    """Take it away again: only for development; data goes with it."""
    scripts.drop_functions(*_FUNCTIONS)
    for table in _TABLES:
        op.execute(f"DROP TABLE referral.{table}")
