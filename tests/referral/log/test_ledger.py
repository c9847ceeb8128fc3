"""What one act writes down before it is sent: rows, marks, notices, and entries in their order."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any
from uuid import UUID

import orjson
import pytest

from referral.audit import CLOCKWORK, GENESIS, OPERATOR, Author, Done, Draft, Head, append
from referral.audit import ledger as ledger_module
from referral.audit.ledger import Ledger, author_of, entries_of, post
from referral.session import Claim
from referral.vault import SubjectKey
from tests.referral.log.test_when_to_sign import A_MOMENT, NOW, ago

CASE, REFERRAL, OTHER, HAND_OFF, UNIT, MEMBER = (UUID(int=number) for number in range(1, 7))
KEY = SubjectKey(CASE, 1, bytes(32), bytes([1]) * 32)


def ledger() -> Ledger:
    """Of an act on a case."""
    return Ledger(CASE, NOW, "role")


def test_a_mark_is_one_row_and_an_entry_for_each_time() -> None:
    one = ledger()
    one.mark(HAND_OFF, docket="1")
    one.mark(str(HAND_OFF), docket="2", other=True)
    one.mark(OTHER)
    assert one.rows["marks"] == [
        {"id": str(HAND_OFF), "entries": 2, "docket": "2", "other": True},
        {"id": str(OTHER), "entries": 1},
    ]


def test_a_notice_names_only_whom_it_is_for() -> None:
    one = ledger()
    one.tell("asked", UNIT, HAND_OFF, "receiver", MEMBER)
    one.tell("told", UNIT, None)
    whole, bare = one.rows["outbox"]
    assert (whole["hand_off_id"], whole["to_role"]) == (str(HAND_OFF), "receiver")
    assert (whole["to_unit"], whole["to_member"]) == (str(UNIT), str(MEMBER))
    assert (bare["hand_off_id"], bare["to_role"], bare["to_member"]) == (None, None, None)
    assert whole["id"] != bare["id"]


def test_however_much_of_a_referral_changes_it_is_one_entry() -> None:
    one = ledger()
    one.change_referral(REFERRAL, state="open", urgency=None)
    one.change_referral(REFERRAL, urgency="high")
    one.change_referral(REFERRAL, state="open", urgency=None)  # what is not said stays as it was
    one.change_referral(OTHER, state="closed")
    assert one.rows["referral_changes"] == [
        {"id": str(REFERRAL), "entries": 1, "amended": True, "state": "open", "urgency": "high"},
        {"id": str(OTHER), "entries": 1, "amended": True, "state": "closed"},
    ]
    assert [(draft.act, draft.object_id) for draft in one.drafts] == [
        (Done.REFERRAL_AMENDED, REFERRAL),
        (Done.REFERRAL_AMENDED, OTHER),
    ]


def test_each_limit_that_passes_is_an_entry_of_its_own() -> None:
    one = ledger()
    one.lapse_referral(REFERRAL, ago(9), ["supervisor"])
    one.lapse_referral(REFERRAL, ago(8), [])
    one.change_referral(REFERRAL, state="late")
    assert one.rows["referral_changes"] == [
        {"id": str(REFERRAL), "entries": 3, "amended": True, "state": "late"}
    ]
    assert [draft.occurred_at for draft in one.drafts] == [ago(9), ago(8), None]
    assert one.drafts[0].body == {"called": ["supervisor"]}


def test_what_is_logged_keeps_its_reasons_apart_and_leaves_out_what_is_not_said() -> None:
    one = ledger()
    one.log(Done.REFUSED, "case", str(CASE), from_="a", to="b", code="x", reason=None, empty="")
    one.log(Done.REFUSED, "case", None)
    first, second = one.drafts
    assert first == Draft(
        Done.REFUSED, "case", CASE, "role", "a", "b", body={"code": "x", "empty": ""}
    )
    assert second.object_id is None
    assert Ledger(None, NOW, "role").seen is None


def test_warnings_gather() -> None:
    one = ledger()
    one.warn("a", about=1)
    one.warn("b")
    assert one.case_changes == {"warnings": [{"code": "a", "about": 1}, {"code": "b"}]}


def test_a_note_is_sealed_and_stands_where_it_was_written() -> None:
    actor: Any = SimpleNamespace(country="ZZ", unit_id=UNIT, id=MEMBER)
    one = ledger()
    written = [one.note(KEY, "note", "She asks for him.", actor, of) for of in (HAND_OFF, None)]
    first, second = one.rows["notes"]
    assert [first["id"], second["id"]] == [str(note) for note in written]
    assert (first["hand_off_id"], second["hand_off_id"]) == (str(HAND_OFF), None)
    assert (first["by_unit"], first["by_member"], first["case_id"]) == (
        *(str(UNIT), str(MEMBER), str(CASE)),
    )
    sealed = bytes.fromhex(first["content"].removeprefix("\\x"))
    clear = KEY.open(sealed, room="note", column="content", row=written[0])
    assert clear == b"She asks for him."


def test_who_stands_in_the_log() -> None:
    actor: Any = SimpleNamespace(id=MEMBER, agency_id=UNIT)
    assert author_of(actor) == Author(str(MEMBER), UNIT)
    assert author_of(None) == CLOCKWORK
    assert author_of(OPERATOR) == OPERATOR


def test_entries_follow_each_other_and_the_head() -> None:
    one = ledger()
    for code in ("a", "b"):
        one.log(Done.REFUSED, "case", CASE, occurred_at=ago(9), code=code)
    head = Head(REFERRAL, 7, "7" * 64, ago(60))
    rows = entries_of(one, OPERATOR, head, KEY)
    first, second = (orjson.loads(row["header"]) for row in rows)
    assert (first["v"], first["seq"], first["prev"], second["seq"]) == (1, 8, "7" * 64, 9)
    assert second["prev"] == rows[0]["hash"]
    assert rows[0]["hash"] == hashlib.sha256(rows[0]["header"].encode()).hexdigest()
    assert (first["at"], second["at"]) == (
        *("2026-03-02T12:00:00.000000Z", "2026-03-02T12:00:00.000001Z"),
    )
    assert (first["actor"], first["agency"], first["object"]) == ("operator", None, str(CASE))
    assert first["occurred_at"] == "2026-03-02T11:59:51.000000Z"


async def sent(patch: pytest.MonkeyPatch, one: Ledger, claim: Claim | None, **more: Any) -> Any:
    """What is sent, beside the entries, and through which door."""
    calls: list[tuple[str, dict[str, Any]]] = []

    async def through(_: Any, statement: str, *values: Any) -> None:
        calls.append((statement, orjson.loads(values[0])))

    patch.setattr(ledger_module, "scalar", through)
    session: Any = SimpleNamespace(connection=None, claim=claim)
    head = Head(REFERRAL, 0, GENESIS)
    entries = await post(session, one, actor=OPERATOR, head=head, key=KEY, **more)
    [(statement, payload)] = calls
    assert payload.pop("entries") == entries
    assert len(entries) == len(one.drafts)
    return statement, payload


async def test_only_what_an_act_changes_is_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    bare = Ledger(None, NOW, "role")
    bare.log(Done.REFUSED, "case", CASE)
    carry_out = "SELECT referral.carry_out($1::jsonb)"
    assert await sent(monkeypatch, bare, None) == (carry_out, {})
    claim, answer = Claim(b"\x01", b"\x02"), {"id": "x"}
    assert await sent(monkeypatch, bare, claim) == (carry_out, {})
    assert await sent(monkeypatch, bare, None, answer=answer) == (carry_out, {})
    bare.seen = 0  # none is a number of days too
    whole = ledger()
    whole.log(Done.REFUSED, "case", CASE)
    whole.warn("a")
    whole.mark(OTHER)
    door, payload = await sent(monkeypatch, bare, claim, answer=answer, through="change_calendar")
    kept = {
        "key_hash": "01",
        "request_hash": "02",
        "status": 200,
        "answer": answer,
        "created_at": "2026-03-02T12:00:00+00:00",
    }
    assert door == "SELECT referral.change_calendar($1::jsonb)"
    assert payload == {"seen": 0, "idempotency": kept}
    _, payload = await sent(monkeypatch, whole, claim, answer=answer, status=201)
    assert payload == {
        "case_id": str(CASE),
        "marks": [{"id": str(OTHER), "entries": 1}],
        "case_changes": {"warnings": [{"code": "a"}]},
        "idempotency": {**kept, "status": 201},
    }


def test_an_entry_is_never_older_than_the_one_before_it() -> None:
    for before, at in (
        *((None, NOW), (ago(1), NOW), (NOW - A_MOMENT, NOW)),
        *((NOW, NOW + A_MOMENT), (NOW + timedelta(hours=1), NOW + timedelta(hours=1) + A_MOMENT)),
    ):
        head = Head(REFERRAL, 0, GENESIS, before)
        draft = Draft(Done.REFUSED, "case", None, "role")
        [row], after = append(head, KEY, [draft], author=Author("she", UNIT), at=NOW)
        header = orjson.loads(row["header"])
        assert (after.at, after.seq, after.hash) == (at, 1, row["hash"])
        assert (header["object"], header["occurred_at"], header["agency"]) == (
            None,
            None,
            str(UNIT),
        )


def test_a_head_reads_as_the_database_hands_it_out() -> None:
    row = {"stream_id": str(CASE), "seq": 3, "hash": "\\x00ff", "at": None}
    assert Head.from_row(row) == Head(CASE, 3, "00ff", None)
    later = Head.from_row(row | {"at": "2026-03-02T12:00:00+00:00"})
    assert later.at == datetime(2026, 3, 2, 12, tzinfo=UTC)
