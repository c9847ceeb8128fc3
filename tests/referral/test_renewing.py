"""New law while the service runs: all of it, or the old one stays and every problem is told."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

import protocols
from protocols.catalogue import Catalogue
from protocols.problems import ProblemsFound
from referral.renewing import renew, renewed
from tests.cast import House


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of Zedland that may be spoiled."""
    source = Path(protocols.__file__).parent / "countries" / "zz"
    shutil.copytree(source, tmp_path / "zz")
    return tmp_path


def test_a_new_version_beside_the_old_one_takes_its_place(folder: Path) -> None:
    old = Catalogue.load(folder)
    first = folder / "zz" / "child_protection" / "2026-02-15.yaml"
    text = first.read_text(encoding="utf-8").replace(
        "takes_force: 2026-02-15", "takes_force: 2026-06-01"
    )
    first.with_name("2026-06-01.yaml").write_text(text, encoding="utf-8")
    new = renewed(old, folder)
    assert len(new.shelves["ZZ"].versions) == len(old.shelves["ZZ"].versions) + 1


def test_a_broken_file_is_told_with_its_line(folder: Path) -> None:
    old = Catalogue.load(folder)
    file = folder / "zz" / "trafficking" / "2026-01-01.yaml"
    lines = file.read_text(encoding="utf-8").replace("kind: custody", "kind: costody")
    file.write_text(lines.replace("limit: 24 h", "limit: 24 moons"), encoding="utf-8")
    with pytest.raises(ProblemsFound) as found:
        renewed(old, folder)
    told = str(found.value)
    assert "costody" in told
    assert "moons" in told
    assert "trafficking/2026-01-01.yaml:" in told


def test_an_edited_version_is_refused(folder: Path) -> None:
    old = Catalogue.load(folder)
    file = folder / "zz" / "child_protection" / "2026-01-01.yaml"
    file.write_text(
        file.read_text(encoding="utf-8").replace("limit: 24 h", "limit: 20 h", 1), encoding="utf-8"
    )
    with pytest.raises(ProblemsFound, match="changed after it took force"):
        renewed(old, folder)


async def test_a_running_service_keeps_the_old_law_when_the_new_one_is_broken(
    house: House, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    law = Catalogue.load(folder)
    house.installation.catalogue = law
    monkeypatch.setattr("protocols.catalogue.FOLDER", folder)
    file = folder / "zz" / "trafficking" / "2026-01-01.yaml"
    good = file.read_text(encoding="utf-8")
    file.write_text(good.replace("kind: custody", "kind: costody"), encoding="utf-8")
    assert renew([house.installation])
    assert house.installation.catalogue is law
    file.write_text(good, encoding="utf-8")
    assert renew([house.installation]) == ()
    assert house.installation.catalogue is not law


def test_a_removed_version_is_refused(folder: Path) -> None:
    old = Catalogue.load(folder)
    newer = folder / "zz" / "child_protection"
    text = (newer / "2026-01-01.yaml").read_text(encoding="utf-8")
    (newer / "2026-01-01.yaml").unlink()
    moved = text.replace("takes_force: 2026-01-01", "takes_force: 2026-02-01")
    (newer / "2026-02-01.yaml").write_text(moved, encoding="utf-8")
    with pytest.raises(ProblemsFound, match="has no version 2026-01-01"):
        renewed(old, folder)


def test_a_fact_that_is_gone_is_refused(folder: Path) -> None:
    facts = folder / "zz" / "facts.yaml"
    text = facts.read_text(encoding="utf-8")
    facts.write_text(text + text[text.index("  zz_") :].replace("zz_on", "zz_near"), "utf-8")
    old = Catalogue.load(folder)
    facts.write_text(text, encoding="utf-8")
    with pytest.raises(ProblemsFound, match="the fact 'zz_near_an_island' is gone"):
        renewed(old, folder)
