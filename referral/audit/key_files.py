"""Private keys of those who sign the log: the log itself, witnesses, custodians.

One line of text, as C2SP signed-note writes it: ``PRIVATE+KEY+name+id+base64(type and seed)``. Where
it is kept is the caller's business; it must never reach a database.
"""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal, Self

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from referral.audit.proof import HASH, Key, ProofError, signed_by

SIGNS: Final = 1
COSIGNS: Final = 4
_PREFIX: Final = "PRIVATE+KEY+"


@dataclass(frozen=True, slots=True)
class SigningKey:
    """A private key with its name; never printed."""

    name: str
    kind: int
    private: Ed25519PrivateKey

    @classmethod
    def new(cls, name: str, kind: Literal[1, 4]) -> Self:
        """A fresh one. Raises ProofError when the name cannot be one."""
        made = cls(name, kind, Ed25519PrivateKey.generate())
        Key.read(str(made.key))
        return made

    @classmethod
    def read(cls, text: str) -> Self:
        """Raises ProofError when it is no private key of this form, or its id is not its own."""
        name, _, rest = text.strip().removeprefix(_PREFIX).partition("+")
        told, _, material = rest.partition("+")
        try:
            raw = base64.b64decode(material, validate=True)
        except (binascii.Error, ValueError):
            raw = b""
        if not text.startswith(_PREFIX) or len(raw) != 1 + HASH or raw[0] not in {SIGNS, COSIGNS}:
            raise ProofError("this is no private key (PRIVATE+KEY+name+id+base64)")
        found = cls(name, raw[0], Ed25519PrivateKey.from_private_bytes(raw[1:]))
        if told != found.key.id.hex():
            raise ProofError(f"the private key of {name} was altered: its id does not fit")
        return found

    @property
    def key(self) -> Key:
        """What others check by."""
        return Key(self.name, self.kind, self.private.public_key().public_bytes_raw())

    def written(self) -> str:
        """The line to keep."""
        material = base64.b64encode(bytes([self.kind]) + self.private.private_bytes_raw()).decode()
        return f"{_PREFIX}{self.name}+{self.key.id.hex()}+{material}\n"

    def __repr__(self) -> str:
        return f"SigningKey({self.name!r})"

    def sign(self, text: str) -> str:
        """A signature line under a note's text."""
        return signed_by(self.private, self.name, text)

    def cosign(self, text: str, at: datetime) -> str:
        """A cosignature line of this moment."""
        return signed_by(self.private, self.name, text, at)
