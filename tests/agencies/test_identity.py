"""Secrets, passwords, and duties that may not be in one hand."""

from __future__ import annotations

import hashlib
import re
from itertools import combinations

import pytest
from argon2 import PasswordHasher

from agencies import duties, identity
from agencies.duties import Role, Scope


def test_a_password_is_stored_as_argon2id_and_never_as_itself() -> None:
    stored = identity.hash_password("correct horse battery")
    assert stored.startswith("$argon2id$v=19$m=65536,t=3,p=4$")
    assert "horse" not in stored


def test_the_right_password_is_verified_and_no_other() -> None:
    stored = identity.hash_password("correct horse battery")
    assert identity.verify_password(stored, "correct horse battery")
    assert not identity.verify_password(stored, "correct horse batterx")
    assert not identity.verify_password(stored, "")


def test_an_unknown_user_costs_a_real_verification_and_is_refused() -> None:
    assert not identity.verify_password(None, "correct horse battery")
    # The hash that stands in for nobody has today's settings, so it takes as long as any other.
    assert not identity.outdated(identity._NOBODY)


def test_the_stand_in_is_no_key_to_an_account() -> None:
    assert not identity.verify_password(identity._NOBODY, "")
    assert not identity.verify_password("", "correct horse battery")
    assert not identity.verify_password("not a hash", "correct horse battery")


@pytest.mark.parametrize("password", ["short", "x" * 1025])
def test_a_password_too_short_or_too_long_is_not_hashed(password: str) -> None:
    with pytest.raises(ValueError, match="between 12 and 1024 characters"):
        identity.hash_password(password)


def test_a_password_we_made_is_told_from_others_and_takes_as_long_as_any(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    made, tried = identity.new_password(), []
    stored, verify = identity.hash_made(made), PasswordHasher.verify
    assert identity.verify_password(stored, made)
    assert not identity.verify_password(stored, identity.new_password())

    def seen(hasher: PasswordHasher, against: str, given: str) -> bool:
        tried.append(against)
        return verify(hasher, against, given)

    monkeypatch.setattr(PasswordHasher, "verify", seen)
    for given in (made, "wrong" * 4):
        identity.verify_password(stored, given)
    assert tried == [stored, identity._NOBODY] * 2


def test_a_huge_password_is_refused_without_hashing_it() -> None:
    assert not identity.verify_password(identity._NOBODY, "x" * 10_000_000)


def test_a_hash_of_weaker_settings_is_outdated() -> None:
    assert identity.outdated("$argon2id$v=19$m=1024,t=1,p=1$c29tZXNhbHQ$" + "A" * 43)


def test_a_secret_is_256_bits_and_only_its_digest_rests() -> None:
    secret = identity.new_secret()
    assert re.fullmatch(r"[A-Za-z0-9_-]{43}", secret.text)
    assert secret.digest == hashlib.sha256(secret.text.encode()).digest()
    assert identity.new_secret().text != secret.text


def test_a_secret_does_not_show_in_logs() -> None:
    secret = identity.new_secret()
    assert secret.text not in repr(secret)
    assert secret.text not in f"{[secret]}"


def test_a_secret_is_recognised_by_its_digest_alone() -> None:
    secret = identity.new_secret()
    assert identity.same_digest(secret.text, secret.digest)
    assert not identity.same_digest(secret.text[:-1], secret.digest)
    assert not identity.same_digest("\udcff", secret.digest)  # a broken cookie is no crash


def test_a_new_password_can_be_read_out() -> None:
    given = {identity.new_password() for _ in range(50)}
    assert len(given) == 50
    assert all(re.fullmatch(r"([a-hjkmnp-z2-9]{5}-){3}[a-hjkmnp-z2-9]{5}", one) for one in given)


def test_administrators_do_not_audit_themselves() -> None:
    assert duties.conflicts([Role.AGENCY_ADMIN], Role.AUDITOR) == {Role.AGENCY_ADMIN}
    assert duties.conflicts([Role.OFFICER, Role.AUDITOR], Role.SYSTEM_ADMIN) == {Role.AUDITOR}


def test_every_pair_that_is_not_listed_may_be_in_one_hand() -> None:
    clashing = {
        frozenset(pair) for pair in combinations(Role, 2) if duties.conflicts(pair[:1], pair[1])
    }
    assert clashing == {
        frozenset({Role.AGENCY_ADMIN, Role.AUDITOR}),
        frozenset({Role.SYSTEM_ADMIN, Role.AUDITOR}),
    }


def test_scopes_are_a_closed_list() -> None:
    assert duties.scopes_from(["cases:read"]) == {Scope.CASES_READ}
    with pytest.raises(ValueError, match=r"unknown scope cases:delete.*Allowed: audit:read, "):
        duties.scopes_from(["cases:read", "cases:delete"])
    with pytest.raises(ValueError, match="no scope given"):
        duties.scopes_from([])
