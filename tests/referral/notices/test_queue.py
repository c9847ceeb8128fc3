"""The queue of letters: its tables are the library's, and nobody but the worker sees them."""

from __future__ import annotations

import asyncpg
import pytest
from pgqueuer.adapters.drivers.asyncpg import AsyncpgDriver
from pgqueuer.adapters.persistence.qb import QueryBuilderEnvironment
from pgqueuer.adapters.persistence.queries import Queries
from pgqueuer.domain.settings import DBSettings

from referral.notices.jobs import SCHEMA
from referral.roles import LOGINS
from tests.conftest import Database

TABLES = ("pgqueuer", "pgqueuer_log", "pgqueuer_schedules", "pgqueuer_statistics")


async def test_the_installed_version_would_change_nothing(database: Database) -> None:
    """The migration wrote down what it installs; a newer version needs a migration of its own."""
    connection = await asyncpg.connect(database.superuser_url)
    try:
        settings = DBSettings(db_schema=SCHEMA)
        environment = QueryBuilderEnvironment(settings)
        plan = await Queries(AsyncpgDriver(connection), qbe=environment).plan_upgrade()
    finally:
        await connection.close()
    assert list(plan.statements) == []


@pytest.mark.parametrize("role", LOGINS)
async def test_only_the_worker_has_anything_to_do_with_it(database: Database, role: str) -> None:
    connection = await asyncpg.connect(database.superuser_url)
    try:
        rows = await connection.fetch(
            "SELECT c.relname AS name, p.privilege FROM pg_class c, "
            "unnest(ARRAY['SELECT', 'INSERT', 'UPDATE', 'DELETE', 'TRUNCATE']) AS p (privilege) "
            "WHERE c.relnamespace = $2::text::regnamespace AND c.relkind = 'r' "
            "AND has_schema_privilege($1, c.relnamespace, 'USAGE') "
            "AND has_table_privilege($1, c.oid, p.privilege)",
            f"referral_{role}",
            SCHEMA,
        )
        secured = await connection.fetch(
            "SELECT relname FROM pg_class WHERE relnamespace = $1::text::regnamespace "
            "AND relkind = 'r' AND relrowsecurity AND relforcerowsecurity",
            SCHEMA,
        )
    finally:
        await connection.close()
    assert {row["relname"] for row in secured} == set(TABLES)
    found = {(row["name"], row["privilege"]) for row in rows}
    if role == "worker":
        works = {("pgqueuer", one) for one in ("SELECT", "INSERT", "UPDATE", "DELETE")}
        assert found == works | {("pgqueuer_log", "INSERT"), ("pgqueuer_log", "DELETE")}
    elif role == "migrator":  # it deploys: a member of the owner
        assert {name for name, _ in found} == set(TABLES)
    else:
        assert found == set()


async def test_a_job_says_nothing_but_which_letter(database: Database) -> None:
    """What is in the queue's own tables outlives an erasure: so it is ids and nothing else."""
    connection = await asyncpg.connect(database.superuser_url)
    try:
        rows = await connection.fetch(
            "SELECT table_name, column_name FROM information_schema.columns "
            "WHERE table_schema = $1 AND data_type IN ('bytea', 'text', 'jsonb')",
            SCHEMA,
        )
    finally:
        await connection.close()
    wordy = {
        (row["table_name"], row["column_name"]) for row in rows if row["table_name"] in TABLES[:2]
    }
    assert wordy == {
        *(("pgqueuer", one) for one in ("entrypoint", "dedupe_key", "payload", "headers")),
        *(("pgqueuer_log", one) for one in ("entrypoint", "traceback")),
    }
