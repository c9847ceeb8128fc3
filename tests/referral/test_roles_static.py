"""What the database says of those who sign in: nobody stands above row security."""

from __future__ import annotations

from tests.conftest import Database
from tests.referral.test_row_security_static import ask


async def test_nobody_who_signs_in_stands_above_the_rules(database: Database) -> None:
    roles = await ask(
        database,
        "SELECT rolname, rolsuper OR rolbypassrls OR rolcreaterole OR rolcreatedb "
        "OR rolreplication AS powerful, rolcanlogin FROM pg_roles "
        "WHERE rolname LIKE 'referral\\_%'",
    )
    assert [row["rolname"] for row in roles if row["powerful"]] == []
    asleep = {row["rolname"] for row in roles if not row["rolcanlogin"]}
    assert asleep == {"referral_owner", "referral_effector"}
    members = await ask(
        database,
        "SELECT m.rolname AS member FROM pg_auth_members a JOIN pg_roles m ON m.oid = a.member "
        "JOIN pg_roles g ON g.oid = a.roleid "
        "WHERE g.rolname LIKE 'referral\\_%' AND NOT m.rolsuper",
    )
    assert {row["member"] for row in members} == {"referral_migrator"}
    makes = await ask(
        database,
        "SELECT r.rolname, n.nspname FROM pg_roles r, pg_namespace n "
        "WHERE r.rolname LIKE 'referral\\_%' "
        "AND r.rolcanlogin AND r.rolname <> 'referral_migrator' "
        "AND has_schema_privilege(r.rolname, n.oid, 'CREATE')",
    )
    assert makes == [], "may create functions or operators that a policy would then trust"
    for login in ("app", "worker", "auditor_ro"):
        [row] = await ask(
            database,
            "SELECT has_database_privilege($1, current_database(), 'TEMP') AS temp, "
            "has_schema_privilege($1, 'vault', 'USAGE') AS vault",
            f"referral_{login}",
        )
        assert not row["temp"], login
        assert not row["vault"], login
