"""A country's further facts, from ``countries/<iso2>/facts.yaml``, in the form of the closed list.

1. Every name begins with the country's code (``th_wants_to_stay``), so that no two countries speak
   of different things by one name and nobody redefines a fact of the common list.
2. What is wrong is added to the problems, each with its line; reading goes on.
3. This file must not know what a fact leads to.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from protocols.document import plain, read
from protocols.entries import Entry, entry_from, faults_of
from protocols.problems import Problems, Spot
from protocols.section import Section

FACTS = "facts.yaml"


@dataclass(frozen=True, slots=True)
class OwnFact:
    """A fact of one country and the place where it is declared."""

    entry: Entry
    spot: Spot


def facts_beside(folder: Path, common: Collection[str], problems: Problems) -> tuple[OwnFact, ...]:
    """The facts of every country in the folder, by country; use them only if no error was added."""
    return tuple(
        fact
        for place in sorted(folder.iterdir())
        if (place / FACTS).is_file()
        for fact in _facts_of(place, common, problems)
    )


def _facts_of(place: Path, common: Collection[str], problems: Problems) -> Iterator[OwnFact]:
    name = f"{place.name}/{FACTS}"
    try:
        item = read((place / FACTS).read_text(encoding="utf-8"), name, problems)
    except (OSError, UnicodeDecodeError) as error:
        problems.error(
            Spot(name), f"the file cannot be read: {error}", "Save it as plain UTF-8 text"
        )
        return
    if item is None:
        return
    for fact, one in Section(item, FACTS, problems, required=("facts",)).section("facts"):
        faults = [*_misnamed(place.name, fact, common), *faults_of(fact, plain(one))]
        for fault in faults:
            said, _, remedy = fault.partition("; ")
            remedy = remedy or "write it as in vocabulary.yaml"
            problems.error(one.spot, said, remedy[0].upper() + remedy[1:])
        if not faults:
            yield OwnFact(entry_from(fact, plain(one), country=place.name.upper()), one.spot)


def _misnamed(iso2: str, fact: str, common: Collection[str]) -> Iterator[str]:
    if not fact.startswith(f"{iso2}_"):
        yield (
            f"fact '{fact}': the name does not say whose fact it is; "
            f"begin it with the country's code, as in '{iso2}_{fact}'"
        )
    elif fact in common:
        yield f"fact '{fact}': the common list has it already; use it, or choose another name"


def translated(facts: Iterable[OwnFact], languages: Collection[str], problems: Problems) -> None:
    """Every label and hint of these facts is written in every language of their country."""
    for fact in facts:
        for what, labels in _texts_of(fact.entry):
            for language in languages:
                if labels and not labels.get(language):
                    problems.error(
                        fact.spot,
                        f"the {what} of the fact '{fact.entry.name}' has no text in '{language}'",
                        f"Add '{language}: …': whoever reads only that language must understand it",
                    )


def _texts_of(entry: Entry) -> Iterator[tuple[str, Mapping[str, str]]]:
    yield "label", entry.labels
    yield "hint", entry.hints
    for code in entry.codes:
        yield f"label of the code {code.code}", code.labels
        yield f"hint of the code {code.code}", code.hints
