"""The local guide: one town's bodies in the law's order, with telephones, limits and holes."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from protocols.__main__ import main
from protocols.guide.cards import guide_html
from protocols.guide.directory import Contact, Directory, read_directory
from protocols.guide.local import local_guide
from protocols.guide.printed import guide_text
from protocols.problems import ProblemsFound
from protocols.telling import told
from tests.protocols.moments import CATALOGUE

NORTH = Directory(
    "ZZ-N",
    "North",
    {
        "POLICE": Contact("City police <North>", "Duty desk", "111", "112", "Main street 1"),
        "SHELTER": Contact(confidential=True),
        "HEALTH": Contact("Council", stands_in=True),
        "IMMIGRATION": Contact("Port office"),
    },
    {"TRAFFICKING_UNIT": Contact("Unit in the capital", telephone="900")},
)
MANDATES = CATALOGUE.country("ZZ").mandates


def guide(language: str = "en", town: Directory = NORTH, day: date | None = None) -> dict[str, Any]:
    asked = told(CATALOGUE, "ZZ", "trafficking", None, language, town.place)
    return local_guide(asked.plain, asked.say, town, day)


def card(plain: dict[str, Any], step: str) -> dict[str, Any]:
    return next(one for one in plain["cards"] if one["id"] == step)


def text(language: str = "en") -> str:
    asked = told(CATALOGUE, "ZZ", "trafficking", None, language)
    return " ".join(guide_text(guide(language), asked.say).split())


def test_every_step_is_a_card_in_the_order_in_which_it_can_come() -> None:
    plain = guide()
    protocol = CATALOGUE.version_of("ZZ", "trafficking")
    assert [one["number"] for one in plain["cards"]] == list(range(1, len(protocol.steps) + 1))
    assert {one["id"] for one in plain["cards"]} == set(protocol.steps)
    assert json.loads(json.dumps(plain)) == plain


def test_a_body_is_named_with_desk_telephone_and_night() -> None:
    said = text()
    assert "City police <North>, Duty desk, Main street 1, tel. 111, at night 112" in said
    assert "Unit in the capital, tel. 900" in said  # the last is asked at national level
    assert "al mismo" not in said


def test_a_confidential_body_is_never_named_and_a_stand_in_is_said_to_be_one() -> None:
    said = text()
    assert "Shelter (address not shown; ask through the holder)" in said
    assert "Council (instead of: Health service)" in said


def test_mandates_nobody_is_named_for_are_listed_as_holes() -> None:
    plain = guide()
    assert "River police" in plain["nobody_named"]
    assert "City police" not in plain["nobody_named"]
    assert "Nobody is named here for: River police" in text()
    assert "River police (nobody is named here)" in text()


def test_roles_are_whoever_they_are_and_duties_ask_nobody() -> None:
    plain = guide()
    assert card(plain, "ZZ-T05")["asked"] == []
    assert card(plain, "ZZ-T05")["duty"]
    (filer,) = card(plain, "ZZ-T10")["asked"]
    assert filer["known"]
    assert "Ask: whoever filed the report" in text()


def test_each_recipient_stands_at_its_turn() -> None:
    turns = [one["turn"] for one in card(guide(), "ZZ-T01")["asked"]]
    assert turns == ["Ask at the same time", "Ask at the same time", "At last (may not decline)"]
    asked = told(CATALOGUE, "AR", "trafficking", None, "en")
    plain = local_guide(asked.plain, asked.say, Directory("AR-A", "Salta"))
    assert "Then" in {one["turn"] for step in plain["cards"] for one in step["asked"]}


def test_each_limit_has_an_example_that_derives_its_end() -> None:
    plain = guide(day=date(2026, 11, 6))
    (limit, _) = card(plain, "ZZ-T01")["limits"]
    assert limit["example"][0].startswith("Friday 6 November 2026 15:40")
    assert limit["due"] == "2026-11-06T16:40:00+00:00"
    spanish = card(guide("es", day=date(2026, 11, 6)), "ZZ-T08")["limits"][0]
    assert "viernes 6 de noviembre de 2026" in spanish["example"][0]


def test_without_a_day_the_examples_begin_on_a_friday_the_calendars_know() -> None:
    for one in guide()["cards"]:
        assert all(limit["example"][0].startswith("Friday") for limit in one["limits"])


def test_a_day_no_calendar_knows_gives_no_example_and_no_guess() -> None:
    plain = guide(day=date(2090, 1, 6))
    assert card(plain, "ZZ-T08")["limits"][0]["example"] == []
    assert card(plain, "ZZ-T08")["limits"][0]["due"] is None


def test_a_language_without_derivations_has_the_calendars_own() -> None:
    asked = told(CATALOGUE, "ZZ", "trafficking", None, "en")
    plain = local_guide(asked.plain, replace(asked.say, language="xx"), NORTH)
    assert card(plain, "ZZ-T01")["limits"][0]["example"][0].startswith("Friday")


# --- on paper ------------------------------------------------------------------------------------


class Page(HTMLParser):
    """What a page is made of."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: list[tuple[str, dict[str, str | None]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append((tag, dict(attrs)))


