"""The matrix over HTTP and, the same question, in SQL as the app: both locks say the same.

Every address about a case is asked by everybody who stands to it in any way, in every state, once
with nothing shown and once with all that a cell may ask for; what must come out is worked out from
the hand-written tables of ``test_access`` and the relationships of ``scene``.
"""

from __future__ import annotations

from typing import Any
from uuid import UUID

import httpx
from sqlalchemy.exc import DBAPIError

from referral import access
from referral.access import Context
from referral.access.relationships import Relationship
from referral.database import as_json, decoded
from tests.cast import House
from tests.referral.api.desk import key
from tests.referral.locks.asking import ASKS, FILE, WHY, Ask, filled
from tests.referral.locks.scene import OF_THE_CASE, STANDS, TRAVELS, forgetting, furnish
from tests.referral.test_access import EXPECTED, OPENS, cell
from tests.referral.test_decide import sight
from tests.referral.test_doors import actions_of

STRANGERS = ("outsider", "court", "coordinator", "auditor", "agency_admin")
PEOPLE = sorted({*STRANGERS, *(one for row in TRAVELS.values() for one in row)})
NO_DOOR = {"edit", "read_reporter", "request_hand_off"}
# A cell allows, and something else must hold too: the receiver confirms, another person approves.
# A receipt is of its two parties.
NARROWER = {"confirm_attestation", "approve", "approve_bundle", "take_receipt"}
ELSEWHERE = {"export_case"}  # when two have made the bundle and the log is signed: test_evidence
NEVER_DONE = {  # here: ``test_last_cells`` does them
    "resume",
    "complete",
    "fail",
    "decide_panel",
    "unseal",
    "lift_exclusion",
    "merge",
    "void",
}
ALL_GIVEN = Context(has_reason=True, stepped_up=True, second_person=True)
SAME = {"task": "worked"}  # the case is the same: what is asked of a whole case is asked once


def stands(state: str, part: str, of: str) -> frozenset[Relationship]:
    """How this person stands to what is asked about."""
    if of != "hand_off" and part in OF_THE_CASE.get(state, {}):
        return OF_THE_CASE[state][part]
    return STANDS[state].get(part, frozenset())


def lacks(action: str, how: frozenset[Relationship], shown: set[str]) -> set[str] | None:
    """The least that is still to be shown; None where no cell of hers allows it at all."""
    cells = [cell(action, who) for who in how]
    wanted = [set(one) - {"Y", "2"} - shown for one in cells if one != "-"]
    return min(wanted, key=len) if wanted else None


def action_of(ask: Ask, state: str, how: frozenset[Relationship]) -> str:
    """Before acceptance the sender stops it; afterwards the receiver does, and the sender asks."""
    if ask.action != "cancel":
        return ask.action
    if state in {"asked", "declined"}:
        return "cancel_before_acceptance"
    asks = (
        Relationship.SENDER in how
        and Relationship.HOLDER not in how
        and Relationship.UNIT_SUPERVISOR not in how
    )
    receives = Relationship.PARTICIPANT in how or state == "worked"
    return (
        "ask_cancellation"
        if Relationship.SENDER in how and (asks or not receives)
        else ("cancel_after_acceptance")
    )


def wanted(ask: Ask, state: str, part: str, shown: set[str]) -> set[str]:
    """Which answers are right: absent, denied, or let through."""
    how = stands(state, part, ask.of)
    action = action_of(ask, state, how)
    if part == "auditor" and action in {"see_timeline", "read_case_log"}:
        return {"through"}  # by her role: headers of the country, no body
    if not how:
        return {"absent"}
    missing = lacks(action, how, shown)
    group = next((group for group, opens in OPENS.items() if opens == action), "G0")
    group = "G4" if action == "read_original" else group
    travels = group in TRAVELS[state][part] | {"G0"}
    if missing is not None and not missing and not travels and ask.reads.endswith("/attachments"):
        return {"through"}  # a list, and nothing on it
    if missing is None or missing or not travels:
        hidden = any(one in ask.reads for one in ("attachments/", "batches", "bundles/"))
        return {"denied", "absent"} if hidden else {"denied"}
    return {"through", "denied"} if action in NARROWER else {"through"}


def told(status: int) -> str:
    """Absent, denied (by the matrix, or by a state in which nobody may), or let through."""
    return {404: "absent", 403: "denied", 401: "nobody"}.get(status, "through")


async def send(
    client: httpx.AsyncClient, route: str, ask: Ask, ids: dict[str, str], *, why: bool
) -> httpx.Response:
    """This request, with or without a reason."""
    method, _, path = route.partition(" ")
    body: Any = filled(ask.body, ids) if ask.body is not None else None
    headers = key() | ({"X-Reason": WHY} if why else {})
    if not why and isinstance(body, dict):
        body.pop("reason", None)
    sent: dict[str, Any] = {"files": FILE} if ask.files else {"json": body}
    return await client.request(method, filled(path, ids) + ask.query, headers=headers, **sent)


def test_every_address_and_every_action_about_a_case_is_asked() -> None:
    asked = {route for route, _ in ASKS}
    actions = {ask.action for _, ask in ASKS}
    for route, named in access.doors()["routes"].items():
        if "/api/v1/" in route and set(actions_of(named)) & set(EXPECTED):
            assert route in asked, route
    beside = {"cancel_before_acceptance", "cancel_after_acceptance", "ask_cancellation"}
    within = {"read_facts", "read_workplace", "see_answer"}
    assert set(EXPECTED) == (actions - {"cancel"}) | beside | within | NO_DOOR
    doors = access.doors()["routes"].values()
    assert not NO_DOOR & {one for named in doors for one in actions_of(named)}


