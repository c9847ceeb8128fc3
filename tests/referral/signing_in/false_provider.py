"""An identity provider of a few lines that says whatever it is told to: lies, or nothing."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from joserfc import jwk, jws

from tests.listening import HANGS, Asked, answering

Claims = dict[str, Any]


def letters(value: Any) -> str:
    """JSON as a part of a token."""
    text = value if isinstance(value, bytes) else json.dumps(value).encode()
    return base64.urlsafe_b64encode(text).rstrip(b"=").decode()


@dataclass(slots=True)
class FalseProvider:
    """``sign`` makes the token of the claims; ``answer`` may say something else altogether."""

    key: jwk.RSAKey = field(
        default_factory=lambda: jwk.RSAKey.generate_key(2048, {"kid": "known"}, private=True)
    )
    issuer: str = ""
    claims: Claims = field(default_factory=dict)
    nonce: str = ""
    sign: Callable[[FalseProvider, Claims], str] | None = None
    described: Mapping[str, Any] = field(default_factory=dict)
    answers: dict[str, tuple[int, bytes, dict[str, str]]] = field(default_factory=dict)
    asked: list[tuple[str, str]] = field(default_factory=list)  # path, body
    hangs: bool = False

    @property
    def description(self) -> dict[str, Any]:
        return {
            "issuer": self.issuer,
            "authorization_endpoint": f"{self.issuer}/auth",
            "token_endpoint": f"{self.issuer}/token",
            "jwks_uri": f"{self.issuer}/jwks",
            **self.described,
        }

    def token(self, claims: Claims, header: dict[str, Any] | None = None, key: Any = None) -> str:
        """An honest token, or one with this header or by this key."""
        head = {"alg": "RS256", "kid": "known", **(header or {})}
        registry = jws.JWSRegistry(algorithms=[head["alg"]], strict_check_header=False)
        payload = json.dumps(claims).encode()
        return jws.serialize_compact(head, payload, key or self.key, registry=registry)

    def _of(self, path: str) -> tuple[int, bytes, dict[str, str]]:
        if path in self.answers:
            return self.answers[path]
        if path == "/.well-known/openid-configuration":
            told: Any = self.description
        elif path == "/jwks":
            told = {"keys": [{**self.key.as_dict(private=False), "use": "sig"}]}
        else:
            made = self.sign(self, self.claims) if self.sign else self.token(self.claims)
            told = {"access_token": "opaque", "token_type": "Bearer", "id_token": made}
        return 200, json.dumps(told).encode(), {"Content-Type": "application/json"}

    def answer(self, asked: Asked) -> bytes:
        """What it says to one request; nothing while it hangs."""
        path = asked.line.split(" ")[1]
        self.asked.append((path, asked.body))
        if self.hangs:
            return HANGS
        status, content, headers = self._of(path)
        told = {**headers, "Connection": "close"}
        return answering(f"{status} .", *(f"{k}: {v}" for k, v in told.items()), body=content)