@pytest.mark.parametrize("language", ["en", "es"])
def test_the_page_has_a_card_for_each_step_escapes_everything_and_loads_nothing(
    language: str,
) -> None:
    asked = told(CATALOGUE, "ZZ", "trafficking", None, language)
    html = guide_html(guide(language), asked.say, "<svg></svg>")
    page = Page()
    page.feed(html)
    cards = [one for one in page.seen if one[1].get("class") == "card"]
    assert len(cards) == len(asked.protocol.steps)
    assert "City police &lt;North&gt;" in html
    marked = asked.say.word("basis", "assumption")
    assert html.count(f"· {marked}</p>") == asked.plain["totals"]["assumptions"]
    assert not {tag for tag, _ in page.seen} & {"script", "img", "link", "iframe"}
    assert not any("style" in attributes or "src" in attributes for _, attributes in page.seen)
    assert html.endswith('<div class="plan"><svg></svg></div></body></html>')
    assert f'lang="{language}"' in html


def test_a_town_where_everybody_is_named_shows_no_hole() -> None:
    everybody = Directory("ZZ-N", "North", {name: Contact("Body") for name in MANDATES})
    asked = told(CATALOGUE, "ZZ", "trafficking", None, "en")
    plain = guide(town=everybody)
    assert plain["nobody_named"] == []
    assert 'class="hole"' not in guide_html(plain, asked.say)
    assert 'class="plan"' not in guide_html(plain, asked.say)


# --- the directory handed in ---------------------------------------------------------------------


def handed(folder: Path, written: object) -> Path:
    file = folder / "north.json"
    file.write_text(written if isinstance(written, str) else json.dumps(written), encoding="utf-8")
    return file


def test_a_directory_is_read_as_it_is_written(tmp_path: Path) -> None:
    file = handed(
        tmp_path,
        {
            "place": "ZZ-N",
            "mandates": {
                "POLICE": {"name": "City police", "telephone": "111"},
                "SHELTER": {"confidential": True, "name": "never kept"},
            },
            "national": {"POLICE": {"name": "Police of the country"}},
        },
    )
    town = read_directory(file, MANDATES)
    assert (town.place, town.name) == ("ZZ-N", "ZZ-N")
    assert town.of("POLICE") == Contact("City police", telephone="111")
    assert town.of("POLICE", national=True) == Contact("Police of the country")
    assert town.of("SHELTER", national=True) == Contact(confidential=True)
    assert town.of("COURT") is None


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("{", "is not JSON"),
        ("[]", "holds no object"),
        ({"mandates": {}}, "'place' is missing"),
        ({"place": "ZZ-N", "town": 1}, "unknown key 'town'"),
        ({"place": "ZZ-N", "mandates": []}, "'mandates' is no object"),
        ({"place": "ZZ-N", "mandates": {"FIRE": {"name": "x"}}}, "'FIRE' under 'mandates'"),
        ({"place": "ZZ-N", "mandates": {"POLICE": {}}}, "does not say who it is"),
        ({"place": "ZZ-N", "mandates": {"POLICE": "me"}}, "does not say who it is"),
        ({"place": "ZZ-N", "mandates": {"POLICE": {"name": 1}}}, "does not say who it is"),
        (
            {"place": "ZZ-N", "mandates": {"POLICE": {"name": "x", "stands_in": 1}}},
            "does not say who it is",
        ),
        ({"place": "ZZ-N", "mandates": {"POLICE": {"name": "x", "fax": "1"}}}, "key 'fax'"),
    ],
)
def test_what_is_wrong_in_a_directory_is_said_with_its_remedy(
    written: object, said: str, tmp_path: Path
) -> None:
    with pytest.raises(ProblemsFound) as found:
        read_directory(handed(tmp_path, written), MANDATES)
    assert said in str(found.value)
    assert all(problem.remedy for problem in found.value.problems)


def test_a_file_that_cannot_be_read_is_a_problem(tmp_path: Path) -> None:
    with pytest.raises(ProblemsFound, match="cannot be read"):
        read_directory(tmp_path / "nowhere.json", MANDATES)


# --- the command ---------------------------------------------------------------------------------


def test_the_command_writes_text_page_and_drawings(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = handed(tmp_path, {"place": "ZZ-N", "mandates": {"POLICE": {"name": "City police"}}})
    page, svg, life = (tmp_path / name for name in ("guide.html", "track.svg", "life.svg"))
    words = ["explain", "zz", "trafficking", "--place", "ZZ-N"]
    assert main([*words, "--directory", str(file), "--html", str(page), "--svg", str(svg)]) == 0
    assert "who to call in ZZ-N" in capsys.readouterr().out
    assert svg.read_text(encoding="utf-8") in page.read_text(encoding="utf-8")
    assert main([*words, "--json", "--day", "2026-11-06"]) == 0
    assert json.loads(capsys.readouterr().out)["place"] == "ZZ-N"
    assert main(["explain", "zz", "trafficking", "--life", "notice", "--svg", str(life)]) == 0
    assert "What a hand-off can go through" in life.read_text(encoding="utf-8")


def test_a_guide_without_its_town_and_a_directory_of_another_are_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = handed(tmp_path, {"place": "ZZ-S"})
    assert main(["explain", "zz", "trafficking", "--directory", str(file)]) == 2
    assert "name it with --place" in capsys.readouterr().err
    words = ["explain", "zz", "trafficking", "--place", "ZZ-N", "--directory", str(file)]
    assert main(words) == 2
    assert "is the directory of ZZ-S, not ZZ-N" in capsys.readouterr().err
