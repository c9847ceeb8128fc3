"""The words in which a condition is written, and how they become a ``Condition``.

    child and not (beneficiary is parent) and (HT is at least possible or urgency is emergency)

    condition  =  choice { "or" choice }             choice  =  term { "and" term }
    term       =  "not" term | "(" condition ")" | question
    question   =  FLAG  |  BAND  |  "child"
               |  FACT "is" CODE { "or" CODE }        a fact with one code
               |  FACT "includes" CODE { "or" CODE }  codes found, or indicators not denied
               |  TOPIC "is" [ "at least" ] RESULT    CL, FL, HT
               |  "reported is" TOPIC  |  "urgency is" LEVEL

Only names of the closed list, of screening and of the track's declared bands are understood; what
else is written is a problem with its place and the list of possible words.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from protocols.conditions import (
    RANKS,
    All,
    Always,
    AnyOf,
    CodeIs,
    Condition,
    FlagIs,
    InBand,
    Includes,
    IsChild,
    Not,
    ReportedIs,
    ResultIs,
    UrgencyIs,
)
from protocols.problems import Problems, Spot

TOPICS = ("CL", "FL", "HT")
URGENCIES = ("emergency", "urgent", "routine")
_WORD = re.compile(r"\(|\)|[^\s()]+")
_RESERVED = frozenset({"and", "or", "not", "is", "includes", "at", "least", "(", ")"})


@dataclass(frozen=True, slots=True)
class FactShape:
    """What the grammar needs of a fact: its type and its codes."""

    type: str
    codes: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Words:
    """The names a condition of this track may use."""

    facts: Mapping[str, FactShape]
    bands: Mapping[str, InBand]


class _Misread(Exception):
    """The text cannot be a condition; carries what is wrong and what would be possible."""

    def __init__(self, message: str, remedy: str) -> None:
        super().__init__(message)
        self.message, self.remedy = message, remedy


def parse(text: str, words: Words, spot: Spot, problems: Problems) -> Condition:
    """The condition, or ``Always`` with a problem added when it cannot be read."""
    reader = _Reader(_WORD.findall(text), words)
    try:
        return reader.whole()
    except _Misread as misread:
        problems.error(
            spot, f"the condition '{text}' cannot be read: {misread.message}", misread.remedy
        )
        return Always()


class _Reader:
    """Reads the words from left to right, one function per line of the grammar above."""

    def __init__(self, found: list[str], words: Words) -> None:
        self._left, self._words = found, words

    def whole(self) -> Condition:
        condition = self._condition()
        if self._left:
            raise _Misread(
                f"'{self._left[0]}' is too much", "Join questions with 'and' or 'or', or remove it"
            )
        return condition

    def _condition(self) -> Condition:
        parts = [self._choice()]
        while self._take("or"):
            parts.append(self._choice())
        return parts[0] if len(parts) == 1 else AnyOf(tuple(parts))

    def _choice(self) -> Condition:
        parts = [self._term()]
        while self._take("and"):
            parts.append(self._term())
        return parts[0] if len(parts) == 1 else All(tuple(parts))

    def _term(self) -> Condition:
        if self._take("not"):
            return Not(self._term())
        if self._take("("):
            inside = self._condition()
            if not self._take(")"):
                raise _Misread("a bracket is not closed", "Add the missing ')'")
            return inside
        return self._question(self._next("a question"))

    def _question(self, name: str) -> Condition:
        if name == "child":
            return IsChild()
        if name in self._words.bands:
            return self._words.bands[name]
        if name == "reported":
            self._expect("is")
            return ReportedIs(self._listed(TOPICS, "a topic"))
        if name == "urgency":
            self._expect("is")
            return UrgencyIs(self._listed(URGENCIES, "a level of urgency"))
        if name in TOPICS:
            return self._result(name)
        if name in self._words.facts:
            return self._fact(name, self._words.facts[name])
        raise _Misread(
            f"'{name}' is no fact of the closed list, no band and no screening topic",
            f"Use one of {_these([*self._words.facts, *self._words.bands, *TOPICS])}",
        )

    def _result(self, topic: str) -> Condition:
        self._expect("is")
        at_least = self._take("at")
        if at_least:
            self._expect("least")
        results = self._listed(RANKS, "a screening result")
        if at_least:
            lowest = min(RANKS[result] for result in results)
            results = frozenset(result for result, rank in RANKS.items() if rank >= lowest)
        return ResultIs(topic, results)

    def _fact(self, name: str, shape: FactShape) -> Condition:
        if shape.type == "flag":
            return FlagIs(name)
        if shape.type == "code":
            self._expect("is")
            return CodeIs(name, self._listed(shape.codes, f"a code of '{name}'"))
        if shape.type in {"codes", "indicators"}:
            self._expect("includes")
            return Includes(name, self._listed(shape.codes, f"a code of '{name}'"))
        raise _Misread(
            f"'{name}' is a {shape.type}: it cannot be asked directly",
            "Declare a band of it under 'bands:' and use the name of the band",
        )

    def _listed(self, allowed: Iterable[str], meant: str) -> frozenset[str]:
        """One word, or several joined by "or" as long as they belong to the list."""
        possible = frozenset(allowed)
        found = [self._next(meant)]
        while self._left[:1] == ["or"] and self._left[1:2] and self._left[1] in possible:
            del self._left[0]
            found.append(self._left.pop(0))
        for word in found:
            if word not in possible:
                raise _Misread(f"'{word}' is not {meant}", f"Use one of {_these(possible)}")
        return frozenset(found)

    def _next(self, meant: str) -> str:
        if not self._left:
            raise _Misread(f"it ends where {meant} is expected", "Complete it")
        if self._left[0] in _RESERVED:
            raise _Misread(f"'{self._left[0]}' stands where {meant} is expected", "Complete it")
        return self._left.pop(0)

    def _take(self, word: str) -> bool:
        if self._left[:1] == [word]:
            del self._left[0]
            return True
        return False

    def _expect(self, word: str) -> None:
        if not self._take(word):
            found = f"'{self._left[0]}'" if self._left else "the end"
            raise _Misread(f"'{word}' is expected and {found} stands there", f"Write '{word}'")


def _these(words: Iterable[str]) -> str:
    return ", ".join(sorted(words))
