"""``referral guide``: the law's procedure with one town's bodies in it, without a database."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.referral.test_cli import MISUSE, PROBLEMS, answer, words_of

NORTH = ("guide", "ZZ", "trafficking", "--place", "ZZ-N")


def test_the_guide_names_the_towns_own_bodies() -> None:
    text = " ".join(words_of(*NORTH).split())
    assert "Trafficking and forced labour: who to call in North" in text
    assert "Ask at the same time: City police of the North, Intake desk" in text
    assert "Nobody is named here" not in text


def test_a_body_whose_place_is_secret_is_not_named() -> None:
    plain = answer(*NORTH)
    (shelter, *_) = next(one for one in plain["cards"] if one["id"] == "ZZ-T06")["asked"]
    assert shelter["confidential"]
    assert shelter["name"] == ""
    assert "House of the Lantern" not in words_of(*NORTH)


def test_who_stands_in_for_nobody_is_said_to_stand_in() -> None:
    plain = answer("guide", "ZZ", "trafficking", "--place", "ZZ-W")
    (health, *_) = next(one for one in plain["cards"] if one["id"] == "ZZ-T04")["asked"]
    assert health["stands_in"]
    assert health["name"] == "National coordination council"


@pytest.mark.parametrize("language", ["en", "es"])
def test_the_page_is_written_with_cards_and_drawing(language: str, tmp_path: Path) -> None:
    page = tmp_path / "guide.html"
    words_of(*NORTH, "--language", language, "--html", str(page))
    html = page.read_text(encoding="utf-8")
    assert html.count('class="card"') > 10
    assert "<svg" in html
    assert f'lang="{language}"' in html


def test_what_does_not_exist_is_misuse_and_says_what_there_is() -> None:
    told = answer("guide", "ZZ", "trafficking", "--place", "ZZ-Q", code=MISUSE)
    assert "there are: ZZ, ZZ-E, ZZ-N" in told["error"]
    told = answer("guide", "ZZ", "gold", "--place", "ZZ-N", code=MISUSE)
    assert "no track 'gold'" in told["error"]
    answer("guide", "QX", "gold", "--place", "QX-N", code=PROBLEMS)


def test_before_anybody_was_charged_everybody_is_a_hole() -> None:
    plain = answer(*NORTH, "--from", "1990-01-01")
    assert "City police" in plain["nobody_named"]
