"""How a migration runs its SQL files: each as the role that must own what the file makes.

``run_as_owner`` for schemas, tables, policies; ``give_to_effector`` hands definer functions to the
role whose rights they lend; ``run`` for what only the deploying role may do (grants on what the
effector owns by then). Only for migrations: it needs Alembic's open connection.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

from alembic import op
from sqlalchemy import text

_SQL: Final = Path(__file__).parent / "sql"

# They touch few rows and each by its key. A plan made while a table was small (or its statistics
# old) would read all of it for every act: measured 9 ms instead of 3. For the same reason no other
# values would want another plan: each is made once per session.
_FEW_ROWS: Final = (
    *("enable_seqscan = off", "enable_hashjoin = off", "enable_mergejoin = off"),
    "plan_cache_mode = force_generic_plan",
)


def run(*names: str) -> None:
    """Run SQL files as the deploying role."""
    adapted = op.get_bind().connection.dbapi_connection
    assert adapted is not None, "a migration runs on an open connection"  # noqa: S101 (for mypy)
    for name in names:
        script = (_SQL / name).read_text(encoding="utf-8")
        # Many statements at once: past the prepared-statement path, which takes only one.
        adapted.run_async(lambda driver, script=script: driver.execute(script))


def run_as_owner(*names: str) -> None:
    """Run SQL files as the owner of schemas and tables."""
    caller = op.get_bind().scalar(text("SELECT current_user"))
    op.execute("SET LOCAL ROLE referral_owner")
    run(*names)
    op.execute(f'SET LOCAL ROLE "{caller}"')


def give_to_effector(*functions: str, few_rows: bool = False) -> None:
    """Functions (with their argument types) that read past the app's policies; PUBLIC has none.

    ``few_rows``: their plans are held to indexes, and made once a session.
    """
    # By somebody who may act as both roles: the owner may not give away, the effector not take.
    op.execute("GRANT CREATE ON SCHEMA referral TO referral_effector")
    for function in functions:
        op.execute(f"REVOKE EXECUTE ON FUNCTION {function} FROM PUBLIC")
        op.execute(f"ALTER FUNCTION {function} OWNER TO referral_effector")
        for setting in _FEW_ROWS if few_rows else ():
            op.execute(f"ALTER FUNCTION {function} SET {setting}")
    op.execute("REVOKE CREATE ON SCHEMA referral FROM referral_effector")


def drop_functions(*names: str) -> None:
    """Take functions away again, by name: only for development."""
    for name in names:
        op.execute(f"DROP FUNCTION {name}")
