"""A whole country's register from YAML.

The spelling (all of it; every problem is reported with its line)::

    country: ZZ                     # ISO 3166-1
    language: en                    # whose names are shown where there is only one
    names: {en: Zedland}
    time_zone: UTC                  # of units that name none
    valid_from: 2020-01-01          # of agencies and mandates that name none
    intake_unit: Intake desk        # name of the unit every agency has unless it lists `units`
    sources: {1: "Title, link"}     # the register of sources; cited by number
    places:                         # ISO 3166-2: name | {names, parent}; a parent makes a locality
    groups:                         # code: {names, members: [codes]}
    agencies:                       # key: agency
    per_province:                   # key: agency, once per place below the country (key-<code>)
      POLICE: {…, only: [codes], except: [codes], named: {code: names}}

    agency:  names ({place} is filled in under per_province), type, level, source, parent,
             confidential, units, serves, valid_from, valid_until
    units:   key: name | {name, intake, time_zone}
    serves:  code | {mandate, in, unit, priority, fall_back, source, valid_from, valid_until}
             `in` is one code or a list; without it the province of a template, else the country
    source:  {ids: [1, 2], grade: V | R | K, note: …}
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Final

from agencies.register.agencies_tree import Defaults, body_from, names_from
from agencies.register.consistency import check
from agencies.register.entries import Body, Place, Register
from agencies.register.spelling import COUNTRY
from agencies.register.tree import Notes, Tree, parse

_TOP: Final = (
    "country",
    "language",
    "names",
    "time_zone",
    "valid_from",
    "intake_unit",
    "sources",
    "places",
    "groups",
    "agencies",
    "per_province",
)
_REQUIRED: Final = ("country", "language", "names", "time_zone", "valid_from", "agencies")
_TEMPLATE_ONLY: Final = ("only", "except", "named")


def read_yaml(content: bytes, file: str) -> Register:
    """The register in the file; with problems in it, it is not to be entered."""
    notes = Notes(file)
    tree = parse(content, notes)
    if tree is None:
        return Register(file, complete=True, problems=tuple(notes.problems))
    top = tree.named(_TOP, _REQUIRED)
    country = top["country"].text()
    if not COUNTRY.fullmatch(country):
        notes.add(
            top["country"].line, f"{country!r} is no country code.", "Two capitals, ISO 3166-1."
        )
    defaults = Defaults.from_top(top, country)
    places = (
        _country(top, defaults),
        *_places(top["places"], defaults),
        *_groups(top["groups"], defaults),
    )
    bodies = (
        *_agencies(top["agencies"], defaults),
        *_templates(top["per_province"], places, defaults),
    )
    register = Register(file, complete=True, country=country, places=places, bodies=bodies)
    found = sorted({*notes.problems, *check(register)})
    return replace(register, problems=tuple(found))


def _country(top: Mapping[str, Tree], defaults: Defaults) -> Place:
    names = names_from(top["names"], defaults.language)
    return Place(defaults.country, "country", None, names, line=top["country"].line)


def _places(tree: Tree, defaults: Defaults) -> Iterator[Place]:
    for code, given in tree.parts().items():
        parent: str = defaults.country
        names = given
        if given.is_mapping and "names" in given.parts():
            described = given.named(("names", "parent"), ("names",))
            names, parent = described["names"], described["parent"].text(defaults.country)
        kind = "subdivision" if parent == defaults.country else "locality"
        yield Place(code, kind, parent, names_from(names, defaults.language), line=given.line)


def _groups(tree: Tree, defaults: Defaults) -> Iterator[Place]:
    for code, given in tree.parts().items():
        described = given.named(("names", "members"), ("names", "members"))
        yield Place(
            code,
            "group",
            defaults.country,
            names_from(described["names"], defaults.language),
            tuple(member.text() for member in described["members"].each()),
            given.line,
        )


def _agencies(tree: Tree, defaults: Defaults) -> Iterator[Body]:
    for key, given in tree.parts().items():
        yield body_from(key, given, defaults)


def _templates(tree: Tree, places: tuple[Place, ...], defaults: Defaults) -> Iterator[Body]:
    provinces = {place.code: place for place in places if place.kind == "subdivision"}
    for key, given in tree.parts().items():
        parts = given.parts()
        extra = {
            name: parts.get(name, Tree(None, given.line, given.notes)) for name in _TEMPLATE_ONLY
        }
        named = extra["named"].parts()
        wanted = _chosen(extra, provinces, named)
        for code in wanted:
            body = body_from(
                f"{key}-{code}",
                given.without(_TEMPLATE_ONLY),
                replace(defaults, here=code, place_names=provinces[code].names),
            )
            if code in named:
                names = names_from(named[code], defaults.language)
                body = replace(body, names=names, name=names.get(defaults.language, body.name))
            yield body


def _chosen(
    extra: Mapping[str, Tree], provinces: Mapping[str, Place], named: Mapping[str, Tree]
) -> list[str]:
    """The provinces a template is for; a code nobody listed is a problem, not a silent nothing."""
    only = {item.text(): item for item in extra["only"].each()}
    left_out = {item.text(): item for item in extra["except"].each()}
    for code, item in (*only.items(), *left_out.items(), *named.items()):
        if code not in provinces:
            item.notes.add(
                item.line, f"{code!r} is no place below the country here.", "List it in places."
            )
    return [code for code in provinces if (not only or code in only) and code not in left_out]
