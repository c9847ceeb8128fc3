"""What two custodians say of a new epoch, held against what one knows oneself: all of it pure."""

from __future__ import annotations

import base64
import json
from dataclasses import replace
from typing import Any
from uuid import UUID

import pytest

from referral.audit import Done
from referral.audit.checkpoints import Epoch
from referral.audit.key_files import SigningKey
from referral.audit.openings import opens, told_by
from referral.audit.proof import Checkpoint, ProofError
from referral.audit.statements import Statement, believed, into
from tests.referral.log.test_when_to_sign import NOW

OLD, NEXT = "log.example/a", "log.example/b"
SIGNER = SigningKey.new(NEXT, 1)
ONE, TWO, THREE = (SigningKey.new(name, 1) for name in ("ombudsman", "notary", "court"))
KEYS = [one.key for one in (ONE, TWO, THREE)]
ENTRY = UUID(int=7)


def at(size: int, root: int | None = None) -> Checkpoint:
    """A checkpoint of the old log."""
    return Checkpoint(OLD, size, bytes([size if root is None else root]) * 32)


def statement(last: Checkpoint, kept: Checkpoint, **more: str) -> Statement:
    """Of an epoch that follows."""
    return Statement(last, kept, **{"to": NEXT, "signer": str(SIGNER.key), "why": "so", **more})


def signed(told: Statement, *by: SigningKey) -> str:
    """As custodians sign it."""
    return f"{told}\n" + "".join(one.sign(str(told)) for one in by)


def epoch(told: Statement, **more: Any) -> Epoch:
    """The epoch it speaks of, opened."""
    note = signed(told, ONE, TWO)
    made = Epoch(2, told.to, told.signer, ENTRY, told.kept.size, note, None, NOW)
    return replace(made, **more)


@pytest.mark.parametrize("kept", [at(9), at(8), at(0)])
def test_a_statement_may_keep_all_or_less(kept: Checkpoint) -> None:
    told = statement(at(9), kept)
    assert Statement.read(str(told)) == told
    assert told.missing == range(kept.size, 9)


@pytest.mark.parametrize(
    ("told", "words"),
    [
        (statement(at(9), at(10)), "keeps more"),
        (statement(at(9), at(9, root=1)), "keeps more"),
        (statement(at(9), Checkpoint("elsewhere", 9, bytes([9] * 32))), "names one epoch twice"),
        (statement(at(9), at(8), to="another"), "another one's key"),
        (
            statement(*(Checkpoint(NEXT, size, bytes(32)) for size in (9, 8)), to=NEXT),
            "names one epoch twice",
        ),
    ],
)
def test_a_statement_that_cannot_be_is_refused(told: Statement, words: str) -> None:
    with pytest.raises(ProofError, match=words):
        Statement.read(str(told))


@pytest.mark.parametrize("what", ["title", "order", "more"])
def test_what_is_no_statement_is_refused(what: str) -> None:
    title, *lines = str(statement(at(9), at(8))).splitlines()
    texts = {
        "title": [title + "!", *lines],
        "order": [title, *reversed(lines)],
        "more": [title, *lines, "and: more"],
    }
    with pytest.raises(ProofError, match="no statement"):
        Statement.read("\n".join(texts[what]) + "\n")


def test_two_different_people_must_have_signed() -> None:
    told = statement(at(9), at(8))
    assert believed(signed(told, ONE, TWO), KEYS) == told
    assert believed(signed(told, ONE, TWO, THREE), KEYS) == told
    again = SigningKey("deputy", 1, ONE.private)  # one key under two names is one person
    for signers, known in (
        ((ONE,), KEYS),
        ((ONE,), [*KEYS, SigningKey.new(ONE.name, 1).key]),
        ((ONE, ONE), KEYS),
        ((ONE, TWO), [ONE.key]),
        ((ONE, again), [*KEYS, again.key]),
    ):
        with pytest.raises(ProofError, match="and takes 2"):
            believed(signed(told, *signers), known)


@pytest.mark.parametrize("seen", [None, at(9), at(8), at(7), at(0), Checkpoint("other", 99, b"")])
def test_a_statement_that_agrees_with_what_was_seen_is_followed(seen: Checkpoint | None) -> None:
    told = statement(at(9), at(8))
    assert into(epoch(told), KEYS, seen) == told


@pytest.mark.parametrize(
    ("seen", "words"),
    [
        (at(10), "10 are known here"),
        (at(9, root=1), "another story of the first 9"),
        (at(8, root=1), "another story of the first 8"),
    ],
)
def test_a_statement_that_contradicts_what_was_seen_is_not(seen: Checkpoint, words: str) -> None:
    with pytest.raises(ProofError, match=words):
        into(epoch(statement(at(9), at(8))), KEYS, seen)


@pytest.mark.parametrize("other", [{"origin": "x"}, {"signer": "x"}, {"kept": 7}])
def test_a_statement_is_of_this_epoch_only(other: dict[str, Any]) -> None:
    with pytest.raises(ProofError, match="another epoch"):
        into(epoch(statement(at(9), at(8)), **other), KEYS, None)


def test_an_epoch_without_a_statement_is_not_followed() -> None:
    with pytest.raises(ProofError):
        into(epoch(statement(at(9), at(8)), statement=None), KEYS, None)


def opening(told: Statement, **more: Any) -> str:
    """The header of the entry that opens an epoch."""
    from_, to = told_by(told)
    made = {"act": Done.EPOCH_OPENED.value, "id": str(ENTRY), "from": from_, "to": to}
    return json.dumps(made | more)


@pytest.mark.parametrize(("kept", "lost"), [(9, ""), (8, ", without 8-8"), (5, ", without 5-8")])
def test_the_opening_names_what_stands_and_what_is_missing(kept: int, lost: str) -> None:
    told = statement(at(9), at(kept))
    root = base64.b64encode(at(kept).root).decode()
    assert told_by(told) == (f"{OLD}@{kept}@{root}", f"{NEXT}{lost}")
    assert opens(opening(told), epoch(told))
    assert opens(opening(told), epoch(told), told)


@pytest.mark.parametrize(
    "more",
    [
        {"act": Done.WITNESS_ENROLLED.value},
        {"id": str(UUID(int=8))},
        {"to": "log.example/c"},
        {"to": None},
    ],
)
def test_another_entry_opens_nothing(more: dict[str, Any]) -> None:
    told = statement(at(9), at(9))
    assert not opens(opening(told, **more), epoch(told))
    assert not opens(opening(told, **more), epoch(told), told)


def test_an_entry_that_says_something_else_than_the_custodians_opens_nothing() -> None:
    told = statement(at(9), at(5))
    for more in ({"from": "elsewhere"}, {"to": NEXT}):
        assert not opens(opening(told, **more), epoch(told), told)


@pytest.mark.parametrize("header", ["", "no json", "[]", "7"])
def test_what_is_no_header_opens_nothing(header: str) -> None:
    assert not opens(header, epoch(statement(at(9), at(9))))
