"""The migrations run from nothing, down and up again, and leave no table unguarded."""

from __future__ import annotations

import asyncpg

from tests.conftest import Database


async def test_every_case_table_forces_row_security(database: Database) -> None:
    connection = await asyncpg.connect(database.superuser_url)
    rows = await connection.fetch(
        "SELECT n.nspname || '.' || c.relname AS name, c.relrowsecurity, c.relforcerowsecurity "
        "FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace "
        "WHERE n.nspname IN ('referral', 'vault') AND c.relkind = 'r' AND c.relname <> 'act_rule'"
    )
    await connection.close()
    unguarded = [r["name"] for r in rows if not (r["relrowsecurity"] and r["relforcerowsecurity"])]
    assert len(rows) > 20
    assert unguarded == []
