"""Statistics over hand-offs: cells of closed months, estimates, marks."""

from __future__ import annotations

from typing import Final

from alembic import op

from referral.migrations import scripts

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

_PERIOD: Final = "timestamptz, timestamptz"
_LENT: Final = (
    *(
        f"referral.figure_cells({_PERIOD}, text, text, text[])",
        f"referral.figure_limits({_PERIOD}, text, text, text[])",
    ),
    *(f"referral.attested_in_country({_PERIOD})", f"referral.re_entries_in_country({_PERIOD})"),
    *("referral.missed_a_limit(uuid, timestamptz)", "referral.figures_due()"),
    *("referral.roll_month(date, text, timestamptz)", "referral.keep_figures(date, jsonb)"),
)
_TABLES: Final = ("figure", "figure_cell", "figure_limit", "figure_month", "figure_mark")


def upgrade() -> None:
    """Create what is new, as the owner of the schema."""
    scripts.run_as_owner("0130_figures.sql", "0131_figures_kept.sql")
    scripts.give_to_effector(*_LENT)
    scripts.run("0132_figures_grants.sql")


def downgrade() -> None:
    """Take it away again: only for development; the figures can be made anew from the hand-offs."""
    for table in ("hand_off", "clock", "referral"):
        op.execute(f"DROP TRIGGER IF EXISTS mark_new ON referral.{table}")
        op.execute(f"DROP TRIGGER mark_changed ON referral.{table}")
    for table in _TABLES:
        op.execute(f"DROP POLICY IF EXISTS read ON referral.{table}")
    scripts.drop_functions(*_LENT)
    for table in _TABLES:
        op.execute(f"DROP TABLE referral.{table}")
    scripts.drop_functions(
        *("referral.mark_hand_offs()", "referral.mark_clocks()", "referral.mark_referrals()"),
        "referral.oversees()",
        *("referral.counted_for", "referral.span_of", "referral.second_of"),
    )
    for index in ("hand_off_month", "hand_off_attested", "clock_of_referral", "referral_re_entry"):
        op.execute(f"DROP INDEX referral.{index}")
    op.execute("DROP INDEX referral.clock_of_hand_off")
    op.execute("CREATE INDEX clock_hand_off_id_idx ON referral.clock (hand_off_id)")
