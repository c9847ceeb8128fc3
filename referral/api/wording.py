"""Codes in words: steps, mandates, reasons, facts and sources as a person reads them.

Answers name things by code (so that they can be stored and given again); doors add the words in the
reader's language, taken from the country's own files. This must never know who is reading or why.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property

from protocols.catalogue import Catalogue
from protocols.country import Country, said
from protocols.law import Source, Step
from protocols.spoken import Speaker
from protocols.vocabulary import Vocabulary, load_vocabulary
from referral.session import Pinned, law_of


def language_of(accepted: str | None, offered: Iterable[str]) -> str:
    """The first offered language of an Accept-Language header, in the header's order.

    Weights are read as order only: a browser writes its favourite first. Nothing fits: the first
    offered one, which is the country's own.
    """
    known = list(offered)
    for part in (accepted or "").split(",")[:20]:
        tag = part.partition(";")[0].strip().lower().partition("-")[0]
        if tag in known:
            return tag
    return known[0] if known else "en"


@dataclass(frozen=True)
class Wording:
    """The words of one country in one language."""

    catalogue: Catalogue
    iso2: str
    language: str

    @classmethod
    def of(cls, catalogue: Catalogue, iso2: str, accepted: str | None) -> Wording:
        """Words of a country, in the language the reader asked for if the country has it."""
        country = catalogue.country(iso2)
        return cls(catalogue, iso2, language_of(accepted, country.languages))

    @cached_property
    def country(self) -> Country:
        """Mandates, coded lists and the register of sources."""
        return self.catalogue.country(self.iso2)

    @cached_property
    def _facts(self) -> Vocabulary:
        return load_vocabulary()

    def track(self, of: Pinned) -> str:
        """The track's title as the version has it that this is pinned to, or its code."""
        found = law_of(self.catalogue, self.iso2, of)
        return said(found.title, self.language) if found else of.track

    def step(self, of: Pinned, step: str) -> str:
        """A step's title in that version, or its code."""
        found = self.step_of(of, step)
        return said(found.title, self.language) if found else step

    def instruction(self, of: Pinned, step: str) -> str | None:
        """What whoever receives this step is told to do, if that version says."""
        found = self.step_of(of, step)
        return said(found.instruction, self.language) or None if found else None

    def at_limit(self, of: Pinned, clock: str) -> tuple[str, ...]:
        """What may lawfully be done when this limit is reached, as that version says it."""
        found = law_of(self.catalogue, self.iso2, of)
        known = found.clocks.get(clock) if found else None
        if found is None or known is None:
            return ()
        speaker = Speaker(found, self.country, self._facts, self.language)
        return tuple(speaker.trigger(word) for word in known.at_limit)

    def step_of(self, of: Pinned, step: str) -> Step | None:
        """The step as the version has it that this is pinned to."""
        found = law_of(self.catalogue, self.iso2, of)
        return found.steps.get(step) if found else None

    def said(self, labels: Mapping[str, str]) -> str:
        """A text given in several languages."""
        return said(labels, self.language)

    def code(self, code: str) -> str:
        """A mandate, reason, outcome or document in words."""
        return self.country.label(code, self.language)

    def fact(self, name: str) -> str:
        """A fact of the closed list in words."""
        return self._facts[name].label(self.language) if name in self._facts else name

    def sources(self, ids: Iterable[str]) -> list[Source]:
        """The entries of the country's register behind these ids, in their order."""
        return [self.country.sources[one] for one in ids if one in self.country.sources]
