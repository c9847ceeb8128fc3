"""Sealed fields open in their own place with their own key only; a fault tells nothing."""

from __future__ import annotations

import base64
import traceback
from collections.abc import Callable
from dataclasses import replace
from typing import Any
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from referral.vault import SealBrokenError, SubjectKey, Vault, Wrapped

ROOT = bytes(range(32))
SECRET = b"the girl sleeps behind the bakery"
PLACES = st.text(alphabet="abcdefghijklmnopqrstuvwxyz_", min_size=1, max_size=20)


def vault(root: bytes = ROOT) -> Vault:
    """A vault with one root key."""
    return Vault.from_text(base64.b64encode(root).decode())


def key() -> SubjectKey:
    """A fresh data key."""
    return vault().new_key(uuid4(), "person")[0]


@given(
    clear=st.binary(max_size=4096), room=PLACES, column=PLACES, row=st.uuids(), subject=st.uuids()
)
def test_what_was_sealed_opens_again(
    clear: bytes, room: str, column: str, row: UUID, subject: UUID
) -> None:
    here = vault()
    made, wrapped = here.new_key(subject, "case")
    sealed = made.seal(clear, room=room, column=column, row=row)
    assert here.unwrap(wrapped).open(sealed, room=room, column=column, row=row) == clear
    assert len(sealed) == len(clear) + 28  # nonce and tag
    assert len(clear) < 8 or clear not in sealed


@pytest.mark.parametrize(
    "elsewhere",
    [{"room": "person_safety"}, {"column": "facts"}, {"row": UUID(int=7)}],
    ids=["another room", "another column", "another row"],
)
def test_a_sealed_field_cannot_be_moved(elsewhere: dict[str, Any]) -> None:
    place: dict[str, Any] = {"room": "person_identity", "column": "content", "row": UUID(int=1)}
    made = key()
    sealed = made.seal(SECRET, **place)
    with pytest.raises(SealBrokenError):
        made.open(sealed, **(place | elsewhere))


@pytest.mark.parametrize(
    "pretend",
    [
        lambda made: replace(made, subject=uuid4()),
        lambda made: replace(made, version=made.version + 1),
        lambda made: replace(made, data=made.audit),
        lambda made: replace(key(), subject=made.subject),
    ],
    ids=["another subject", "another version", "the audit key", "another key"],
)
def test_another_key_does_not_open_it(pretend: Callable[[SubjectKey], SubjectKey]) -> None:
    made = key()
    sealed = made.seal(SECRET, room="note", column="content", row=UUID(int=1))
    with pytest.raises(SealBrokenError):
        pretend(made).open(sealed, room="note", column="content", row=UUID(int=1))


@given(at=st.integers(min_value=0, max_value=len(SECRET) + 27), bit=st.integers(0, 7))
def test_any_altered_bit_breaks_the_seal(at: int, bit: int) -> None:
    made = key()
    sealed = bytearray(made.seal(SECRET, room="note", column="content", row=UUID(int=1)))
    sealed[at] ^= 1 << bit
    with pytest.raises(SealBrokenError):
        made.open(bytes(sealed), room="note", column="content", row=UUID(int=1))


@pytest.mark.parametrize("left", [0, 1, 11, 12, 13, 27, 28])
def test_a_cut_field_is_broken_and_nothing_else(left: int) -> None:
    made = key()
    sealed = made.seal(SECRET, room="note", column="content", row=UUID(int=1))
    with pytest.raises(SealBrokenError):
        made.open(sealed[:left], room="note", column="content", row=UUID(int=1))


def test_two_seals_of_the_same_are_never_alike() -> None:
    made = key()
    seals = {made.seal(SECRET, room="note", column="content", row=UUID(int=1)) for _ in range(500)}
    assert len({sealed[:12] for sealed in seals}) == 500


