"""One referral in a test's hands: file it, act on it, and look at what was decided."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from types import MappingProxyType

from protocols import engine
from protocols.catalogue import Catalogue
from protocols.decision import (
    ClockState,
    Decision,
    Escalate,
    HandOffState,
    OpenHandOff,
    Opening,
    Refused,
    Run,
    RunningClock,
)
from protocols.facts import Facts, Value
from protocols.lifecycle import Act, Party
from protocols.protocol import Protocol
from protocols.rehearsal import carried_out
from protocols.rungs import RungKind

CATALOGUE = Catalogue.load()
FRIDAY = datetime(2026, 11, 6, 15, 40, tzinfo=UTC)
IN_FORCE = date(2026, 11, 1)
OFFICE = ("ZZ-C01", "CHILD_PROTECTION")


def facts(**values: Value) -> Facts:
    return Facts(MappingProxyType(values))


def run_of(
    known: Facts | None = None, *, place: str = "ZZ-N", reported: str | None = None,
    holder: tuple[str, ...] = (), urgency: str = "urgent", **results: str,
) -> Run:  # fmt: skip
    found = {"CL": "insufficient", "FL": "insufficient", "HT": "insufficient"} | results
    return Run(
        known or Facts(),
        tuple(found.items()),
        place,
        reported=reported,
        urgency=urgency,
        holder_mandates=frozenset(holder),
    )


def filed(run: Run, country: str = "ZZ", at: datetime = FRIDAY) -> tuple[Opening, ...]:
    return engine.file(CATALOGUE.in_force(country, IN_FORCE), run, at)


@dataclass
class Referral:
    """What a test follows: the protocol, the run as it stands, the time."""

    protocol: Protocol
    run: Run
    now: datetime = FRIDAY

    def keep(self, answer: Decision | Refused, outcome: str | None = None) -> Decision:
        assert isinstance(answer, Decision), answer
        self.run = carried_out(self.run, answer, outcome=outcome)
        return answer

    def hand_off(self, step: str, mandate: str) -> HandOffState:
        return next(
            one
            for one in reversed(self.run.hand_offs)
            if (one.step, one.mandate) == (step, mandate)
        )

    def clock(self, name: str) -> RunningClock:
        return next(one for one in reversed(self.run.clocks) if one.clock == name)

    def running(self) -> set[str]:
        return {one.clock for one in self.run.clocks if one.state is ClockState.RUNNING}

    def try_to(
        self, act: Act, step: str, mandate: str, code: str | None = None,
        *, party: Party = Party.RECEIVER, occurred_at: datetime | None = None,
        also: frozenset[str] | None = None,
    ) -> Decision | Refused:  # fmt: skip
        complete = act is Act.COMPLETE
        return engine.act(
            self.protocol,
            self.run,
            self.hand_off(step, mandate).id,
            act,
            self.now,
            party=party,
            reason_code=None if complete else code,
            outcome=code if complete else None,
            occurred_at=occurred_at,
            receiver_mandates=also,
        )

    def act(self, act: Act, step: str, mandate: str, code: str | None = None) -> Decision:
        if act is Act.COMPLETE:
            self.keep(self.try_to(Act.START, step, mandate))
        return self.keep(
            self.try_to(act, step, mandate, code), code if act is Act.COMPLETE else None
        )

    def record(self, event: str) -> Decision:
        return self.keep(engine.record(self.protocol, self.run, event, self.now))

    def amend(self, known: Facts, **results: str) -> Decision:
        found = tuple((dict(self.run.results) | results).items())
        answer = engine.amend(self.protocol, self.run, known, self.now, results=found)
        decision = self.keep(answer)
        self.run = replace(self.run, facts=known, results=found)
        return decision

    def lapse(self, name: str) -> Decision:
        running = next(
            one for one in self.run.clocks if one.clock == name and one.state is ClockState.RUNNING
        )
        at = engine.next_rung(self.protocol, running)
        self.now = max(self.now, at)
        return self.keep(engine.lapse(self.protocol, self.run, running.id, at))

    def later(self, hours: int) -> None:
        self.now += timedelta(hours=hours)


def referral(run: Run, track: str, country: str = "ZZ") -> Referral:
    """The referral under this track, as filed."""
    opening = next(one for one in filed(run, country) if one.track == track)
    protocol = next(one for one in CATALOGUE.in_force(country, IN_FORCE) if one.track == track)
    return Referral(protocol, carried_out(run, opening.decision))


CHILD = facts(age=10, works=True, beneficiary="parent")


def child_case(**results: str) -> Referral:
    run = replace(run_of(CHILD), results=tuple(({"CL": "indicated"} | results).items()))
    return referral(run, "child_protection")


def assessed() -> Referral:
    """A child whom the office has taken over and looks at."""
    case = child_case()
    case.act(Act.ACCEPT, *OFFICE)
    return case


def asked(decision: object) -> list[tuple[str, str]]:
    """The hand-offs a decision opens: step and mandate."""
    return [(one.step, one.mandate) for one in decision.all(OpenHandOff)]  # type: ignore[attr-defined]


def told(decision: object) -> list[tuple[RungKind, str]]:
    """Whom a decision tells that a limit passes, and how."""
    return [(one.kind, one.to) for one in decision.all(Escalate)]  # type: ignore[attr-defined]
