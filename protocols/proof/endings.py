"""L4: no dead end. From every state parties, the holder or time can bring the referral to its end.

Facts are not ours to choose: an act counts only if it leads on whatever the facts are. A step that
opens another one hands its duty to end over to it, once that one is known to end; so steps are
proved from the end of the procedure backwards.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping

from protocols.proof.automaton import Automaton, Edge
from protocols.proof.findings import Finding
from protocols.proof.happenings import Whose
from protocols.proof.histories import Histories
from protocols.proof.projection import is_duty, takes_custody
from protocols.proof.standing import Standing


def every_case_can_end(
    automata: Mapping[str, Automaton], histories: Histories, leading: Collection[str]
) -> Iterator[Finding]:
    """L4 for every step that answers for a case: custody and duties of the holder."""
    ending: set[str] = set()
    while True:
        more = {
            step
            for step, automaton in automata.items()
            if step not in ending
            and step in leading
            and _stuck(automaton, histories, ending) is None
        }
        if not more:
            break
        ending |= more
    for step, automaton in automata.items():
        law = automaton.projection.step
        if step in ending or not (takes_custody(law) or is_duty(law)):
            continue
        stuck = _stuck(automaton, histories, ending)
        if stuck is not None:
            yield Finding(
                "L4",
                law.spot,
                f"after {step} nothing is sure to end the referral, whatever the facts are",
                "Let 'closes' name an outcome that can still come, or an event the holder records",
                histories.through(automaton, histories.standings(automaton)[stuck]),
            )


def _stuck(automaton: Automaton, histories: Histories, ending: Collection[str]) -> Standing | None:
    """The nearest state from which the end cannot be brought about; None when there is none."""
    winning = _winning(automaton, ending)
    in_charge = _in_charge(automaton, ending)
    return next(
        (one for one in histories.standings(automaton) if one in in_charge and one not in winning),
        None,
    )


def _winning(automaton: Automaton, ending: Collection[str]) -> set[Standing]:
    """States from which somebody can bring about the end, whatever the facts are."""
    winning = {one for one in automaton.reached if not one.open}
    acts = {standing: _acts(edges) for standing, edges in automaton.edges.items()}
    while True:
        more = {
            standing
            for standing, groups in acts.items()
            if standing not in winning
            and any(
                all(edge.end in winning or _passes(edge, ending) for edge in group)
                for group in groups
            )
        }
        if not more:
            return winning
        winning |= more


def _acts(edges: tuple[Edge, ...]) -> list[list[Edge]]:
    groups: dict[str, list[Edge]] = {}
    for edge in edges:
        if edge.whose is not Whose.WORLD:
            groups.setdefault(edge.words, []).append(edge)
    return list(groups.values())


def _in_charge(automaton: Automaton, ending: Collection[str]) -> set[Standing]:
    """States in which no other step or body has been given the person."""
    step = automaton.projection.step.id
    found = {one for one in automaton.reached if one.live(step)}
    queue = list(found)
    while queue:
        for edge in automaton.edges[queue.pop()]:
            if not edge.leaves and not _passes(edge, ending) and edge.end not in found:
                found.add(edge.end)
                queue.append(edge.end)
    return found


def _passes(edge: Edge, ending: Collection[str]) -> bool:
    """Whether a step that is known to end has been opened."""
    return any(step in ending for step, _ in edge.opened) or any(one in ending for one in edge.kept)
