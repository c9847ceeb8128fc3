"""The form of a report: questions from the vocabulary, shown again with what was typed.

Only a place has to be filled in. What this file must never know: what follows from an answer.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
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

CASE_FACTS: Final = (
    "danger_now",
    "exploitation_under_way",
    "in_the_act",
    "place_known",
    "rural_site",
    "sector",
)
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
    """A group of questions; ``folded`` ones open on demand, and stand open when answered."""

    title: str
    inputs: Inputs
    folded: bool = False
    opened: bool = False
    hint: str = ""


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
    moment: Inputs
    persons: tuple[PersonForm, ...]
    narrative: Params
    others: tuple[Section, ...]
    many: Section
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
    situation: Inputs = (
        *_asked(make, ("danger_now", "exploitation_under_way", "headcount")),
        ("radios", reported),
        ("select", where),
    )
    about = (
        *_asked(make, ("in_the_act", "place_known", "rural_site", "sector")),
        *_texts(make, "workplace-", WORKPLACE),
    )
    moment: Inputs = (
        (
            "input",
            make.day("occurred_at", "Day it was seen or reported", hint="Leave empty for now"),
        ),
        ("input", make.time("occurred_at", "Time")),
    )
    return ReportForm(
        situation=situation,
        moment=moment,
        persons=tuple(_person(sent, faults, number) for number in range(1, count + 1)),
        narrative=make.area(
            "narrative",
            "What was seen or told",
            rows=6,
            hint="Sealed: only those who hold the case can open it",
        ),
        others=(
            _folded("The workplace", about, sent),
            _folded(
                "Who reported it",
                _texts(make, "reporter-", REPORTER),
                sent,
                hint="Sealed: kept from everybody but your own agency",
            ),
        ),
        many=_many(sent, faults),
        count=count,
        key=key,
        faults=faults,
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
    return _folded("Many persons at once", (("textarea", table), *shared), sent, hint)


def _person(sent: Sent, faults: Faults, number: int) -> PersonForm:
    make = Fields(sent, faults, f"p{number}-")
    role = make.radios(
        "role", "In this report the person is", _ROLES, chosen="concerned", inline=True
    )
    who: Inputs = (
        ("radios", role),
        (
            "input",
            make.text(
                "identity-name",
                IDENTITY["name"],
                hint="Sealed; leave empty if not known",
                spellcheck=False,
            ),
        ),
        *_asked(make, WHO),
    )
    hidden: Inputs = (
        *_texts(make, "safety-", SAFETY),
        (
            "input",
            make.text("identity-born_on", IDENTITY["born_on"], hint="If known, such as 2016-01-31"),
        ),
        ("input", make.text("identity-papers", IDENTITY["papers"])),
    )
    sections = (
        Section("", who),
        replace(_folded("Work and school", _asked(make, WORK), sent), opened=True),
        _folded("Signs of forced labour", _asked(make, FORCED), sent),
        _folded("Signs of trafficking", _asked(make, TRAFFICKED), sent),
        _folded("Risk and needs", _asked(make, NEEDS), sent),
        _folded(
            "Where the person is, and how to make contact",
            hidden,
            sent,
            hint="Sealed: opened only with a fresh password",
        ),
    )
    return PersonForm(number, f"Person {number}", sections)


_ROLES: Final = [(code, words) for code, words in PERSON_ROLES.items() if code != "reporter"]


def _folded(title: str, inputs: Inputs, sent: Sent, hint: str = "") -> Section:
    names = {params["name"] for _, params in inputs}
    typed = any(sent.one(name) not in {"", "unknown"} for name in names)
    wrong = any("errorMessage" in params for _, params in inputs)
    return Section(title, inputs, folded=True, opened=typed or wrong, hint=hint)


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
