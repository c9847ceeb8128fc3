"""Keys and sealed fields: envelope encryption of everything in groups G2-G5.

Root keys (``root_keys``) wrap one data key per case, per person and per member's stream; a data key
seals fields with AES-256-GCM and a random 96-bit nonce. The associated data (room, column, row,
subject, key version) nails a ciphertext to its place, so that it cannot be moved to another row.
Destroying a wrapped key destroys what it sealed. This room must never know what it seals.
"""

from __future__ import annotations

import hmac
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDFExpand

from referral.vault import root_keys

_ROOT = 4
_NONCE = 12
_KEY = 32
_FIRST = 1  # version of every data key so far: they are wrapped anew, not made anew


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

    def entry_key(self, entry: UUID) -> bytes:
        """HKDF-Expand(audit key, entry id), 32 bytes: given away, it opens no other entry."""
        place = b"referral/audit-entry/v1\x00" + entry.bytes
        return HKDFExpand(SHA256(), _KEY, place).derive(self.audit)

    def body_hmac(self, entry: UUID, body: bytes) -> str:
        """HMAC-SHA256 of an audit body under a key of this entry alone (security.md 4.2)."""
        told = b"referral/audit-body/v1\x00" + body
        return hmac.new(self.entry_key(entry), told, "sha256").hexdigest()

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
    """A data key under a root key: what the database keeps.

    ``version`` is the data key's own and part of every seal; which root key wraps it is written in
    front of ``wrapped`` (4 bytes), so that wrapping it anew opens no seal and changes no row else.
    """

    subject: UUID
    kind: str
    version: int
    wrapped: bytes

    @property
    def root(self) -> int:
        """The number of the root key that wraps it; 0 when it was cut to nothing."""
        return int.from_bytes(self.wrapped[:_ROOT])


class Vault:
    """Holds root keys by number; the highest wraps new data keys.

    ``again`` reads them anew: another process may have made a new one since.
    """

    def __init__(
        self, root_keys: Mapping[int, bytes], again: Callable[[], Mapping[int, bytes]] | None = None
    ) -> None:
        """Take root keys of exactly 32 bytes each; raises ValueError."""
        self._again = again
        self._take(root_keys)

    @classmethod
    def from_text(cls, text: str) -> Vault:
        """Root keys in clear, as ``root_keys`` writes them; raises ValueError."""
        return cls(root_keys.opened(root_keys.read(text), {}))

    @property
    def newest(self) -> int:
        """The number of the root key that wraps new data keys."""
        return self._newest

    def _take(self, keys: Mapping[int, bytes]) -> None:
        wrong = next((number for number, key in keys.items() if len(key) != _KEY), None)
        if wrong is not None or not keys:
            raise ValueError(root_keys.not_a_key(wrong, keys))
        self._roots = {number: AESGCM(key) for number, key in keys.items()}
        self._newest = max(keys)

    def new_key(self, subject: UUID, kind: str) -> tuple[SubjectKey, Wrapped]:
        """A fresh data key and audit key for one subject."""
        secret = os.urandom(2 * _KEY)
        wrapped = Wrapped(subject, kind, _FIRST, self._wrap(subject, kind, _FIRST, secret))
        return _subject_key(wrapped, secret), wrapped

    def unwrap(self, wrapped: Wrapped) -> SubjectKey:
        """The data key; raises SealBrokenError when it was altered or the root key is missing."""
        return _subject_key(wrapped, self._open(wrapped))

    def rewrap(self, wrapped: Wrapped) -> Wrapped:
        """The same data key under the newest root key; raises SealBrokenError."""
        secret = self._open(wrapped)
        under = self._wrap(wrapped.subject, wrapped.kind, wrapped.version, secret)
        return replace(wrapped, wrapped=under)

    def _wrap(self, subject: UUID, kind: str, version: int, secret: bytes) -> bytes:
        nonce, number = os.urandom(_NONCE), self._newest
        place = _place(subject, kind, version, number)
        return number.to_bytes(_ROOT) + nonce + self._roots[number].encrypt(nonce, secret, place)

    def _open(self, wrapped: Wrapped) -> bytes:
        number = wrapped.root
        if number not in self._roots and self._again is not None:
            self._take(self._again())
        root = self._roots.get(number)
        if root is None:
            message = f"root key {number} is not here; the service cannot open this"
            raise SealBrokenError(message)
        nonce, sealed = wrapped.wrapped[_ROOT : _ROOT + _NONCE], wrapped.wrapped[_ROOT + _NONCE :]
        place = _place(wrapped.subject, wrapped.kind, wrapped.version, number)
        try:
            return root.decrypt(nonce, sealed, place)
        except (InvalidTag, ValueError) as broken:  # ValueError: cut to less than a nonce
            message = "a wrapped key does not open with the root key"
            raise SealBrokenError(message) from broken


def _subject_key(wrapped: Wrapped, secret: bytes) -> SubjectKey:
    return SubjectKey(wrapped.subject, wrapped.version, secret[:_KEY], secret[_KEY:])


def _place(subject: UUID, kind: str, version: int, root: int) -> bytes:
    return f"v1|data_key|{kind}|{subject}|{version}|{root}".encode()
