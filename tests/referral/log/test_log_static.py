"""Who may do what with the tree: the catalogue of the database itself, complete on purpose.

The schema holds sizes, roots, signatures and ids: nothing that somebody may not see. It is guarded
by grants alone, and each process writes what is its own.
"""

from __future__ import annotations

import asyncpg
import pytest

from tests.conftest import Database
from tests.referral.log.running import Log
from tests.referral.test_row_security_static import ask

TABLES = {
    *("epoch", "position", "tile", "checkpoint", "witness", "cosignature", "pulse", "alarm"),
}
# Which checkpoint each agency's system was told of: the effector's own, and swept after a week.
TOLD = {("told", "effector", "INSERT"), ("told", "effector", "DELETE")}
EFFECTOR_READS = {"position", "checkpoint", "epoch", "told"}
READERS = ("app", "worker", "sequencer", "signer", "auditor_ro", "migrator")
# Who writes: INSERT, or single columns that change. Of the log DELETE and TRUNCATE are nobody's.
WRITES = {
    ("position", "sequencer", "INSERT"),
    ("tile", "sequencer", "INSERT"),
    ("tile", "sequencer", "UPDATE hashes"),
    ("checkpoint", "signer", "INSERT"),
    ("checkpoint", "signer", "UPDATE seen_at"),
    ("epoch", "migrator", "INSERT"),
    ("witness", "migrator", "INSERT"),
    ("witness", "migrator", "UPDATE ended_at"),
    *((("pulse", role, "INSERT")) for role in ("sequencer", "signer")),
    *(
        ("pulse", role, f"UPDATE {column}")
        for role in ("sequencer", "signer")
        for column in ("at", "behind", "oldest_at")
    ),
    *(("alarm", role, "INSERT") for role in ("sequencer", "signer", "worker")),
    *(
        ("alarm", role, f"UPDATE {column}")
        for role in ("sequencer", "signer", "worker")
        for column in ("what", "ended_at")
    ),
}
_GRANTED = """
SELECT t.relname AS name, r.rolname AS role, p.privilege
FROM pg_class t, pg_roles r, unnest(string_to_array('SELECT INSERT UPDATE DELETE TRUNCATE '
    'REFERENCES TRIGGER', ' ')) AS p (privilege)
WHERE t.relnamespace = 'log'::regnamespace AND t.relkind = 'r' AND r.rolname LIKE 'referral\\_%'
    AND r.rolname NOT IN ('referral_owner', 'referral_migrator')
    AND has_table_privilege(r.oid, t.oid, p.privilege)
"""
_OF_COLUMNS = """
SELECT t.relname AS name, r.rolname AS role, a.attname AS attribute FROM pg_class t
JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum > 0, pg_roles r
WHERE t.relnamespace = 'log'::regnamespace AND t.relkind = 'r' AND r.rolname LIKE 'referral\\_%'
    AND r.rolname NOT IN ('referral_owner', 'referral_migrator')
    AND has_column_privilege(r.oid, t.oid, a.attnum, 'UPDATE')
"""


async def test_each_process_writes_what_is_its_own(database: Database) -> None:
    """The migrator is asked apart: whoever deploys is a member of the owner."""
    rows = await ask(database, _GRANTED)
    assert {row["name"] for row in rows} == {*TABLES, "told"}
    readers = {(row["name"], row["role"]) for row in rows if row["privilege"] == "SELECT"}
    expected = {(name, f"referral_{role}") for name in TABLES for role in READERS[:-1]}
    assert readers == expected | {(name, "referral_effector") for name in EFFECTOR_READS}
    changed = {
        (row["name"], row["role"].removeprefix("referral_"), f"UPDATE {row['attribute']}")
        for row in await ask(database, _OF_COLUMNS)
    }
    added = {
        (row["name"], row["role"].removeprefix("referral_"), row["privilege"])
        for row in rows
        if row["privilege"] != "SELECT"
    }
    assert added | changed == {one for one in WRITES if one[1] != "migrator"} | TOLD


async def test_no_policy_hides_a_row_of_the_tree(database: Database) -> None:
    """A policy here would have to be kept in mind by every reader: there is nothing to hide."""
    rows = await ask(
        database,
        "SELECT relname FROM pg_class WHERE relnamespace = 'log'::regnamespace AND relrowsecurity",
    )
    assert rows == []


