"""What the catalogue of the database itself says: every guard is on, nobody has more than this.

The lists are complete on purpose. A new table, function or grant fails until somebody has written
down here who may touch it.
"""

from __future__ import annotations

import re

import asyncpg
import pytest

from tests.cast import House
from tests.conftest import Database
from tests.referral.notices import rights as notices
from tests.referral.webhooks import rights as webhooks

# Every table the app may read at all; behind each stand policies. It writes into none.
READ = {
    *("case", "household", "person", "referral", "hand_off", "clock", "event"),  # G0
    *("case_facts", "workplace", "screening"),  # G1
    *("person_identity", "person_safety", "person_narrative", "note", "reporter"),  # G2-G5
    *("panel_decision", "panel_member", "meeting", "meeting_item", "meeting_unit", "meeting_task"),
    *("operation", "operation_participant", "screening_override", "release", "release_answer"),
    *("release_order", "release_attempt", "release_failure"),
    *("attachment", "attachment_content", "consent", "calendar_change", "calendar_day"),
    *("exclusion", "seal", "proposal", "glass", "bundle", "clock_recount", *webhooks.READ),
    *("figure", "figure_cell", "figure_limit", "figure_month"),
    *("legal_hold", "retention", "erasure"),
    *("party", "docket", "outbox", "idempotency", "audit_entry", "stream_head"),
}
DIRECTORY = {
    *("jurisdiction", "grouping", "agency", "unit", "mandate", "membership", "actor"),
    *("absence", "duty", "role_grant", "provider", "recovery_ask", "webhook_host"),
}
CONTEXT = {
    *("my_country", "my_unit", "my_agency", "my_membership", "my_role"),
    *("my_member", "my_moment", "my_proof"),
}
CALLS = {
    *(CONTEXT | notices.CALLED | webhooks.CALLED),
    *("begin_actor", "claim_key", "lock_hand_off", "lock_referral", "lock_own_stream"),
    *("lock_batch", "meeting_key", "agenda_of", "agenda_until", "history_of"),
    *("convene", "operation_key", "operate"),
    *("keys_for", "carry_out", "keep_content", "lock_proposal"),
    *("twins", "may_point", "change_calendar", "limits_running"),
    *("glass_ground", "break_glass", "glass_key", "my_glass"),
    *("country_key", "find_matches", "spend_names"),
    *("lock_removal", "removal_key", "remove_holder", "kept_out"),
    *("span_of", "oversees", "figure_cells", "figure_limits", "missed_a_limit"),
    *("attested_in_country", "re_entries_in_country"),
    *("lock_erasure", "erasure_key", "gone_since", "erase"),
    *("lock_system_stream", "log_system"),
    *("acceptance_of", "bundle_bodies", "make_bundle"),
    *("publish", "published"),
}
CREDENTIALS = {
    *("sign_in_material", "open_session", "touch_session", "renew_session", "end_session"),
    *("issue_token", "use_token", "revoke_token", "serving", "held_mandates"),
    *("begin_ceremony", "in_ceremony", "take_challenge", "end_ceremony", "factors_of"),
    *("passkey_material", "use_passkey", "keep_passkey", "code_material", "begin_codes"),
    *("keep_codes", "use_code", "drop_factor", "set_password", "own_sessions", "change_seat"),
    *("end_own_sessions", "own_devices", "register_device", "forget_device", "last_recovery"),
    *("recover", "may_recover", "use_enrolment", "admit_member", "give_role", "answer_grant"),
    *("end_role", "set_active", "note_absence", "end_absence", "put_on_duty", "end_duty"),
    *("keep_unit", "acting_holder", "in_charge", "may_take_charge", "must_ask", "ask_recovery"),
    *("known_subject", "proved_elsewhere", "bind_subject", "bound_subjects", "client_keys"),
    *("scim_users", "scim_groups", "scim_create", "scim_change", "scim_active", "scim_bind"),
    *("scim_join", "scim_leave", "client_token", "answer_recovery"),
}
WORKS = {
    *CONTEXT,
    *("begin_worker", "claim_clock", "push_clock", "carry_out", "escalate_glass", "forget_bundles"),
    *(notices.WORKED | webhooks.WORKED),
    *("claim_clocks", "let_time_pass", "claim_limits", "recount_limits", "looked_through"),
    *("figures_due", "roll_month", "roll_unit", "keep_figures", "lock_system_stream", "log_system"),
    *("claim_attachment", "quarantined", "lock_attachment", "put_back_attachment", "keep_content"),
    *("kept_long_enough", "lock_kept", "erase"),
    *("publish", "take_release"),
}
OURS = "('referral', 'vault', 'agencies')"
# Of the effects the verifier sees what it compares: no place, no result, no reason, no outcome.
COMPARED = {
    "case": {"id", "country", "version", "filed_by_unit", "duplicate_of", "erased_at"},
    "person": {"id", "case_id", "country", "erased_at"},
    "referral": {
        *("id", "case_id", "person_id", "country", "state", "version", "holder_unit", "custody")
    },
    "hand_off": {
        *("id", "case_id", "referral_id", "country", "kind", "state", "version", "imported"),
        *("no_agency", "sender_unit", "receiver_unit", "travels"),
    },
    "event": {"id", "case_id", "country"},
    "note": {"id", "case_id", "country", "kind"},
    "calendar_change": {"id", "country"},
    "panel_decision": {"id", "case_id", "referral_id", "country"},
    "meeting": {"id", "country", "version"},
    "operation": {"id", "country", "version"},
    "screening_override": {"id", "case_id", "person_id", "country"},
    "attachment": {"id", "case_id", "referral_id", "country", "state"},
    "consent": {"id", "case_id", "country", "referral_id", "withdrawn_at"},
    "exclusion": {"id", "case_id", "country", "excluded", "lifted_at"},
    "proposal": {"id", "case_id", "country", "answer"},
    "bundle": {"id", "case_id", "country", "made_at"},
    "release_order": {"id", "country", "kind"},
    "release_failure": {"order_id", "country", "why"},
    "release": {"id", "country", "kind", "digest"},
    "release_answer": {"release_id", "country", "answer"},
    "glass": {"id", "case_id", "country", "unit_id", "ends_at", "version"},
    "webhook": {"id", "country", "version"},
    "legal_hold": {"id", "case_id", "country", "lifted_at"},
    "retention": {"case_id", "country"},
    "erasure": {"id", "case_id", "person_id", "country"},
}


