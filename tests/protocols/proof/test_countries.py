# ruff: noqa: E501 - a country file is altered as its authors write it
"""The proof is part of the check: for every track, override and country, and on the command line."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from protocols.__main__ import PROBLEMS, main
from protocols.check import check
from protocols.problems import Problems
from protocols.proof.countries import nobody_is_left_out, prove_all
from protocols.proof.profiles import profiles_of
from protocols.shelves import read_shelves
from protocols.vocabulary import load_vocabulary
from tests.protocols.drafts import written
from tests.protocols.proof.small import SOUND, changed, track_of, with_third

LOCALLY = """\
overrides:
  north:
    places: [QQ-N, QQ-M]
    because: {en: Here, es: Aquí}
    sources: [LAW]
    steps:
      Q3: {ask: COUNCIL}
review:
  step: Q9"""


def test_countries_are_proved_beside_each_other_with_the_same_answer(tmp_path: Path) -> None:
    text = changed("review:\n  step: Q9", LOCALLY, with_third()).replace(
        "who: [POLICE, COUNCIL]", "who: POLICE"
    )
    (shelf,) = read_shelves(written(tmp_path, text), Problems()).values()
    twice = replace(shelf, versions=shelf.versions * 2)  # so that there is a second track
    one, there, again, too = prove_all({"QQ": twice}, 1)["QQ"]
    assert (one, there) == (again, too)
    both = {"QQ": twice, "QR": shelf}
    assert prove_all(both, 2) == {"QQ": (one, there, again, too), "QR": (one, there)}
    assert (one.place, there.place) == ("", "QQ-M")
    assert one.findings == there.findings == ()


def test_a_finding_is_printed_with_its_line_and_history(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = written(tmp_path, changed("forbids: [moved]", "forbids: [ended]"))
    assert main(["check", "--folder", str(folder)]) == PROBLEMS
    said = capsys.readouterr()
    assert "care/2026-01-01.yaml:21:5: error: L4: after Q1 nothing is sure to end" in said.err
    assert "Shortest history: filing." in said.err
    assert "worst case to a holder: 60 h at Q1" in said.out
    assert "QQ: 1 sources of grade K, 0 gone stale" in said.out


def test_an_override_is_printed_with_its_place(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = written(tmp_path, changed("review:\n  step: Q9", LOCALLY, with_third()))
    main(["check", "--folder", str(folder)])
    assert "QQ care 2026-01-01 in QQ-M: proved over" in capsys.readouterr().out


def test_what_no_case_reaches_keeps_a_country_out_of_force(tmp_path: Path) -> None:
    report = check(folder=written(tmp_path, SOUND), proving=False)
    assert any("no worked case reaches Q1 of care" in one.message for one in report.problems)
    assert any("grade K" in one.message for one in report.problems)
    assert report.countries[0].proofs == ()


def test_a_country_whose_tracks_take_not_everybody_leaves_somebody_out(tmp_path: Path) -> None:
    other = written(tmp_path, SOUND)
    country = other / "qq" / "country.yaml"
    country.write_text(
        country.read_text("utf-8").replace("default_track: care", "default_track: help"), "utf-8"
    )
    (shelf,) = read_shelves(other, Problems()).values()
    (finding,) = nobody_is_left_out(shelf)
    assert finding.property == "L1"
    assert finding.history[0].startswith("filing with CL insufficient, FL insufficient")


def test_a_draft_alone_leaves_nobody_out_because_it_takes_nobody_in(tmp_path: Path) -> None:
    (shelf,) = read_shelves(
        written(tmp_path, changed("stage: in_force", "stage: draft")), Problems()
    ).values()
    assert tuple(nobody_is_left_out(shelf)) == ()


def test_guards_that_share_facts_are_valued_together() -> None:
    conditions = [
        "small and not child", "hazards includes HZ_HEIGHTS", "hazards includes HZ_HEIGHTS or HZ_ABUSE_EXPOSURE",
        "fl_indicators includes FL09", "beneficiary is parent or other", "CL is indicated",
        "reported is CL", "urgency is emergency",
    ]  # fmt: skip
    found = []
    for place, condition in enumerate(conditions):
        text = changed("    when: small or works\n", f"    when: {condition}\n")
        found.append(track_of(text).steps["Q2"].when)
        assert found[place] is not None
    profiles = profiles_of(found, load_vocabulary())
    first = profiles.guards[found[0]]
    assert {values[first.place] for values in profiles.groups[first.group]} == {None, False}
    heights, either = profiles.guards[found[1]], profiles.guards[found[2]]
    assert heights.group == either.group
    together = {(one[heights.place], one[either.place]) for one in profiles.groups[heights.group]}
    assert together == {(None, None), (False, False), (True, True), (False, True)}


def test_numbers_are_valued_on_both_sides_of_each_band() -> None:
    text = changed("  small: {", "  long: {fact: econ_hours, from: 14, to: 40}\n  small: {")
    found = [
        track_of(changed("    when: small or works\n", f"    when: {one}\n", text)).steps["Q2"].when
        for one in ("long", "not long")
    ]
    profiles = profiles_of(found, load_vocabulary())
    assert set(profiles.groups[0]) == {(None, None), (True, False), (False, True)}
    assert profiles.words[0][0] == "econ_hours not known"
