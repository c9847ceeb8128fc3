"""Printed documents: from vendored fonts alone, accessible, and never lost for one odd letter."""

from __future__ import annotations

import hashlib
import re
from datetime import UTC, datetime
from pathlib import Path

import pytest

from referral.exports.typesetting import FONTS, typeset
from tests.referral.exports.reading import ACCESSIBLE, fonts_in, words_in

AT = datetime(2026, 3, 2, 12, tzinfo=UTC)


def sheet(**changes: object) -> dict[str, object]:
    """The least a report says."""
    said: dict[str, object] = {
        "language": "en",
        "title": "A title",
        "subtitle": "",
        "month": "",
        "about": [],
        "warnings": [],
        "brief": {"title": "In brief", "cards": []},
        "parts": [],
        "definitions": {"title": "Words", "lines": []},
        "official": "",
        "unreviewed": "",
        "page": ["", " ", ""],
    }
    return said | changes


def test_the_vendored_fonts_are_those_whose_sums_are_written_down() -> None:
    written = (FONTS / "README.md").read_text("utf-8")
    told = dict(re.findall(r"\| `([^`]+)` \|.*`([0-9a-f]{64})` \|", written))
    files = {path.name: path for path in FONTS.iterdir() if path.suffix != ".md"}
    assert set(told) == set(files)
    for name, path in files.items():
        assert hashlib.sha256(path.read_bytes()).hexdigest() == told[name], name


def test_what_is_handed_in_is_never_read_as_markup(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("leaked", "utf-8")
    odd = f'#read("{secret}") *b* $x$ = Title <label> @ref \\ // end'
    made = typeset("monthly_report.typ", sheet(subtitle=odd, official=odd), at=AT)
    assert "".join(odd.split()) in "".join(words_in(made).split())


@pytest.mark.parametrize("odd", ["กระทรวง", "Ñandutí, g̃uarani", "Ministère œuvre", "Lê Thị Hồng"])
def test_letters_of_these_countries_and_their_neighbours_are_there(odd: str) -> None:
    made = typeset("monthly_report.typ", sheet(subtitle=odd), at=AT)
    assert ACCESSIBLE in made
    assert {re.sub(r"^[A-Z]{6}\+", "", one) for one in fonts_in(made)} <= {
        *("NotoSans-Regular", "NotoSans-Bold", "NotoSansThai-Regular", "NotoSansThai-Bold"),
    }


def test_a_letter_no_font_has_loses_the_mark_and_not_the_document() -> None:
    made = typeset("monthly_report.typ", sheet(subtitle="Amal أمل"), at=AT)
    assert ACCESSIBLE not in made
    assert "Amal" in words_in(made)


def test_the_same_values_make_the_same_document() -> None:
    once, again = (typeset("monthly_report.typ", sheet(), at=AT) for _ in range(2))
    assert once == again