async def ask(database: Database, statement: str, *values: object) -> list[asyncpg.Record]:
    """As the superuser: the catalogue as it is."""
    connection = await asyncpg.connect(database.superuser_url)
    try:
        found: list[asyncpg.Record] = await connection.fetch(statement, *values)
        return found
    finally:
        await connection.close()


async def test_row_security_is_forced_everywhere(database: Database) -> None:
    rows = await ask(
        database,
        "SELECT c.relname AS name, c.relrowsecurity AND c.relforcerowsecurity AS forced, c.relkind "
        "FROM pg_class c WHERE c.relnamespace = ANY ('{referral,vault}'::regnamespace[]) "
        "AND c.relkind IN ('r', 'p', 'm', 'f')",
    )
    assert {row["name"] for row in rows if not row["forced"]} == {"act_rule"}  # it holds no case
    assert {row["relkind"] for row in rows} == {b"r"}, "a materialised view knows no policy"
    assert len(rows) > 20


async def test_no_view_looks_with_its_owners_eyes(database: Database) -> None:
    rows = await ask(
        database,
        "SELECT c.relname, c.reloptions FROM pg_class c "
        "JOIN pg_namespace n ON n.oid = c.relnamespace "
        f"WHERE n.nspname IN {OURS} AND c.relkind = 'v'",
    )
    assert rows
    assert [
        r["relname"] for r in rows if "security_invoker=true" not in (r["reloptions"] or [])
    ] == []


