"""What the parts of a track's file have in common when they are read.

One ``Reader`` serves one file: it knows the country's names, understands conditions and triggers,
and remembers which sources were cited. It judges single words; whether the whole holds together
is ``soundness``'s business.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field

from protocols.conditions import Always, Condition
from protocols.country import Country
from protocols.country_file import labels_of
from protocols.grammar import Words, parse
from protocols.law import STEP_WORDS
from protocols.problems import Problems, Spot
from protocols.section import Section
from protocols.working_time import Limit, Unit

_LIMIT = re.compile(r"(\d+) (h|cd|wd)")
_DAYS = {"counted": True, "not counted": False}
_LAST_DAY = {"moves to the next working day": True, "stays": False}


@dataclass(slots=True)
class Reader:
    """What is known while one file is read. ``cited``: source -> where it was first cited."""

    country: Country
    words: Words
    problems: Problems
    cited: dict[str, Spot] = field(default_factory=dict)

    def labels(self, section: Section, name: str) -> dict[str, str]:
        """Text per language, complete for the country's languages."""
        return dict(labels_of(section, name, self.country.languages))

    def sources(self, section: Section, name: str = "sources") -> tuple[str, ...]:
        """The cited sources; each must be in the register, and there must be one."""
        cited = section.words(name)
        for source in cited:
            self.cited.setdefault(source, section.at(name))
            if source not in self.country.sources:
                self.problems.error(
                    section.at(name),
                    f"{section.where} cites '{source}', which is not in the register of sources",
                    "Add it under 'sources:' in country.yaml, or correct the spelling",
                )
        if name in section and not cited:
            self.problems.error(
                section.at(name),
                f"{section.where} cites no source",
                "Name the article it rests on; a proposal cites the register's proposal entry",
            )
        return cited

    def condition(self, section: Section, name: str = "when") -> Condition:
        """The condition under this key; none written means always."""
        text = section.text(name)
        if not text:
            return Always()
        return parse(text, self.words, section.at(name), self.problems)

    def triggers(self, section: Section, name: str, step: str | None = None) -> tuple[str, ...]:
        """What something follows; a step's own word alone ("accepted") is completed."""
        return tuple(
            f"{step} {word}" if step is not None and word in STEP_WORDS else word
            for word in section.words(name)
        )

    def among(
        self, section: Section, name: str, words: Iterable[str], allowed: Iterable[str], what: str
    ) -> None:
        """Every word written under this key must be one of the allowed ones."""
        if name not in section:
            return
        possible = sorted(allowed)
        for word in words:
            if word not in possible:
                self.problems.error(
                    section.at(name),
                    f"'{word}' under '{name}' of {section.where} is no {what}",
                    f"Use one of {', '.join(possible) or '(there are none yet)'}",
                )

    def limit(self, section: Section) -> Limit:
        """``24 h``, ``90 cd`` or ``5 wd``, with what is said of the first and the last day."""
        written = section.text("limit")
        found = _LIMIT.fullmatch(written)
        first = self._said(section, "first_day", _DAYS)
        last = self._said(section, "last_day", _LAST_DAY)
        if found is None:
            self.problems.error(
                section.at("limit"),
                f"'{written}' is no limit: hours (h), calendar days (cd) or working days (wd)",
                "Write it like '24 h', '90 cd' or '5 wd'",
            )
            return Limit(1, Unit.HOURS)
        try:
            return Limit(int(found.group(1)), Unit(found.group(2)), bool(first), last)
        except ValueError as error:
            self.problems.error(section.at("limit"), str(error), "Correct the limit")
            return Limit(1, Unit.HOURS)

    def _said(self, section: Section, name: str, meanings: dict[str, bool]) -> bool | None:
        if name not in section:
            return None
        self.among(section, name, (section.text(name),), meanings, "known wording")
        return meanings.get(section.text(name))