async def test_over_http_everybody_is_answered_as_the_matrix_says(house: House) -> None:
    scene = await furnish(house)
    quiet = forgetting(house)
    wrong, done, asked = [], set(), 0
    for part in PEOPLE:
        bare, full = quiet.client(part), await quiet.browser(part)
        for route, ask in ASKS:
            for state in ask.states:
                if state in SAME and ask.of != "hand_off":
                    continue
                known = bool(stands(state, part, ask.of))
                for client, shown in ((bare, set[str]()), (full, {"R", "S"})):
                    if not known and (client is bare or state == "declined"):
                        continue
                    given = shown | (
                        {"R"} if {"note", "reason_code"} & set(ask.body or {}) else set()
                    )
                    ids = scene.cases[state].ids
                    answer = await send(client, route, ask, ids, why="R" in shown)
                    asked += 1
                    right = wanted(ask, state, part, given)
                    found = told(answer.status_code)
                    if answer.is_success and found in right:
                        done.add(ask.action)
                    if answer.status_code == 409 and "denied" in right:
                        continue  # nobody may in this state: told to whoever may know of it
                    if found not in right or answer.status_code >= 500:
                        wrong.append((part, state, route, ask.action, shown, answer.status_code))
    assert not wrong, "\n".join(map(str, wrong))
    assert asked > 1500
    assert done >= {ask.action for _, ask in ASKS} - NEVER_DONE - ELSEWHERE


TABLES = dict(access.doors()["tables"])
NO_CASE = {"referral.blind_index"}
ENVELOPE = {"referral.case", "referral.person", "referral.hand_off"}
GROUPED = {
    table: group for table, group in TABLES.items() if group in OPENS and table not in NO_CASE
}


def _counted(table: str) -> str:
    column = "id" if table == "referral.case" else "case_id"
    count = f"SELECT '{table}' AS name, count(*) AS rows FROM {table} WHERE {column} = $1::uuid"
    # An answer's words are of its two parties.
    own = " AND kind NOT IN ('decline', 'feedback')" if table == "referral.note" else ""
    return count + own


COUNTED = (
    "SELECT jsonb_object_agg(name, rows) AS found FROM ("
    f"{' UNION ALL '.join(_counted(table) for table in GROUPED)}) counted"
)


async def selected_wrongly(
    house: House, case: UUID, part: str, how: frozenset[Relationship], travels: frozenset[str]
) -> list[tuple[object, ...]]:
    """Tables of which she selects rows and may not read them, or may and selects none."""
    [row] = await house.rows(COUNTED, case)
    there = decoded(row["found"])
    async with house.acting(part) as (session, _):
        seen = await as_json(session.connection, COUNTED, case)
    opened = sight(tuple(how), travels, ALL_GIVEN) if how else set()
    assert len(seen) == len(there) == len(GROUPED)
    wrong: list[tuple[object, ...]] = []
    for table, group in GROUPED.items():
        own = "OWN" in travels and table not in ENVELOPE
        right = group in opened and not own and there[table] > 0
        if bool(seen[table]) is not right:
            wrong.append((part, table, group, seen[table], there[table]))
    return wrong


async def test_in_sql_everybody_selects_what_the_matrix_opens(house: House) -> None:
    """Each table of a field group, as the app, by everybody: rows exactly where she may read it."""
    scene = await furnish(house)
    wrong: dict[str, list[tuple[object, ...]]] = {}
    assert len(GROUPED) * len(PEOPLE) * 3 > 500
    for state in ("asked", "worked", "declined"):
        case = UUID(scene.cases[state].ids["case_id"])
        for part in PEOPLE:
            how = stands(state, part, "case") or STANDS[state].get(part, frozenset())
            travels = TRAVELS[state].get(part, frozenset())
            if found := await selected_wrongly(house, case, part, how, travels):
                wrong[f"{state} {part}"] = found
    assert wrong == {}


async def test_in_sql_nobody_writes_to_any_table(house: House) -> None:
    """Every table x insert, update, delete: what changes a case goes through the one way in."""
    allowed = []
    for part in ("inspector", "supervisor", "coordinator", "auditor", "agency_admin"):
        async with house.acting(part) as (session, _):
            for table in TABLES:
                [row] = await house.rows(
                    "SELECT attname FROM pg_attribute WHERE attrelid = $1::text::regclass "
                    "AND attnum > 0 AND attidentity = '' ORDER BY attnum LIMIT 1",
                    table,
                )
                for command in (
                    f"INSERT INTO {table} DEFAULT VALUES",
                    f"UPDATE {table} SET {row[0]} = {row[0]}",
                    f"DELETE FROM {table}",
                    f"TRUNCATE {table}",
                ):
                    try:
                        async with session.connection.begin_nested():
                            await session.connection.exec_driver_sql(command)
                    except DBAPIError as fault:
                        if getattr(fault.orig, "sqlstate", "") != "42501":
                            allowed.append((part, command, str(fault.orig)))
                    else:
                        allowed.append((part, command, "done"))
    assert allowed == []


async def test_in_sql_only_who_stands_to_it_locks_it(house: House) -> None:
    """What no address finds, the app cannot lock: the same people, asked in SQL."""
    scene = await furnish(house)
    day = house.at().date()
    for state, standing in scene.cases.items():
        for part in PEOPLE:
            for kind in ("hand_off", "referral"):
                about = UUID(standing.ids[f"{kind}_id"])
                known = bool(stands(state, part, kind) or OF_THE_CASE.get(state, {}).get(part))
                async with house.acting(part) as (session, _):
                    asking = f"SELECT referral.lock_{kind}($1, $2)"
                    row = await as_json(session.connection, asking, about, day)
                assert (row is not None) is known, (state, part, kind)
