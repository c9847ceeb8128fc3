"""The story of a worked case: one entry after the other is understood, asked, and carried out.

Each entry says what happens (somebody acts, an event is recorded, a limit passes, facts are
learned) and what must follow. How a case begins is ``cases``' business; no database, no agency and
no name occurs.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from protocols import engine
from protocols.country import Country
from protocols.decision import ClockState, Decision, PanelVote, Refused, Run
from protocols.document import Item, plain
from protocols.expectations import EXPECTED, Seen, compare, wrong
from protocols.facts import Facts
from protocols.lifecycle import Act, Party, State
from protocols.permits import panels_of
from protocols.protocol import Protocol
from protocols.rehearsal import carried_out
from protocols.screening import screen
from protocols.section import Section
from protocols.vocabulary import Vocabulary

VERBS = {
    "acknowledges": Act.ACKNOWLEDGE,
    "accepts": Act.ACCEPT,
    "declines": Act.DECLINE,
    "starts": Act.START,
    "pauses": Act.HOLD,
    "resumes": Act.RESUME,
    "completes": Act.COMPLETE,
    "fails": Act.FAIL,
    "gives up": Act.CANCEL,
}
_ACT = re.compile(rf"(\S+) ({'|'.join(VERBS)}) (\S+)(?: with (\S+))?")
_BACK = re.compile(r"the sender takes back (\S+) from (\S+) with (\S+)")
_LAPSE = re.compile(r"(\S+) lapses(?: (\d+) times)?")
_RECORD = re.compile(r"recorded (.+)")


@dataclass(slots=True)
class Story:
    """One case under way: the run as it stands, the moment, and where the case is written."""

    section: Section
    country: Country
    vocabulary: Vocabulary
    protocol: Protocol
    run: Run
    now: datetime
    seen: Seen


def go_on(story: Story, entry: Item) -> None:
    """One entry of a story: what happens, when, and what must follow."""
    section = Section(
        entry,
        f"an entry of {story.section.where}",
        story.section.problems,
        required=(),
        optional=("happens", "learned", "after", "panel", *EXPECTED),
    )
    after = section.text("after", "0 h").removesuffix(" h")
    if not after.isdigit():
        wrong(section, "after", f"'{after}' is no number of hours like '3 h'")
        return
    story.now += timedelta(hours=int(after))
    if "learned" in section:
        _learn(story, section)
        return
    happens = section.text("happens")
    lapse = _LAPSE.fullmatch(happens)
    if lapse:
        for _ in range(int(lapse.group(2) or 1) - 1):
            answered(story, None, _lapsed(story, section, lapse.group(1)))
        answered(story, section, _lapsed(story, section, lapse.group(1)))
    elif record := _RECORD.fullmatch(happens):
        _record(story, section, record.group(1))
    else:
        _act(story, section, happens)


def answered(
    story: Story,
    expected: Section | None,
    answer: Decision | Refused,
    outcome: str | None = None,
) -> None:
    """Carry an answer out and compare it with what the case says."""
    story.seen.add(answer)
    if isinstance(answer, Decision):
        story.run = carried_out(story.run, answer, outcome=outcome)
    if expected is not None:
        compare(expected, answer, story.run, story.country)


def _record(story: Story, section: Section, event: str) -> None:
    vote = _vote(section)
    answer = engine.record(story.protocol, story.run, event, story.now, panel=vote)
    if isinstance(answer, Decision) and vote is not None:
        story.seen.rules.add(f"panel {event.partition(' ')[0]}")
    answered(story, section, answer)


def _vote(section: Section) -> PanelVote | None:
    """How a panel voted: ``panel: {present: [POLICE, SHELTER], agree: 2}``."""
    if "panel" not in section:
        return None
    panel = section.section("panel", required=("present", "agree"))
    return PanelVote(panel.words("present"), panel.whole("agree"))


def _act(story: Story, section: Section, happens: str) -> None:
    found, back = _ACT.fullmatch(happens), _BACK.fullmatch(happens)
    if found:
        mandate, verb, step, code = found.groups()
        act, party = VERBS[verb], Party.RECEIVER
    elif back:
        step, mandate, code = back.groups()
        act, party = Act.CANCEL, Party.SENDER
    else:
        verbs = ", ".join(VERBS)
        wrong(section, "happens", f"'{happens}' is not understood; verbs are {verbs}")
        return
    hand_off = next(
        (
            one
            for one in reversed(story.run.hand_offs)
            if (one.step, one.mandate) == (step, mandate)
        ),
        None,
    )
    if hand_off is None:
        wrong(section, "happens", f"{mandate} has no hand-off of {step}")
        return
    if act is Act.COMPLETE and hand_off.state is State.ACCEPTED:
        begun = engine.act(
            story.protocol, story.run, hand_off.id, Act.START, story.now, party=party
        )
        answered(story, None, begun)
    outcome, vote = code if act is Act.COMPLETE else None, _vote(section)
    answer = engine.act(
        story.protocol,
        story.run,
        hand_off.id,
        act,
        story.now,
        party=party,
        reason_code=None if outcome else code,
        outcome=outcome,
        panel=vote,
    )
    if isinstance(answer, Decision) and vote is not None:
        deciding = panels_of(story.protocol, story.run, step, outcome)
        story.seen.rules.update(f"panel {one.id}" for one in deciding)
    answered(story, section, answer, outcome)


def _lapsed(story: Story, section: Section, name: str) -> Decision | Refused:
    """The next rung of the running clock of this name, at its own moment."""
    running = [
        one for one in story.run.clocks if one.clock == name and one.state is ClockState.RUNNING
    ]
    if not running:
        wrong(section, "happens", f"the clock {name} is not running")
        return Decision(())
    clock = running[0]
    at = engine.next_rung(story.protocol, clock)
    story.now = max(story.now, at)
    return engine.lapse(story.protocol, story.run, clock.id, at)


def _learn(story: Story, section: Section) -> None:
    facts = story.vocabulary.amend(story.run.facts, plain(section.items["learned"]))
    if not isinstance(facts, Facts):
        wrong(section, "learned", str(facts[0]))
        return
    screening = screen(story.country.parameters, facts)
    answer = engine.amend(
        story.protocol,
        story.run,
        facts,
        story.now,
        results=screening.results,
        urgency=str(screening.urgency),
    )
    answered(story, section, answer)
    story.run = replace(
        story.run, facts=facts, results=screening.results, urgency=str(screening.urgency)
    )
