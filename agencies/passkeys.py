"""Passkeys: what a browser is asked, and whether what it answers is good.

1. User verification is required each time: a passkey is two factors in one, or it is nothing.
2. Challenge, origin and relying party are the caller's; a challenge is good for one answer.
3. The counter is compared where it is stored, in the statement that moves it on.
4. What this file must never know: who is signed in, storage, pages.

Source: W3C Web Authentication Level 3, sections 7.1 and 7.2.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

import webauthn
from webauthn.helpers import parse_authentication_credential_json
from webauthn.helpers.exceptions import WebAuthnException
from webauthn.helpers.structs import (
    AuthenticatorSelectionCriteria,
    PublicKeyCredentialDescriptor,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

NAME: Final = "Case referral"
_PATIENCE: Final = 120_000  # milliseconds a browser waits for its owner
_LONGEST: Final = 16_000  # characters of an answer; real ones have two thousand
_ALWAYS: Final = UserVerificationRequirement.REQUIRED
# What the library lets through when an answer is nonsense; each means the same: no.
_NONSENSE: Final = (WebAuthnException, ValueError, LookupError, TypeError, RecursionError)


@dataclass(frozen=True, slots=True)
class Site:
    """Whom a passkey is for: ``id`` is the host's name, ``origin`` the address with its scheme."""

    id: str
    origin: str


@dataclass(frozen=True, slots=True)
class Enrolled:
    """A new passkey."""

    credential_id: bytes
    public_key: bytes
    count: int


@dataclass(frozen=True, slots=True)
class Claimed:
    """An answer as it came in, before anything of it is believed."""

    credential_id: bytes
    user_handle: bytes | None
    text: str


def new_challenge() -> bytes:
    """512 random bits."""
    return secrets.token_bytes(64)


def to_enrol(
    site: Site, challenge: bytes, member: UUID, user_name: str, name: str, held: Sequence[bytes]
) -> str:
    """What the browser is asked when a passkey is made (JSON); ``held`` are not made twice."""
    return webauthn.options_to_json(
        webauthn.generate_registration_options(
            rp_id=site.id,
            rp_name=NAME,
            user_id=member.bytes,
            user_name=user_name,
            user_display_name=name,
            challenge=challenge,
            timeout=_PATIENCE,
            authenticator_selection=AuthenticatorSelectionCriteria(
                resident_key=ResidentKeyRequirement.REQUIRED, user_verification=_ALWAYS
            ),
            exclude_credentials=[PublicKeyCredentialDescriptor(id=one) for one in held],
        )
    )


def to_prove(site: Site, challenge: bytes, held: Sequence[bytes] = ()) -> str:
    """What the browser is asked when somebody signs in (JSON); none ``held``: any passkey does."""
    return webauthn.options_to_json(
        webauthn.generate_authentication_options(
            rp_id=site.id,
            challenge=challenge,
            timeout=_PATIENCE,
            allow_credentials=[PublicKeyCredentialDescriptor(id=one) for one in held],
            user_verification=_ALWAYS,
        )
    )


def enrolled(site: Site, challenge: bytes, answer: str) -> Enrolled | None:
    """The passkey that was made; None when the answer is not to our question, or cannot be read."""
    if len(answer) > _LONGEST:
        return None
    try:
        found = webauthn.verify_registration_response(
            credential=answer,
            expected_challenge=challenge,
            expected_rp_id=site.id,
            expected_origin=site.origin,
            require_user_verification=True,
        )
    except _NONSENSE:
        return None
    return Enrolled(found.credential_id, found.credential_public_key, found.sign_count)


def claimed(answer: str) -> Claimed | None:
    """Which passkey an answer says it is of; None when it cannot be read."""
    if len(answer) > _LONGEST:
        return None
    try:
        found = parse_authentication_credential_json(answer)
    except _NONSENSE:
        return None
    return Claimed(found.raw_id, found.response.user_handle, answer)


def count_of(site: Site, challenge: bytes, answer: Claimed, public_key: bytes) -> int | None:
    """The authenticator's counter when the answer is good, else None.

    The counter stored is not handed in: whether it went forward is decided where it is stored.
    """
    try:
        found = webauthn.verify_authentication_response(
            credential=answer.text,
            expected_challenge=challenge,
            expected_rp_id=site.id,
            expected_origin=site.origin,
            credential_public_key=public_key,
            credential_current_sign_count=0,
            require_user_verification=True,
        )
    except _NONSENSE:
        return None
    return found.new_sign_count
