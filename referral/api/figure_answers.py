"""What figures look like as JSON. A number that is null is hidden by the floor; zero is zero."""

from __future__ import annotations

from datetime import date, datetime
from typing import Self

from referral.api.answers import Answer
from referral.api.figure_doors import Seen
from referral.exports.pilots import CAUTIONS, Pilot
from referral.figure_questions import Series
from referral.figures import Curve, Cut, Figure, Funnel
from referral.queries import Bottleneck, LimitKept, Returns, SenderActs, Uncontacted, apart


class Months(Answer):
    """The first of a period's first month, and of the first month that is not in it."""

    begins: date
    ends: date


class FiguresSeen(Seen):
    """Groups of one cut. ``whose``: own, unit or country (then under the floor); times in seconds.

    Proposed targets never stand beside other agencies: there their numbers are null.
    """

    cut: Cut
    period: Months
    whose: str
    as_of: datetime
    open_months: tuple[date, ...]
    total: Figure
    groups: tuple[Figure, ...]


class MonthSeen(Answer):
    """One month."""

    month: date
    figure: Figure


class SeriesSeen(Seen):
    """One group month by month."""

    months: tuple[MonthSeen, ...]

    @classmethod
    def of(cls, found: Series) -> Self:
        """Month after month."""
        return cls(months=tuple(MonthSeen(month=at, figure=one) for at, one in found))


class CurveSeen(Seen):
    """A Kaplan-Meier curve: a step function, each share holds until the next point."""

    curve: Curve


class PilotSeen(Seen):
    """Before and since a version took force (``time``), or elsewhere and in its pilot places.

    ``legal`` and ``proposed`` beside a figure: the 95 % interval of its share of limits met.
    ``cautions``: what may and may not be concluded.
    """

    pilot: Pilot
    cautions: tuple[str, ...]

    @classmethod
    def of(cls, found: Pilot) -> Self:
        """With what must be said beside it."""
        return cls(pilot=found, cautions=CAUTIONS)


class ComparisonSeen(Seen):
    """Agencies by the share of limits of law and procedure they met, and what chance would do."""

    funnel: Funnel


class BottlenecksSeen(Seen):
    """The steps of a track in its order: who waits there, how long, against which limits."""

    steps: tuple[Bottleneck, ...]


class LawGapsSeen(Seen):
    """Assumed limits, the most often missed first."""

    limits: tuple[LimitKept, ...]


class AttestedSeen(Seen):
    """By sender: answers given in another's name."""

    senders: tuple[SenderActs, ...]


class UncontactedSeen(Seen):
    """By agency, the most first; at the end all together. Of a country in tens."""

    agencies: tuple[Uncontacted, ...]


class TrackReturns(Answer):
    """New referrals of one track that follow a closed one."""

    track: str
    re_entries: int | None


class ReturnsSeen(Seen):
    """What came back after it was taken (``returned``, ``asked_again``), and who came again."""

    by_agency: tuple[Figure, ...]
    re_entries: int | None
    by_track: tuple[TrackReturns, ...]

    @classmethod
    def of(cls, found: Returns) -> Self:
        """Without proposed targets: agencies stand beside each other."""
        tracks = tuple(TrackReturns(track=one, re_entries=n) for one, n in found.by_track)
        return cls(by_agency=apart(found.by_agency), re_entries=found.re_entries, by_track=tracks)
