"""Root keys: how they are kept, opened by a key keeper (a key service), followed by the next one.

A text of one line each, ``NUMBER KEY``; a line of its own with a key only is number 1. The key is
base64 of 32 bytes, in clear (development, or a secret store that is trusted with it), or
``SERVICE:SEALED`` where a key keeper must open it at every start: then a copied file, disk or
backup opens nothing. The newest number wraps; older ones still open. This file must never know
what the keys are for.
"""

from __future__ import annotations

import base64
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final, Protocol

_BYTES: Final = 32
_HOW: Final = "Make one with `openssl rand -base64 32`."
_LARGEST: Final = 2**32 - 1  # the number stands in four bytes before what it wraps


class KeyKeeper(Protocol):
    """Seals and opens root keys with a key that never leaves it.

    Raises KeeperDownError when it cannot be asked, ValueError when it will not.
    """

    @property
    def name(self) -> str:
        """What stands before the colon; small letters."""

    def seal(self, clear: bytes) -> str:
        """Text without white space that only this keeper opens."""

    def open(self, sealed: str) -> bytes:
        """What was sealed."""


class KeeperDownError(Exception):
    """The key keeper cannot be reached; the text says which and what to look at."""


@dataclass(frozen=True, slots=True)
class RootKey:
    """One line: ``keeper`` is None for a key in clear."""

    number: int
    keeper: str | None
    text: str

    def line(self) -> str:
        """As it stands in the file."""
        return (
            f"{self.number} {self.keeper}:{self.text}"
            if self.keeper
            else f"{self.number} {self.text}"
        )

    def __repr__(self) -> str:
        """Never the key: a repr ends up in logs."""
        return f"RootKey({self.number}, {self.keeper})"


def read(text: str) -> tuple[RootKey, ...]:
    """The root keys of a file; raises ValueError with the line, never with its content."""
    lines = [(n, line.split()) for n, line in enumerate(text.splitlines(), 1) if line.strip()]
    found = tuple(_read_line(n, words) for n, words in lines)
    numbers = [key.number for key in found]
    twice = sorted({number for number in numbers if numbers.count(number) > 1})
    if twice:
        raise ValueError(f"root key {twice[0]} stands there twice: one of the lines must go.")
    if not found:
        raise ValueError(not_a_key(None, {}))
    return found


def _read_line(at: int, words: list[str]) -> RootKey:
    number, key = ("1", words[0]) if len(words) == 1 else (words[0], words[-1])
    if len(words) > 2 or not number.isdecimal() or not 0 < int(number) <= _LARGEST:  # noqa: PLR2004 - NUMBER KEY
        raise ValueError(f"line {at} is not `NUMBER KEY`. {_HOW}")
    keeper, colon, sealed = key.partition(":")
    return RootKey(int(number), keeper, sealed) if colon else RootKey(int(number), None, key)


def opened(keys: tuple[RootKey, ...], keepers: Mapping[str, KeyKeeper]) -> dict[int, bytes]:
    """Root keys by number, each checked; raises ValueError, KeeperDownError."""
    return {key.number: _opened(key, keepers) for key in keys}


def _opened(key: RootKey, keepers: Mapping[str, KeyKeeper]) -> bytes:
    if key.keeper is not None and key.keeper not in keepers:
        raise ValueError(
            f"root key {key.number} is sealed by the key keeper “{key.keeper}”, which is not set "
            "up here. Set REFERRAL_KEY_KEEPER and its address."
        )
    try:
        found = (
            base64.b64decode(key.text, validate=True)
            if key.keeper is None
            else keepers[key.keeper].open(key.text)
        )
    except ValueError as fault:
        raise ValueError(f"root key {key.number} cannot be read: {fault}. {_HOW}") from None
    if len(found) != _BYTES:
        raise ValueError(not_a_key(key.number, {key.number: found}))
    return found


def not_a_key(number: int | None, keys: Mapping[int, bytes]) -> str:
    """What is wrong with these keys, in words."""
    if number is None:
        return f"there is no root key. {_HOW}"
    return f"root key {number} has {len(keys[number])} bytes instead of {_BYTES}. {_HOW}"


def following(
    keys: tuple[RootKey, ...],
    keeper: KeyKeeper | None,
    random: Callable[[int], bytes] = os.urandom,
) -> RootKey:
    """A fresh root key with the next number, sealed if there is a keeper."""
    number, clear = max((key.number for key in keys), default=0) + 1, random(_BYTES)
    if keeper is None:
        return RootKey(number, None, base64.b64encode(clear).decode())
    return RootKey(number, keeper.name, keeper.seal(clear))


def written(keys: tuple[RootKey, ...]) -> str:
    """The whole file, oldest first."""
    return "".join(f"{key.line()}\n" for key in sorted(keys, key=lambda key: key.number))
