"""Reading ``country.yaml``: names, mandates, coded lists, sources and what screening needs.

Whatever is wrong is added to the problems and reading goes on. It must not know tracks, calendars
or agencies.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import timedelta

from protocols.buddhist_era import Era
from protocols.country import AGENCY_TYPES, LEVELS, Country, Labels, Mandate
from protocols.country_lists import read_consent, read_retention, read_work
from protocols.document import Item
from protocols.law import Grade, Source
from protocols.lifecycle import Act
from protocols.problems import Problems, Spot
from protocols.reading import Parameters
from protocols.section import Section

_REASONED = {
    "decline": Act.DECLINE,
    "cancel": Act.CANCEL,
    "hold": Act.HOLD,
    "fail": Act.FAIL,
    "void": Act.VOID,
}
_AFTER = re.compile(r"(\d+) h")
_SCREENING = ("min_age", "min_age_hazardous", "compulsory_schooling_to", "adult_means_required")


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
        optional=(
            *("calendar_era", "documents", "consent", "hazardous_work", "light_work"),
            "retention",
        ),
    )
    languages = section.words("languages")
    sources = _sources(section, problems)

    def labels(one: Section, name: str) -> Labels:
        return labels_of(one, name, languages)

    def cite(one: Section) -> tuple[str, ...]:
        return _all_cited(one, sources)

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
        calendar_era=section.choice("calendar_era", Era, Era.COMMON),
        consent=read_consent(section, labels, cite),
        hazardous_work=read_work(section, "hazardous_work", labels, cite),
        light_work=read_work(section, "light_work", labels, cite),
        retention=read_retention(section, cite),
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
        if "source" in entry:
            _cited(entry, "source", sources, entry.text("source"))
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


def _cited(section: Section, name: str, sources: Mapping[str, Source], *words: str) -> None:
    for cited in words:
        if cited not in sources:
            section.problems.error(
                section.at(name),
                f"{section.where} cites '{cited}', which is not in the register of sources",
                f"Use one of {', '.join(sorted(sources))}, or add it under 'sources:'",
            )


def _all_cited(section: Section, sources: Mapping[str, Source]) -> tuple[str, ...]:
    cited = section.words("sources")
    _cited(section, "sources", sources, *cited)
    if "sources" in section and not cited:
        section.problems.error(
            section.at("sources"), f"{section.where} cites no source", "Name what it rests on"
        )
    return cited


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