async def test_nothing_of_a_person_stands_here(database: Database) -> None:
    """Complete on purpose: a new column is somebody's decision that it may be public."""
    rows = await ask(
        database,
        "SELECT table_name || '.' || column_name AS name FROM information_schema.columns "
        "WHERE table_schema = 'log' AND data_type IN ('text', 'jsonb', 'uuid', 'bytea')",
    )
    assert {row["name"] for row in rows} == {
        *("epoch.origin", "epoch.entry_id", "epoch.signer", "epoch.statement", "epoch.opening"),
        *("position.entry_id", "tile.hashes", "checkpoint.root", "checkpoint.note"),
        *("witness.name", "witness.key", "witness.agency_id"),
        *("cosignature.witness", "cosignature.line", "told.notice", "told.agency_id"),
        *("pulse.process", "alarm.id", "alarm.kind", "alarm.what", "unkept.id"),
    }


async def test_its_functions_are_nailed_down(database: Database) -> None:
    rows = await ask(
        database,
        "SELECT p.proname AS name, p.prosecdef, p.proconfig, pg_get_userbyid(p.proowner) AS owner, "
        "array(SELECT r.rolname FROM pg_roles r WHERE r.rolname LIKE 'referral\\_%' AND "
        "r.rolname NOT IN ('referral_owner', 'referral_migrator') AND "
        "has_function_privilege(r.oid, p.oid, 'EXECUTE')) AS callers, "
        "has_function_privilege('public', p.oid, 'EXECUTE') AS open "
        "FROM pg_proc p WHERE p.pronamespace = 'log'::regnamespace",
    )
    told = {row["name"]: (row["prosecdef"], row["callers"], row["open"]) for row in rows}
    assert told == {
        "keep_cosignature": (True, ["referral_app"], False),
        "only_grow": (False, [], False),
    }
    for row in rows:
        assert "search_path=pg_catalog, pg_temp" in row["proconfig"]
        assert row["owner"] == "referral_owner"


async def test_the_clear_entries_are_read_by_two_that_write_none(database: Database) -> None:
    rows = await ask(
        database,
        "SELECT r.rolname, n.nspname || '.' || c.relname AS name, p.privilege FROM pg_class c "
        "JOIN pg_namespace n ON n.oid = c.relnamespace, pg_roles r, "
        "unnest(ARRAY['SELECT', 'INSERT', 'UPDATE', 'DELETE']) AS p (privilege) "
        "WHERE n.nspname IN ('referral', 'vault', 'agencies') AND c.relkind IN ('r', 'v') "
        "AND r.rolname IN ('referral_sequencer', 'referral_signer') "
        "AND has_any_column_privilege(r.oid, c.oid, CASE p.privilege WHEN 'DELETE' THEN 'INSERT' "
        "ELSE p.privilege END)",
    )
    assert {tuple(row) for row in rows} == {
        (f"referral_{role}", "referral.audit_entry", "SELECT") for role in ("sequencer", "signer")
    }


@pytest.mark.parametrize("role", READERS)
async def test_what_stands_is_changed_by_nobody(log: Log, role: str) -> None:
    """As each role, and with its grants: no place, root, signature or epoch is undone."""
    await log.grow(2)
    labour = await log.enrolled("labour")
    await log.grow(1)
    await log.visit(labour)
    fixed = {
        "position": "entry_id = gen_random_uuid()",
        "checkpoint": "root = sha256('')",
        "tile": "hashes = sha256('')",
        "cosignature": "line = ''",
        "epoch": "signer = ''",
        "witness": "key = ''",
    }
    connection = await asyncpg.connect(log.house.database.url_of(role))
    try:
        for table, change in fixed.items():
            for statement in (
                f"UPDATE log.{table} SET {change}",
                f"DELETE FROM log.{table}",
                f"TRUNCATE log.{table} CASCADE",
            ):
                with pytest.raises(asyncpg.PostgresError) as fault:
                    await connection.execute(statement)
                assert fault.value.sqlstate in {"42501", "25006"}, statement
    finally:
        await connection.close()


async def test_a_cosignature_is_kept_once_and_only_under_a_checkpoint_of_ours(log: Log) -> None:
    log.house.honest = False  # what is kept is no signature
    await log.enrolled("labour")
    size = (await log.grow(1)).checkpoint.size
    keep = "SELECT log.keep_cosignature($1, $2, $3, 'line', $4, $4)"
    async with log.by("app") as connection, connection.begin():
        answers = [
            (await connection.exec_driver_sql(keep, (*given, log.now()))).scalar()
            for given in (
                (1, size, "labour"),
                (1, size, "labour"),
                (1, size + 1, "labour"),
                (2, size, "labour"),
                (1, size, "nobody"),
            )
        ]
    assert answers == [True, None, None, None, None]
