"""Second factors, recovery, and what administrators do to their people (schema ``agencies``).

Columns of sessions that belong to them stand in the first migration: nothing is released yet.
"""

from __future__ import annotations

from typing import Final

from alembic import op

from referral.migrations import scripts

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

_FUNCTIONS: Final = (
    *("begin_ceremony", "in_ceremony", "take_challenge", "end_ceremony", "factors_of"),
    *("passkey_material", "use_passkey", "keep_passkey", "code_material", "begin_codes"),
    *("keep_codes", "use_code", "drop_factor", "forget_codes", "set_password", "own_sessions"),
    *("end_own_sessions", "own_devices", "register_device", "forget_device", "last_recovery"),
    *("recover", "may_recover", "use_enrolment", "change_seat", "admit_member", "give_role"),
    *("answer_grant", "end_role", "set_active", "note_absence", "end_absence", "put_on_duty"),
    *("end_duty", "keep_unit", "looks_after", "seat_of", "seat", "day_at"),
    *("signed_in_as", "account_of", "takes_two", "must_ask", "begin_anew", "ask_recovery"),
    *("answer_recovery", "watches", "give_or_ask"),
)


def upgrade() -> None:
    """Create what is new, as the owner of the schema."""
    scripts.run_as_owner("0030_factors.sql", "0031_members.sql", "0032_recoveries.sql")


def downgrade() -> None:
    """Take it away again: only for development; everybody's factors go with it."""
    op.execute("SET LOCAL ROLE referral_owner")
    op.execute("DELETE FROM vault.data_key WHERE kind = 'factor'")
    op.execute("DROP POLICY factors ON vault.data_key")
    for function in _FUNCTIONS:
        op.execute(f"DROP FUNCTION agencies.{function}")
    for table in ("role_grant", "enrolment", "ceremony", "code_generator", "passkey"):
        op.execute(f"DROP TABLE agencies.{table} CASCADE")
