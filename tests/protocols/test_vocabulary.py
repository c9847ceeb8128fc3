"""The closed list itself: its words, its groups, and who may read what."""

from __future__ import annotations

from types import MappingProxyType

from protocols.ages import AGE_BANDS
from protocols.control_methods import CONTROL_METHODS
from protocols.facts import Facts, Group
from protocols.reading import INDICATORS, LABOUR_PURPOSES, PALERMO_ACTS, WORST_FORMS
from protocols.vocabulary import Scope, load_vocabulary

VOCABULARY = load_vocabulary().in_country("")  # what is true of the list every country shares


def parsed(raw: object) -> Facts:
    facts = VOCABULARY.parse(raw)
    assert isinstance(facts, Facts), facts
    return facts


# --- the list itself ---------------------------------------------------------------------------


def test_every_fact_and_code_speaks_english_and_spanish() -> None:
    for entry in VOCABULARY:
        assert {"en", "es"} <= entry.labels.keys(), entry.name
        assert entry.hints.keys() in ({"en", "es"}, set()), entry.name
        for code in entry.codes:
            assert {"en", "es"} <= code.labels.keys(), (entry.name, code.code)
            assert code.hints.keys() in ({"en", "es"}, set()), code.code


def test_a_label_falls_back_to_english() -> None:
    sex = VOCABULARY["sex"]
    assert (sex.label("es"), sex.label("th")) == ("Sexo", "Sex")
    assert (sex.codes[0].label("es"), sex.codes[0].label("th")) == ("Femenino", "Female")


def test_no_two_codes_of_a_list_read_alike() -> None:
    for entry in VOCABULARY:
        for language in ("en", "es"):
            labels = [code.label(language) for code in entry.codes]
            assert len(set(labels)) == len(labels), entry.name


def test_identity_safety_and_medical_detail_are_not_in_the_facts_everybody_reads() -> None:
    groups = {entry.name: entry.group for entry in VOCABULARY}
    assert {n for n, g in groups.items() if g is Group.IDENTITY} == {
        *("age", "foreign_national", "without_documents")
    }
    assert {n for n, g in groups.items() if g is Group.SAFETY} == {
        *("collusion_alleged", "named_agencies")
    }
    assert {n for n, g in groups.items() if g is Group.NARRATIVE} == {"pregnant", "injured"}
    assert groups["reported_topic"] is Group.ENVELOPE


def test_a_pending_recipient_can_read_what_answering_needs() -> None:
    """Security 3.2: headcount, age band, sex, language, needs, companions, danger, transport."""
    needed = {
        *("headcount", "age_band", "sex", "language", "disability_needs"),
        *("travelling_companions", "danger_now", "transport"),
    }
    assert {VOCABULARY[name].group for name in needed} == {Group.FACTS}


def test_the_codes_of_the_rules_are_the_codes_of_the_list() -> None:
    def allowed(name: str) -> set[str]:
        return set(VOCABULARY[name].allowed)

    assert allowed("age_band") == set(AGE_BANDS)
    assert allowed("fl_indicators") == set(INDICATORS)
    assert allowed("wfcl") == WORST_FORMS | {"WFCL_D"}
    assert allowed("acts") == PALERMO_ACTS | {"OFFERING"}
    assert allowed("purposes") > LABOUR_PURPOSES
    assert allowed("control_methods") == set(CONTROL_METHODS)
    for method in CONTROL_METHODS.values():
        assert method.means is None or method.means in allowed("means")
        assert method.indicator is None or method.indicator in allowed("fl_indicators")
    assert len(allowed("hazards")) == 15
    assert len(allowed("sector")) == 21


def test_facts_are_of_a_person_or_of_the_case() -> None:
    case = {entry.name for entry in VOCABULARY.of(Scope.CASE)}
    person = {entry.name for entry in VOCABULARY.of(Scope.PERSON)}
    assert {"rural_site", "named_agencies", "reported_topic", "sector"} <= case
    assert {"age", "works", "foreign_national"} <= person
    assert not case & person


# --- need to know ------------------------------------------------------------------------------


def test_only_the_groups_asked_for_are_readable() -> None:
    facts = parsed({"age": 13, "works": True, "foreign_national": True, "injured": False})
    assert VOCABULARY.readable(facts, frozenset({Group.FACTS})) == parsed(
        {"age_band": "12-14", "works": True}
    )
    everything = VOCABULARY.readable(facts, frozenset(Group))
    assert everything == facts


def test_what_is_not_in_the_list_is_readable_by_nobody() -> None:
    stray = Facts(MappingProxyType({"stray": True}))
    assert VOCABULARY.readable(stray, frozenset(Group)) == Facts()
