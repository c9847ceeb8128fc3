"""How wide a text will be, and where it breaks: no font is at hand, so letters are classed.

Widths are those of common sans-serif fonts, a little on the wide side: a text that is thought too
wide leaves a margin, one that is thought too narrow leaves the box.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator

_NARROW = frozenset("iIjl.,:;'|!()[]{}·’ftr1 -/")
_WIDE = frozenset("mwMW%@—…")
_SPACELESS = "\u0e00", "\u0e7f"  # Thai is written without spaces; a line may end at any letter


def width(text: str, size: float) -> float:
    """The width of one line in this size."""
    return sum(_share(letter) for letter in text) * size


def wrapped(text: str, size: float, room: float, most: int) -> tuple[str, ...]:
    """The text in lines no wider than ``room``; what goes beyond ``most`` lines ends in "…"."""
    lines: list[str] = []
    for part in _parts(text):
        if lines and width((lines[-1] + part).rstrip(), size) <= room:
            lines[-1] += part
        else:
            lines.append(part)
    whole = [line.strip() for line in lines]
    if len(whole) <= most:
        return tuple(whole)
    cut = whole[most - 1]
    while cut and width(f"{cut} …", size) > room:
        before, _, _ = cut.rpartition(" ")
        cut = before or cut[:-1]
    return (*whole[: most - 1], f"{cut} …")


def _share(letter: str) -> float:
    if unicodedata.category(letter) == "Mn":  # vowels and tones above and below a letter
        return 0.0
    if letter in _NARROW:
        return 0.34
    if letter in _WIDE:
        return 0.92
    return 0.68 if letter.isupper() else 0.58


def _parts(text: str) -> Iterator[str]:
    """Pieces that stay together: words with the space after them, Thai letters with their marks."""
    piece = ""
    for letter in text:
        if piece and (piece[-1] == " " or _may_end(piece[-1], letter)):
            yield piece
            piece = ""
        piece += letter
    if piece:
        yield piece


def _may_end(before: str, letter: str) -> bool:
    """Between two Thai letters, but never before a mark, nor after a vowel written in front."""
    first, last = _SPACELESS
    thai = first <= before <= last and first <= letter <= last
    return thai and unicodedata.category(letter) != "Mn" and before not in "เแโใไ"
