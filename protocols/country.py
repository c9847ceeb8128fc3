"""What holds for every track of a country: names, languages, mandates, coded lists, sources.

Values alone; ``country_file`` reads them. It must not know tracks, calendars or agencies: a
mandate is what the law charges somebody with, the directory says who that is.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from protocols.buddhist_era import Era
from protocols.decision import LimitBasis
from protocols.law import Source
from protocols.lifecycle import Act
from protocols.reading import Parameters

LEVELS = ("national", "provincial", "local")

# Standards 5.6.
AGENCY_TYPES = frozenset(
    {
        *("LABOUR_INSPECTORATE", "POLICE", "SPECIALISED_POLICE_UNIT", "PROSECUTION"),
        *("SOCIAL_SERVICES", "CHILD_PROTECTION", "SHELTER", "HEALTH", "LEGAL_AID", "IMMIGRATION"),
        *("HOTLINE", "COORDINATION_BODY", "NGO", "INTERNATIONAL_ORGANISATION"),
    }
)


Labels = Mapping[str, str]  # language -> text


@dataclass(frozen=True, slots=True)
class Mandate:
    """What a body is legally charged with, and at which level it is held."""

    code: str
    label: Labels
    level: str
    agency_types: tuple[str, ...]


class Voice(StrEnum):
    """What is asked of the child itself before a service begins."""

    EXPLAIN = "explain"  # what happens is explained, nothing is asked
    ASSENT = "assent"
    WRITTEN_ASSENT = "written_assent"
    CONSENT = "consent"


class Caregiver(StrEnum):
    """What is asked of whoever cares for the child."""

    CONSENT = "consent"
    AGREEMENT = "agreement"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Consent:
    """One row of the table of consent; both ages belong to it.

    ``otherwise``: what is done when nobody who could consent is there, or it is refused.
    """

    lowest: int
    highest: int
    child: Voice
    caregiver: Caregiver
    otherwise: Labels
    sources: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class WorkList:
    """Kinds of work a country lists by law, as hazardous or as light: code -> label."""

    sources: tuple[str, ...]
    items: Mapping[str, Labels]


@dataclass(frozen=True, slots=True)
class Retention:
    """How long a case is kept once its last referral has closed; then its erasure is proposed.

    ``tracks``: of which tracks; none named: of every other one. ``basis`` says whether the law
    gives the number, or somebody assumed it.
    """

    tracks: tuple[str, ...]
    years: int
    basis: LimitBasis
    sources: tuple[str, ...]


@dataclass(frozen=True)
class Country:
    """One country, compiled."""

    iso2: str
    names: Labels
    languages: tuple[str, ...]
    time_zone: str
    parameters: Parameters
    supervisor_after: timedelta  # older acts need a supervisor
    default_track: str
    mandates: Mapping[str, Mandate]
    reasons: Mapping[Act, Mapping[str, Labels]]
    outcomes: Mapping[str, Labels]
    documents: Mapping[str, Labels]
    sources: Mapping[str, Source]
    calendar_era: Era = Era.COMMON  # in which years days are shown
    consent: tuple[Consent, ...] = ()  # by age
    hazardous_work: WorkList | None = None
    light_work: WorkList | None = None
    retention: tuple[Retention, ...] = ()  # none: nothing is ever proposed for erasure

    def kept(self, track: str) -> Retention | None:
        """How long what belongs to this track is kept; None when the country does not say."""
        named = (one for one in self.retention if track in one.tracks)
        return next(named, next((one for one in self.retention if not one.tracks), None))

    def consent_at(self, age: int) -> Consent | None:
        """Who is asked for a person of this age; None when the country does not say."""
        return next((row for row in self.consent if row.lowest <= age <= row.highest), None)

    @property
    def cited(self) -> tuple[str, ...]:
        """What the country's own lists rest on."""
        lists = [row.sources for row in self.consent]
        lists += [row.sources for row in self.retention]
        lists += [one.sources for one in (self.hazardous_work, self.light_work) if one is not None]
        return tuple(source for sources in lists for source in sources)

    def day_of(self, moment: datetime) -> date:
        """The calendar day it is there: law and charges take force at that midnight, not UTC's."""
        return moment.astimezone(ZoneInfo(self.time_zone)).date()

    @property
    def codes(self) -> Mapping[Act, tuple[str, ...]]:
        """The coded lists without labels: reasons per act, outcomes for ``complete``."""
        listed = {act: tuple(labels) for act, labels in self.reasons.items()}
        return {**listed, Act.COMPLETE: tuple(self.outcomes)}

    def reason(self, act: Act, code: str, language: str) -> str:
        """The words for a reason of this act ("another reason" is not "another outcome")."""
        labels = self.reasons.get(act, {})
        return said(labels[code], language) if code in labels else self.label(code, language)

    def label(self, code: str, language: str) -> str:
        """The words for a mandate, outcome, document or reason; the code itself if unknown."""
        if code in self.mandates:
            return said(self.mandates[code].label, language)
        for labels in (self.outcomes, self.documents, *self.reasons.values()):
            if code in labels:
                return said(labels[code], language)
        return code


def said(labels: Labels, language: str) -> str:
    """The text in this language, else in the first there is, else nothing."""
    return labels.get(language) or next(iter(labels.values()), "")
