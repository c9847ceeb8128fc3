"""Standard Webhooks 1.0: what a receiver checks an event by, and the keys for it.

1. ``v1``: HMAC-SHA256 under a secret both sides have (``whsec_``). ``v1a``: Ed25519, whose private
   half never leaves this service; the receiver has the public one (``whpk_``).
2. While keys change, an event carries a signature by each: a receiver may know either.
3. What this file must never know: what is signed, and for whom.
"""

from __future__ import annotations

import base64
import os
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Final, Self

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from standardwebhooks import Webhook

_BYTES: Final = 32  # the specification asks for 24 to 64


class Scheme(StrEnum):
    """How an event is signed."""

    ED25519 = "v1a"
    HMAC = "v1"


_PRIVATE: Final = {Scheme.HMAC: "whsec_", Scheme.ED25519: "whsk_"}


@dataclass(frozen=True, slots=True)
class Key:
    """One key of one endpoint; ``secret`` is 32 bytes: of HMAC, or an Ed25519 seed."""

    scheme: Scheme
    secret: bytes = field(repr=False)

    @classmethod
    def new(cls, scheme: Scheme) -> Self:
        """A fresh one."""
        return cls(scheme, os.urandom(_BYTES))

    @classmethod
    def read(cls, text: str) -> Self:
        """As ``text`` wrote it; raises ValueError."""
        for scheme, prefix in _PRIVATE.items():
            if text.startswith(prefix):
                return cls(scheme, base64.b64decode(text.removeprefix(prefix), validate=True))
        raise ValueError("no key of a webhook")

    @property
    def text(self) -> str:
        """``whsec_…`` or ``whsk_…``: to be kept sealed."""
        return _PRIVATE[self.scheme] + base64.b64encode(self.secret).decode()

    @property
    def public(self) -> str | None:
        """``whpk_…``, by which anybody can check; None where both sides share a secret."""
        if self.scheme is Scheme.HMAC:
            return None
        raw = Ed25519PrivateKey.from_private_bytes(self.secret).public_key().public_bytes_raw()
        return "whpk_" + base64.b64encode(raw).decode()

    def sign(self, letter: str, at: datetime, body: str) -> str:
        """The signature over id, moment (seconds) and exactly this body."""
        if self.scheme is Scheme.HMAC:
            return Webhook(self.secret).sign(letter, at, body)
        signed = f"{letter}.{int(at.timestamp())}.{body}".encode()
        made = Ed25519PrivateKey.from_private_bytes(self.secret).sign(signed)
        return f"v1a,{base64.b64encode(made).decode()}"


def headers(keys: Iterable[Key], letter: str, at: datetime, body: str) -> dict[str, str]:
    """The three headers of an attempt made now; ``letter`` is the same over all attempts."""
    return {
        "webhook-id": letter,
        "webhook-timestamp": str(int(at.timestamp())),
        "webhook-signature": " ".join(key.sign(letter, at, body) for key in keys),
    }
