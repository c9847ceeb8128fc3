"""One person's facts in the words of the screening rules, and the law they are read under.

1. Not known stays None all the way: a rule that needs a *no* must find a recorded no.
2. What this file must not know: which country the parameters come from, and what follows from what
   it reads (``screening_rules``).

Thresholds: UNICEF / ILOSTAT hour bands; C182 art. 3; ILO indicators (2012) with the side each one
points to; Palermo Protocol art. 3.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from protocols.ages import child, younger_than
from protocols.control_methods import prefilled

if TYPE_CHECKING:
    from collections.abc import Mapping

    from protocols.facts import Facts

BAND_YOUNGEST, BAND_MIDDLE = 12, 15  # ages at which the bands 5-11 and 12-14 end
HOURS_YOUNGEST, HOURS_MIDDLE, HOURS_OLDEST = 1, 14, 43  # a week: indicated from here on
CHORES_MORE_THAN = 21  # a week; older surveys used 28

WORST_FORMS = frozenset({"WFCL_A", "WFCL_B", "WFCL_C"})  # WFCL_D, hazardous work, is CL-R2
INDICATORS = tuple(f"FL{number:02}" for number in range(1, 12))
INVOLUNTARINESS = frozenset({"FL01", "FL02", "FL09", "FL10", "FL11"})
COERCION = frozenset({"FL01", "FL03", "FL04", "FL05", "FL06", "FL07", "FL08", "FL09"})
PALERMO_ACTS = frozenset({"RECRUITMENT", "TRANSPORTATION", "TRANSFER", "HARBOURING", "RECEIPT"})
LABOUR_PURPOSES = frozenset(
    {
        *("FORCED_LABOUR", "SLAVERY", "SLAVERY_LIKE", "SERVITUDE"),
        *("FORCED_BEGGING", "FORCED_CRIMINALITY"),
    }
)


@dataclass(frozen=True, slots=True)
class Parameters:
    """What a country's law settles, dated. ``acts_extension``: acts beyond Palermo's (OFFERING)."""

    version: str
    min_age: int
    min_age_hazardous: int
    compulsory_schooling_to: int
    adult_means_required: bool
    chores_rule: bool = True
    acts_extension: frozenset[str] = frozenset()

    @classmethod
    def from_mapping(cls, screening: Mapping[str, Any]) -> Parameters:
        """The ``screening`` part of country.yaml: every value stands beside its source."""
        values = {name: entry["value"] for name, entry in screening.items() if name != "version"}
        extension = frozenset(values.pop("acts_extension", ()))
        return cls(version=str(screening["version"]), acts_extension=extension, **values)


class Reading:
    """One person's facts in the words of the rules. None is not known."""

    def __init__(self, facts: Facts, law: Parameters) -> None:
        """Read everything once; control methods have filled in what they suggest."""
        facts = prefilled(facts)
        self.law = law
        self.flag = facts.flag
        self.child = child(facts)
        self.under_12 = younger_than(facts, BAND_YOUNGEST)
        self.under_15 = younger_than(facts, BAND_MIDDLE)
        self.under_min_age = younger_than(facts, law.min_age)
        self.hours = facts.whole("econ_hours")
        self.chores = facts.whole("chore_hours")
        self.works = _works(self.hours, recorded=facts.flag("works"))
        self.hazards = facts.codes("hazards") or frozenset()
        wfcl = facts.codes("wfcl")
        self.worst_form = None if wfcl is None else bool(wfcl & WORST_FORMS)
        self.hazardous_form = "WFCL_D" in (wfcl or ())
        self.indicators = facts.indicators("fl_indicators")
        self.confirmed = frozenset(
            code for code, indicator in self.indicators.items() if indicator.confirmed
        )
        exception = facts.code("c29_exception") is not None
        self.excepted = exception and facts.flag("c29_recorded_by_supervisor") is True
        acts = facts.codes("acts") or frozenset()
        self.palermo_act = bool(acts & PALERMO_ACTS)
        self.act = self.palermo_act or bool(acts & law.acts_extension)
        self.means = bool(facts.codes("means"))
        self.purposes = facts.codes("purposes") or frozenset()
        self.purpose = bool(self.purposes)
        self.reported = facts.code("reported_topic") is not None

    @property
    def age_settles(self) -> bool:
        """Whether the age is known well enough for every band of the rules."""
        return None not in {self.under_12, self.under_15, self.under_min_age}

    @property
    def excused(self) -> bool:
        """Recorded as true: light work, which never excuses under 12, or an apprenticeship."""
        light_work = self.flag("light_work_permitted") is True and self.under_12 is False
        return light_work or self.flag("apprenticeship_authorised") is True

    @property
    def elements(self) -> int:
        """How many of act, means and purpose are found."""
        return self.act + self.means + self.purpose

    @property
    def palermo_complete(self) -> bool:
        """Art. 3 without national law: no further acts, and means unless it is a child."""
        return self.palermo_act and self.purpose and (self.means or self.child is True)


def _works(hours: int | None, *, recorded: bool | None) -> bool | None:
    """Hours speak for themselves: any hour is work, none at all and nothing recorded is no work."""
    if recorded or hours:
        return True
    return False if hours == 0 else recorded
