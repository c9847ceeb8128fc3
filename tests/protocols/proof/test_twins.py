"""Steps that are equal but for names are explored once, and what is said of each is true of it."""

from __future__ import annotations

import re

from protocols.proof.automaton import Automaton, Edge, explored
from protocols.proof.projection import Projection, leading_to_the_end, projected, supposing
from protocols.proof.twins import Known, explored_once, form_of
from protocols.vocabulary import load_vocabulary
from tests.protocols.proof.small import track_of, with_third

# Other names, in another order; the conditions are turned round as well.
OTHERWISE = {
    "Q1": "QC",
    "Q2": "QB",
    "Q3": "QA",
    "answer": "reply",
    "moved": "away",
    "POLICE": "COUNCIL",
    "COUNCIL": "POLICE",
    "HELPED": "NOT_HELPED",
    "NOT_HELPED": "HELPED",
}
TURNED = ("    ask: POLICE\n", "    ask: POLICE\n    when: not works\n")
STRAIGHT = ("    ask: POLICE\n", "    ask: POLICE\n    when: works\n")


def otherwise(text: str) -> str:
    """The same track in other names."""
    return re.sub(r"\w+", lambda word: OTHERWISE.get(word[0], word[0]), text)


def test_steps_are_explored_again_only_where_their_law_differs() -> None:
    known: Known = {}
    former, again = (_explored(with_third(), known) for _ in range(2))
    other = _explored(
        with_third(("    ask: POLICE\n", "    ask: POLICE\n    then: COUNCIL\n")), known
    )
    assert all(again[name].edges is former[name].edges for name in former)
    assert all(again[name].projection is not former[name].projection for name in former)
    shared = {name for name in former if other[name].edges is former[name].edges}
    assert 0 < len(shared) < len(former)


def test_a_twin_is_told_as_if_it_had_been_explored_itself() -> None:
    known: Known = {}
    _explored(with_third(TURNED), known)
    distinct = len(known)
    told = _explored(otherwise(with_third(STRAIGHT)), known)
    assert len(known) == distinct
    for name, automaton in told.items():
        own = explored(automaton.projection)
        assert set(automaton.reached) == set(own.reached), name
        for standing, edges in own.edges.items():
            assert _bare(automaton.edges[standing]) == _bare(edges), name


def test_what_is_supposed_of_a_twin_is_said_in_its_own_words() -> None:
    known: Known = {}
    _explored(with_third(TURNED), known)
    twin = _explored(otherwise(with_third(STRAIGHT)), known)["QA"]
    assert _said(twin) == _said(explored(twin.projection))
    assert any("the holder is also COUNCIL" in words for words in _said(twin))
    assert not any("POLICE" in words for words in _said(twin))


def test_another_order_of_recipients_is_another_form() -> None:
    one, other = (
        _projected(with_third(("ask: POLICE\n", f"ask: POLICE\n    then: {then}\n")))["Q3"]
        for then in ("[COUNCIL, LOCAL]", "[COUNCIL, NATION]")
    )
    # NATION is also the body above: the same mandate twice is not two mandates.
    assert form_of(one).law != form_of(other).law


def _bare(edges: tuple[Edge, ...]) -> set[Edge]:
    """Without what was supposed, which has more than one example."""
    return {edge._replace(supposing=()) for edge in edges}


def _said(automaton: Automaton) -> set[str]:
    edges = [edge for found in automaton.edges.values() for edge in found]
    return {"; ".join(automaton.projection.profiles.said(edge.supposing)) for edge in edges}


def _projected(text: str) -> dict[str, Projection]:
    protocol, profiles = supposing(track_of(text), load_vocabulary())
    leading = leading_to_the_end(protocol)
    return {
        name: projected(protocol, profiles, step, leading) for name, step in protocol.steps.items()
    }


def _explored(text: str, known: Known) -> dict[str, Automaton]:
    return {name: explored_once(one, known) for name, one in _projected(text).items()}
