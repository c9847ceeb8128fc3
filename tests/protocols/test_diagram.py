"""Tracks and life cycles are drawn from their own tables: whole, readable, without styles."""

from __future__ import annotations

import re
from itertools import pairwise
from xml.etree import ElementTree as ET

import pytest

from protocols.diagram.boxes import BAND, HUES, Box, Row, port, rail, text
from protocols.diagram.layers import Link, columns_of
from protocols.diagram.lifecycle import lifecycle_svg
from protocols.diagram.measure import width, wrapped
from protocols.diagram.picture import picture
from protocols.diagram.places import tops_of
from protocols.diagram.procedure import procedure_svg
from protocols.explain import procedure
from protocols.lifecycle import TRANSITIONS, Act, Kind
from protocols.protocol import Protocol
from protocols.spoken import Language, Speaker
from tests.protocols.drafts import TRACK, altered, compiled
from tests.protocols.moments import CATALOGUE

SVG = "{http://www.w3.org/2000/svg}"
DRAWN = [
    (country, protocol.track, protocol.version, shelf.country.languages[0])
    for country, shelf in CATALOGUE.shelves.items()
    for protocol in shelf.versions
]


def drawn(protocol: Protocol, country: str = "ZZ", language: str = "en") -> str:
    law, vocabulary = CATALOGUE.country(country), CATALOGUE.shelves[country].vocabulary
    plain = procedure(protocol, law, vocabulary, language)
    return procedure_svg(plain, Speaker(protocol, law, vocabulary, language))


def small(track: str = TRACK) -> str:
    protocol, problems = compiled(track)
    assert problems == ()
    law, vocabulary = CATALOGUE.country("ZZ"), CATALOGUE.shelves["ZZ"].vocabulary
    say = Speaker(protocol, law, vocabulary, "en")
    plain = {**procedure_of_sources(protocol), "steps": [plain_step(one) for one in protocol.steps]}
    return procedure_svg(plain, say)


def procedure_of_sources(protocol: Protocol) -> dict[str, object]:
    """A procedure as far as a drawing needs it; the small track's sources are in no register."""
    return {
        "title": "Care",
        "country_name": "Quark",
        "track": protocol.track,
        "version": protocol.version,
        "stage": "in force",
        "digest": protocol.digest,
        "applies": "always",
        "exclusions": [],
        "gates": [],
        "elsewhere": [],
        "lifetime": [],
        "totals": {"steps": 3, "clocks": 3, "assumptions": 1, "recalled": 0, "sources": 2},
    }


def plain_step(name: str) -> dict[str, object]:
    lists: dict[str, list[str]] = {"after": [], "limits": []}
    return {"id": name, "title": name, "kind": "", "who": "", "only_if": "", "panel": "", **lists}


@pytest.mark.parametrize(("country", "track", "version", "language"), DRAWN)
def test_every_step_is_a_box_of_its_kind_and_every_limit_a_pill(
    country: str, track: str, version: str, language: str
) -> None:
    protocol = CATALOGUE.version_of(country, track, version)
    tree = ET.fromstring(drawn(protocol, country, language))  # noqa: S314 - our own
    boxes = [one for one in tree.iter(f"{SVG}g") if one.get("class", "").startswith("box ")]
    heads = {next(one.iter(f"{SVG}text")).text: one.get("class") for one in boxes}
    for step in protocol.steps.values():
        head = f"★ {step.id}" if step.lead else step.id
        assert heads[head] == f"box {step.kind}"
    pills = [one for one in tree.iter(f"{SVG}rect") if one.get("class", "").startswith("limit ")]
    assert len(pills) == len(protocol.clocks) + 1  # and the review
    bases = {str(one.basis) for one in (*protocol.clocks.values(), protocol.review)}
    assert {str(one.get("class")).removeprefix("limit ") for one in pills} == bases


@pytest.mark.parametrize(("country", "track", "version", "language"), DRAWN)
def test_a_drawing_has_no_style_says_what_it_is_and_stays_within_its_frame(
    country: str, track: str, version: str, language: str
) -> None:
    svg = drawn(CATALOGUE.version_of(country, track, version), country, language)
    assert " style=" not in svg
    assert "<style" not in svg
    assert "{" not in svg
    tree = ET.fromstring(svg)  # noqa: S314 - our own
    assert tree.get("role") == "img"
    assert tree.get("aria-labelledby") == "title desc"
    named = {one.get("id"): one.text for one in tree}
    assert named["title"]
    assert "; " in str(named["desc"])
    wide, high = float(tree.get("width", 0)), float(tree.get("height", 0))
    places = re.findall(r"translate\(([\d.]+) ([\d.]+)\)", svg)
    assert places
    assert all(float(x) < wide and float(y) < high for x, y in places)


