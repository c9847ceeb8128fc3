"""The closed list of facts, and the way from JSON to facts and back.

1. What is not in the list cannot be recorded: an unknown name is refused with the allowed ones, so
   that a typing error never becomes a missing fact. All problems are reported at once.
2. A country may add facts; it may not redefine one.
3. What this file must not know: what a fact leads to (screening, tracks), forms, databases, people.

The list itself is ``vocabulary.yaml``, with labels and hints per language beside each entry; what
countries add stands in their ``facts.yaml``, and what is recorded may come from either.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from protocols.ages import AGE_BANDS, band_of
from protocols.country_facts import OwnFact, facts_beside
from protocols.document import plain_file
from protocols.entries import Code, Entry, FactType, Scope, VocabularyFault, entries_from
from protocols.fact_values import FactProblem, dump_value, escaped, read_value
from protocols.facts import Facts
from protocols.problems import Problems

if TYPE_CHECKING:
    from protocols.facts import Group, Value

COUNTRIES = Path(__file__).parent / "countries"

__all__ = [
    "Code",
    "Entry",
    "FactProblem",
    "FactType",
    "Scope",
    "Vocabulary",
    "VocabularyFault",
    "load_vocabulary",
]


class Vocabulary:
    """The facts that may be recorded: the common list plus what one country declares."""

    def __init__(self, entries: tuple[Entry, ...], extra: tuple[Entry, ...] = ()) -> None:
        """Raises VocabularyFault when ``extra`` names a fact of the common list again."""
        common = {entry.name for entry in entries}
        if twice := [entry.name for entry in extra if entry.name in common]:
            raise VocabularyFault(
                f"fact '{name}': the common list has it already; use it, or choose another name"
                for name in twice
            )
        self.entries: Mapping[str, Entry] = MappingProxyType(
            {entry.name: entry for entry in (*entries, *extra)}
        )

    def extended(self, mapping: Mapping[str, Mapping[str, Any]]) -> Vocabulary:
        """This list and a country's own facts, written as in ``vocabulary.yaml``."""
        return Vocabulary(tuple(self.entries.values()), entries_from(mapping))

    def __iter__(self) -> Iterator[Entry]:
        """All entries, in the order of the list."""
        return iter(self.entries.values())

    def __getitem__(self, name: str) -> Entry:
        """The entry of this name; KeyError if there is none."""
        return self.entries[name]

    def __contains__(self, name: object) -> bool:
        """Whether this fact may be recorded."""
        return name in self.entries

    def in_country(self, iso2: str) -> Vocabulary:
        """What a country's law and forms may speak of: the common list and its own facts."""
        return Vocabulary(tuple(one for one in self if one.country in {"", iso2.upper()}))

    def of(self, scope: Scope) -> tuple[Entry, ...]:
        """The entries of one person, or of the case."""
        return tuple(entry for entry in self if entry.scope is scope)

    def readable(self, facts: Facts, groups: frozenset[Group]) -> Facts:
        """The facts of these field groups only; what is not listed is left out."""
        kept = {
            name: value
            for name, value in facts.values.items()
            if name in self.entries and self.entries[name].group in groups
        }
        return Facts(MappingProxyType(kept))

    def parse(self, raw: object, at: str = "") -> Facts | list[FactProblem]:
        """Facts from JSON-shaped input, or every problem. ``at`` is the pointer to ``raw``.

        ``null`` says "not known" and leaves the fact out.
        """
        return self.amend(Facts(), raw, at)

    def amend(self, facts: Facts, raw: object, at: str = "") -> Facts | list[FactProblem]:
        """These facts with some changed (null: back to not known), or every problem.

        The age band follows the age; the two may not contradict each other.
        """
        if not isinstance(raw, Mapping):
            return [FactProblem(at, "wrong_type", "This must be an object: fact name to value.")]
        changes: dict[str, Value | None] = {}
        problems: list[FactProblem] = []
        for name, written in raw.items():
            read = self._read(str(name), written, f"{at}/{escaped(str(name))}")
            if isinstance(read, list):
                problems.extend(read)
            else:
                changes[str(name)] = read
        if problems:
            return problems
        if "age" in changes:
            changes.setdefault("age_band", _band(changes["age"]))
        amended = facts.amended(changes)
        return _contradictions(amended, at) or amended

    def dump(self, facts: Facts) -> dict[str, object]:
        """JSON-shaped, in the order of the list; ``parse`` gives the same facts back."""
        return {
            entry.name: dump_value(entry, facts.values[entry.name])
            for entry in self
            if entry.name in facts.values
        }

    def _read(self, name: str, raw: object, pointer: str) -> Value | list[FactProblem] | None:
        entry = self.entries.get(name)
        if entry is None:
            known = tuple(self.entries)
            message = (
                "There is no such fact: a misspelt fact would count as not known."
                f" Use one of: {', '.join(known)}."
            )
            return [FactProblem(pointer, "unknown_fact", message, known)]
        return None if raw is None else read_value(entry, raw, pointer)


@cache
def load_vocabulary() -> Vocabulary:
    """The common list and every country's facts, read once. Raises ProblemsFound.

    Whoever takes new law into force clears this cache, so that new facts are known.
    """
    problems = Problems()
    vocabulary, _ = read_vocabulary(COUNTRIES, problems)
    problems.settle()
    return vocabulary


def read_vocabulary(folder: Path, problems: Problems) -> tuple[Vocabulary, tuple[OwnFact, ...]]:
    """The common list, and what the countries of a folder add; sound if no error was added."""
    common = Vocabulary(_shared())
    own = facts_beside(folder, common.entries, problems)
    return Vocabulary(_shared(), tuple(fact.entry for fact in own)), own


@cache
def _shared() -> tuple[Entry, ...]:
    return entries_from(plain_file(Path(__file__).with_suffix(".yaml"))["facts"])


def _band(age: Value | None) -> str | None:
    return band_of(age) if isinstance(age, int) else None


def _contradictions(facts: Facts, at: str) -> list[FactProblem]:
    """An age outside its band: nobody could say which one a rule should read."""
    age, band = facts.whole("age"), facts.code("age_band")
    span = AGE_BANDS.get(band or "")
    if age is None or span is None or span.lowest <= age <= span.highest:
        return []
    message = (
        f"The age band contradicts the recorded age, which lies in {band_of(age)}:"
        " correct one of the two, or take the age back with null."
    )
    return [FactProblem(f"{at}/age_band", "contradiction", message, tuple(AGE_BANDS))]
