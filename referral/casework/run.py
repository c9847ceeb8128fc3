"""From rows to the engine's view: what stands under lock becomes a frozen ``Run``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

import orjson

from protocols.decision import ClockState, HandOffState, Run, RunningClock, Standstill
from protocols.facts import Facts
from protocols.lifecycle import Kind, State
from protocols.protocol import Protocol
from protocols.vocabulary import load_vocabulary
from referral.access.standing import Locked, moment
from referral.session import ReadSession
from referral.vault import SubjectKey


def protocol_of(session: ReadSession, locked: Locked) -> Protocol:
    """The version this referral is pinned to, by digest, as it stands where she was found.

    A later version never moves it.
    """
    row = locked.referral
    pinned = session.catalogue.pinned(
        row["country"], row["track"], row["protocol_version"], row["protocol_digest"]
    )
    return pinned.at(locked.case["place"])


def facts_of(locked: Locked, keys: Mapping[UUID, SubjectKey]) -> Facts:
    """Case facts, then the person's, then those of hers that are sealed."""
    merged: dict[str, Any] = {}
    for row in sorted(locked.facts, key=lambda row: row["person_id"] is not None):
        merged |= row["facts"]
    for row in locked.hidden:
        person = UUID(row["person_id"])
        sealed = bytes.fromhex(row["facts"].removeprefix("\\x"))
        merged |= orjson.loads(
            keys[person].open(sealed, room=row["room"], column="facts", row=person)
        )
    return stored_facts(merged)


def stored_facts(values: dict[str, Any]) -> Facts:
    """Facts as they were stored. What no longer parses is a fault of ours, not of the caller."""
    facts = load_vocabulary().parse(values)
    if not isinstance(facts, Facts):
        message = f"stored facts are not of the vocabulary: {[f.pointer for f in facts]}"
        raise TypeError(message)
    return facts


def run_of(locked: Locked, facts: Facts) -> Run:
    """The whole state the engine may look at."""
    named = facts.codes("named_agencies") or frozenset()
    return Run(
        facts=facts,
        results=tuple((topic, result) for topic, result in locked.referral["results"]),
        place=locked.case["place"],
        reported=locked.case["reported"],
        urgency=locked.case["urgency"],
        holder_mandates=frozenset(locked.holder_mandates),
        excluding=named | frozenset(locked.case["excluded"]),
        hand_offs=tuple(_hand_off(row) for row in locked.hand_offs if not row["imported"]),
        clocks=tuple(clock_of(row) for row in locked.clocks),
        events=frozenset(locked.events),
        open=locked.referral["state"] == "open",
        custody=locked.referral["custody"],
    )


def _hand_off(row: Any) -> HandOffState:
    return HandOffState(
        id=row["id"],
        step=row["step"],
        kind=Kind(row["kind"]),
        mandate=row["mandate"],
        state=State(row["state"]),
        opening=row["opening"],
        outcome=row["outcome"],
    )


def clock_of(row: Any) -> RunningClock:
    """One limit as the engine knows it."""
    return RunningClock(
        id=row["id"],
        clock=row["clock"],
        step=row["step"],
        hand_off=row["hand_off"],
        starts_at=moment(row["starts_at"]),
        due_at=moment(row["due_at"]),
        state=ClockState(row["state"]),
        rung=row["rung"],
        extensions=row["extensions"],
        stood=tuple(
            Standstill(moment(one["since"]), moment(one["until"]) if one["until"] else None)
            for one in row["stood"]
        ),
    )
