"""An authenticator in software: makes passkeys, answers challenges, and lies when told to."""

from __future__ import annotations

import hashlib
import json
import secrets
import struct
from base64 import urlsafe_b64encode
from dataclasses import dataclass, field
from typing import Any

import cbor2
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256

PRESENT, VERIFIED, ATTESTED = 0x01, 0x04, 0x40


def text(raw: bytes) -> str:
    """Base64 for addresses, without padding."""
    return urlsafe_b64encode(raw).rstrip(b"=").decode()


@dataclass(slots=True)
class Authenticator:
    """One device with one passkey. What it is told to be (site, origin, counter) it says."""

    rp_id: str = "referral.example"
    origin: str = "https://referral.example"
    count: int = 0
    flags: int = PRESENT | VERIFIED
    handle: bytes | None = None
    id: bytes = field(default_factory=lambda: secrets.token_bytes(32))
    key: ec.EllipticCurvePrivateKey = field(
        default_factory=lambda: ec.generate_private_key(ec.SECP256R1())
    )

    def make(self, question: dict[str, Any]) -> str:
        """A new passkey, as the browser sends it."""
        numbers = self.key.public_key().public_numbers()
        x, y = (n.to_bytes(32, "big") for n in (numbers.x, numbers.y))
        cose = cbor2.dumps({1: 2, 3: -7, -1: 1, -2: x, -3: y})
        attested = bytes(16) + struct.pack(">H", len(self.id)) + self.id + cose
        said = self._said(ATTESTED) + attested
        attestation = cbor2.dumps({"fmt": "none", "attStmt": {}, "authData": said})
        client = self._client("webauthn.create", question["challenge"])
        return self._answer(clientDataJSON=client, attestationObject=attestation)

    def prove(self, question: dict[str, Any], *, key: Any = None) -> str:
        """An answer to a challenge; the counter moves on, if it counts at all."""
        self.count += 1 if self.count else 0
        client = self._client("webauthn.get", question["challenge"])
        said = self._said(0)
        signed = (key or self.key).sign(said + hashlib.sha256(client).digest(), ec.ECDSA(SHA256()))
        more = {"userHandle": self.handle} if self.handle else {}
        return self._answer(clientDataJSON=client, authenticatorData=said, signature=signed, **more)

    def _said(self, more: int) -> bytes:
        site = hashlib.sha256(self.rp_id.encode()).digest()
        return site + struct.pack(">BI", self.flags | more, self.count)

    def _client(self, kind: str, challenge: str) -> bytes:
        told = {"type": kind, "challenge": challenge, "origin": self.origin, "crossOrigin": False}
        return json.dumps(told).encode()

    def _answer(self, **response: bytes) -> str:
        told = {name: text(raw) for name, raw in response.items()}
        known = text(self.id)
        return json.dumps({"id": known, "rawId": known, "type": "public-key", "response": told})
