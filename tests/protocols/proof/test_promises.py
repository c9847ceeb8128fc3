"""What the engine promises is looked at too: an answer that breaks a promise is a finding."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from protocols.proof.automaton import Automaton, explored
from protocols.proof.histories import Histories
from protocols.proof.liveness import nobody_waits_unwatched, one_holder
from protocols.proof.projection import leading_to_the_end, projected, supposing
from protocols.vocabulary import load_vocabulary
from tests.protocols.proof.small import SOUND, track_of


def broken(**changes: Any) -> tuple[Automaton, Histories]:
    """The first step's automaton, with every answer of the engine altered."""
    protocol, profiles = supposing(track_of(SOUND), load_vocabulary())
    step = projected(protocol, profiles, protocol.steps["Q1"], leading_to_the_end(protocol))
    sound = explored(step)
    edges = {
        standing: tuple(edge._replace(**changes) for edge in out)
        for standing, out in sound.edges.items()
    }
    automaton = replace(sound, edges=edges)
    return automaton, Histories({"Q1": automaton}, {"filing": ("filing",)})


def test_l2_custody_that_moves_without_acceptance_is_found() -> None:
    (finding,) = one_holder(*broken(custody_moved=True, act=None))
    assert finding.property == "L2"
    assert finding.history == ("ended is recorded",)


def test_l3_an_open_referral_without_a_limit_is_found() -> None:
    (finding,) = nobody_waits_unwatched(*broken(watched=False))
    assert finding.message.startswith("no limit runs although the referral is open")
