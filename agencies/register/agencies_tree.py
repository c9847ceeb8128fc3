"""One agency as the YAML register spells it: names, units, what it serves, where that is written.

What this file must never know: the rest of the register.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from types import MappingProxyType
from typing import Final

from agencies.register.entries import Body, Charge, Desk
from agencies.register.spelling import AGENCY_TYPES, GRADES, INTAKE, KEY, LEVELS, MANDATE, PRIORITY
from agencies.register.tree import Tree

_AGENCY: Final = (
    "names",
    "type",
    "level",
    "source",
    "parent",
    "confidential",
    "units",
    "serves",
    "valid_from",
    "valid_until",
)
_SERVES: Final = (
    "mandate",
    "in",
    "unit",
    "priority",
    "fall_back",
    "source",
    "valid_from",
    "valid_until",
)
_EPOCH: Final = date(1900, 1, 1)  # stands where a file gave no day; the file is refused anyway


@dataclass(frozen=True, slots=True)
class Defaults:
    """What the head of the file says for everything below; ``here`` is a template's province."""

    country: str
    language: str
    time_zone: str
    valid_from: date
    intake_unit: str
    sources: Mapping[str, str]
    here: str | None = None
    place_names: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))

    @classmethod
    def from_top(cls, top: Mapping[str, Tree], country: str) -> Defaults:
        """The defaults in the head of the file."""
        return cls(
            country,
            top["language"].text("en"),
            top["time_zone"].text("UTC"),
            top["valid_from"].day(_EPOCH) or _EPOCH,
            top["intake_unit"].text("Intake"),
            {number: given.text() for number, given in top["sources"].parts().items()},
        )

    def named(self, text: str, language: str) -> str:
        """The text with ``{place}`` filled in, in the same language where the place has it."""
        place = self.place_names.get(language) or self.place_names.get(self.language) or ""
        return text.replace("{place}", place)


def names_from(tree: Tree, language: str) -> dict[str, str]:
    """Names by language; a single text is the name in the file's own language."""
    if tree.is_text:
        return {language: tree.text()}
    names = {code: given.text() for code, given in tree.parts().items()}
    if language not in names:
        tree.notes.add(
            tree.line, f"no name in {language!r}, the file's language.", f"Add {language}: …"
        )
    return names


def body_from(key: str, tree: Tree, defaults: Defaults) -> Body:
    """One agency; what is wrong with it is noted and something harmless stands instead."""
    given = tree.named(_AGENCY, ("names", "type", "level", "source"))
    if not KEY.fullmatch(key):
        tree.notes.add(tree.line, f"{key!r} is no key.", "Use capitals, digits, - and _.")
    names = {
        language: defaults.named(text, language)
        for language, text in names_from(given["names"], defaults.language).items()
    }
    source = _source(given["source"], defaults)
    valid_from = given["valid_from"].day(defaults.valid_from) or defaults.valid_from
    valid_until = given["valid_until"].day(None)
    return Body(
        country=defaults.country,
        key=key,
        name=names.get(defaults.language, key),
        names=names,
        type=_one_of(given["type"], AGENCY_TYPES),
        level=_one_of(given["level"], LEVELS),
        parent=given["parent"].text() or None,
        confidential=given["confidential"].flag(fall_back=False),
        source=source,
        valid_from=valid_from,
        valid_until=valid_until,
        desks=tuple(_desks(given["units"], defaults)),
        charges=tuple(_charges(given["serves"], defaults, (source, valid_from, valid_until))),
        line=tree.line,
    )


def _desks(tree: Tree, defaults: Defaults) -> Iterator[Desk]:
    if not tree:
        yield Desk(INTAKE, defaults.intake_unit, intake=True, time_zone=defaults.time_zone)
    for key, given in tree.parts().items():
        if not KEY.fullmatch(key):
            given.notes.add(given.line, f"{key!r} is no key.", "Use capitals, digits, - and _.")
        if given.is_text:
            yield Desk(key, given.text(), intake=key == INTAKE, time_zone=defaults.time_zone)
            continue
        described = given.named(("name", "intake", "time_zone"), ("name",))
        yield Desk(
            key,
            described["name"].text(),
            described["intake"].flag(fall_back=key == INTAKE),
            described["time_zone"].text(defaults.time_zone),
        )


def _charges(
    tree: Tree, defaults: Defaults, agency: tuple[str, date, date | None]
) -> Iterator[Charge]:
    agency_source, agency_from, agency_until = agency
    for item in tree.each():
        given = (
            {**dict.fromkeys(_SERVES, Tree(None, item.line, item.notes)), "mandate": item}
            if item.is_text
            else item.named(_SERVES, ("mandate",))
        )
        mandate = given["mandate"].text()
        if not MANDATE.fullmatch(mandate):
            item.notes.add(
                item.line, f"{mandate!r} is no mandate code.", "Use capitals, digits and _."
            )
        where = [place.text() for place in given["in"].each()] or [
            defaults.here or defaults.country
        ]
        for place in where:
            yield Charge(
                mandate,
                place,
                given["unit"].text(INTAKE),
                given["priority"].whole(PRIORITY),
                given["fall_back"].flag(fall_back=False),
                _source(given["source"], defaults) if given["source"] else agency_source,
                given["valid_from"].day(agency_from) or agency_from,
                given["valid_until"].day(agency_until),
                item.line,
            )


def _source(tree: Tree, defaults: Defaults) -> str:
    """Grade, sources written out, note: readable without the file at hand."""
    if not tree:
        return ""
    given = tree.named(("ids", "grade", "note"), ("grade",))
    cited = []
    for number in given["ids"].each():
        if number.text() not in defaults.sources:
            remedy = "Add it to sources: at the head of the file."
            number.notes.add(
                number.line, f"source {number.text()!r} is not in the register.", remedy
            )
        cited.append(f"[{number.text()}] {defaults.sources.get(number.text(), '')}")
    note = given["note"].text()
    if not cited and not note:
        tree.notes.add(
            tree.line, "neither a source nor a note.", "Cite ids, or say in note: what this is."
        )
    return f"{_one_of(given['grade'], GRADES)}: {'; '.join([*cited, *([note] if note else [])])}"


def _one_of(tree: Tree, allowed: tuple[str, ...]) -> str:
    if not tree:
        return allowed[0]
    given = tree.text()
    if given not in allowed:
        tree.notes.add(
            tree.line, f"{given!r} is not known here.", f"Allowed: {', '.join(allowed)}."
        )
        return allowed[0]
    return given
