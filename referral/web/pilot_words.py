"""A pilot in words: what is compared, what is not, and what may be concluded."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Final

from referral.exports.pilots import CAUTIONS, By, Compared, Pilot, Verdict
from referral.figures import Measure
from referral.web.figure_page import spoken

WAYS: Final = {
    By.TIME: "Before and since it took force",
    By.PLACE: "Its pilot places and elsewhere",
}
_THINGS: Final[dict[str, str]] = {
    Measure.RECEIVED: "the time from requested to received",
    Measure.ACCEPTED: "the time from received to accepted",
    Measure.CONTACT: "the time from accepted to first contact",
    Measure.COMPLETED: "the time from first contact to completed",
    "legal": "the share of limits met",
}
VERDICTS: Final = {
    Verdict.APART: "The two intervals do not overlap: the sides differ by more than chance alone "
    "would explain. Why they differ, these numbers do not say.",
    Verdict.NOT_APART: "The two intervals overlap: these numbers do not tell the sides apart. "
    "That does not show that they are alike.",
    Verdict.TOO_FEW: "Too few on one side at least (fewer than 30, not reached, or hidden): "
    "nothing may be concluded.",
}

_NOWHERE: Final = (
    "No place is named as a pilot of this version: everything is elsewhere, and there is nothing "
    "to compare. Compare before and since instead."
)
_OVER: Final = (
    "The pilot is over: since this day the version is in force everywhere, on both sides. A "
    "difference between the sides is not one between versions."
)


@dataclass(frozen=True, slots=True)
class Saying:
    """Says one pilot on one day; ``names``: places by their codes."""

    pilot: Pilot
    names: Mapping[str, str]
    today: date

    @property
    def places(self) -> str:
        """Where it is a pilot."""
        return ", ".join(self.names.get(one, one) for one in self.pilot.places)

    @property
    def sides(self) -> tuple[str, str]:
        """What the two sides are called."""
        if self.pilot.by is By.PLACE:
            return "Elsewhere", self.places or "Pilot places"
        return "Before", "Since"

    @property
    def heading(self) -> str:
        """The two sides in the title."""
        one, other = self.sides
        if self.pilot.by is By.PLACE:
            return f"{other} and elsewhere"
        return f"{one.lower()} and {other.lower()}"

    @property
    def notes(self) -> tuple[str, ...]:
        """What is compared, and what must be known of it."""
        return (self._compared, *self._by_time, *self._by_place, *self._empty)

    @property
    def conclusions(self) -> tuple[str, ...]:
        """First what these numbers say, then what no such numbers can say."""
        return (*_found(self.pilot.whole), *CAUTIONS)

    @property
    def _compared(self) -> str:
        whole, name = self.pilot.whole, f"version {self.pilot.version}"
        verb = "took" if self.pilot.takes_force <= self.today else "takes"
        day = f"It {verb} force on {self.pilot.takes_force:%d %B %Y}."
        if self.pilot.by is By.PLACE:
            return (
                f"Hand-offs of this track asked for in {spoken(whole.other.period)}, where {name} "
                f"is or was a pilot and everywhere else, under whichever version. {day}"
            )
        return (
            f"Hand-offs of this track asked for in {spoken(whole.one.period)}, under whichever "
            f"version, and those under {name} asked for in {spoken(whole.other.period)}. {day}"
        )

    @property
    def _by_time(self) -> tuple[str, ...]:
        if self.pilot.by is not By.TIME:
            return ()
        found = []
        if self.pilot.takes_force.day != 1:
            found.append(
                "It begins within a month: what was asked for under the former version in that "
                "month or later is on neither side."
            )
        if self.pilot.on_trial and self.pilot.places:
            found.append(
                f"It stands in {self.places} only; the months before are those of the whole "
                "country. Look at places too before you conclude anything."
            )
        return tuple(found)

    @property
    def _by_place(self) -> tuple[str, ...]:
        if self.pilot.by is not By.PLACE:
            return ()
        if not self.pilot.places:
            return (_NOWHERE,)
        if not self.pilot.on_trial:
            return (_OVER,)
        return ("The places were chosen, not drawn by lot: they may have differed before.",)

    @property
    def _empty(self) -> tuple[str, ...]:
        whole = self.pilot.whole
        if self.today < self.pilot.takes_force:
            return ("It has not taken force yet: of the months since there is nothing to count.",)
        told = zip(self.sides, (whole.one, whole.other), strict=True)
        gone = [name for name, side in told if side.figure.counts.asked == 0]
        found = [f"Nothing was asked for: {', '.join(gone).lower()}."] if gone else []
        if self.today < whole.other.period.ends:
            found.append("Not all of these months are over: they are counted as they stand.")
        return tuple(found)


def _found(whole: Compared) -> tuple[str, ...]:
    """Which measures are apart, which are not, and which say nothing."""
    told: list[tuple[str, Verdict]] = [*whole.times.items(), ("legal", whole.legal)]
    found = []
    for verdict, words in (
        (Verdict.APART, "The sides differ by more than chance alone would explain in: {}."),
        (Verdict.NOT_APART, "These numbers do not tell the sides apart in: {}."),
        (Verdict.TOO_FEW, "Too few to say anything of: {}."),
    ):
        things = [_THINGS[name] for name, one in told if one is verdict]
        if things:
            found.append(words.format("; ".join(things)))
    return tuple(found)
