"""What a browser is given beside pages: ours alone, unchanged, nothing that the CSP would stop."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path

import pytest

import referral.web
from referral.web.pages import version
from tests.cast import House

_WEB = Path(referral.web.__file__).parent
_STATIC = _WEB / "static"
_TEMPLATES = sorted((_WEB / "templates").rglob("*.html"))


@pytest.mark.parametrize(
    "folder", [_STATIC / "vendor", _WEB / "outlines"], ids=lambda one: one.name
)
def test_the_vendored_files_are_those_whose_sums_are_written_down(folder: Path) -> None:
    written = (folder / "README.md").read_text("utf-8")
    told = dict(re.findall(r"\| `([^`]+)` \|.*`([0-9a-f]{64})` \|", written))
    files = {path.name: path for path in folder.iterdir() if path.suffix != ".md"}
    assert set(told) == set(files)
    for name, path in files.items():
        assert hashlib.sha256(path.read_bytes()).hexdigest() == told[name], name


@pytest.mark.parametrize("path", sorted(_STATIC.rglob("*.css")), ids=lambda path: path.name)
def test_a_style_sheet_asks_for_no_other_file(path: Path) -> None:
    text = path.read_text("utf-8")
    assert re.findall(r"url\(|@import|@font-face|GDS Transport", text) == []


@pytest.mark.parametrize("path", _TEMPLATES, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_a_template_has_nothing_inline_and_escapes_everything(path: Path) -> None:
    text = path.read_text("utf-8")
    own = re.sub(r'<script type="module" src="/static/[^"]+"></script>', "", text)
    assert re.findall(r"\|\s*safe\b|autoescape|<script|<style|\sstyle=|\son\w+=", own) == []
    assert set(re.findall(r'(?:href|src|action)="(https?:[^"]*)"', text)) == set()


async def test_assets_are_kept_by_their_version_and_pages_are_not(house: House) -> None:
    stranger = house.stranger()
    sheet = await stranger.get(f"/static/{version()}/referral.css")
    assert sheet.status_code == 200
    assert "immutable" in sheet.headers["cache-control"]
    page = await stranger.get("/sign-in")
    assert page.headers["cache-control"] == "no-store"
    assert f"/static/{version()}/referral.css" in page.text
    assert (await stranger.get("/static/nothing.css")).status_code == 404
    assert (await stranger.get("/static/../pages.py")).status_code == 404
