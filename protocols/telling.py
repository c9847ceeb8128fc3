"""The commands that tell: ``explain`` a track, in words, as a drawing, as the guide of one town.

What a command is asked and what it answers; the words are made elsewhere. Whoever runs a command
prints what comes back.
"""

from __future__ import annotations

import argparse
import json
from datetime import date
from pathlib import Path
from typing import Any, NamedTuple

from protocols.catalogue import Catalogue
from protocols.diagram.lifecycle import lifecycle_svg
from protocols.diagram.procedure import procedure_svg
from protocols.explain import procedure
from protocols.guide.cards import guide_html
from protocols.guide.directory import Directory, read_directory
from protocols.guide.local import local_guide
from protocols.guide.printed import guide_text
from protocols.lifecycle import Kind
from protocols.protocol import Protocol
from protocols.spoken import Speaker
from protocols.step_words import Plain
from protocols.typeset import as_text


class Told(NamedTuple):
    """One version of a track, ready to be told in one language."""

    protocol: Protocol
    say: Speaker
    plain: Plain


def told(
    catalogue: Catalogue,
    country: str,
    track: str,
    version: str | None,
    language: str | None,
    place: str = "",
) -> Told:
    """The track in words, as it stands at this place.

    Raises LookupError for what does not exist, with what there is.
    """
    law = catalogue.country(country)
    protocol = catalogue.version_of(country, track, version).at(place)
    chosen = language or law.languages[0]
    if chosen not in law.languages:
        message = f"{law.iso2} has no texts in '{chosen}': use {', '.join(law.languages)}"
        raise LookupError(message)
    vocabulary = catalogue.shelves[law.iso2].vocabulary
    say = Speaker(protocol, law, vocabulary, chosen)
    return Told(protocol, say, procedure(protocol, law, vocabulary, chosen))


def add_explain(commands: Any) -> argparse.ArgumentParser:
    """What ``explain`` may be asked."""
    parser: argparse.ArgumentParser = commands.add_parser(
        "explain", help="a track as a procedure in words, as a drawing, as a local guide"
    )
    parser.add_argument("country", metavar="COUNTRY")
    parser.add_argument("track", metavar="TRACK")
    parser.add_argument("--language", help="en, es, …; the country's first if left out")
    parser.add_argument("--version", help="the day it takes force; the latest if left out")
    parser.add_argument("--svg", type=Path, metavar="FILE", help="write the drawing there")
    parser.add_argument(
        "--life", type=Kind, choices=list(Kind), help="draw the life of a hand-off instead"
    )
    parser.add_argument("--place", metavar="CODE", help="the local guide of this town: ZZ-N")
    parser.add_argument(
        "--directory", type=Path, metavar="FILE", help="JSON: who has which mandate there"
    )
    parser.add_argument("--html", type=Path, metavar="FILE", help="write guide and pocket cards")
    parser.add_argument("--day", type=date.fromisoformat, help="day of the guide's examples")
    return parser


def explain(chosen: argparse.Namespace) -> str:
    """The procedure, or the local guide, as text or JSON; drawings and pages go into files."""
    catalogue = Catalogue.load(chosen.folder, only=(chosen.country,))
    asked = told(
        catalogue,
        chosen.country,
        chosen.track,
        chosen.version,
        chosen.language,
        chosen.place or "",
    )
    svg = procedure_svg(asked.plain, asked.say)
    if chosen.svg:
        drawing = lifecycle_svg(chosen.life, asked.say) if chosen.life else svg
        chosen.svg.write_text(drawing, encoding="utf-8")
    if chosen.place is None and (chosen.directory or chosen.html):
        message = "a guide is made for a town: name it with --place CODE"
        raise LookupError(message)
    if chosen.place is None:
        text = as_text(asked.plain, asked.say)
        return _as_json(asked.plain) if chosen.json else text
    guide = local_guide(asked.plain, asked.say, _town(chosen, asked), chosen.day)
    if chosen.html:
        chosen.html.write_text(guide_html(guide, asked.say, svg), encoding="utf-8")
    return _as_json(guide) if chosen.json else guide_text(guide, asked.say)


def _town(chosen: argparse.Namespace, asked: Told) -> Directory:
    if chosen.directory is None:
        return Directory(chosen.place, chosen.place)
    town = read_directory(chosen.directory, asked.say.country.mandates)
    if town.place != chosen.place:
        message = f"{chosen.directory.name} is the directory of {town.place}, not {chosen.place}"
        raise LookupError(message)
    return town


def _as_json(plain: Plain) -> str:
    return json.dumps(plain, ensure_ascii=False, indent=2) + "\n"
