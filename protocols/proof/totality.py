"""L1: whoever is reported is received. Somebody is asked, or the filer's own unit keeps the person.

Also how a track begins, so that histories can begin there: every valuation of the guards of custody
steps and of the holder's duties, for filing, triage and every event.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import product

from protocols.conditions import World
from protocols.decision import HoldStep, OpenHandOff, Run
from protocols.facts import Facts
from protocols.following import settle
from protocols.law import FILING, TRIAGE
from protocols.lifecycle import Kind
from protocols.proof.findings import Finding
from protocols.proof.happenings import supposed_run
from protocols.proof.profiles import REPORTED, RESULTS, TOPICS, Profiles
from protocols.proof.projection import BEGUN, is_duty, takes_custody
from protocols.proof.supposing import Suppositions, every
from protocols.protocol import Protocol
from protocols.tracks import applying
from protocols.walk import Walk

__all__ = ["Beginning", "beginnings", "everybody_is_received", "no_track_leaves_anybody_out"]


@dataclass(frozen=True, slots=True)
class Beginning:
    """What one trigger sets going at once, under one supposition."""

    trigger: str
    custody: tuple[str, ...]  # custody steps opened
    kept: tuple[str, ...]
    supposing: tuple[str, ...]


def beginnings(protocol: Protocol, profiles: Profiles) -> Iterator[Beginning]:
    """Custody and duties that open at filing, at triage and after each event."""
    steps = {
        name: step for name, step in protocol.steps.items() if takes_custody(step) or is_duty(step)
    }
    steps[protocol.review.step] = protocol.steps[protocol.review.step]
    small = replace(protocol, steps=steps, clocks={}, closings=(), gates=())
    for trigger in (FILING, TRIAGE, *protocol.events):
        if trigger == TRIAGE and not _has_triage(protocol):
            continue

        def ask(supposed: Suppositions, trigger: str = trigger) -> tuple[list[str], list[str]]:
            facts, holder = supposed_run(supposed)
            run = Run(facts, (), protocol.country, holder_mandates=holder)
            walk = Walk(small, run, BEGUN, World(facts, {}))
            walk.fire(trigger)
            items = settle(walk).items
            custody = [
                one.step
                for one in items
                if isinstance(one, OpenHandOff) and one.kind is Kind.CUSTODY
            ]
            return custody, [one.step for one in items if isinstance(one, HoldStep)]

        for (custody, kept), trail in every(profiles.groups, ask):
            said = profiles.said(trail)
            yield Beginning(trigger, tuple(dict.fromkeys(custody)), tuple(kept), said)


def everybody_is_received(protocol: Protocol, begun: Iterable[Beginning]) -> Iterator[Finding]:
    """L1 within one track."""
    for one in begun:
        if one.trigger in {FILING, TRIAGE} and not one.custody and not one.kept:
            words = f" with {', '.join(one.supposing)}" if one.supposing else ""
            yield Finding(
                "L1",
                protocol.spot,
                f"nobody is asked to take the person over after {one.trigger}",
                f"Let a custody step follow '{one.trigger}' whose condition is not false then",
                (f"{one.trigger}{words}",),
            )
            return


def no_track_leaves_anybody_out(tracks: tuple[Protocol, ...]) -> Iterator[Finding]:
    """L1 over the tracks of one day: no result but "not indicated" is left without one."""
    for results in product(RESULTS, repeat=len(TOPICS)):
        for reported in (None, *TOPICS):
            world = World(Facts(), dict(zip(TOPICS, results, strict=True)), reported)
            if set(results) == {"not_indicated"} or applying(tracks, world):
                continue
            said = ", ".join(f"{topic} {one}" for topic, one in world.results.items())
            yield Finding(
                "L1",
                tracks[0].spot,
                "a person comes under no track although not everything is 'not indicated'",
                "Bring the country's default track into force: it triages what nothing else takes",
                (f"filing with {said}, {reported or 'nothing'} reported ({REPORTED})",),
            )
            return


def _has_triage(protocol: Protocol) -> bool:
    return bool(protocol.applies.reported) or protocol.applies.default