def test_the_same_track_is_always_drawn_the_same() -> None:
    protocol = CATALOGUE.version_of("AR", "trafficking")
    assert drawn(protocol, "AR", "es") == drawn(protocol, "AR", "es")


def test_boxes_never_lie_on_each_other() -> None:
    svg = drawn(CATALOGUE.version_of("AR", "trafficking"), "AR", "es")
    tree = ET.fromstring(svg)  # noqa: S314 - our own
    columns: dict[str, list[tuple[float, float]]] = {}
    for group in tree.iter(f"{SVG}g"):
        if group.get("class", "").startswith("box "):
            found = re.findall(r"[\d.]+", group.get("transform", ""))
            frame = next(group.iter(f"{SVG}rect"))
            columns.setdefault(found[0], []).append(
                (float(found[1]), float(frame.get("height", 0)))
            )
    for boxes in columns.values():
        in_order = sorted(boxes)
        for (top, height), (below, _) in pairwise(in_order):
            assert top + height < below


def test_what_comes_again_runs_back_and_its_own_outcome_is_a_sign_in_the_box() -> None:
    track, _ = altered(TRACK, "follows: Q1 accepted", "follows: [Q1 accepted, Q2 NOT_HELPED]")
    track, _ = altered(track, "when: small or works", "repeat: 3")
    track, _ = altered(track, "ask: holder", "ask: POLICE")
    assert "↻" in small(track)
    again, _ = altered(TRACK, "follows: [filing, triage]", "follows: [filing, triage, moved]")
    assert "Moved" in small(again)


def test_limits_that_have_run_out_gates_and_routes_are_arrows_of_their_own_kind() -> None:
    late, _ = altered(TRACK, "follows: Q1 accepted", "follows: Q1.answer lapsed")
    assert 'class="lapse"' in small(late)
    assert 'class="gate"' in small()
    child_labour = drawn(CATALOGUE.version_of("AR", "child_labour"), "AR", "es")
    assert "rechazado: Fuera de la jurisdicción" in child_labour


def test_a_panel_and_a_limit_that_is_extended_or_stands_still_are_told_in_the_box() -> None:
    svg = drawn(CATALOGUE.version_of("ZZ", "child_protection"))
    assert "stands still" in svg
    protocol = CATALOGUE.version_of("ZZ", "trafficking")
    law, vocabulary = CATALOGUE.country("ZZ"), CATALOGUE.shelves["ZZ"].vocabulary
    plain = procedure(protocol, law, vocabulary, "en")
    plain["steps"][0]["panel"] = "Police and health service"
    svg = procedure_svg(plain, Speaker(protocol, law, vocabulary, "en"))
    assert "Decided by a panel" in svg


def test_a_limit_of_no_hours_and_a_track_without_gates_are_drawn_too() -> None:
    at_once, _ = altered(TRACK, "limit: 24 h", "at_once: true\n        limit: 0 h")
    assert "now (0 h)" in small(at_once)


@pytest.mark.parametrize("kind", list(Kind))
@pytest.mark.parametrize("language", ["en", "es", "th"])
def test_the_life_of_a_hand_off_has_every_row_of_the_table(kind: Kind, language: str) -> None:
    say = Language(language)
    svg = lifecycle_svg(kind, say)
    rows = {(state, act): row for (of, state, act), row in TRANSITIONS.items() if of is kind}
    for (state, act), row in rows.items():
        if act is not Act.VOID:
            assert say.word("states", state) in svg
            assert say.word("states", row.to) in svg
            assert say.word("acts", act) in svg
    assert say.word("acts", Act.VOID) in svg
    assert " style=" not in svg
    assert "<style" not in svg


def test_a_custody_that_goes_on_after_a_pause_runs_back() -> None:
    links = [Link("a", "x", "b"), Link("b", "y", "a")]
    columns = columns_of(("a", "b"), links)
    assert columns.back == {links[1]}
    assert columns.columns == (("a",), ("b",))


