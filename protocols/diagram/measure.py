"""How wide a text will be, and where it breaks: no font is at hand, so letters are classed.

Widths are those of common sans-serif fonts, a little on the wide side: a text that is thought too
wide leaves a margin, one that is thought too narrow leaves the box.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator

_NARROW = frozenset("iIjl.,:;'|!()[]{}·’ftr1 -/")
_WIDE = frozenset("mwMW%@—…")
# Thai is written without spaces. Where a syllable begins for certain, a line may end: before a
# vowel that is written in front, and before a consonant with a vowel above, below or behind it,
# unless it may be the second of two that belong together.
_IN_FRONT = frozenset("เแโใไ")
_WITH_CONSONANT = frozenset("ะัาำิีึืุู")
_FIRST_CONSONANT, _LAST_CONSONANT = "ก", "ฮ"
_SECOND, _LEADING = frozenset("รลว"), frozenset("หอ")


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
    """Pieces that stay together: words with the space after them, Thai syllables."""
    begun = 0
    for at in range(1, len(text)):
        if text[at - 1] == " " or _begins_syllable(text, at):
            yield text[begun:at]
            begun = at
    if text:
        yield text[begun:]


def _begins_syllable(text: str, at: int) -> bool:
    """Whether a Thai syllable begins here for certain, within a word."""
    before, letter, after = text[at - 1], text[at], text[at + 1 : at + 2]
    if before in _IN_FRONT or not _thai(before):
        return False
    if letter in _IN_FRONT:
        return True
    consonant = _FIRST_CONSONANT <= letter <= _LAST_CONSONANT and letter not in _SECOND
    return consonant and before not in _LEADING and after in _WITH_CONSONANT


def _thai(letter: str) -> bool:
    return "\u0e00" <= letter <= "\u0e7f"
