"""YAML is read strictly, with lines, and every problem is said."""

from __future__ import annotations

from datetime import date
from enum import StrEnum
from pathlib import Path

import pytest
import yaml

from protocols import document
from protocols.document import Item, plain_file, read
from protocols.problems import Problems, ProblemsFound, Severity, Spot
from protocols.section import Section
from protocols.shelves import FOLDER


def problems_of(text: str) -> list[tuple[int, int, str]]:
    problems = Problems()
    read(text, "a.yaml", problems)
    return [(one.line, one.column, one.message) for one in problems]


def section_of(text: str, **keys: tuple[str, ...]) -> tuple[Section, Problems]:
    problems = Problems()
    item = read(text, "a.yaml", problems)
    assert item is not None
    return Section(item, "the file", problems, **keys), problems


def test_a_value_remembers_where_it_stands() -> None:
    item = read("a:\n  b: [1, two]\n", "a.yaml", Problems())
    assert item is not None
    assert isinstance(item.value, dict)
    inner = item.value["a"].value
    assert isinstance(inner, dict)
    listed = inner["b"].value
    assert isinstance(listed, tuple)
    assert [(one.value, one.spot) for one in listed] == [
        (1, Spot("a.yaml", 2, 7)),
        ("two", Spot("a.yaml", 2, 10)),
    ]


def test_scalars_are_of_yaml_1_2_no_is_a_word_and_not_false() -> None:
    item = read("[no, true, 0x10, 1.5, 2026-01-31, null, 'x', '1', 24 h]", "a.yaml", Problems())
    assert item is not None
    assert isinstance(item.value, tuple)
    values = [one.value for one in item.value]
    assert values == ["no", True, 16, 1.5, date(2026, 1, 31), None, "x", "1", "24 h"]


@pytest.mark.parametrize(
    ("text", "line", "column", "said"),
    [
        ("a: 1\nb: 2\na: 3\n", 3, 1, "'a' stands here a second time (first in line 1)"),
        ("a: {b: 1\nc: 2\n", 2, 2, "this is not YAML"),
        ("a:\n  - b\n c: d\n", 3, 2, "this is not YAML"),
        ("a: &x 1\n", 1, 4, "anchor '&x' is not allowed"),
        ("a: &x 1\nb: *x\n", 2, 4, "alias '*x' is not allowed"),
        ("{[a]: 1, [b]: 2}", 1, 10, "the key '?' stands here a second time"),
        ("a: 1\n---\nb: 2\n", 2, 1, "a second document begins here"),
        ("# nothing yet\n", 1, 1, "the file is empty"),
        ("a: 2026-13-41\n", 1, 4, "cannot be read"),
        ("a: 2026-01-01 10:00:00\n", 1, 4, "cannot be read"),
        ("a: !secret x\n", 1, 4, "tag '!secret' is not allowed"),
        ("", 1, 1, "the file is empty"),
        ("a: \x00\n", 1, 1, "this is not YAML"),
    ],
)
def test_what_is_not_plain_yaml_is_refused_with_its_place(
    text: str, line: int, column: int, said: str
) -> None:
    found = problems_of(text)
    assert any(at[:2] == (line, column) and said in at[2] for at in found), found


def test_an_unknown_key_is_refused_with_the_list_of_allowed_ones() -> None:
    _, problems = section_of("a: 1\nbb: 2\n", required=("a",), optional=("b", "c"))
    (problem,) = problems
    assert (problem.line, problem.message) == (2, "'bb' is not a key of the file")
    assert problem.remedy == "Use one of a, b, c, or correct the spelling"


def test_a_missing_key_is_named() -> None:
    _, problems = section_of("a: 1\n", required=("a", "b"))
    assert [one.message for one in problems] == ["the file has no 'b'"]