def test_what_follows_itself_stays_where_it_is() -> None:
    columns = columns_of(("a", "b"), [Link("a", "", "a"), Link("a", "", "b")])
    assert columns.columns == (("a",), ("b",))


def test_an_arrow_that_passes_columns_gets_a_lane_in_each() -> None:
    links = [Link("a", "", "b"), Link("b", "", "c"), Link("c", "", "d"), Link("a", "", "d")]
    back = Link("d", "", "a")
    columns = columns_of(("a", "b", "c", "d"), [*links, back])
    assert len(columns.lanes[links[3]]) == 2
    assert len(columns.lanes[back]) == 2
    assert len(columns.columns[1]) == 3
    assert columns.lanes[links[0]] == ()


def test_a_column_that_is_full_gives_what_nothing_follows_to_the_next() -> None:
    names = ("start", *(f"step {n}" for n in range(12)))
    columns = columns_of(names, [Link("start", "", name) for name in names[1:]])
    boxes = [[one for one in column if one in names] for column in columns.columns]
    assert [len(column) for column in boxes] == [1, 7, 5]
    assert "step 0" in boxes[1]
    assert "step 11" in boxes[2]


def test_columns_are_sorted_until_arrows_do_not_cross() -> None:
    links = [Link("a", "", "z"), Link("b", "", "y"), Link("c", "", "x")]
    columns = columns_of(("a", "b", "c", "x", "y", "z"), links)
    height = {name: at for column in columns.columns for at, name in enumerate(column)}
    assert [height[one] for one in "abc"] == [height[one] for one in "zyx"]


def test_a_box_stands_at_the_height_of_what_it_is_linked_to() -> None:
    columns = columns_of(("a", "b", "alone"), [Link("a", "", "b")])
    tops = tops_of(columns, {"a": 30, "b": 30, "alone": 30}, lambda _n, _p: 5, lambda _: 5, 10)
    assert tops["a"] == pytest.approx(tops["b"], abs=0.5)
    assert tops["alone"] == pytest.approx(40, abs=1)


def test_texts_break_at_words_and_thai_where_a_syllable_begins() -> None:
    assert wrapped("one two three", 10, width("one two", 10), 3) == ("one two", "three")
    assert wrapped("one two three", 10, width("one two", 10), 1) == ("one …",)
    assert wrapped("", 10, 100, 2) == ()
    words = "หน่วยงานผู้รับผิดชอบดำเนินการแก้ไขเพิ่มเติม"
    thai = wrapped(words, 10, 60, 9)
    assert len(thai) > 3
    assert "".join(thai) == words
    assert all(line[0] not in "ิีึืุู่้๊๋ำะา" for line in thai)
    assert all(line[-1] not in "เแโใไ" for line in thai)


def test_a_word_wider_than_the_box_is_cut() -> None:
    (line,) = wrapped("Donaudampfschifffahrt fährt", 10, 40, 1)
    assert line.endswith("…")
    assert width(line, 10) <= 45


def test_a_box_is_as_high_as_what_is_in_it() -> None:
    empty = Box("a", "mark", "A", "", "A", ())
    assert empty.height == BAND
    assert empty.leaves("nothing") == BAND / 2
    rows: tuple[Row, ...] = (*text("words"), rail("24 h", "sop", "Answer", [(0.5, "reminder")], ""))
    full = Box("a", "task", "A", "", "A", rows, (port("x", "done"), port("y", "failed")))
    assert BAND < full.leaves("x") < full.leaves("y") < full.height
    bare = rail("24 h", "sop", "Answer", [], "")
    assert bare.height < rows[-1].height
    assert "<path" not in bare.draw(0)


def test_every_kind_has_a_colour_that_white_can_be_read_on() -> None:
    for hue in HUES.values():
        red, green, blue = (int(hue[at : at + 2], 16) / 255 for at in (1, 3, 5))
        parts = [
            c / 12.92 if c <= 0.03928 else ((c + 0.055) / 1.055) ** 2.4 for c in (red, green, blue)
        ]
        light = 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2]
        assert 1.05 / (light + 0.05) >= 4.5


def test_a_picture_without_links_or_legend_is_a_picture() -> None:
    svg = picture("T", "", "D", [Box("a", "mark", "A", "", "A", ())], [])
    assert 'class="legend"' not in svg
    assert 'class="links"' not in svg
