"""What is said of one entry that is not as it was: exactly that, and nothing else beside it."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import orjson
import pytest

from referral.audit import GENESIS, Author, Done, Draft, Head, append, chains
from referral.audit.chains import Leaves
from referral.audit.forgotten import Forgotten
from referral.audit.proof import leaf_hash
from referral.vault import SubjectKey

AT = datetime(2026, 3, 2, 12, tzinfo=UTC)
STREAM, SUBJECT, AGENCY, THING = (UUID(int=number) for number in (1, 2, 3, 4))
KEY = SubjectKey(SUBJECT, 1, bytes(32), bytes([1]) * 32)
NOBODY = Forgotten({}, {})
SEEN: dict[str, Any] = {"kind": "member", "subject": str(SUBJECT), "country": "ZZ"}


def row(**more: Any) -> dict[str, Any]:
    """The first entry of a stream as it is read, with its body; honest but for ``more``."""
    draft = Draft(Done.SIGNED_IN, "member", THING, "self", body={"way": "passkey"})
    author = Author(str(SUBJECT), AGENCY)
    [made], _ = append(Head(STREAM, 0, GENESIS), KEY, [draft], author=author, at=AT)
    header = orjson.loads(made["header"])
    read = {
        "id": made["id"],
        "stream_id": str(STREAM),
        "seq": 1,
        "country": "ZZ",
        "header": made["header"],
        "hash": bytes.fromhex(made["hash"]),
        "at": AT,
        "act": header["act"],
        "actor": str(SUBJECT),
        "agency_id": str(AGENCY),
        "object_type": "member",
        "object_id": str(THING),
        "content": bytes.fromhex(made["content"]),
        "subject": str(SUBJECT),
        "body_country": "ZZ",
        "epoch": 1,
        "position": 0,
    }
    return read | more


def retold(**more: Any) -> dict[str, Any]:
    """An entry whose header says something else, and hashes to its hash."""
    honest = row()
    header = orjson.dumps(orjson.loads(honest["header"]) | more)
    return honest | {"header": header.decode(), "hash": hashlib.sha256(header).digest()}


def wrong(
    read: dict[str, Any],
    head: dict[str, Any] | None = SEEN,
    *,
    forgotten: Forgotten = NOBODY,
    **before: Any,
) -> list[str]:
    """What is found of it, after what was walked ``before``."""
    walk = chains._Walk(str(STREAM), **before)
    found = chains._wrong(read, walk, head, forgotten)
    assert (walk.entry, walk.seq, walk.hash) == (read["id"], read["seq"], read["hash"].hex())
    return found


def test_of_an_honest_entry_nothing_is_said() -> None:
    assert wrong(row()) == []
    assert wrong(row(), None) == []
    assert (chains._Walk().seq, chains._Walk().hash, chains._Walk().at) == (0, GENESIS, "")


def test_an_entry_out_of_its_place_is_told() -> None:
    assert wrong(row(), seq=1) == ["entry 2 is missing or was moved"]
    assert wrong(row(), hash="1" * 64) == ["it does not follow the entry before it"]


def test_a_header_that_was_changed_is_told() -> None:
    assert wrong(row(hash=bytes(32))) == ["the header was changed: it does not hash to its hash"]


@pytest.mark.parametrize("header", ["no header", "[]", "7", "{}"])
def test_what_is_no_header_is_told(header: str) -> None:
    found = wrong(row(header=header, hash=hashlib.sha256(header.encode()).digest()), at="2")
    assert found[0] == "the header is no header"
    assert "it claims to be older than the entry before it" in found
    assert "its body was changed" in found


@pytest.mark.parametrize(
    ("name", "value"),
    [
        *(("id", "x"), ("stream", "x"), ("seq", 2), ("act", "x"), ("actor", "x"), ("agency", "x")),
        *(("object_type", "x"), ("object", "x"), ("v", 2), ("at", "2026-03-02T12:00:00.000001Z")),
        *(("at", "2026-03-02T12:00:00.0000000Z"), ("at", "2026-03-02T12:00:00.0000+00")),
        *(("at", "2026-03-02T12:00:00.000+00:00"), ("at", "2026-03-02T12:00:00+00:00"), ("at", 7)),
        *(("at", "2026-03-02T12:00:00.0+00:00"), ("at", "2026-13-02T12:00:00.000000Z")),
        ("at", None),
    ],
)
def test_a_column_that_tells_another_story_is_named(name: str, value: object) -> None:
    assert wrong(retold(**{name: value})) == [f"columns disagree with the header: {name}"]


def test_columns_that_disagree_are_all_named_in_order() -> None:
    found = wrong(retold(stream="x", at="x", act="x"))
    assert found == ["columns disagree with the header: act, at, stream"]


def test_a_moment_like_the_one_before_is_none_too_early() -> None:
    moment = orjson.loads(row()["header"])["at"]
    assert wrong(row(), at=moment) == []
    assert wrong(row(), at=moment[:-1] + "z") == ["it claims to be older than the entry before it"]


def test_a_body_is_what_its_header_names_or_an_erasure_says_why_not() -> None:
    assert wrong(row(content=b"another")) == ["its body was changed"]
    gone = row(content=None, subject=None, body_country=None)
    silence = ["its body is gone, and no erasure says so"]
    assert wrong(gone) == silence
    cases: tuple[tuple[dict[tuple[str, str | None], int], dict[str, str], list[str]], ...] = (
        ({(str(STREAM), None): 1}, {}, []),
        ({(str(STREAM), None): 2}, {}, []),
        ({(str(STREAM), None): 0}, {}, silence),
        ({("other", None): 9}, {}, silence),
        ({(str(STREAM), "she"): 9}, {}, silence),
        ({(str(STREAM), "she"): 9}, {str(THING): "he"}, silence),
        ({(str(STREAM), "she"): 1}, {str(THING): "she"}, []),
    )
    for until, about, said in cases:
        assert wrong(dict(gone), forgotten=Forgotten(until, about)) == said, until


def test_whose_stream_it_is_and_in_which_country() -> None:
    abroad = ["it stands in another country than its stream"]
    body = ["its body stands under another subject or country"]
    own = ["it is in the own stream of somebody else"]
    assert wrong(row(country="AR")) == abroad
    assert wrong(row(subject="x")) == body
    assert wrong(row(body_country="AR")) == body
    assert wrong(row(), SEEN | {"subject": "x"}) == own + body
    assert wrong(row(), SEEN | {"subject": "x", "kind": "case"}) == body
    assert wrong(row(), SEEN | {"country": "AR"}) == abroad + body
    gone = row(content=None, subject=None, body_country=None)
    erased = Forgotten({(str(STREAM), None): 9}, {})
    assert wrong(gone, forgotten=erased) == []


def test_a_leaf_without_a_tree_is_told_and_one_without_a_place_waits() -> None:
    room = bytearray(32)
    assert chains._placed(row(position=None), Leaves(room, {}, {})) == []
    assert chains._placed(row(), Leaves(room, {}, {})) == ["it has a place in no tree"]
    one = row()
    assert chains._placed(one, Leaves(room, {1: 0}, {1: 1})) == []
    assert bytes(room) == leaf_hash(one["header"].encode())
