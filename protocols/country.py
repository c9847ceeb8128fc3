"""What holds for every track of a country: names, languages, mandates, coded lists, sources.

Values and the reading of ``country.yaml``. It must not know tracks, calendars or agencies: a
mandate is what the law charges somebody with, the directory says who that is.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta

from protocols.document import Item, Section
from protocols.law import Grade, Source
from protocols.lifecycle import Act
from protocols.problems import Problems, Spot
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

_REASONED = {
    "decline": Act.DECLINE,
    "cancel": Act.CANCEL,
    "hold": Act.HOLD,
    "fail": Act.FAIL,
    "void": Act.VOID,
}
_AFTER = re.compile(r"(\d+) h")
_SCREENING = ("min_age", "min_age_hazardous", "compulsory_schooling_to", "adult_means_required")

Labels = Mapping[str, str]  # language -> text


@dataclass(frozen=True, slots=True)
class Mandate:
    """What a body is legally charged with, and at which level it is held."""

    code: str
    label: Labels
    level: str
    agency_types: tuple[str, ...]


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


def read_country(item: Item, problems: Problems) -> Country:
    """The country behind ``country.yaml``; whatever is wrong is added to ``problems``."""
    section = Section(
        item,
        "country.yaml",
        problems,
        required=(
            *("iso2", "names", "languages", "time_zone", "screening", "default_track"),
            *("supervisor_after", "mandates", "reasons", "outcomes", "sources"),
        ),
        optional=("documents",),
    )
    languages = section.words("languages")
    sources = _sources(section, problems)
    listed = section.section("reasons", required=tuple(_REASONED))
    return Country(
        iso2=section.text("iso2").upper(),
        names=labels_of(section, "names", languages),
        languages=languages,
        time_zone=section.text("time_zone"),
        parameters=_parameters(section, sources),
        supervisor_after=_after(section),
        default_track=section.text("default_track"),
        mandates=_mandates(section, languages),
        reasons={act: _coded(listed, word, languages) for word, act in _REASONED.items()},
        outcomes=_coded(section, "outcomes", languages),
        documents=_coded(section, "documents", languages),
        sources=sources,
    )


def labels_of(section: Section, name: str, languages: Iterable[str]) -> Labels:
    """The labels under this key, one per language of the country; missing ones are problems."""
    labels = section.texts(name)
    for language in languages:
        if name in section and not labels.get(language):
            section.problems.error(
                section.at(name),
                f"'{name}' of {section.where} has no text in '{language}'",
                f"Add '{language}: …': whoever reads only that language must understand the step",
            )
    return labels


def _coded(section: Section, name: str, languages: Iterable[str]) -> Mapping[str, Labels]:
    listed = section.section(name)
    return {code: labels_of(listed, code, languages) for code, _ in listed}


def _parameters(section: Section, sources: Mapping[str, Source]) -> Parameters:
    screening = section.section(
        "screening",
        required=("version", *_SCREENING, "chores_rule", "acts_extension"),
    )
    values: dict[str, dict[str, object]] = {}
    for name, _ in screening:
        if name == "version":
            continue
        entry = screening.section(name, required=("value", "source"))
        _cited(entry, "source", sources)
        if name == "acts_extension":
            values[name] = {"value": entry.words("value")}
        elif name in {"chores_rule", "adult_means_required"}:
            values[name] = {"value": entry.flag("value")}
        else:
            values[name] = {"value": entry.whole("value")}
    missing = {name: {"value": 0} for name in _SCREENING if name not in values}
    known = {"version": screening.items["version"].value} if "version" in screening else {}
    return Parameters.from_mapping({"version": "", **known, **missing, **values})


def cited_in(item: Item) -> tuple[str, ...]:
    """The sources the screening parameters rest on."""
    screening = item.value.get("screening") if isinstance(item.value, Mapping) else None
    entries = screening.value.values() if screening and isinstance(screening.value, Mapping) else ()
    sources = (one.value.get("source") for one in entries if isinstance(one.value, Mapping))
    return tuple(str(one.value) for one in sources if one is not None)


def _cited(section: Section, name: str, sources: Mapping[str, Source]) -> None:
    cited = section.text(name)
    if name in section and cited not in sources:
        section.problems.error(
            section.at(name),
            f"{section.where} cites '{cited}', which is not in the register of sources",
            f"Use one of {', '.join(sorted(sources))}, or add it under 'sources:'",
        )


def _after(section: Section) -> timedelta:
    written = section.text("supervisor_after")
    found = _AFTER.fullmatch(written)
    if found is None and "supervisor_after" in section:
        section.problems.error(
            section.at("supervisor_after"),
            f"'{written}' is no number of hours",
            "Write it like '72 h'",
        )
    return timedelta(hours=int(found.group(1)) if found else 0)


def _mandates(section: Section, languages: tuple[str, ...]) -> Mapping[str, Mandate]:
    listed = section.section("mandates")
    found: dict[str, Mandate] = {}
    for code, item in listed:
        one = Section(
            item,
            f"mandate {code}",
            section.problems,
            required=("label", "level", "agency_types"),
        )
        types, level = one.words("agency_types"), one.text("level")
        _among(one, "level", (level,), LEVELS)
        _among(one, "agency_types", types, AGENCY_TYPES)
        found[code] = Mandate(code, labels_of(one, "label", languages), level, types)
    return found


def _among(section: Section, name: str, words: Iterable[str], allowed: Iterable[str]) -> None:
    possible = sorted(allowed)
    for word in words:
        if name in section and word not in possible:
            section.problems.error(
                section.at(name),
                f"'{word}' is no '{name}' of {section.where}",
                f"Use one of {', '.join(possible)}",
            )


def _sources(section: Section, problems: Problems) -> Mapping[str, Source]:
    found: dict[str, Source] = {}
    for code, item in section.section("sources"):
        one = Section(
            item,
            f"source {code}",
            problems,
            required=("title", "article", "link", "grade", "last_checked"),
            optional=("statute",),
        )
        found[code] = Source(
            id=code,
            title=one.text("title"),
            article=one.text("article"),
            link=one.text("link"),
            grade=one.choice("grade", Grade, Grade.RECALLED),
            last_checked=one.day("last_checked"),
            statute=one.flag("statute"),
            spot=_spot(section, code),
        )
    return found


def _spot(section: Section, code: str) -> Spot:
    return section.section("sources").at(code)
