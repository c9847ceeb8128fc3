"""A case's custody timeline as shown: every act, in the order of recording."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from referral.queries import TimelineLine
from referral.web.lines import UNNAMED, Reader
from referral.web.wording import Law, act_words, state_tag


@dataclass(frozen=True, slots=True)
class Happening:
    """One line of the timeline."""

    recorded: str
    happened: str
    act: str
    about: str
    by: str
    change: str
    warning: str


@dataclass(frozen=True, slots=True)
class TimelinePage:
    """The custody timeline."""

    case_address: str
    lines: tuple[Happening, ...]
    warned: int


def timeline_view(case_id: UUID, lines: Sequence[TimelineLine], reader: Reader) -> TimelinePage:
    """In the order of recording; a time that runs backwards is marked, never corrected."""
    shown = tuple(_happening(line, reader) for line in lines)
    warned = sum(1 for line in shown if line.warning)
    return TimelinePage(f"/cases/{case_id}", shown, warned)


def _happening(line: TimelineLine, reader: Reader) -> Happening:
    law, clock = reader.law, reader.clock
    about = _asked(line, law) if line.step and line.mandate else ""
    if line.event and line.under:
        told = law.event(line.under, line.event)
        about = f"{told[:1].upper()}{told[1:]}"
    recorded, happened = clock.moment(line.at), clock.moment(line.occurred_at)
    apart = line.occurred_at is not None and happened != recorded
    states = [state_tag(state).text for state in (line.from_, line.to) if state]
    return Happening(
        recorded=recorded,
        happened=happened if apart else "",
        act=act_words(line.act),
        about=about,
        by="The clock" if line.by_clock else line.agency or UNNAMED,
        change=" → ".join(states),
        warning="Happened before what was recorded before it" if line.warning else "",
    )


def _asked(line: TimelineLine, law: Law) -> str:
    """What was asked, and of whom."""
    step = law.step_title(line.under, line.step or "") if line.under else line.step
    return f"{step}: {line.receiver or law.label(line.mandate or '')}"
