"""The key keeper of OpenBao and HashiCorp Vault: the transit secrets engine over HTTPS.

A root key is sealed under a key that never leaves the keeper; this installation is known there by
a token that may encrypt and decrypt with that one key, and nothing else. Asked at a start and at a
rotation only, so a keeper that is down later stops nobody.

Source: https://openbao.org/api-docs/secret/transit/ (encrypt data, decrypt data).
"""

from __future__ import annotations

import base64
import json
from typing import Any, Final
from urllib.error import HTTPError, URLError
from urllib.parse import quote, urlsplit
from urllib.request import HTTPRedirectHandler, ProxyHandler, Request, build_opener

from referral.settings import LOOPBACK
from referral.vault.root_keys import KeeperDownError

_SECONDS: Final = 10
_LONGEST: Final = 100_000  # bytes; an answer has some hundred


class _NoRedirects(HTTPRedirectHandler):
    """A keeper that sends us elsewhere would have our token sent there too."""

    def redirect_request(self, *_: Any) -> None:
        """Never."""


class Transit:
    """One key of a transit engine; ``address`` with its mount, as ``https://bao.example/v1/transit``."""

    name: Final = "transit"

    def __init__(self, address: str, key: str, token: str) -> None:
        """Take the address, the key's name and a token; raises ValueError for an open address."""
        parts = urlsplit(address)
        if parts.scheme != "https" and parts.hostname not in LOOPBACK:
            message = (
                "REFERRAL_KEY_KEEPER_URL must begin with https://: a root key would pass the "
                "network in clear."
            )
            raise ValueError(message)
        self._address, self._key, self._token = address.rstrip("/"), quote(key, safe=""), token

    def seal(self, clear: bytes) -> str:
        """The keeper's ciphertext, as ``vault:v1:…``."""
        asked = {"plaintext": base64.b64encode(clear).decode()}
        return self._asked("encrypt", asked, "ciphertext")

    def open(self, sealed: str) -> bytes:
        """What was sealed; raises ValueError when the keeper refuses it."""
        return base64.b64decode(
            self._asked("decrypt", {"ciphertext": sealed}, "plaintext"), validate=True
        )

    def _asked(self, act: str, body: dict[str, str], wanted: str) -> str:
        request = Request(  # noqa: S310 - https or loopback, see __init__
            f"{self._address}/{act}/{self._key}",
            data=json.dumps(body).encode(),
            headers={"X-Vault-Token": self._token, "Content-Type": "application/json"},
            method="POST",
        )
        try:
            with build_opener(ProxyHandler({}), _NoRedirects).open(
                request, timeout=_SECONDS
            ) as answer:
                return str(json.loads(answer.read(_LONGEST))["data"][wanted])
        except HTTPError as fault:
            raise self._refused(act, fault.code) from None
        except (URLError, OSError) as fault:
            host = urlsplit(self._address).netloc
            message = f"the key keeper at {host} cannot be reached ({fault}). Nothing was changed."
            raise KeeperDownError(message) from None
        except (KeyError, TypeError, ValueError):
            raise ValueError("the key keeper gave an answer that is none of its kind") from None

    def _refused(self, act: str, status: int) -> Exception:
        host = urlsplit(self._address).netloc
        if status >= 500:  # noqa: PLR2004 - RFC 9110 15.6: the fault is on its side (503: it is sealed)
            return KeeperDownError(
                f"the key keeper at {host} answers {status}: it is sealed or out of order."
            )
        return ValueError(
            f"the key keeper at {host} refuses to {act} ({status}): see that the token may, and "
            "that the key is the one it was sealed with"
        )