def test_a_wrong_root_key_opens_no_data_key() -> None:
    _, wrapped = vault().new_key(uuid4(), "case")
    with pytest.raises(SealBrokenError, match="does not open with the root key"):
        vault(bytes(32)).unwrap(wrapped)
    _, newer = Vault({2: ROOT}).new_key(uuid4(), "case")
    with pytest.raises(SealBrokenError, match="root key 2 is not here"):
        vault().unwrap(newer)


@pytest.mark.parametrize(
    "changed",
    [
        lambda one: replace(one, subject=uuid4()),
        lambda one: replace(one, kind="person"),
        lambda one: replace(one, version=2),
        lambda one: replace(one, wrapped=one.wrapped[:-1]),
        lambda one: replace(one, wrapped=b""),
        lambda one: replace(one, wrapped=one.wrapped[:20] + b"\x00" * 4 + one.wrapped[24:]),
    ],
    ids=["another subject", "another kind", "another version", "cut", "empty", "altered"],
)
def test_a_wrapped_key_is_nailed_to_its_subject(changed: Callable[[Wrapped], Wrapped]) -> None:
    here = vault()
    _, wrapped = here.new_key(uuid4(), "case")
    with pytest.raises(SealBrokenError):
        here.unwrap(changed(wrapped))


def test_an_older_root_key_still_opens_and_the_newest_wraps() -> None:
    _, old = Vault({1: ROOT}).new_key(uuid4(), "case")
    both = Vault({1: ROOT, 2: bytes(32)})
    both.unwrap(old)
    assert both.new_key(uuid4(), "case")[1].root == 2


def test_wrapping_anew_opens_no_seal_and_keeps_the_key() -> None:
    before = Vault({1: ROOT})
    made, old = before.new_key(uuid4(), "person")
    sealed = made.seal(SECRET, room="note", column="content", row=UUID(int=1))
    anew = Vault({1: ROOT, 2: bytes(32)}).rewrap(old)
    assert (old.root, anew.root) == (1, 2)
    after = Vault({2: bytes(32)})
    assert after.unwrap(anew) == made
    assert after.unwrap(anew).open(sealed, room="note", column="content", row=UUID(int=1)) == SECRET
    with pytest.raises(SealBrokenError, match="root key 1 is not here"):
        after.unwrap(old)


def test_a_root_key_made_elsewhere_meanwhile_is_read_when_it_is_met() -> None:
    there = {1: ROOT}
    here = Vault(there, again=lambda: there)
    there = {1: ROOT, 2: bytes(32)}
    _, newer = Vault(there).new_key(uuid4(), "case")
    here.unwrap(newer)
    assert here.newest == 2


def test_no_fault_tells_what_was_sealed_or_with_which_key() -> None:
    made = key()
    sealed = made.seal(SECRET, room="note", column="content", row=UUID(int=1))
    for broken in (sealed[:-1], sealed[:12] + bytes(len(sealed) - 12), b"", SECRET):
        with pytest.raises(SealBrokenError) as fault:
            made.open(broken, room="note", column="content", row=UUID(int=1))
        told = "".join(traceback.format_exception(fault.value))
        for content in (SECRET, sealed, made.data, made.audit):
            assert content.hex() not in told
            assert repr(content)[2:-1] not in told
        assert str(fault.value) == "a field of note.content does not open with its key"


@pytest.mark.parametrize("text", ["", "not base64!", base64.b64encode(b"short").decode(), "AAAA"])
def test_a_root_key_that_is_none_is_said_and_not_shown(text: str) -> None:
    with pytest.raises(ValueError, match="openssl rand -base64 32") as fault:
        Vault.from_text(text)
    assert not text or text not in str(fault.value)


def test_one_entrys_key_opens_no_other() -> None:
    made, one, other = key(), uuid4(), uuid4()
    assert made.body_hmac(one, b"{}") == made.body_hmac(one, b"{}")
    assert made.body_hmac(one, b"{}") != made.body_hmac(other, b"{}")
    assert made.body_hmac(one, b"{}") != made.body_hmac(one, b"{} ")
    assert key().body_hmac(one, b"{}") != key().body_hmac(one, b"{}")
