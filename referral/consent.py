"""Whether a consent is one: who must give it at which age, what must have been told, until when.

Pure: the country's table of ages is law and is handed in. National law stands there; this file only
holds what was recorded against it. It must never know a case.

Sources: the country's `consent` table (protocol file); inter-agency child-protection practice and
the seven statements of the HTCDS consent field (standards 2.3 and 9.2).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from protocols.country import Caregiver, Consent, Voice
from referral.errors import Fault


class Purpose(StrEnum):
    """What the data may be used for."""

    SERVICES = "SERVICES"
    INVESTIGATION = "INVESTIGATION"
    RESEARCH = "RESEARCH"


class Form(StrEnum):
    """How it was given."""

    WRITTEN = "WRITTEN"
    SPOKEN_WITH_WITNESS = "SPOKEN_WITH_WITNESS"
    INTERPRETED = "INTERPRETED"


class Statement(StrEnum):
    """What the person must have agreed to or been told; consent without one of them is none."""

    AGREED = "AGREED"
    TOLD_PURPOSE = "TOLD_PURPOSE"
    TOLD_USES = "TOLD_USES"
    TOLD_RESEARCH = "TOLD_RESEARCH"
    TOLD_ACCESS = "TOLD_ACCESS"
    TOLD_RETENTION = "TOLD_RETENTION"
    TOLD_WITHDRAWAL = "TOLD_WITHDRAWAL"


GROUPS: Final = ("G2", "G3", "G4")
USUAL: Final = timedelta(days=365)
LONGEST: Final = timedelta(days=2 * 365)
_VOICES: Final = tuple(Voice)  # the weakest first
_CAREGIVERS: Final = (Caregiver.NONE, Caregiver.AGREEMENT, Caregiver.CONSENT)


@dataclass(frozen=True, slots=True)
class Given:
    """A consent as it was given.

    ``child`` and ``caregiver``: what each of them gave. ``otherwise``: why no caregiver could, and
    who decided instead; a caregiver who is suspected, or exploited together with the child, cannot.
    """

    purpose: Purpose
    groups: Sequence[str]
    given_at: datetime
    expires_at: datetime
    form: Form
    language: str
    statements: Sequence[Statement]
    child: Voice
    caregiver: Caregiver = Caregiver.NONE
    otherwise: str = ""
    witness: str = ""


def faults_in(given: Given, age: int | None, row: Consent | None, now: datetime) -> list[Fault]:
    """Everything that keeps it from being a consent; none if it is one.

    ``age``: today, in years; ``row``: what the country asks for at that age.
    """
    return [*_by_whom(given, age, row), *_told(given), *_until(given, now)]


def _by_whom(given: Given, age: int | None, row: Consent | None) -> Iterable[Fault]:
    if age is None:
        words = "Record how old the person is first: who must consent depends on it."
        yield Fault("/child", "age-unknown", words)
    elif row is None:
        words = "The country's file does not say who consents at this age. Ask its coordinator."
        yield Fault("/child", "no-rule", words)
    else:
        if _VOICES.index(given.child) < _VOICES.index(row.child):
            words = f"At {age} the person's own {_named(row.child)} is needed."
            yield Fault("/child", "not-enough", words)
        lacking = _CAREGIVERS.index(given.caregiver) < _CAREGIVERS.index(row.caregiver)
        if lacking and not given.otherwise.strip():
            words = (
                f"At {age} the caregiver's {_named(row.caregiver)} is needed too. If there is "
                "none, or a caregiver is suspected or exploited with the child, say so and who "
                "decided instead."
            )
            yield Fault("/caregiver", "not-enough", words)


def _named(what: Voice | Caregiver) -> str:
    return what.value.replace("_", " ")


def _told(given: Given) -> Iterable[Fault]:
    missing = [one.value for one in Statement if one not in given.statements]
    if missing:
        words = f"Not told or agreed yet: {', '.join(missing)}. Without it this is no consent."
        yield Fault("/statements", "missing", words)
    if not given.groups or not set(given.groups) <= set(GROUPS):
        yield Fault("/groups", "unknown", f"Choose what may be shared: {', '.join(GROUPS)}.")
    if given.form is Form.SPOKEN_WITH_WITNESS and not given.witness.strip():
        yield Fault("/witness", "missing", "Name who heard it: spoken consent needs a witness.")
    if not given.language.strip():
        yield Fault("/language", "missing", "Say in which language it was explained.")


def _until(given: Given, now: datetime) -> Iterable[Fault]:
    if given.given_at > now + timedelta(minutes=1):
        yield Fault("/given_at", "future", "This is in the future: record it once it was given.")
    elif not now < given.expires_at <= given.given_at + LONGEST:
        words = "A consent ends after now, and at most two years after it was given."
        yield Fault("/expires_at", "out-of-range", words)
