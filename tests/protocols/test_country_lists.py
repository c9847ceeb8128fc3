"""Who consents at which age, and what the law lists as hazardous or light work."""

from __future__ import annotations

from pathlib import Path

import pytest

from protocols.catalogue import Catalogue
from protocols.check import check
from protocols.country import Caregiver, Country, Voice
from protocols.decision import LimitBasis
from protocols.law import Grade
from tests.protocols.drafts import COUNTRY, altered, compiled, written

LISTS = """\
consent:
  - {from: 12, to: 17, child: assent, caregiver: none, otherwise: {en: Court, es: Juez}, sources: [LAW]}
  - {from: 0, to: 11, child: explain, caregiver: consent, sources: [GUESS]}
hazardous_work:
  sources: [LAW]
  items:
    QUARRY: {en: Quarry, es: Cantera}
light_work: {sources: [GUESS], items: {STALL: {en: Stall, es: Puesto}}}
retention:
  - {years: 10, basis: statutory, sources: [LAW]}
  - {tracks: [care], years: 25, basis: assumption, sources: [GUESS]}
"""  # noqa: E501
LISTED = COUNTRY.replace("mandates:\n", LISTS + "mandates:\n")


def read(folder: Path) -> Country:
    return Catalogue.load(written(folder, country=LISTED)).country("QQ")


def test_the_row_of_an_age_says_who_is_asked(tmp_path: Path) -> None:
    country = read(tmp_path)
    young, older = country.consent_at(11), country.consent_at(12)
    assert young is not None
    assert older is not None
    assert (young.child, young.caregiver, young.otherwise) == (
        Voice.EXPLAIN,
        Caregiver.CONSENT,
        {},
    )
    assert (older.child, older.otherwise["es"]) == (Voice.ASSENT, "Juez")
    assert country.consent_at(18) is None


def test_work_is_listed_by_code(tmp_path: Path) -> None:
    country = read(tmp_path)
    assert country.hazardous_work is not None
    assert country.light_work is not None
    assert country.hazardous_work.items == {"QUARRY": {"en": "Quarry", "es": "Cantera"}}
    assert country.light_work.sources == ("GUESS",)
    assert set(country.cited) == {"LAW", "GUESS"}


def test_a_case_is_kept_as_long_as_its_track_says(tmp_path: Path) -> None:
    country = read(tmp_path)
    care, other = country.kept("care"), country.kept("anything else")
    assert care is not None
    assert other is not None
    assert (care.years, care.basis, care.sources) == (25, LimitBasis.ASSUMPTION, ("GUESS",))
    assert (other.years, other.basis) == (10, LimitBasis.STATUTORY)


def test_a_period_of_a_track_that_is_not_there_is_named(tmp_path: Path) -> None:
    country = LISTED.replace("tracks: [care]", "tracks: [cure]")
    problems = check(folder=written(tmp_path, country=country)).problems
    [found] = [one for one in problems if "'cure', which does not exist" in one.message]
    assert found.remedy.startswith("Use one of care")


def test_where_nothing_is_said_nothing_is_proposed(tmp_path: Path) -> None:
    assert Catalogue.load(written(tmp_path)).country("QQ").kept("care") is None


def test_every_country_says_how_long_it_keeps_and_marks_what_is_assumed() -> None:
    catalogue = Catalogue.load()
    for code in ("AR", "LR", "PY", "TH", "ZZ"):
        country = catalogue.country(code)
        for row in country.retention:
            grades = {country.sources[source].grade for source in row.sources}
            assert (row.basis is LimitBasis.ASSUMPTION) is (Grade.RECALLED in grades), code
        for track in ("trafficking", country.default_track):
            assert country.kept(track) is not None, (code, track)


def test_what_the_lists_rest_on_counts_as_cited(tmp_path: Path) -> None:
    entry = '  OWN: {title: O, article: 1, link: "https://law.example", grade: V, '
    entry += "last_checked: 2026-01-01}\n"
    text = LISTED.replace("sources: [GUESS], items", "sources: [OWN], items") + entry
    text = text.replace("article: 1", "article: art. 1")
    found = [one.message for one in check(folder=written(tmp_path, country=text)).problems]
    assert not [one for one in found if "OWN" in one]


def test_a_country_may_leave_the_lists_out() -> None:
    _, problems = compiled()
    assert problems == ()


@pytest.mark.parametrize(
    ("old", "new", "message", "remedy"),
    [
        ("from: 0, to: 11", "from: 0, to: 12", "the age 12 stands in two rows", "Let each row"),
        ("from: 0, to: 11", "from: 1, to: 11", "no row of 'consent' is of a child of 0", "Add a"),
        ("from: 0, to: 11", "from: 11, to: 0", "from 11 to 0: these are no ages", "from 0 to 120"),
        ("from: 12, to: 17", "from: 12, to: 130", "these are no ages", "the lower one first"),
        ("child: assent", "child: nod", "'nod' is no 'child'", "assent, consent, explain"),
        ("caregiver: none", "caregiver: maybe", "'maybe' is no 'caregiver'", "agreement, consent"),
        ("{en: Court, es: Juez}", "{en: Court}", "'otherwise' of a row", "Add 'es"),
        ("sources: [GUESS]}\nhaz", "sources: [LORE]}\nhaz", "cites 'LORE'", "add it under"),
        ("sources: [GUESS]}\nhaz", "sources: []}\nhaz", "cites no source", "Name what"),
        (", sources: [GUESS]}\nhaz", "}\nhaz", "a row of 'consent' has no 'sources'", "Add"),
        ("years: 10", "years: 0", "0 years is no period", "from 1 to 100"),
        ("years: 25", "years: 101", "101 years is no period", "from 1 to 100"),
        ("years: 10, ", "", "a row of 'retention' has no 'years'", "Add"),
        ("basis: statutory", "basis: habit", "'habit' is no 'basis'", "assumption, sop, statutory"),
        ("tracks: [care], ", "", "exactly one row without 'tracks'", "Write one row with"),
        ("{years: 10,", "{tracks: [care], years: 10,", "'care' stands in two rows", "Remove"),
        ("{years: 10,", "{tracks: [other], years: 10,", "exactly one row", "Write one row with"),
        ("caregiver: none", "parent: none", "'parent' is not a key of a row", "caregiver"),
        ("{en: Quarry, es: Cantera}", "{es: Cantera}", "has no text in 'en'", "Add 'en"),
        ("    QUARRY: {en: Quarry, es: Cantera}", "    {}", "'hazardous_work' lists no", "Add"),
        ("  sources: [LAW]\n  items", "  items", "'hazardous_work' of country.yaml has no", "Add"),
    ],
)
def test_a_wrong_row_is_named_with_its_line(old: str, new: str, message: str, remedy: str) -> None:
    country, line = altered(LISTED, old, new)
    _, problems = compiled(country=country)
    found = [one for one in problems if message in one.message]
    assert found, [str(one) for one in problems]
    assert remedy in found[0].remedy
    assert abs(found[0].line - line) <= 2
