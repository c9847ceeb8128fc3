"""Conditions, triggers, mandates and limits in words, in one language.

The words stand in ``explain.yaml`` and in the labels of the country and of the closed list; here
they are only put together. Nothing is decided.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from protocols.conditions import (
    All,
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
from protocols.country import Country, said
from protocols.document import plain_file
from protocols.law import STEP_WORDS
from protocols.protocol import Protocol
from protocols.vocabulary import Vocabulary
from protocols.working_time import Limit


@cache
def phrases(language: str) -> Mapping[str, Any]:
    """The phrases of this language, in English where there are none."""
    blocks: Mapping[str, Mapping[str, Any]] = plain_file(Path(__file__).with_name("explain.yaml"))
    return blocks.get(language, blocks["en"])


class Words:
    """The phrases of one language, whatever is said with them."""

    __slots__ = ()

    language: str

    def phrase(self, name: str, **places: object) -> str:
        """A phrase with its places filled."""
        return str(phrases(self.language)[name]).format(**places)

    def word(self, group: str, name: str, **places: object) -> str:
        """A word of a group (a kind, a basis, a role); the name itself if there is none."""
        return str(phrases(self.language)[group].get(name, name)).format(**places)

    def drawn(self, name: str, **places: object) -> str:
        """A word of the drawings."""
        return self.word("drawing", name, **places)

    def guided(self, name: str, **places: object) -> str:
        """A word of the local guide."""
        return self.word("guide", name, **places)

    def replayed(self, name: str, **places: object) -> str:
        """A word of a replay."""
        return self.word("replay", name, **places)

    def compared(self, name: str, **places: object) -> str:
        """A word of a comparison."""
        return self.word("compare", name, **places)

    def label(self, labels: Mapping[str, str]) -> str:
        """A label in this language."""
        return said(labels, self.language)

    def listed(self, words: Iterable[str], joined: str = "or") -> str:
        """Words joined by "or" (or "and")."""
        return self.word("logic", joined).join(words)

    def limit(self, limit: Limit) -> str:
        """``24 hours, nights and holidays included``."""
        return self._amount("units", limit)

    def short_limit(self, limit: Limit) -> str:
        """``24 h``."""
        return self._amount("units_short", limit)

    def _amount(self, group: str, limit: Limit) -> str:
        unit = f"{limit.unit}_1" if limit.amount == 1 else str(limit.unit)
        known = unit if unit in phrases(self.language)[group] else str(limit.unit)
        return self.word(group, known, n=limit.amount)


@dataclass(frozen=True, slots=True)
class Language(Words):
    """The phrases of one language, where no protocol is spoken of."""

    language: str


@dataclass(frozen=True, slots=True)
class Speaker(Words):
    """Says the parts of one protocol in one language."""

    protocol: Protocol
    country: Country
    vocabulary: Vocabulary
    language: str

    def mandate(self, name: str) -> str:
        """A mandate or role in words."""
        if name in phrases(self.language)["roles"]:
            return self.word("roles", name)
        return self.country.label(name, self.language)

    def trigger(self, trigger: str) -> str:
        """What something follows, as half a sentence."""
        name, _, word = trigger.partition(" ")
        if trigger in self.protocol.events:
            return self.label(self.protocol.events[trigger].title)
        if not word:
            return self.word("words", name)
        if word in STEP_WORDS or word == "lapsed":
            return self.word("words", word, step=name)
        outcome = self.country.label(word, self.language)
        return self.word("words", "outcome", step=name, outcome=outcome)

    def condition(self, condition: Condition) -> str:
        """A condition in words; brackets where they are needed."""
        match condition:
            case Not():
                return self.word("logic", "not", part=self.condition(condition.part))
            case All():
                return self.listed((self._inner(part) for part in condition.parts), "and")
            case AnyOf():
                return self.listed(self._inner(part) for part in condition.parts)
            case FlagIs() | CodeIs() | Includes() | InBand():
                return self._recorded(condition)
            case _:
                return self._screened(condition)

    def _recorded(self, condition: FlagIs | CodeIs | Includes | InBand) -> str:
        fact = self._fact(condition.fact)
        match condition:
            case CodeIs() | Includes():
                codes = self.listed(self._codes(condition.fact, condition.codes))
                return self.word("logic", "is", fact=fact, codes=codes)
            case InBand():
                low, high = condition.low, condition.high
                return self.word("logic", "band", fact=fact, low=low, high=high)
            case _:
                return fact

    def _inner(self, part: Condition) -> str:
        words = self.condition(part)
        return f"({words})" if isinstance(part, All | AnyOf) else words

    def _screened(self, condition: Condition) -> str:
        match condition:
            case IsChild():
                return self.word("logic", "child")
            case ResultIs():
                results = self.listed(self._words("results", condition.results))
                topic = self.word("topics", condition.topic)
                return self.word("logic", "result", topic=topic, results=results)
            case ReportedIs():
                topics = self.listed(self._words("topics", condition.topics))
                return self.word("logic", "reported", topics=topics)
            case UrgencyIs():
                levels = self.listed(self._words("urgencies", condition.levels))
                return self.word("logic", "urgency", levels=levels)
            case _:
                return self.word("logic", "always")

    def _words(self, group: str, chosen: frozenset[str]) -> list[str]:
        """The chosen words, in the order of the phrases' own list."""
        known = phrases(self.language)[group]
        return [str(known[name]) for name in known if name in chosen]

    def _fact(self, name: str) -> str:
        return self.vocabulary[name].label(self.language)

    def _codes(self, fact: str, chosen: frozenset[str]) -> list[str]:
        codes = self.vocabulary[fact].codes
        return [code.label(self.language) for code in codes if code.code in chosen]
