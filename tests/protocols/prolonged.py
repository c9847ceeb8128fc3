"""The small country's visit as a limit that stands still, is extended, and climbs odd ladders."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from protocols.lifecycle import Act
from tests.protocols.drafts import TRACK, altered, small
from tests.protocols.moments import FRIDAY, Referral

VISITED = """\
        limit: 5 wd
        basis: assumption
        sources: [GUESS]
"""
PROLONGED = """\
        limit: {limit}
        pauses: {{from: sat, until: [rose, moved]}}
        extends: {{by: prolonged, to: {to}, sources: [GUESS]}}
        at_limit: [prolonged, Q2 HELPED]
        basis: assumption
        sources: [GUESS]
        ladder: {ladder}
"""
EVENTS = """\
events:
  sat: {title: {en: Sits, es: Sesiona}, repeats: true}
  rose: {title: {en: Rises, es: Levanta}, repeats: true}
  prolonged: {title: {en: Longer, es: Prórroga}, repeats: true}
"""
LADDERS = """\
ladders:
  early:
    sources: [GUESS]
    rungs:
      - {at: 50 %, remind: receiver}
  late:
    sources: [GUESS]
    rungs:
      - {at: 24 h late, agenda: COUNCIL}
      - {at: 1 cd late, alert: holder}
      - {at: 200 %, remind: holder}
      - {at: 100 %, alert: holder}
"""


def law(limit: str = "24 h", to: str = "7 cd", ladder: str = "standard", more: str = "") -> str:
    text, _ = altered(TRACK, VISITED, PROLONGED.format(limit=limit, to=to, ladder=ladder) + more)
    text, _ = altered(text, "events:\n", EVENTS)
    return altered(text, "ladders:\n", LADDERS)[0]


def visiting(text: str = "") -> Referral:
    """The office has accepted and has to visit."""
    case = small(text or law())
    case.act(Act.ACCEPT, "Q1", "LOCAL")
    return case


def begun_by_hand(text: str) -> Referral:
    """The same limit, begun by an event and met by another: it hangs on no hand-off."""
    text, _ = altered(text, "from: accepted", "from: begun")
    text, _ = altered(text, "until: completed", "until: moved")
    text, _ = altered(text, "events:\n", "events:\n  begun: {title: {en: Begun, es: Inicio}}\n")
    case = visiting(text)
    case.record("begun")
    return case


def due(case: Referral, name: str = "Q2.visited") -> datetime:
    return case.clock(name).due_at


def hours(count: float) -> datetime:
    return FRIDAY + timedelta(hours=count)


def day_end(day: int) -> datetime:
    return datetime(2026, 11, day, 23, 59, 59, tzinfo=UTC)
