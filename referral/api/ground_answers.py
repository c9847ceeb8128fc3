"""Why something was asked, is still needed or was not asked: rules and where they are written.

From reasons as they were stored; nothing is decided here.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Self

from referral.api.answers import Answer, Source, Titled
from referral.api.wording import Wording


class Ground(Answer):
    """Why: the rule, and where it is written."""

    step: str
    rule: str
    sources: tuple[Source, ...]

    @classmethod
    def of(cls, reason: Mapping[str, Any], words: Wording) -> Self:
        """From a reason as it is stored."""
        return cls(
            step=reason["step"],
            rule=reason["rule"],
            sources=Source.all(words, reason["sources"]),
        )


class Needed(Answer):
    """A fact that would settle a rule: it was not known, and what is not known opened the step."""

    fact: Titled
    by: str
    ground: Ground


class Withheld(Answer):
    """Who was not asked, and the rule that said no."""

    mandate: Titled
    ground: Ground


def needed_of(rows: Iterable[Mapping[str, Any]], words: Wording) -> tuple[Needed, ...]:
    """Facts that are still needed."""
    return tuple(
        Needed(
            fact=Titled(code=row["fact"], title=words.fact(row["fact"])),
            by=row["by"],
            ground=Ground.of(row["reason"], words),
        )
        for row in rows
    )


def withheld_of(rows: Iterable[Mapping[str, Any]], words: Wording) -> tuple[Withheld, ...]:
    """Mandates that were not asked."""
    return tuple(
        Withheld(
            mandate=Titled(code=row["mandate"], title=words.code(row["mandate"])),
            ground=Ground.of(row["reason"], words),
        )
        for row in rows
    )
