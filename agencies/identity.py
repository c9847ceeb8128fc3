"""Proof of who somebody is: passwords and secrets, as they are made, stored and compared.

1. A secret is seen once, by its owner; what rests with us is a hash: argon2id for passwords (people
   choose them), SHA-256 for ours (256 random bits need no stretching).
2. Whether a user name exists must not show, neither in the answer nor in the time it takes.
3. What this file must never know: sessions' storage, roles, pages, cases.

Sources: RFC 9106 section 4 (second recommended argon2id setting), OWASP ASVS 5.0 V6 and V7.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from argon2 import PasswordHasher, Type
from argon2.exceptions import InvalidHashError, VerificationError

SESSION_IDLE: Final = timedelta(minutes=15)  # security 6.2
SESSION_ABSOLUTE: Final = timedelta(hours=12)
STEP_UP_AGE: Final = timedelta(minutes=15)  # security 3.2: authentication less than 15 minutes old
# 64 MiB, three passes, four lanes: RFC 9106, second recommended setting. Also the library's own
# default, written out so that an upgrade of the library cannot change it unseen.
_HASHER: Final = PasswordHasher(
    time_cost=3, memory_cost=64 * 1024, parallelism=4, hash_len=32, salt_len=16, type=Type.ID
)
# For what ``new_password`` made: 98 random bits need stretching as little as our secrets do.
_LIGHT: Final = PasswordHasher(
    time_cost=1, memory_cost=64, parallelism=1, hash_len=32, salt_len=16, type=Type.ID
)
# Fits no password: the one it was made from was thrown away. Verified for unknown user names, so
# that they take as long as known ones; a test holds it to today's settings.
_NOBODY: Final = (
    "$argon2id$v=19$m=65536,t=3,p=4"
    "$tz9jDPamoIaOjABqYNm68w$ZZM8gHA7Ka1iPXUfcjIMi9cAz+mtSca5mZ2Km1ulRDU"
)
_STRETCHED: Final = "$argon2id$v=19$m=65536,t=3,p=4$"  # how every hash of _HASHER begins
# Longer input is refused before hashing: a megabyte of password is an attack, not a memory.
PASSWORD_LONGEST: Final = 1024
PASSWORD_SHORTEST: Final = 12


@dataclass(frozen=True, slots=True)
class Secret:
    """A new secret: ``text`` is its owner's alone, ``digest`` (32 bytes) is stored."""

    text: str
    digest: bytes

    def __repr__(self) -> str:
        """Never the secret itself: a repr ends up in logs."""
        return "Secret(…)"


def new_secret() -> Secret:
    """256 random bits as URL-safe text (43 characters), with their SHA-256."""
    given = secrets.token_urlsafe(32)
    return Secret(given, digest_of(given))


def digest_of(given: str) -> bytes:
    """SHA-256 of a session id, token or CSRF value as it came in: what is stored and looked up."""
    return hashlib.sha256(given.encode("utf-8", "surrogatepass")).digest()


def same_digest(given: str, stored: bytes) -> bool:
    """Whether ``given`` is the secret behind ``stored``, compared in constant time."""
    return hmac.compare_digest(digest_of(given), stored)


def new_password() -> str:
    """A random password a person can read out and type: four groups of five, 98 bits."""
    letters = "abcdefghjkmnpqrstuvwxyz23456789"  # no 0 o 1 i l: they are read wrongly
    return "-".join("".join(secrets.choice(letters) for _ in range(5)) for _ in range(4))


def hash_password(password: str) -> str:
    """The argon2id hash to store. About 0.1 s and 64 MiB: call it off the event loop.

    Raises ValueError for a password shorter than 12 or longer than 1,024 characters.
    """
    if not PASSWORD_SHORTEST <= len(password) <= PASSWORD_LONGEST:
        message = (
            f"A password has between {PASSWORD_SHORTEST} and {PASSWORD_LONGEST} characters, so that"
            " it can be neither guessed nor used to keep the server busy. Choose a sentence."
        )
        raise ValueError(message)
    return _HASHER.hash(password)


def hash_made(password: str) -> str:
    """The argon2id hash of a password by ``new_password``, at once: a whole cast gets one each."""
    return _LIGHT.hash(password)


def verify_password(stored: str | None, given: str) -> bool:
    """Whether ``given`` is the password behind ``stored``.

    ``stored`` None (nobody of that name, or an account without password) costs the same time and is
    never true; so does a hash that is not stretched. About 0.1 s: call it off the event loop.
    """
    if len(given) > PASSWORD_LONGEST:
        return False
    right = stored is not None and _fits(stored, given)
    if stored is None or not stored.startswith(_STRETCHED):
        _fits(_NOBODY, given)
    return right


def _fits(stored: str, given: str) -> bool:
    try:
        return _HASHER.verify(stored, given)
    except (VerificationError, InvalidHashError):
        return False


def outdated(stored: str) -> bool:
    """Whether the hash was made with other settings than today's and should be made anew."""
    return _HASHER.check_needs_rehash(stored)
