"""What a mail says: that there is a task, in the reader's language, and nothing else.

Pure. The words stand in ``texts.yaml``. It is handed no case, no kind of act and no name, so that
it cannot tell one.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final
from uuid import UUID

import yaml

FALL_BACK: Final = "en"
_FILE: Final = Path(__file__).parent / "texts.yaml"


@dataclass(frozen=True, slots=True)
class Text:
    """Subject and body, as plain text."""

    subject: str
    body: str


@cache
def texts() -> Mapping[str, Mapping[str, str]]:
    """All languages there are, by ISO 639 code."""
    found: Mapping[str, Mapping[str, str]] = yaml.safe_load(_FILE.read_text("utf-8"))
    return found


def language_for(wanted: str | None, spoken: Iterable[str]) -> str:
    """The language she asked for, else the first of her country's that has texts, else English."""
    known = texts()
    return next((one for one in (wanted, *spoken) if one is not None and one in known), FALL_BACK)


def number_of(letter: UUID) -> str:
    """How people speak of a notice: eight letters and digits, random as the id is."""
    short = letter.hex[:8].upper()
    return f"{short[:4]}-{short[4:]}"


def text_for(
    language: str, letter: UUID, count: int, site: str | None, *, danger: bool = False
) -> Text:
    """The whole mail. ``site``: the service's address, if it has one to be opened from a mail."""
    words = texts()[language]
    subject = words["urgent" if danger else "task"]
    if count > 1 and not danger:
        subject = words["tasks"].format(count=count)
    where = f"{words['sign_in']} {site}/notices" if site else words["not_set_up"]
    lines = (
        f"{subject}.",
        where,
        words["number"].format(number=number_of(letter)),
        words["why_so_short"],
        words["settings"],
    )
    return Text(subject, "\n\n".join(lines) + "\n")
