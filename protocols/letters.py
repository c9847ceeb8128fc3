"""Official letters of a country, from ``countries/<iso2>/letters.yaml``: texts with places to fill.

1. A letter names the matter by its number or reference and says what is asked, on which ground and
   by when. There is no place for a name or a fact of a person; an unknown one is a problem.
2. What is wrong is added to the problems, each with its line; reading goes on.
3. This file must not know hand-offs, agencies or who writes to whom: values are handed in.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from protocols.country import Country, Labels, said
from protocols.country_file import labels_of
from protocols.document import Item
from protocols.problems import Problems
from protocols.section import Section

LETTERS: Final = "letters.yaml"
PLACES: Final = (
    *("number", "date", "reference", "sender", "receiver", "mandate"),
    *("step", "place", "due", "sources", "requires"),
)
_PLACE: Final = re.compile(r"\{([^{}]*)\}")


@dataclass(frozen=True, slots=True)
class Letter:
    """The text of one document of the country, in each of its languages."""

    code: str
    title: Labels
    body: Labels

    def filled(self, values: Mapping[str, str], language: str) -> str:
        """The body with every place filled in. Raises KeyError when a value is not handed in."""
        return _PLACE.sub(lambda found: values[found[1]], said(self.body, language))


def read_letters(item: Item, country: Country, problems: Problems) -> dict[str, Letter]:
    """The letters of a country by document; whatever is wrong is added to ``problems``."""
    found = {}
    for code, one in Section(item, LETTERS, problems):
        section = Section(one, f"the letter {code}", problems, required=("title", "body"))
        if code not in country.documents:
            known = ", ".join(sorted(country.documents)) or "none"
            problems.error(
                one.spot,
                f"'{code}' is no document of {country.iso2}",
                f"Use one of those under 'documents' of country.yaml ({known}), or add it there",
            )
        for spot_of, text in section.section("body"):
            for wrong in _wrong_places(str(text.value)):
                problems.error(
                    text.spot,
                    f"the letter {code} in '{spot_of}' has the place '{wrong}' to fill in",
                    f"Use only {', '.join(f'{{{name}}}' for name in PLACES)}; a letter never names"
                    " a person",
                )
        title = labels_of(section, "title", country.languages)
        found[code] = Letter(code, title, labels_of(section, "body", country.languages))
    return found


def _wrong_places(text: str) -> Iterator[str]:
    yield from (f"{{{name}}}" for name in _PLACE.findall(text) if name not in PLACES)
    rest = _PLACE.sub("", text)
    yield from (brace for brace in "{}" if brace in rest)
