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
    "referral.roll_unit(text, timestamptz, interval)",
)
_TABLES: Final = (
    *("figure", "figure_cell", "figure_limit", "figure_month", "figure_mark"),
    *("figure_unit_cell", "figure_unit_limit", "figure_unit_month", "figure_unit_mark"),
)


def upgrade() -> None:
    """Create what is new, as the owner of the schema."""
    scripts.run_as_owner("0130_figures.sql", "0131_figures_kept.sql")
    scripts.give_to_effector(*_LENT)
    scripts.run("0132_figures_grants.sql")


def downgrade() -> None:
    """Take it away again: only for development; the figures can be made anew from the hand-offs."""
    for table in ("hand_off", "clock", "referral", "party"):
        for trigger in ("mark_new", "mark_changed", "mark_gone"):
            op.execute(f"DROP TRIGGER IF EXISTS {trigger} ON referral.{table}")
    for table in _TABLES:
        op.execute(f"DROP POLICY IF EXISTS read ON referral.{table}")
    scripts.drop_functions(*_LENT)
    for table in _TABLES:
        op.execute(f"DROP TABLE referral.{table}")
    scripts.drop_functions(
        *("referral.mark_hand_offs()", "referral.mark_clocks()", "referral.mark_referrals()"),
        *("referral.mark_parts()", "referral.open_to_all_of", "referral.counted_in"),
        *("referral.cells_of", "referral.limits_of"),
        "referral.oversees()",
        *("referral.counted_for", "referral.span_of", "referral.second_of"),
    )
    for index in (
        *("hand_off_month", "hand_off_attested", "clock_of_referral", "referral_re_entry"),
        "party_narrowed",
    ):
        op.execute(f"DROP INDEX referral.{index}")
    op.execute("DROP TRIGGER asked ON referral.clock")
    op.execute("DROP TRIGGER asked ON referral.hand_off")
    op.execute("ALTER TABLE referral.clock DROP asked_at")
    scripts.drop_functions("referral.clock_asked()", "referral.clocks_asked()")
