"""One-time codes of an authenticator app (TOTP): a new secret, its address, the right code.

1. The secret is the caller's to seal; it is shown once, while it is being enrolled.
2. A code is answered by the time step it belongs to, so that whoever stores the last one can refuse
   it, and every earlier one, a second time.
3. What this file must never know: members, storage, pages.

Sources: RFC 6238 (30 seconds, SHA-1: what every app can do), RFC 4226 4 (160 bits of secret).
"""

from __future__ import annotations

import re
from datetime import datetime
from typing import Final

import pyotp
from pyotp.exceptions import OTPVerificationError

ISSUER: Final = "Case referral"
WINDOW: Final = 1  # steps to either side: a telephone's clock is seldom half a minute off
_CODE: Final = re.compile(r"[0-9]{6}")


def new_secret() -> str:
    """160 random bits in base32, as apps read them."""
    return pyotp.random_base32()


def address_of(secret: str, user_name: str) -> str:
    """What an app reads from the picture: ``otpauth://totp/…``."""
    return pyotp.TOTP(secret).provisioning_uri(name=user_name, issuer_name=ISSUER)


def spelled(secret: str) -> str:
    """The secret in groups of four, to be typed by hand."""
    return " ".join(secret[at : at + 4] for at in range(0, len(secret), 4))


def step_of(secret: str, given: str, now: datetime) -> int | None:
    """The time step ``given`` is the code of, at most one away from ``now``; None when of none."""
    code = given.replace(" ", "")
    if not _CODE.fullmatch(code):
        return None
    try:
        return pyotp.TOTP(secret).verify_and_get_timecode(code, for_time=now, valid_window=WINDOW)
    except OTPVerificationError:
        return None
