"""Keys and sealed fields: envelope encryption of everything in groups G2-G5.

A root key wraps one data key per case, per person and per member's stream; a data key seals fields
with AES-256-GCM and a random 96-bit nonce. The associated data (room, column, row, subject, key
version) nails a ciphertext to its place, so that it cannot be moved to another row. Destroying a
wrapped key destroys what it sealed. This room must never know what it seals.
"""

from __future__ import annotations

import base64
import hmac
import os
from dataclasses import dataclass
from functools import lru_cache
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDFExpand

_NONCE = 12
_KEY = 32


class SealBrokenError(Exception):
    """A sealed field does not open: wrong key, moved or altered. Never shown with its content."""


@dataclass(frozen=True, slots=True)
class SubjectKey:
    """One subject's data key and audit key (32 bytes each), as unwrapped."""

    subject: UUID
    version: int
    data: bytes
    audit: bytes

    def seal(self, clear: bytes, *, room: str, column: str, row: UUID) -> bytes:
        """Nonce and ciphertext; opens only with the same place and key."""
        nonce = os.urandom(_NONCE)
        return nonce + _cipher(self.data).encrypt(nonce, clear, self._place(room, column, row))

    def open(self, sealed: bytes, *, room: str, column: str, row: UUID) -> bytes:
        """What was sealed; raises SealBrokenError."""
        try:
            return _cipher(self.data).decrypt(
                sealed[:_NONCE], sealed[_NONCE:], self._place(room, column, row)
            )
        except (InvalidTag, ValueError) as broken:  # ValueError: cut to less than a nonce
            message = f"a field of {room}.{column} does not open with its key"
            raise SealBrokenError(message) from broken

    def body_hmac(self, entry: UUID, body: bytes) -> str:
        """HMAC-SHA256 of an audit body under a key of this entry alone (security.md 4.2).

        The entry key is HKDF-Expand(audit key, entry id): giving one away opens no other entry.
        """
        key = HKDFExpand(SHA256(), _KEY, b"referral/audit-entry/v1\x00" + entry.bytes).derive(
            self.audit
        )
        return hmac.new(key, b"referral/audit-body/v1\x00" + body, "sha256").hexdigest()

    def blind(self, value: str) -> bytes:
        """HMAC-SHA256 of a normalised value: equal values are found, none can be read back.

        Under a key of its own (HKDF-Expand), so that nothing else of this subject is tied to it.
        """
        key = HKDFExpand(SHA256(), _KEY, b"referral/blind-index/v1").derive(self.audit)
        return hmac.digest(key, value.encode(), "sha256")

    def _place(self, room: str, column: str, row: UUID) -> bytes:
        return f"v1|{room}|{column}|{row}|{self.subject}|{self.version}".encode()


@lru_cache(maxsize=512)
def _cipher(key: bytes) -> AESGCM:
    return AESGCM(key)


@dataclass(frozen=True, slots=True)
class Wrapped:
    """A data key under the root key: what the database keeps."""

    subject: UUID
    kind: str
    version: int
    wrapped: bytes


class Vault:
    """Holds root keys by version; the highest wraps new data keys."""

    def __init__(self, root_keys: dict[int, bytes]) -> None:
        """Take root keys of exactly 32 bytes each."""
        for version, key in root_keys.items():
            if len(key) != _KEY:
                message = (
                    f"root key {version} has {len(key)} bytes instead of 32. "
                    "Make one with `openssl rand -base64 32`."
                )
                raise ValueError(message)
        self._roots = {version: AESGCM(key) for version, key in root_keys.items()}
        self._current = max(root_keys)

    @classmethod
    def from_text(cls, text: str) -> Vault:
        """One root key, as base64 text."""
        try:
            return cls({1: base64.b64decode(text, validate=True)})
        except ValueError as fault:
            message = f"the root key cannot be used: {fault}"
            raise ValueError(message) from fault

    def new_key(self, subject: UUID, kind: str) -> tuple[SubjectKey, Wrapped]:
        """A fresh data key and audit key for one subject."""
        secret = os.urandom(2 * _KEY)
        nonce = os.urandom(_NONCE)
        place = self._place(subject, kind, self._current)
        wrapped = nonce + self._roots[self._current].encrypt(nonce, secret, place)
        key = SubjectKey(subject, self._current, secret[:_KEY], secret[_KEY:])
        return key, Wrapped(subject, kind, self._current, wrapped)

    def unwrap(self, wrapped: Wrapped) -> SubjectKey:
        """The data key; raises SealBrokenError when it was altered or the root key is missing."""
        root = self._roots.get(wrapped.version)
        if root is None:
            message = f"root key {wrapped.version} is not here; the service cannot open this"
            raise SealBrokenError(message)
        try:
            secret = root.decrypt(
                wrapped.wrapped[:_NONCE],
                wrapped.wrapped[_NONCE:],
                self._place(wrapped.subject, wrapped.kind, wrapped.version),
            )
        except (InvalidTag, ValueError) as broken:  # ValueError: cut to less than a nonce
            message = "a wrapped key does not open with the root key"
            raise SealBrokenError(message) from broken
        return SubjectKey(wrapped.subject, wrapped.version, secret[:_KEY], secret[_KEY:])

    @staticmethod
    def _place(subject: UUID, kind: str, version: int) -> bytes:
        return f"v1|data_key|{kind}|{subject}|{version}".encode()
