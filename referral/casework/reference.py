"""Our reference of a case: ``AR-7K3M-Q9TX``, random, readable aloud, with a check character.

Crockford's base 32 (no I, L, O, U); 35 random bits and a Luhn check character over base 32, which
catches any single wrong character and most swaps. It says nothing of when or where.
"""

from __future__ import annotations

import secrets

_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_READ = {letter: n for n, letter in enumerate(_ALPHABET)} | {"I": 1, "L": 1, "O": 0}
_RANDOM = 7


def new_reference(country: str) -> str:
    """A fresh reference for a country (ISO 3166-1 alpha-2)."""
    body = "".join(secrets.choice(_ALPHABET) for _ in range(_RANDOM))
    text = body + _check(body)
    return f"{country}-{text[:4]}-{text[4:]}"


def is_reference(text: str) -> bool:
    """Well formed and with the right check character, however it was typed."""
    country, _, rest = text.strip().upper().partition("-")
    body = rest.replace("-", "").replace(" ", "")
    if len(country) != 2 or len(body) != _RANDOM + 1 or any(c not in _READ for c in body):  # noqa: PLR2004
        return False
    return _READ[body[-1]] == _READ[_check(body[:-1])]


def _check(body: str) -> str:
    total = 0
    for place, letter in enumerate(reversed(body)):
        value = _READ[letter] * (2 if place % 2 == 0 else 1)
        total += value // 32 + value % 32
    return _ALPHABET[-total % 32]
