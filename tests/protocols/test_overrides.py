# ruff: noqa: E501 - one case per line reads as a table
"""What a province does otherwise: the difference alone is written, the whole is checked."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from protocols import engine
from protocols.catalogue import Catalogue
from protocols.check import check
from protocols.decision import OpenHandOff, StartClock
from protocols.lifecycle import Act, Party
from protocols.permits import recordable
from protocols.protocol import cited_by
from protocols.rehearsal import carried_out
from tests.protocols.drafts import TRACK, compiled, written
from tests.protocols.moments import FRIDAY, facts, run_of

ISLANDS = """\
overrides:
  islands:
    places: [QQ-I, QQ-J]
    because: {en: No office there, es: No hay oficina}
    sources: [GUESS]
    steps:
      Q1:
        ask: POLICE
        clocks:
          answer: {limit: 6 h}
          seen: {from: opened, until: acknowledged, limit: 1 h, basis: sop, sources: [GUESS], escalates_to: COUNCIL}
      Q3:
        title: {en: Ferry, es: Transbordador}
        kind: task
        ask: LOCAL
        follows: Q1 accepted
        basis: sop
        sources: [GUESS]
        clocks:
          answer: {from: opened, until: accepted, limit: 2 h, basis: sop, sources: [GUESS], escalates_to: COUNCIL}
  harbour:
    places: QQ-I-PORT
    because: {en: A harbour, es: Un puerto}
    sources: [GUESS]
    steps:
      Q1: {ask: LOCAL}
