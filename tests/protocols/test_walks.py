"""Random histories: whatever happens, the engine answers, and no open referral is forgotten."""

from __future__ import annotations

from datetime import timedelta

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from protocols import engine
from protocols.decision import ClockState, Decision, MoveCustody, Run
from protocols.facts import Value
from protocols.lifecycle import Act, Kind, Party, acts_from
from protocols.permits import outcomes_for, reasons_for, recordable
from protocols.protocol import Protocol
from protocols.rehearsal import carried_out
from protocols.screening import screen
from tests.protocols.moments import CATALOGUE, FRIDAY, IN_FORCE, facts

PLACES = {"ZZ": ("ZZ-N", "ZZ"), "AR": ("AR-X", "AR-B", "AR"), "TH": ("TH-74", "TH-S", "TH")}

_FLAGS = st.sampled_from([True, False, None])


@st.composite
def situations(draw: st.DrawFn) -> dict[str, Value]:
    """Facts of a person, each of them known or not."""
    values: dict[str, Value | None] = {
        "age": draw(st.sampled_from([None, 0, 11, 14, 15, 17, 18, 40])),
        "age_disputed": draw(st.sampled_from([None, None, True])),
        "beneficiary": draw(st.sampled_from([None, "parent", "other"])),
        "acts": draw(st.sampled_from([None, frozenset({"RECRUITMENT"})])),
        "means": draw(st.sampled_from([None, frozenset(), frozenset({"FRAUD"})])),
        "purposes": draw(st.sampled_from([None, frozenset({"FORCED_LABOUR"})])),
    }
    for flag in (
        *("works", "danger_now", "high_risk", "rural_site", "foreign_national", "parents_known"),
        *("contact_accepted", "without_documents", "hotline_unreachable", "in_the_act"),
    ):
        values[flag] = draw(_FLAGS)
    return {name: value for name, value in values.items() if value is not None}


@st.composite
def filings(draw: st.DrawFn, country: str) -> tuple[Protocol, Run]:
    """A referral just filed, under one of its tracks."""
    law = CATALOGUE.country(country)
    known = facts(**draw(situations()))
    found = screen(law.parameters, known)
    mandates = st.sampled_from(sorted(law.mandates))
    run = Run(
        known,
        found.results,
        draw(st.sampled_from(PLACES[country])),
        reported=draw(st.sampled_from([None, "CL", "FL", "HT"])),
        urgency=str(found.urgency),
        holder_mandates=draw(st.frozensets(mandates, max_size=2)),
    )
    tracks = CATALOGUE.in_force(country, IN_FORCE)
    openings = engine.file(tracks, run, FRIDAY)
    if all(result == "not_indicated" for _, result in found.results):
        return tracks[0], run
    assert openings, "a report that is not clear of everything opened nothing"
    assert [one.lead for one in openings].count(True) == 1
    opening = draw(st.sampled_from(openings))
    protocol = next(one for one in tracks if one.track == opening.track)
    return protocol, carried_out(run, opening.decision)


def possible(protocol: Protocol, run: Run) -> list[tuple[str, ...]]:
    """Everything somebody, or time, could do next."""
    moves = [
        ("act", one.id, act, party)
        for one in run.hand_offs
        for party in Party
        for act in acts_from(one.kind, one.state, party)
        if act is not Act.SEND
    ]
    lapses = [("lapse", one.id) for one in run.clocks if one.state is ClockState.RUNNING]
    records = [("record", event) for event in recordable(protocol, run)]
    return [*moves, *lapses, *records, ("amend",)] if run.open else [*moves, *lapses]


def step_on(protocol: Protocol, run: Run, move: tuple[str, ...], data: st.DataObject) -> Run:
    """Do one of them and carry the answer out."""
    at = FRIDAY + timedelta(hours=len(run.clocks) + len(run.hand_offs))
    outcome = None
    if move[0] == "act":
        _, hand_off, act, party = move
        found = next(one for one in run.hand_offs if one.id == hand_off)
        reasons = reasons_for(protocol, found.step, Act(act)) or (None,)
        if act == Act.COMPLETE and found.kind is not Kind.NOTICE:
            outcome = data.draw(st.sampled_from(outcomes_for(protocol, found.step)))
        answer = engine.act(
            protocol, run, hand_off, Act(act), at, party=Party(party),
            reason_code=data.draw(st.sampled_from(reasons)), outcome=outcome,
        )  # fmt: skip
        if act == Act.ACCEPT and found.kind is Kind.CUSTODY and isinstance(answer, Decision):
            assert [one.hand_off for one in answer.all(MoveCustody)] == [hand_off]
        elif isinstance(answer, Decision):
            assert answer.all(MoveCustody) == ()
    elif move[0] == "lapse":
        clock = next(one for one in run.clocks if one.id == move[1])
        answer = engine.lapse(protocol, run, clock.id, engine.next_rung(protocol, clock))
    elif move[0] == "record":
        answer = engine.record(protocol, run, move[1], at)
        assert isinstance(answer, Decision), answer
    else:
        known = facts(**data.draw(situations()))
        found_out = screen(CATALOGUE.country(protocol.country).parameters, known)
        answer = engine.amend(protocol, run, known, at, results=found_out.results)
        assert isinstance(answer, Decision), answer
        carried = carried_out(run, answer)
        return Run(**{
            **{name: getattr(carried, name) for name in carried.__dataclass_fields__},
            "facts": known, "results": found_out.results,
        })  # fmt: skip
    return carried_out(run, answer, outcome=outcome) if isinstance(answer, Decision) else run


def looked_after(run: Run) -> bool:
    """An open referral has a running clock, so that somebody is called if nothing happens."""
    return not run.open or any(one.state is ClockState.RUNNING for one in run.clocks)


def walk(country: str, data: st.DataObject) -> None:
    protocol, run = data.draw(filings(country))
    if not run.events:
        return
    for _ in range(data.draw(st.integers(0, 25))):
        moves = possible(protocol, run)
        if not moves:
            assert not run.open
            return
        run = step_on(protocol, run, data.draw(st.sampled_from(moves)), data)
        assert looked_after(run)
        custody = [one for one in run.hand_offs if one.id == run.custody]
        assert all(one.kind is Kind.CUSTODY for one in custody)
        for one in run.hand_offs:
            waiting = one.state.value in {"requested", "received"}
            if run.open and waiting and one.kind is Kind.CUSTODY:
                assert any(clock.hand_off == one.id for clock in run.clocks)


WALKS = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@WALKS
@given(st.data())
def test_no_history_of_zedland_leaves_a_referral_without_a_clock(data: st.DataObject) -> None:
    walk("ZZ", data)


@WALKS
@given(st.data())
def test_no_history_of_argentina_leaves_a_referral_without_a_clock(data: st.DataObject) -> None:
    walk("AR", data)


@WALKS
@given(st.data())
def test_the_same_question_has_the_same_answer(data: st.DataObject) -> None:
    country = data.draw(st.sampled_from(["ZZ", "AR", "TH"]))
    known = facts(**data.draw(situations()))
    found = screen(CATALOGUE.country(country).parameters, known)
    run = Run(known, found.results, PLACES[country][0], urgency=str(found.urgency))
    tracks = CATALOGUE.in_force(country, IN_FORCE)
    assert engine.file(tracks, run, FRIDAY) == engine.file(tracks, run, FRIDAY)
