"""Codes as people read them: states, acts, mandates, steps, sources, moments and lengths of time.

Words only. What this file must never know: requests, sessions, and anything of G2 to G5.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

from protocols.catalogue import Catalogue
from protocols.country import said
from protocols.law import Grade, Step
from protocols.lifecycle import Act
from protocols.protocol import Protocol
from protocols.spoken import Speaker
from protocols.vocabulary import Entry, load_vocabulary
from referral.session import Pinned, law_of

LANGUAGE: Final = "en"
FALL_BACK: Final = "NATIONAL_FALL_BACK"

STATES: Final = {
    "draft": ("Draft", "grey"),
    "requested": ("Not yet opened", "yellow"),
    "received": ("Received", "blue"),
    "accepted": ("Accepted", "turquoise"),
    "in-progress": ("In progress", "turquoise"),
    "on-hold": ("On hold", "orange"),
    "rejected": ("Declined", "red"),
    "completed": ("Completed", "green"),
    "failed": ("Failed", "red"),
    "cancelled": ("Cancelled", "grey"),
    "entered-in-error": ("Entered in error", "grey"),
}
KINDS: Final = {
    "custody": "Take over",
    "task": "Task",
    "notice": "Notice",
}
URGENCIES: Final = {
    "emergency": ("Emergency", "red"),
    "urgent": ("Urgent", "orange"),
    "routine": ("Routine", "grey"),
}
TOPICS: Final = {"CL": "Child labour", "FL": "Forced labour", "HT": "Human trafficking"}
RESULTS: Final = {
    "indicated": ("Indicated", "red"),
    "possible": ("Possible", "orange"),
    "not_indicated": ("Not indicated", "green"),
    "insufficient": ("Too little known", "grey"),
}
BASES: Final = {
    "statutory": "limit set by law",
    "sop": "limit set by the protocol",
    "assumption": "assumed limit, not law",
}
ROLES: Final = {
    "OFFICER": "Officer",
    "SUPERVISOR": "Supervisor",
    "COORDINATOR": "Coordinator",
    "AUDITOR": "Auditor",
    "DATA_PROTECTION_OFFICER": "Data protection officer",
    "STATISTICIAN": "Statistician",
    "AGENCY_ADMIN": "Agency administrator",
    "SYSTEM_ADMIN": "System administrator",
}
PERSON_ROLES: Final = {
    "concerned": "Person concerned",
    "accused": "Accused",
    "relative": "Relative",
    "reporter": "Reporter",
}
_GRADES: Final = {
    Grade.VERIFIED: "read in the source",
    Grade.STATED: "stated by somebody who read it",
    Grade.RECALLED: "recalled or proposed, not verified",
}
_ACTS: Final = {  # where thing and participle together say too little
    "hand_off.reminded": "Reminder: a limit is coming near",
    "hand_off.overdue": "A limit passed",
    "hand_off.escalated": "A limit passed long ago: others were called",
    "hand_off.limit_recounted": "A limit was counted again: the calendar changed",
    "hand_off.limit_undecided": "A limit could not be decided: it is to be watched",
    "referral.limit_undecided": "A limit of the referral could not be decided: it is to be watched",
    "referral.overdue": "A limit of the referral itself passed",
    "referral.limit_recounted": "A limit of the referral was counted again: the calendar changed",
    "case.read": "Case opened",
}
_DONE: Final = {
    "hand_off": "Hand-off",
    "referral": "Referral",
    "case": "Case",
    "event": "Event",
    "note": "Note",
    "act": "Attempt",
}


@dataclass(frozen=True, slots=True)
class Tag:
    """A coloured word; the colour never says more than the word."""

    text: str
    colour: str

    @property
    def params(self) -> dict[str, str]:
        """As the tag macro takes it."""
        return {"text": self.text, "classes": f"govuk-tag--{self.colour}"}


@dataclass(frozen=True, slots=True)
class Citation:
    """A legal source as shown: what, where in it, how sure we are."""

    title: str
    article: str
    link: str | None
    grade: str


@dataclass(frozen=True, slots=True)
class Due:
    """A limit as shown: "now" or a moment, on what ground, and how it was worked out."""

    text: str
    note: str
    derivation: tuple[str, ...] = ()
    late: bool = False


class Clockface:
    """Moments in one unit's zone; the zone is always printed."""

    def __init__(self, time_zone: str) -> None:
        """``time_zone`` is an IANA name."""
        self.zone = ZoneInfo(time_zone)

    def moment(self, at: datetime | None) -> str:
        """A day and a time: ``2 Mar 2026, 09:00 UTC−3``; a dash when there is none."""
        if at is None:
            return "–"
        local = at.astimezone(self.zone)
        return f"{local.day} {local:%b %Y, %H:%M} {self._offset(local)}"

    def day(self, at: datetime) -> str:
        """A day only."""
        local = at.astimezone(self.zone)
        return f"{local.day} {local:%b %Y}"

    def due(
        self,
        at: datetime | None,
        *,
        immediate: bool,
        basis: str | None,
        derivation: Iterable[str] = (),
        late: bool = False,
    ) -> Due:
        """A limit; "immediately" has no number in law and is shown as "now"."""
        if at is None:
            return Due("No limit", "")
        text = "now" if immediate else self.moment(at)
        return Due(text, BASES.get(basis or "", ""), tuple(derivation), late)

    @staticmethod
    def _offset(local: datetime) -> str:
        minutes = int((local.utcoffset() or timedelta()).total_seconds() // 60)
        if minutes == 0:
            return "UTC"
        sign = "+" if minutes > 0 else "−"
        hours, rest = divmod(abs(minutes), 60)
        return f"UTC{sign}{hours}" + (f":{rest:02}" if rest else "")


_ANSWERS: Final = {"declined": Act.DECLINE, "failed": Act.FAIL}


class Law:
    """A country's words: steps, mandates, reasons, sources. Unknown codes are shown as they are."""

    def __init__(self, catalogue: Catalogue, country: str) -> None:
        """``country`` is ISO 3166-1 alpha-2."""
        self.catalogue = catalogue
        self.country = catalogue.country(country)

    def label(self, code: str) -> str:
        """A mandate, reason, outcome or document in words."""
        # The one mandate every country has, and no country's file words.
        return "National fall-back" if code == FALL_BACK else self.country.label(code, LANGUAGE)

    def reason(self, act: Act, code: str) -> str:
        """A coded reason of one act."""
        labels = self.country.reasons.get(act, {})
        return said(labels[code], LANGUAGE) if code in labels else self.label(code)

    def protocol(self, of: Pinned) -> Protocol | None:
        """The version this is pinned to, whatever stands today; None if it is not here."""
        return law_of(self.catalogue, self.country.iso2, of)

    def step(self, of: Pinned, step: str) -> Step | None:
        """A step as the version has it that this is pinned to."""
        protocol = self.protocol(of)
        return protocol.steps.get(step) if protocol else None

    def step_title(self, of: Pinned, step: str) -> str:
        """What the step is called, or its code."""
        found = self.step(of, step)
        return said(found.title, LANGUAGE) if found else step

    def track_title(self, of: Pinned) -> str:
        """What the track is called, or its code."""
        protocol = self.protocol(of)
        return said(protocol.title, LANGUAGE) if protocol else of.track

    def at_limit(self, of: Pinned, clock: str) -> tuple[str, ...]:
        """What may lawfully be done when this limit is reached."""
        protocol = self.protocol(of)
        known = protocol.clocks.get(clock) if protocol else None
        if protocol is None or known is None:
            return ()
        speaker = Speaker(protocol, self.country, load_vocabulary(), LANGUAGE)
        return tuple(speaker.trigger(word) for word in known.at_limit)

    def ground(self, of: Pinned, rule: str) -> str:
        """Why a step was opened, as half a sentence: what it follows, steps by their titles."""
        answer, _, code = rule.partition(": ")
        if answer in _ANSWERS and code:
            return f"{answer}: {self.reason(_ANSWERS[answer], code)}"
        clock, passed, _ = rule.partition(" passed without an answer")
        if passed:
            return f"“{self.clock_title(of, clock)}”{passed}"
        before, _, follows = rule.partition("follows ")
        if before or not follows:
            return rule
        return self.event(of, follows.removesuffix(", read again"))

    def event(self, of: Pinned, event: str) -> str:
        """What happened, as half a sentence in the country's words, steps by their titles."""
        protocol = self.protocol(of)
        if protocol is None:
            return event
        step, _, word = event.partition(" ")
        named = f"{step} kept" if word == "held" else event  # the log's word, the protocol's
        told = Speaker(protocol, self.country, load_vocabulary(), LANGUAGE).trigger(named)
        return told.replace(step, f"“{self.step_title(of, step)}”", 1) if word else told

    def clock_title(self, of: Pinned, clock: str) -> str:
        """What a limit is called, or its code."""
        protocol = self.protocol(of)
        known = protocol.clocks.get(clock) if protocol else None
        return said(known.title, LANGUAGE) if known else clock

    def cited(self, sources: Iterable[str]) -> tuple[Citation, ...]:
        """The sources of a rule."""
        known = self.country.sources
        return tuple(
            Citation(
                known[one].title,
                known[one].article,
                _web(known[one].link),
                _GRADES[known[one].grade],
            )
            if one in known
            else Citation(one, "", None, "")
            for one in sources
        )


def _web(link: str) -> str | None:
    return link if link.startswith("https://") else None


def state_tag(state: str) -> Tag:
    """The state of a hand-off."""
    return Tag(*STATES.get(state, (state.capitalize(), "grey")))


def urgency_tag(urgency: str) -> Tag | None:
    """Urgency, where it is more than routine."""
    return None if urgency == "routine" else Tag(*URGENCIES.get(urgency, (urgency, "grey")))


def result_tag(result: str) -> Tag:
    """One screening result."""
    return Tag(*RESULTS.get(result, (result, "grey")))


def act_words(act: str) -> str:
    """An act of the log: ``hand_off.accepted`` is "Hand-off accepted"."""
    if act in _ACTS:
        return _ACTS[act]
    thing, _, done = act.partition(".")
    return f"{_DONE.get(thing, thing.capitalize())} {done.replace('_', ' ')}"


def fact_lines(facts: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Facts with their labels, in the order of the vocabulary."""
    return [
        (entry.label(LANGUAGE), fact_words(entry, facts[entry.name]))
        for entry in load_vocabulary()
        if entry.name in facts
    ]


def fact_words(entry: Entry, value: Any) -> str:
    """One fact as a reader would say it."""
    labels = {code.code: code.label(LANGUAGE) for code in entry.codes}
    if isinstance(value, bool):
        return "Yes" if value else "No"
    if isinstance(value, list):
        return "; ".join(str(labels.get(one, one)) for one in value) or "Asked, none found"
    if isinstance(value, Mapping):
        return "; ".join(f"{labels.get(one, one)}: {told['status']}" for one, told in value.items())
    return str(labels.get(value, value))


def length(span: timedelta | None) -> str:
    """How long: ``2 d 4 h``, ``35 min``; a dash for nothing measured."""
    if span is None:
        return "–"
    minutes = round(span.total_seconds() / 60)
    days, rest = divmod(minutes, 24 * 60)
    hours, minutes = divmod(rest, 60)
    if days:
        return f"{days} d {hours} h" if hours else f"{days} d"
    if hours:
        return f"{hours} h {minutes} min" if minutes else f"{hours} h"
    return f"{minutes} min"