"""
LAW = TRACK.replace("review:\n", ISLANDS + "review:\n")


def test_keys_that_are_given_replace_the_tracks_and_the_rest_is_inherited() -> None:
    protocol, problems = compiled(LAW)
    assert problems == ()
    there = protocol.at("QQ-I")
    assert there.steps["Q1"].ask == ("POLICE",)
    assert there.steps["Q1"].last == "NATION"
    assert there.steps["Q2"] == protocol.steps["Q2"]
    assert [
        one.limit.amount for one in (protocol.clocks["Q1.answer"], there.clocks["Q1.answer"])
    ] == [24, 6]
    assert there.clocks["Q1.answer"].escalates_to == "COUNCIL"
    assert "Q1.seen" in there.clocks
    assert "Q1.seen" not in protocol.clocks
    assert "Q3" in there.steps
    assert "Q3" not in protocol.steps


def test_elsewhere_the_track_stands_and_a_town_goes_by_its_province() -> None:
    protocol, _ = compiled(LAW)
    assert protocol.at("QQ") is protocol
    assert protocol.at("QQ-K") is protocol
    assert protocol.at("QQ-J") is protocol.at("QQ-I")
    assert protocol.at("QQ-I-VILLAGE") is protocol.at("QQ-I")
    assert protocol.at("QQ-IX") is protocol


def test_a_towns_override_stands_on_top_of_its_provinces() -> None:
    protocol, _ = compiled(LAW)
    port = protocol.at("QQ-I-PORT")
    assert port.steps["Q1"].ask == ("LOCAL",)
    assert port.clocks["Q1.answer"].limit.amount == 6
    assert "Q3" in port.steps
    assert [one.overrides for one in protocol.local] == [("islands",), ("islands", "harbour")]


def test_the_digest_is_that_of_the_version_at_every_place_and_covers_what_is_otherwise() -> None:
    protocol, _ = compiled(LAW)
    assert {protocol.at(place).digest for place in ("QQ", "QQ-I", "QQ-I-PORT")} == {protocol.digest}
    other, _ = compiled(LAW.replace("limit: 6 h", "limit: 7 h"))
    without, _ = compiled()
    assert len({protocol.digest, other.digest, without.digest}) == 3


def test_a_referral_goes_by_what_stands_where_it_was_filed() -> None:
    protocol, _ = compiled(LAW)
    run = run_of(facts(age=10, works=True), CL="indicated", place="QQ-I")
    (opening,) = engine.file((protocol,), run, FRIDAY)
    decision = opening.decision
    assert [one.mandate for one in decision.all(OpenHandOff)] == ["POLICE"]
    due = {one.clock: one.due_at - FRIDAY for one in decision.all(StartClock)}
    assert due == {"Q1.answer": timedelta(hours=6), "Q1.seen": timedelta(hours=1)}
    run = carried_out(run, decision)
    lapsed = engine.lapse(protocol, run, run.clocks[0].id, FRIDAY)
    accepted = engine.act(
        protocol, run, run.hand_offs[0].id, Act.ACCEPT, FRIDAY, party=Party.RECEIVER
    )
    run = carried_out(run, accepted)  # type: ignore[arg-type]
    assert [one.step for one in run.hand_offs] == ["Q1", "Q3"]
    assert lapsed != accepted
    declined = engine.act(
        protocol, run, run.hand_offs[1].id, Act.DECLINE, FRIDAY, party=Party.RECEIVER,
        reason_code="DUPLICATE",
    )  # fmt: skip
    run = carried_out(run, declined)  # type: ignore[arg-type]
    assert "Q3 again" in recordable(protocol, run)
    asked = carried_out(run, engine.record(protocol, run, "Q3 again", FRIDAY))  # type: ignore[arg-type]
    assert len(asked.hand_offs) == 3
    again = engine.amend(protocol, asked, facts(age=11, works=True), FRIDAY)
    assert carried_out(asked, again) == asked  # type: ignore[arg-type]


def test_what_an_override_rests_on_is_cited() -> None:
    protocol, _ = compiled(LAW.replace("sources: [GUESS]", "sources: [LAW]"))
    assert "GUESS" not in cited_by(protocol)
    protocol, _ = compiled(
        LAW.replace("basis: sop, sources: [GUESS]", "basis: sop, sources: [LAW]")
    )
    assert "GUESS" in cited_by(protocol)


WRONG = [
    ("places: [QQ-I, QQ-J]", "places: [AR-X]", "'AR-X' of override islands is no place of QQ", "like QQ-X"),
    ("places: [QQ-I, QQ-J]", "places: []", "names no places", "Name one"),
    ("    steps:\n      Q1: {ask: LOCAL}", "    steps: {}", "override harbour names no steps", "Name one"),
    ("{en: A harbour, es: Un puerto}", "{en: A harbour}", "'because' of override harbour has no text in 'es'", "Add"),
    ("    sources: [GUESS]\n    steps:\n      Q1: {ask", "    sources: [LORE]\n    steps:\n      Q1: {ask", "not in the register", "country.yaml"),
    ("{ask: LOCAL}", "{ask: MAYOR}", "under the override islands with harbour: 'MAYOR'", "COUNCIL"),
    ("{ask: LOCAL}", "{asks: COUNCIL}", "'asks' is not a key of step Q1", "Use one of ask"),
    ("{ask: LOCAL}", "COUNCIL", "step Q1 must be a list of keys", "Write one 'key: value'"),
    ("{ask: LOCAL}", "{clocks: COUNCIL}", "'clocks' of step Q1 must be a list of keys", "Write one"),
    ("{ask: LOCAL}", "{last: POLICE}", "under the override islands with harbour: step Q1 asks a mandate twice", "Name each"),
    ("limit: 6 h", "escalates_to: POLICE", "under the override islands: clock Q1.answer escalates to POLICE", "Name another"),
    ("        title: {en: Ferry, es: Transbordador}\n", "", "step Q3 has no 'title'", "Add the key"),
    ("places: QQ-I-PORT", "places: QQ-J", "the overrides islands and harbour both give 'ask' of Q1 at QQ-J", "Say it in one"),
    ("  step: Q9", "  step: Q3", "the review is called Q3", "a name of its own"),
    ("    places: [QQ-I, QQ-J]\n", "    places: [QQ-I]\n    from: 2026\n", "'from' is not a key of override islands", "because, places"),
]  # fmt: skip


@pytest.mark.parametrize(("old", "new", "message", "remedy"), WRONG)
def test_a_wrong_override_is_named_with_its_line(
    old: str, new: str, message: str, remedy: str
) -> None:
    assert LAW.count(old) == 1, old
    _, problems = compiled(LAW.replace(old, new))
    found = [one for one in problems if message in one.message]
    assert len(found) == 1, [str(one) for one in problems]
    assert remedy in found[0].remedy
    assert found[0].line > 1


def test_two_that_change_different_clocks_of_one_place_stand_together() -> None:
    text = LAW.replace("places: QQ-I-PORT", "places: QQ-I").replace(
        "{ask: LOCAL}", "{clocks: {late: {from: opened, until: accepted, limit: 9 h, "
        "basis: sop, sources: [GUESS], escalates_to: COUNCIL}}}"
    )  # fmt: skip
    protocol, problems = compiled(text)
    assert problems == ()
    assert {"Q1.answer", "Q1.seen", "Q1.late"} <= set(protocol.at("QQ-I").clocks)
    assert "Q1.late" not in protocol.at("QQ-J").clocks
    both = text.replace("late: {from", "seen: {from")
    _, problems = compiled(both)
    assert "both give Q1.seen at QQ-I" in problems[0].message


def test_what_is_wrong_with_the_track_is_said_once() -> None:
    _, problems = compiled(LAW.replace("    last: NATION\n", "    last: POLICE\n"))
    said = [one.message for one in problems]
    assert "the last recipient of step Q1, POLICE, is no national body" in said
    assert len(said) == len(set(said))
    assert sum("no national body" in one for one in said) == 1


def test_worked_cases_run_by_what_stands_at_their_place(tmp_path: Path) -> None:
    case = """\
cases:
  - name: On the island
    at: 2026-03-02 10:00
    place: QQ-I
    facts: {age: 10, works: true, econ_hours: 5}
    tracks: care
    follow: care
    filed:
      opens: Q1 POLICE
      due: {Q1.answer: 2026-03-02 16:00}
    story:
      - happens: Q1.seen lapses
      - happens: POLICE accepts Q1
        opens: Q3 LOCAL
"""
    folder = written(tmp_path, LAW, cases=case)
    assert Catalogue.load(folder).in_force("QQ", FRIDAY.date())[0].local
    found = [one for one in check(folder=folder).problems if "cases" in one.file]
    assert [one.message for one in found if "On the island" in one.message] == []
