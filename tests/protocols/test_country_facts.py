"""A country's own facts: in its own name, in its languages, and every fault at its line."""

from __future__ import annotations

from pathlib import Path

import pytest

from protocols.catalogue import Catalogue
from protocols.check import check
from protocols.problems import ProblemsFound
from protocols.vocabulary import load_vocabulary
from tests.protocols.drafts import TRACK, written

FACTS = """\
facts:
  qq_wants_to_stay: {type: flag, group: G1, scope: person, en: Wants to stay, es: Quiere quedarse}
  qq_rooms: {type: whole, group: G1, scope: case, from: 0, to: 9, en: Rooms, es: Cuartos}
  qq_papers:
    type: codes
    group: G2
    scope: person
    en: Papers
    es: Papeles
    hint: {en: Seen, es: Vistos}
    codes:
      PASS: {en: Passport, es: Pasaporte}
"""


def folder_with(tmp_path: Path, facts: str | bytes, track: str = TRACK) -> Path:
    folder = written(tmp_path, track)
    place = folder / "qq" / "facts.yaml"
    place.write_bytes(facts if isinstance(facts, bytes) else facts.encode())
    return folder


def faults(folder: Path) -> list[str]:
    """Problems of the file of facts, as ``line: message. remedy``; nothing is loaded."""
    with pytest.raises(ProblemsFound) as raised:
        Catalogue.load(folder)
    return [
        f"{one.line}: {one.message}. {one.remedy}"
        for one in raised.value.problems
        if one.file == "qq/facts.yaml"
    ]


def test_a_countrys_law_speaks_of_its_own_facts(tmp_path: Path) -> None:
    track = TRACK.replace("when: small or works", "when: qq_wants_to_stay or qq_papers is PASS")
    track = track.replace("qq_papers is PASS", "qq_papers includes PASS or cramped")
    track = track.replace("bands:\n", "bands:\n  cramped: {fact: qq_rooms, from: 0, to: 1}\n")
    shelf = Catalogue.load(folder_with(tmp_path, FACTS, track)).shelves["QQ"]
    assert shelf.vocabulary["qq_papers"].country == "QQ"
    assert shelf.vocabulary["qq_rooms"].highest == 9
    assert "works" in shelf.vocabulary


def test_one_countrys_facts_are_no_words_of_anothers_law(tmp_path: Path) -> None:
    folder = folder_with(tmp_path, FACTS)
    other = written(tmp_path / "other", TRACK.replace("small or works", "qq_wants_to_stay")) / "qq"
    for file in other.rglob("*.yaml"):
        file.write_text(file.read_text("utf-8").replace("iso2: QQ", "iso2: PP"), "utf-8")
    other.rename(folder / "pp")
    found = check(folder=folder).problems
    assert any(one.file.startswith("pp/") and "qq_wants_to_stay" in one.message for one in found)


def test_the_facts_of_every_country_may_be_recorded() -> None:
    own = {entry.country for entry in load_vocabulary()}
    assert "" in own
    for code in own - {""}:
        names = [entry.name for entry in load_vocabulary() if entry.country == code]
        assert all(name.startswith(f"{code.lower()}_") for name in names)
        assert set(names) <= set(load_vocabulary().in_country(code).entries)


def test_taking_law_into_force_lets_new_facts_be_known() -> None:
    before = load_vocabulary()
    Catalogue.load()
    assert load_vocabulary() is not before


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("qq_rooms:", "rooms:", "3: fact 'rooms': the name does not say whose fact it is. Begin"),
        ("qq_rooms:", "qq_Rooms:", "3: fact 'qq_Rooms': a name is written in small letters"),
        ("type: whole", "type: number", "3: fact 'qq_rooms': 'type' must be one of agencies"),
        ("from: 0", "from: none", "'from' and 'to' must be whole numbers. Write them without"),
        ("from: 0, ", "", "'from' and 'to' bound a whole number"),
        ("es: Cuartos", "es: 4", "labels and hints must be texts. Put quotes around them"),
        ("es: Cuartos", "ex: Cuartos", "3: the label of the fact 'qq_rooms' has no text in 'es'"),
        ("es: Vistos", "gn: Vistos", "the hint of the fact 'qq_papers' has no text in 'es'"),
        ("es: Pasaporte", "gn: x", "the label of the code PASS of the fact 'qq_papers' has no"),
        ("{en: Seen, es: Vistos}", "Seen", "'hint' must have one text for each language"),
        ("{en: Passport, es: Pasaporte}", "Passport", "add a label for each language to the code"),
        ("codes:\n      PASS", "codes: PASS #", "'codes' must be a list of codes"),
        ("es: Cuartos}", "es: Cuartos, es: Piezas}", "the key 'es' stands here a second time"),
        ("es: Cuartos}", "es: Cuartos, colour: red}", "unknown key 'colour'. Use codes, from"),
        ("facts:", "fact:", "'fact' is not a key of facts.yaml. Use one of facts"),
    ],
)
def test_a_wrong_fact_is_refused_at_its_line(tmp_path: Path, old: str, new: str, said: str) -> None:
    assert old in FACTS
    found = faults(folder_with(tmp_path, FACTS.replace(old, new, 1)))
    assert any(said in one for one in found), found


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("facts: [a, b]\n", "must be a list of keys"),
        ("facts:\n  qq_x: true\n", "2: fact 'qq_x': this must be a list of keys. Use type"),
        ("facts: {", "this is not YAML"),
        (b"\xff\xfe\x00", "cannot be read"),
    ],
)
def test_a_file_that_is_no_list_of_facts_is_refused(
    tmp_path: Path, text: str | bytes, said: str
) -> None:
    found = faults(folder_with(tmp_path, text))
    assert any(said in one for one in found), found


def test_a_fact_of_the_common_list_is_never_declared_again(tmp_path: Path) -> None:
    """FL is no country, yet a folder could be called so."""
    folder = folder_with(tmp_path, "facts:\n  fl_indicators: {type: flag}\n")
    (folder / "qq").rename(folder / "fl")
    found = [one.message for one in check(folder=folder).problems if "facts" in one.file]
    assert "fact 'fl_indicators': the common list has it already" in found


def test_all_faults_of_all_facts_are_reported_together(tmp_path: Path) -> None:
    text = FACTS.replace("qq_rooms", "rooms").replace("type: flag", "type: flog")
    assert len(faults(folder_with(tmp_path, text.replace("es: Pasaporte", "en: Pass")))) >= 3