async def test_every_policy_names_its_role_and_asks_a_question(database: Database) -> None:
    rows = await ask(database, f"SELECT * FROM pg_policies WHERE schemaname IN {OURS}")
    assert len(rows) > 40
    open_to_all = {
        *(("referral_auditor_ro", "verify"), ("referral_worker", "due")),
        *(("referral_migrator", "rewrap"), ("referral_migrator", "rewrap_read")),
        *(("referral_sequencer", "place"), ("referral_signer", "sign")),
    }
    for row in rows:
        place = f"{row['tablename']}.{row['policyname']}"
        assert row["permissive"] == "PERMISSIVE", place
        assert len(row["roles"]) == 1, place
        assert "public" not in row["roles"], place
        told = f"{row['qual']} {row['with_check']}"
        assert not re.search(r"IS NULL\)? OR", told), place
        if row["qual"] == "true":
            assert (row["roles"][0], row["policyname"]) in open_to_all, place
            assert row["cmd"] == "SELECT" or row["policyname"] == "rewrap", place
        if row["roles"] == ["referral_app"]:
            assert row["cmd"] == "SELECT", place
        if row["roles"] == ["referral_effector"]:
            assert "my_country" in row["qual"], place
            assert "my_country" in row["with_check"], place


async def test_what_narrows_need_to_know_stands_in_one_predicate_and_one_policy(
    database: Database,
) -> None:
    """Seal, exclusion and end of a part: the policy of party asks for each of them, and so does
    the one predicate that whatever acts past the policies has to ask."""
    [policy] = await ask(
        database, "SELECT qual FROM pg_policies WHERE tablename = 'party' AND policyname = 'read'"
    )
    [predicate] = await ask(
        database, "SELECT prosrc FROM pg_proc WHERE oid = 'referral.is_mine'::regproc"
    )
    for text in (policy["qual"], predicate["prosrc"]):
        for word in ("my_unit", "my_moment", "my_role", "my_member", "my_agency"):
            assert word in text, (word, text)
        for word in ("until", "expires_at", "barred", "sealed", "named"):
            assert word in text, (word, text)


async def test_no_function_asks_for_parts_in_a_shorter_way(database: Database) -> None:
    """A function of the effector's that looks for the caller's parts asks ``is_mine``."""
    rows = await ask(
        database,
        "SELECT p.proname, p.prosrc FROM pg_proc p "
        "WHERE p.pronamespace = 'referral'::regnamespace AND p.prosrc ~ 'referral[.]party'",
    )
    assert len(rows) > 8
    short = re.compile(r"(party (\w+) WHERE [^;]{0,200}?\2[.]unit_id = referral[.]my_unit)")
    found = {row["proname"]: short.search(row["prosrc"]) for row in rows}
    assert [name for name, match in found.items() if match] == []


async def test_every_table_of_a_case_is_closed_to_who_is_no_party(database: Database) -> None:
    """Whatever hangs on a case asks for a part in it, or says here why it does not."""
    rows = await ask(
        database,
        "SELECT c.relname AS name, array_agg(coalesce(p.qual, '')) AS quals FROM pg_class c "
        "JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'case_id' "
        "LEFT JOIN pg_policies p ON p.tablename = c.relname AND p.roles = '{referral_app}' "
        "WHERE c.relnamespace = 'referral'::regnamespace AND c.relkind = 'r' GROUP BY 1",
    )
    asked = {row["name"] for row in rows if all("party" in qual for qual in row["quals"])}
    others = {row["name"]: row["quals"] for row in rows if row["name"] not in asked}
    # attachment_content: of an attachment (which asks). meeting_item: opaque, of who is invited.
    # blind_index: nobody reads it. glass: who broke it and who reviews. note: an answer is of its
    # hand-off's two parties (which is asked). operation: those it names. outbox: one's own unit.
    # proposal: a removal is decided above the agencies. party: the rule itself. erasure: nobody is
    # party to what is gone. legal_hold, retention: who protects data decides about them.
    assert set(others) == {
        *("attachment_content", "blind_index", "glass", "meeting_item", "note", "operation"),
        *("outbox", "party", "proposal", "erasure", "legal_hold", "retention"),
    }
    assert others["blind_index"] == [""]
    assert "referral.attachment a" in others["attachment_content"][0]
    assert "kept_out" in others["outbox"][0]
    assert any("hand_off" in qual for qual in others["note"])


