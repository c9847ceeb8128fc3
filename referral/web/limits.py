"""A limit as pages show it: its title, until when, what may be done when it is reached, and why."""

from __future__ import annotations

from dataclasses import dataclass, replace

from protocols.decision import ClockState
from referral.queries import ClockSeen
from referral.session import Pinned
from referral.web.wording import Citation, Clockface, Due, Law


@dataclass(frozen=True, slots=True)
class Limit:
    """One clock."""

    title: str
    due: Due
    state: str
    choices: tuple[str, ...]  # what may lawfully be done when it is reached
    sources: tuple[Citation, ...]
    before: tuple[str, ...]  # when it ended before calendars were changed, and by which decree


def limit_shown(one: ClockSeen, law: Law, clock: Clockface, of: Pinned) -> Limit:
    """``of``: the hand-off or referral whose law it stands under."""
    protocol = law.protocol(of)
    known = protocol.clocks.get(one.clock) if protocol else None
    due = clock.due(one.due_at, immediate=one.immediate, basis=one.basis, derivation=one.derivation)
    if one.state == ClockState.PAUSED:
        due = replace(due, text="stands still")
    return Limit(
        title=known.title.get("en", one.clock) if known else one.clock,
        due=due,
        state=one.state,
        choices=law.at_limit(of, one.clock) if ClockState(one.state).live else (),
        sources=law.cited(one.sources),
        before=tuple(
            f"Until {clock.moment(was.at)} it was due {clock.moment(was.due_at)}:"
            f" {was.name} ({was.source})"
            for was in one.before
        ),
    )
