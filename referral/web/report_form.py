"""The form of a report: questions from the vocabulary, shown again with what was typed.

Only a place has to be filled in. What decides first is asked first and stands open; the rest folds,
says how much of it is answered, and stands open where something is wrong.
What this file must never know: what follows from an answer.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from protocols.vocabulary import Entry, FactType, load_vocabulary
from referral.web.fields import Faults, Fields, Params, Sent
from referral.web.people_table import COLUMNS, MOST_IN_TABLE
from referral.web.wording import LANGUAGE, PERSON_ROLES, TOPICS

Inputs = tuple[tuple[str, Params], ...]

MOST_PERSONS: Final = 30
MOST_COUNTED: Final = 1000
_YES_NO: Final = [("yes", "Yes"), ("no", "No"), ("unknown", "Not known")]
_INDICATOR: Final = [
    ("confirmed observed", "Yes: seen by us"),
    ("confirmed statement", "Yes: the person says so"),
    ("confirmed document", "Yes: a document shows it"),
    ("suspected third_party", "Suspected"),
    ("absent", "No"),
]
NONE_FOUND: Final = "none-found"

URGENT: Final = ("danger_now", "exploitation_under_way")
CASE_FACTS: Final = (*URGENT, "in_the_act", "place_known", "rural_site", "sector")
WORK: Final = ("works", "econ_hours", "night_work", "beneficiary", "in_school", "hazards", "wfcl")
FORCED: Final = ("fl_indicators", "involuntary", "penalty_menace")
TRAFFICKED: Final = ("acts", "means", "purposes", "screening_complete")
NEEDS: Final = (
    *("high_risk", "unaccompanied", "parent_suspected", "separation_needed", "home_elsewhere"),
    *("foreign_national", "language", "disability_needs", "travelling_companions", "transport"),
)
WHO: Final = ("age", "sex", "age_band", "appears_under_18")
PERSON_FACTS: Final = (*WHO, *WORK, *FORCED, *TRAFFICKED, *NEEDS)
COMMON: Final = (*WORK, *FORCED, *TRAFFICKED)  # what a whole group may share
IDENTITY: Final = {
    "name": "Name",
    "born_on": "Date of birth",
    "papers": "Papers",
    "address": "Home address",
}
SAFETY: Final = {
    "whereabouts": "Where the person is now",
    "contact": "A safe way and time to make contact",
    "fears": "Whom or what the person fears",
}
WORKPLACE: Final = {
    "name": "Name of the business or farm",
    "address": "Address or directions",
    "employer": "Employer",
}
REPORTER: Final = {
    "name": "Name",
    "contact": "Telephone or address",
    "relation": "How they know of it",
}


@dataclass(frozen=True, slots=True)
class Section:
    """A group of questions; ``folded`` ones open on demand, and stand open when one is wrong.

    ``about``: what it asks, in a few words beside the title. ``answered``: how many have an answer.
    """

    title: str
    inputs: Inputs
    folded: bool = False
    opened: bool = False
    hint: str = ""
    about: str = ""
    answered: int = 0


@dataclass(frozen=True, slots=True)
class PersonForm:
    """The questions about one person."""

    number: int
    heading: str
    sections: tuple[Section, ...]


@dataclass(frozen=True, slots=True)
class ReportForm:
    """The whole form."""

    situation: Inputs
    persons: tuple[PersonForm, ...]
    narrative: Params
    others: tuple[Section, ...]
    count: int
    key: str
    faults: Faults


def report_form(
    sent: Sent, places: Iterable[tuple[str, str]], place: str, faults: Faults, key: str, count: int
) -> ReportForm:
    """The form with what was typed so far. ``place``: what is chosen before anybody chose."""
    make = Fields(sent, faults)
    topics = [*TOPICS.items(), ("unknown", "Not sure")]
    where = make.choice(
        "place", "Where did it happen?", list(places), hint="The whole country, if no more is known"
    )
    where["value"] = where["value"] or place
    reported = make.radios("reported", "What is reported?", topics, chosen="unknown", inline=True)
    hint = "Sealed: only those who hold the case can open it"
    return ReportForm(
        situation=(*_asked(make, URGENT), ("radios", reported), ("select", where)),
        persons=tuple(_person(sent, faults, number) for number in range(1, count + 1)),
        narrative=make.area("narrative", "What was seen or told", rows=3, hint=hint),
        others=(*_others(make, sent), _many(sent, faults)),
        count=count,
        key=key,
        faults=faults,
    )


def _others(make: Fields, sent: Sent) -> tuple[Section, ...]:
    """When, how many, where exactly, and who says so."""
    day = make.day("occurred_at", "Day it was seen or reported", hint="Leave empty for now")
    moment: Inputs = (
        ("input", day),
        ("input", make.time("occurred_at", "Time")),
        *_asked(make, ("headcount",)),
    )
    workplace = (
        *_asked(make, ("in_the_act", "place_known", "rural_site", "sector")),
        *_texts(make, "workplace-", WORKPLACE),
    )
    reporter = _texts(make, "reporter-", REPORTER)
    sealed = "Sealed: kept from everybody but your own agency"
    return (
        _folded("When, and how many", "if not now, or more than one person", moment, sent),
        _folded("The workplace", "name, address, employer, trade", workplace, sent),
        _folded("Who reported it", "name, how to reach them", reporter, sent, hint=sealed),
    )


def _many(sent: Sent, faults: Faults) -> Section:
    """A list pasted from a spreadsheet, and what holds for everybody in it."""
    table = Fields(sent, faults).area(
        "people",
        "List of persons",
        rows=6,
        hint="Paste from a spreadsheet or as lines with commas. The first line names the columns: "
        f"{', '.join(COLUMNS)}. Up to {MOST_IN_TABLE:,} persons; who is not listed but counted "
        "above stays one entry, not yet identified.",
    )
    shared = _asked(Fields(sent, faults, "common-"), COMMON)
    hint = "The questions below hold for everybody in the list who has no column of her own for it."
    about = "a list from a spreadsheet"
    return _folded("Many persons at once", about, (("textarea", table), *shared), sent, hint)


def _person(sent: Sent, faults: Faults, number: int) -> PersonForm:
    make = Fields(sent, faults, f"p{number}-")
    role = make.radios(
        "role", "In this report the person is", _ROLES, chosen="concerned", inline=True
    )
    name = make.text(
        "identity-name", IDENTITY["name"], hint="Sealed; leave empty if not known", spellcheck=False
    )
    first: Inputs = (*_asked(make, WHO[:1]), ("input", name))
    more: Inputs = (*_asked(make, WHO[1:]), ("radios", role))
    born = make.text("identity-born_on", IDENTITY["born_on"], hint="If known, such as 2016-01-31")
    hidden: Inputs = (
        *_texts(make, "safety-", SAFETY),
        ("input", born),
        *_texts(make, "identity-", {one: IDENTITY[one] for one in ("papers", "address")}),
    )
    sealed = "Sealed: opened only with a fresh password"
    sections = (
        Section("", first),
        _folded("Work and school", "hours, night work, hazards", _asked(make, WORK), sent),
        _folded(
            "Signs of forced labour", "threats, debts, papers kept", _asked(make, FORCED), sent
        ),
        _folded(
            "Signs of trafficking", "brought here how, what for", _asked(make, TRAFFICKED), sent
        ),
        _folded("Risk and needs", "alone, language, health, transport", _asked(make, NEEDS), sent),
        _folded("Sex, age if not known, role", "accused or relative", more, sent),
        _folded("Where she or he is now", "safe contact, papers", hidden, sent, hint=sealed),
    )
    return PersonForm(number, f"Person {number}", sections)


_ROLES: Final = [(code, words) for code, words in PERSON_ROLES.items() if code != "reporter"]


_USUAL: Final = {"", "unknown", "concerned"}  # what stands in a field nobody has touched


def _folded(title: str, about: str, inputs: Inputs, sent: Sent, hint: str = "") -> Section:
    names = {params["name"] for _, params in inputs}
    answered = sum(sent.one(name) not in _USUAL for name in names)
    wrong = any("errorMessage" in params for _, params in inputs)
    return Section(title, inputs, True, wrong, hint, about, answered)


def _texts(make: Fields, prefix: str, labels: Mapping[str, str]) -> Inputs:
    return tuple(("input", make.text(prefix + name, label)) for name, label in labels.items())


def _asked(make: Fields, names: Iterable[str]) -> Inputs:
    vocabulary = load_vocabulary()
    return tuple(asked for name in names for asked in _question(make, vocabulary[name]))


def _question(make: Fields, entry: Entry) -> Inputs:
    """The field or fields of one fact."""
    label, hint = entry.label(LANGUAGE), entry.hints.get(LANGUAGE, "")
    options = [(code.code, code.label(LANGUAGE)) for code in entry.codes]
    match entry.type:
        case FactType.FLAG:
            field = make.radios(
                entry.name, label, _YES_NO, hint=hint, chosen="unknown", inline=True
            )
            return (("radios", field),)
        case FactType.WHOLE:
            more = {"classes": "govuk-input--width-3", "inputmode": "numeric"}
            return (("input", make.text(entry.name, label, hint=hint, **more)),)
        case FactType.CODE:
            return (
                ("select", make.choice(entry.name, label, options, hint=hint, empty="Not known")),
            )
        case FactType.INDICATORS:
            return tuple(
                (
                    "select",
                    make.choice(
                        f"{entry.name}-{code.code}",
                        code.label(LANGUAGE),
                        _INDICATOR,
                        hint=code.hints.get(LANGUAGE, ""),
                        empty="Not asked",
                    ),
                )
                for code in entry.codes
            )
        case _:
            boxes = [*options, (NONE_FOUND, "Asked, none found")]
            return (("checkboxes", make.boxes(entry.name, label, boxes, hint=hint)),)