def test_a_list_where_keys_are_expected_is_one_problem_and_reads_as_empty() -> None:
    section, problems = section_of("- a\n- b\n", required=("a",))
    assert [one.message for one in problems] == ["the file must be a list of keys with values"]
    assert list(section) == []


class Colour(StrEnum):
    RED = "red"
    BLUE = "blue"


def test_every_kind_of_value_is_read_or_its_form_is_asked_for() -> None:
    text = "t: word\nn: 3\nf: true\nd: 2026-01-31\nc: red\nw: [a, b]\nm: {x: y}\n"
    section, problems = section_of(text)
    assert section.text("t") == "word"
    assert section.whole("n") == 3
    assert section.flag("f") is True
    assert section.day("d") == date(2026, 1, 31)
    assert section.choice("c", Colour, Colour.BLUE) is Colour.RED
    assert section.choice("none", Colour, Colour.BLUE) is Colour.BLUE
    assert section.words("w") == ("a", "b")
    assert section.words("t") == ("word",)
    assert section.words("none") == ()
    assert section.texts("m") == {"x": "y"}
    assert section.texts("none") == {}
    assert section.entries("none") == ()
    assert "t" in section
    assert not problems.found


def test_a_value_of_another_kind_is_a_problem_and_the_default_is_read() -> None:
    text = "t: 3\nn: true\nf: x\nd: soon\nc: green\nw: [a, 3, a]\nl: x\n"
    section, problems = section_of(text)
    assert section.text("t", "-") == "-"
    assert section.whole("n", 7) == 7  # true is a number in Python, not in law
    assert section.flag("f", default=True) is True
    assert section.day("d") == date.min
    assert section.choice("c", Colour, Colour.BLUE) is Colour.BLUE
    assert section.words("w") == ("a",)
    assert section.entries("l") == ()
    assert [one.line for one in problems] == [1, 2, 3, 4, 5, 6, 6, 7]
    assert "Use one of blue, red" in {one.remedy for one in problems}


def test_a_problem_prints_as_one_line_with_place_severity_and_remedy() -> None:
    problems = Problems()
    problems.warning(Spot("b.yaml", 2, 3), "it is late", "Be early")
    problems.error(Spot("a.yaml", 9, 1), "it is wrong", "Correct it")
    problems.error(Spot("a.yaml", 9, 1), "it is wrong", "Correct it")
    assert [str(one) for one in problems] == [
        "a.yaml:9:1: error: it is wrong. Correct it.",
        "b.yaml:2:3: warning: it is late. Be early.",
    ]
    assert [one.severity for one in problems.warnings] == [Severity.WARNING]
    with pytest.raises(ProblemsFound, match=r"a\.yaml:9:1") as raised:
        problems.settle()
    assert len(raised.value.problems) == 2


def test_warnings_alone_do_not_keep_a_file_out_of_force() -> None:
    problems = Problems()
    problems.warning(Spot("b.yaml"), "it is late", "Be early")
    problems.settle()


def test_a_missing_section_reads_as_empty_and_says_nothing_twice() -> None:
    problems = Problems()
    outer = Section(Item({}, Spot("a.yaml")), "the file", problems)
    assert list(outer.section("none", required=("x",))) == []
    assert not problems.found


def test_a_file_is_read_bare_only_if_it_is_sound(tmp_path: Path) -> None:
    file = tmp_path / "own.yaml"
    file.write_text("a: [1, {b: no}]\n", encoding="utf-8")
    assert plain_file(file) == {"a": [1, {"b": "no"}]}
    file.write_text("a: 1\na: 2\n", encoding="utf-8")
    with pytest.raises(ProblemsFound, match="stands here a second time"):
        plain_file(file)


def test_the_parser_without_libyaml_reads_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    text = (FOLDER / "zz" / "country.yaml").read_text(encoding="utf-8")
    fast = read(text, "country.yaml", Problems())
    monkeypatch.setattr(document, "_LOADER", yaml.SafeLoader)
    assert read(text, "country.yaml", Problems()) == fast