async def test_country_is_in_the_apps_policies(database: Database) -> None:
    """Directly, or (own party, own stream, own answers) through what belongs to one unit."""
    rows = await ask(database, "SELECT * FROM pg_policies WHERE roles = '{referral_app}'")
    without = {
        (row["tablename"], row["policyname"]) for row in rows if "my_country" not in row["qual"]
    }
    assert without == {
        ("party", "read"),
        ("idempotency", "read"),
        ("audit_entry", "read_stream"),
        ("stream_head", "read_member"),
    }


async def test_the_app_may_read_these_tables_and_write_none(database: Database) -> None:
    rows = await ask(
        database,
        "SELECT n.nspname AS schema, c.relname AS name, p.privilege FROM pg_class c "
        "JOIN pg_namespace n ON n.oid = c.relnamespace, unnest(ARRAY['SELECT', 'INSERT', 'UPDATE', "
        "'DELETE', 'TRUNCATE', 'REFERENCES', 'TRIGGER']) AS p (privilege) "
        f"WHERE n.nspname IN {OURS} AND c.relkind IN ('r', 'v') "
        "AND has_table_privilege('referral_app', c.oid, p.privilege)",
    )
    assert {row["privilege"] for row in rows} == {"SELECT"}
    assert {row["name"] for row in rows if row["schema"] == "referral"} == READ
    assert {row["name"] for row in rows if row["schema"] == "agencies"} == DIRECTORY
    columns = await ask(
        database,
        "SELECT attname FROM pg_attribute WHERE attrelid = 'agencies.member'::regclass "
        "AND attnum > 0 AND has_column_privilege('referral_app', attrelid, attnum, 'SELECT')",
    )
    assert {row["attname"] for row in columns} == {
        *("id", "country", "kind", "user_name", "name", "active")
    }


@pytest.mark.parametrize("part", ["inspector", "agency_admin", "auditor"])
async def test_every_write_is_refused(house: House, part: str) -> None:
    tables = await house.rows(
        "SELECT format('%I.%I', schemaname, tablename) AS name FROM pg_tables "
        f"WHERE schemaname IN {OURS}"
    )
    assert len(tables) > 30
    for row in tables:
        for statement in (
            f"INSERT INTO {row['name']} DEFAULT VALUES",
            f"UPDATE {row['name']} SET ctid = ctid",
            f"DELETE FROM {row['name']}",
            f"TRUNCATE {row['name']}",
            f"LOCK TABLE {row['name']} IN EXCLUSIVE MODE",
        ):
            async with house.acting(part) as (session, _):
                driver = (await session.connection.get_raw_connection()).driver_connection
                assert driver is not None
                with pytest.raises(asyncpg.PostgresError) as fault:
                    await driver.execute(statement)
                # 0A000: a system column is assigned (before rights are asked); still nothing moves.
                assert fault.value.sqlstate in {"42501", "0A000"}, statement
                await session.connection.rollback()


async def test_the_app_reads_no_secret(house: House) -> None:
    async with house.acting("inspector") as (session, _):
        driver = (await session.connection.get_raw_connection()).driver_connection
        assert driver is not None
        for table in (
            "vault.data_key",
            "agencies.session",
            "agencies.api_token",
            "referral.audit_body",
        ):
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                async with driver.transaction():
                    await driver.fetch(f"SELECT * FROM {table}")
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            async with driver.transaction():
                await driver.fetch("SELECT password_hash FROM agencies.member")


