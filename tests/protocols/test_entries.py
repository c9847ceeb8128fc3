"""A country may add facts to the closed list; what is incomplete is refused, all of it at once."""

from __future__ import annotations

from types import MappingProxyType
from typing import Any

import pytest

from protocols.entries import WITH_CODES, VocabularyFault, entries_from
from protocols.facts import Facts
from protocols.vocabulary import Vocabulary, load_vocabulary

VOCABULARY = load_vocabulary()
YERBA = {
    "yerba_mate": {"type": "flag", "group": "G1", "scope": "case", "en": "Yerba", "es": "Yerba"}
}


def test_a_country_may_add_facts() -> None:
    own = VOCABULARY.extended(YERBA)
    assert "yerba_mate" in own
    assert "yerba_mate" not in VOCABULARY
    assert own.parse({"yerba_mate": True, "works": True}) == Facts(
        MappingProxyType({"yerba_mate": True, "works": True})
    )


def test_a_country_may_not_redefine_a_fact() -> None:
    with pytest.raises(VocabularyFault, match="fact 'works': the common list has it already"):
        VOCABULARY.extended({"works": YERBA["yerba_mate"]})


def test_a_vocabulary_may_be_small() -> None:
    small = Vocabulary(entries_from(YERBA))
    assert [entry.name for entry in small] == ["yerba_mate"]


FLAG: dict[str, Any] = {"type": "flag", "group": "G1", "scope": "person", "en": "x"}


@pytest.mark.parametrize(
    ("name", "changes", "said"),
    [
        ("Works", {}, "small letters"),
        ("x", {"typ": "flag"}, "unknown key 'typ'; use codes, from"),
        ("x", {"type": "flags"}, "'type' must be one of agencies, code"),
        ("x", {"group": "G9"}, "'group' must be one of G0"),
        ("x", {"scope": "household"}, "'scope' must be one of case, person"),
        ("x", {"en": None}, "add an English label"),
        ("x", {"type": "code"}, "'codes' belong to the types"),
        ("x", {"codes": {"A": {"en": "A"}}}, "'codes' belong to the types"),
        (
            "x",
            {"type": "code", "codes": {"A": {"es": "A"}}},
            "English label under 'en' to the code",
        ),
        ("x", {"type": "whole", "from": 1}, "'from' and 'to' bound"),
        ("x", {"from": 1, "to": 2}, "'from' and 'to' bound"),
    ],
)
def test_a_wrong_entry_is_refused_in_a_sentence(
    name: str, changes: dict[str, Any], said: str
) -> None:
    written = {key: value for key, value in {**FLAG, **changes}.items() if value is not None}
    with pytest.raises(VocabularyFault, match=said):
        entries_from({name: written})


def test_all_faults_of_all_entries_are_reported_at_once() -> None:
    with pytest.raises(VocabularyFault) as caught:
        entries_from({"A": {**FLAG, "type": "x"}, "b": {**FLAG, "scope": "x"}, "c": FLAG})
    assert len(caught.value.faults) == 3


def test_a_whole_number_and_a_list_may_be_added_with_bounds_and_codes() -> None:
    rooms, roof = entries_from(
        {
            "rooms": {**FLAG, "type": "whole", "from": 1, "to": 9},
            "roof": {**FLAG, "type": "codes", "codes": {"TIN": {"en": "Tin", "hint": {"en": "t"}}}},
        }
    )
    assert (rooms.lowest, rooms.highest) == (1, 9)
    assert roof.type in WITH_CODES
    assert roof.codes[0].hints == {"en": "t"}
