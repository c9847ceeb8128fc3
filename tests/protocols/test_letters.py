"""Letters of a country: every place to fill in is known, every language there, nobody named."""

from __future__ import annotations

from pathlib import Path

import pytest

from protocols.catalogue import Catalogue
from protocols.country_file import read_country
from protocols.document import read
from protocols.letters import PLACES, Letter, read_letters
from protocols.problems import Problems
from tests.protocols.drafts import COUNTRY

LETTER = """\
LETTER:
  title: {en: Letter, es: Nota}
  body:
    en: "No. {number} to {receiver}"
    es: "N.º {number} a {receiver}"
"""


def letters(text: str) -> tuple[dict[str, Letter], str]:
    """The letters of Quark, and every problem in words."""
    problems = Problems()
    country = read(COUNTRY, "qq/country.yaml", problems)
    item = read(text, "qq/letters.yaml", problems)
    assert country is not None
    assert item is not None
    found = read_letters(item, read_country(country, problems), problems)
    return found, "\n".join(str(one) for one in problems.errors)


def test_a_letter_is_filled_in_the_readers_language() -> None:
    found, told = letters(LETTER)
    assert told == ""
    values = {name: name.upper() for name in PLACES}
    assert found["LETTER"].filled(values, "en") == "No. NUMBER to RECEIVER"
    assert found["LETTER"].filled(values, "es") == "N.º NUMBER a RECEIVER"


@pytest.mark.parametrize(
    ("old", "new", "told", "line"),
    [
        ("{receiver}", "{name}", "'{name}'", 4),
        ("to {receiver}", "to {receiver", "'{'", 4),
        ('    es: "N.º {number} a {receiver}"\n', "", "es", 4),
        ("LETTER:", "NOTE:", "'NOTE' is no document of QQ", 2),
        ("  title:", "  titles:", "'titles' is not a key", 2),
    ],
)
def test_what_is_wrong_is_told_with_its_line(old: str, new: str, told: str, line: int) -> None:
    _, problems = letters(LETTER.replace(old, new, 1))
    assert told in problems
    assert f"qq/letters.yaml:{line}" in problems


def test_every_letter_of_every_country_can_be_filled(catalogue: Catalogue) -> None:
    values = dict.fromkeys(PLACES, "…")
    for iso2 in catalogue.countries:
        for letter in catalogue.letters(iso2).values():
            for language in catalogue.country(iso2).languages:
                assert "{" not in letter.filled(values, language)
    assert set(catalogue.letters("ZZ")) == {"OFFICIAL_LETTER", "FORM_R"}


def test_whatever_a_step_requires_has_a_letter_in_every_language(catalogue: Catalogue) -> None:
    """Of every version, as every place has it: nobody stands before a step without its paper."""
    missing = [
        f"{iso2} {law.track} {step.id}: {document}"
        for iso2 in catalogue.countries
        for version in catalogue.shelves[iso2].versions
        for law in (version, *version.places.values())
        for step in law.steps.values()
        for document in step.requires
        if document not in catalogue.letters(iso2)
    ]
    assert missing == []
    for iso2 in catalogue.countries:
        spoken = set(catalogue.country(iso2).languages)
        for letter in catalogue.letters(iso2).values():
            assert spoken <= set(letter.body), f"{iso2} {letter.code}"
            for text in letter.body.values():
                assert "{number}" in text, f"{iso2} {letter.code} goes under a number"
                assert "{reference}" in text, f"{iso2} {letter.code} finds its matter"


def test_a_country_may_do_without_letters(tmp_path: Path, catalogue: Catalogue) -> None:
    import shutil

    shutil.copytree(catalogue.shelves["ZZ"].folder, tmp_path / "zz")
    (tmp_path / "zz" / "letters.yaml").unlink()
    assert Catalogue.load(tmp_path).letters("zz") == {}