async def test_definer_functions_are_nailed_down(database: Database) -> None:
    rows = await ask(
        database,
        "SELECT n.nspname || '.' || p.proname AS name, p.prosecdef, p.proconfig, "
        "pg_get_userbyid(p.proowner) AS owner, "
        "has_function_privilege('public', p.oid, 'EXECUTE') AS open "
        "FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace "
        f"WHERE n.nspname IN {OURS}",
    )
    assert len(rows) > 30
    assert [row["name"] for row in rows if row["open"]] == [], "PUBLIC may execute it"
    for row in rows:
        if row["prosecdef"]:
            assert "search_path=pg_catalog, pg_temp" in (row["proconfig"] or []), row["name"]
            assert row["owner"] in {"referral_owner", "referral_effector"}, row["name"]
            assert not row["name"].startswith("vault."), row["name"]


@pytest.mark.parametrize(
    ("role", "functions"),
    [
        ("referral_app", CALLS | CREDENTIALS),
        ("referral_worker", WORKS | {"serving", "held_mandates"}),
        ("referral_auditor_ro", CONTEXT),
        ("referral_backup", set()),
        ("referral_reporter", {"count_people", "count_trafficked"}),
        ("referral_sequencer", set()),
        ("referral_signer", set()),
    ],
)
async def test_who_may_call_what(database: Database, role: str, functions: set[str]) -> None:
    rows = await ask(
        database,
        "SELECT p.proname FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace "
        f"WHERE n.nspname IN {OURS} AND has_function_privilege($1, p.oid, 'EXECUTE')",
        role,
    )
    assert {row["proname"] for row in rows} == functions


async def test_the_log_is_extended_and_never_changed(database: Database) -> None:
    rows = await ask(
        database,
        "SELECT r.rolname, t.name, p.privilege FROM pg_roles r, "
        "unnest(ARRAY['referral.audit_entry', 'referral.audit_body']) AS t (name), "
        "unnest(ARRAY['UPDATE', 'DELETE', 'TRUNCATE']) AS p (privilege) "
        "WHERE r.rolname LIKE 'referral\\_%' "
        "AND r.rolname NOT IN ('referral_owner', 'referral_migrator') "
        "AND has_table_privilege(r.rolname, t.name, p.privilege)",
    )
    # Only bodies, only by an erasure, which the trigger asks for (tests/stories/test_erased.py).
    assert [tuple(row) for row in rows] == [("referral_effector", "referral.audit_body", "DELETE")]
    connection = await asyncpg.connect(
        database.migrator_url
    )  # even its owner first takes rails off
    try:
        await connection.execute("SET ROLE referral_owner")
        for statement in ("TRUNCATE referral.audit_entry CASCADE", "TRUNCATE referral.audit_body"):
            with pytest.raises(asyncpg.InsufficientPrivilegeError, match="append-only"):
                await connection.execute(statement)
    finally:
        await connection.close()


async def test_the_verifier_sees_what_it_compares_and_no_more(database: Database) -> None:
    rows = await ask(
        database,
        "SELECT c.relname, a.attname FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid "
        "WHERE c.relnamespace = 'referral'::regnamespace AND c.relkind = 'r' AND a.attnum > 0 "
        "AND NOT a.attisdropped "
        "AND has_column_privilege('referral_auditor_ro', c.oid, a.attnum, 'SELECT')",
    )
    seen: dict[str, set[str]] = {}
    for row in rows:
        seen.setdefault(row["relname"], set()).add(row["attname"])
    log = {"audit_entry", "audit_body", "stream_head", "party"}
    assert {name: columns for name, columns in seen.items() if name not in log} == COMPARED
