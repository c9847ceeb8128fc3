"""A country's register in YAML: read whole, and every problem shown at once with its line."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from agencies.register import Register, read
from agencies.register.from_yaml import read_yaml

HEAD = """\
country: QQ
language: en
names: {en: Quirkland}
time_zone: UTC
valid_from: 2020-01-01
sources: {1: "Agencies Act"}
places: {QQ-A: {en: Avon, es: Avón}, QQ-B: Brill}
groups: {QQ-ALL: {names: Both, members: [QQ-A, QQ-B]}}
agencies:
  COUNCIL:
    names: Council
    type: COORDINATION_BODY
    level: national
    source: {ids: [1], grade: V}
    serves: [NATIONAL_FALL_BACK]
"""
POLICE = """\
  POLICE:
    names: {en: Police}
    type: POLICE
    level: national
    source: {ids: [1], grade: V}
"""


def register(text: str) -> Register:
    return read_yaml(text.encode(), "qq.yaml")


def problems(text: str) -> list[str]:
    return [f"{found.line}: {found.message}" for found in register(text).problems]


def test_the_small_register_is_sound() -> None:
    found = register(HEAD)
    assert found.problems == ()
    assert [place.code for place in found.places] == ["QQ", "QQ-A", "QQ-B", "QQ-ALL"]
    (council,) = found.bodies
    assert council.source == "V: [1] Agencies Act"
    assert [(desk.key, desk.intake) for desk in council.desks] == [("INTAKE", True)]


def test_a_mandate_is_for_the_country_unless_it_says_where() -> None:
    serves = "    serves: [POLICE, {mandate: RIVER_POLICE, in: [QQ-A, QQ-ALL], priority: 5}]\n"
    (_, police) = register(HEAD + POLICE + serves).bodies
    assert [(charge.mandate, charge.place, charge.priority) for charge in police.charges] == [
        ("POLICE", "QQ", 100),
        ("RIVER_POLICE", "QQ-A", 5),
        ("RIVER_POLICE", "QQ-ALL", 5),
    ]


def test_a_template_stands_once_per_province_under_its_name() -> None:
    template = (
        "per_province:\n"
        "  POLICE:\n"
        '    names: {en: "Police of {place}", es: "Policía de {place}"}\n'
        "    type: POLICE\n"
        "    level: provincial\n"
        "    source: {ids: [1], grade: V}\n"
        "    serves: [POLICE]\n"
        "    named: {QQ-B: {en: The Brill Watch}}\n"
    )
    found = register(HEAD + template)
    assert found.problems == ()
    (_, avon, brill) = found.bodies
    assert (avon.key, avon.name, avon.names["es"]) == (
        "POLICE-QQ-A",
        "Police of Avon",
        "Policía de Avón",
    )
    assert (brill.key, brill.name) == ("POLICE-QQ-B", "The Brill Watch")
    assert [charge.place for charge in (*avon.charges, *brill.charges)] == ["QQ-A", "QQ-B"]


def test_an_agency_lends_its_period_to_its_mandates() -> None:
    dated = "    valid_from: 2025-05-01\n    valid_until: 2027-01-01\n    serves: [POLICE]\n"
    (_, police) = register(HEAD + POLICE + dated).bodies
    (charge,) = police.charges
    assert (charge.valid_from, charge.valid_until) == (date(2025, 5, 1), date(2027, 1, 1))


@pytest.mark.parametrize(
    ("added", "said"),
    [
        ("    servs: [X]\n", "21: unknown key 'servs', so what it says would be ignored."),
        ("    level: provincial\n", "21: 'level' stands here twice (first in line 19)."),
        ("    serves: [police]\n", "21: 'police' is no mandate code."),
        ("    serves: [{in: QQ}]\n", "21: 'mandate' is missing."),
        (
            "    serves: [{mandate: X, in: QQ-Z}]\n",
            "21: POLICE serves X in QQ-Z, which is not listed.",
        ),
        (
            "    serves: [{mandate: X, priority: first}]\n",
            "21: here must stand a number.",
        ),
        (
            "    serves: [{mandate: X, fall_back: perhaps}]\n",
            "21: here must stand true or false.",
        ),
        ("    serves: [{mandate: X, unit: NIGHT}]\n", "21: POLICE has no unit NIGHT for X."),
        (
            "    serves: [X, {mandate: X, in: QQ}]\n",
            "21: POLICE serves X in QQ twice at the same time.",
        ),
        (
            "    serves: [{mandate: X, valid_until: 2019-01-01}]\n",
            "21: POLICE: it ends on 2019-01-01, not after it begins on 2020-01-01.",
        ),
        (
            "    serves: [{mandate: X, valid_from: 2569-13-01}]\n",
            "21: here must stand a day written YYYY-MM-DD.",
        ),
        (
            "    serves: [{mandate: X, source: {ids: [9], grade: V}}]\n",
            "21: source '9' is not in the register.",
        ),
        ("    serves: [{mandate: X, source: {grade: V}}]\n", "21: neither a source nor a note."),
        (
            "    serves: [{mandate: NATIONAL_FALL_BACK, in: QQ-A}]\n",
            "21: NATIONAL_FALL_BACK is served for the whole country.",
        ),
        ("    parent: NOBODY\n", "16: POLICE: parent NOBODY is not in this register."),
        ("    parent: POLICE\n", "16: POLICE stands above itself: POLICE."),
        ("    units: {NIGHT: Night desk}\n", "16: POLICE has no intake unit, so nothing could"),
        (
            "    units: {INTAKE: {name: Desk, time_zone: Mars/Base}}\n",
            "16: 'Mars/Base' is no time zone.",
        ),
        ("    serves: {X\n", "22: this is not YAML"),
    ],
)
def test_each_fault_is_named_with_its_line(added: str, said: str) -> None:
    found = problems(HEAD + POLICE + added)
    assert any(one.startswith(said) for one in found), found


@pytest.mark.parametrize(
    ("wrong", "right", "said"),
    [
        ("country: QQ", "country: quirkland", "1: 'quirkland' is no country code."),
        ("[NATIONAL_FALL_BACK]", "[COORDINATION]", "1: nobody serves NATIONAL_FALL_BACK"),
        ("QQ-B: Brill", "AR-B: Brill", "7: AR-B is not QQ's"),
        ("[QQ-A, QQ-B]}", "[QQ-A, QQ-C]}", "8: QQ-ALL groups QQ-C, which is no listed place."),
        ("type: COORDINATION_BODY", "type: COURT", "12: 'COURT' is not known here."),
        ("names: {en: Quirkland}", "names: {es: Rarolandia}", "3: no name in 'en'"),
    ],
)
def test_each_fault_of_the_head_is_named_with_its_line(wrong: str, right: str, said: str) -> None:
    assert wrong in HEAD
    found = problems(HEAD.replace(wrong, right))
    assert any(one.startswith(said) for one in found), found


def test_no_problem_hides_another() -> None:
    text = HEAD.replace("[NATIONAL_FALL_BACK]", "[x]").replace("level: national", "level: local")
    assert [found.split(":")[0] for found in problems(text)] == ["1", "13", "15"]


def test_an_unknown_key_is_answered_with_the_allowed_ones() -> None:
    (found,) = register(HEAD + "    colour: blue\n").problems
    assert found.remedy.startswith("Allowed here: names, type, level, source, parent")
    assert str(found).startswith("qq.yaml:16: unknown key 'colour'")


@pytest.mark.parametrize(
    "content", [b"", b"\xff\xfe", b"- a\n- list\n", b"&a [*a]\n", b"\x00", b"7"]
)
def test_what_is_no_register_is_a_problem_and_no_crash(content: bytes) -> None:
    found = read_yaml(content, "qq.yaml")
    assert found.problems
    assert found.bodies == ()


def test_bytes_that_are_no_utf_8_are_found_in_their_line() -> None:
    found = read_yaml(HEAD.encode() + b"  # caf\xe9\n", "qq.yaml")
    assert [problem.line for problem in found.problems] == [16]


def test_a_file_of_another_kind_is_refused_with_what_is_wanted(tmp_path: Path) -> None:
    path = tmp_path / "agencies.docx"
    path.write_bytes(b"PK")
    (found,) = read(path).problems
    assert found.message == ".docx is no kind of register."
    assert found.remedy == "Give a .yaml or a .csv file."
