"""Reading the ladders of a track: when, by a limit, who is reminded, alerted or asked.

One mapping in, frozen values out. Which clock climbs a ladder, and when, is not known here.
"""

from __future__ import annotations

import re

from protocols.document import Item
from protocols.law import Ladder, Rung
from protocols.reader import Reader
from protocols.rungs import RungKind
from protocols.section import Section

STANDARD = "standard"  # the ladder of a clock that names none

_RUNG_WORDS = {
    "remind": RungKind.REMINDER,
    "alert": RungKind.ALERT,
    "agenda": RungKind.AGENDA,
    "ask": RungKind.FALL_BACK,
}
CALLED = (
    *("receiver", "holder", "sender", "escalation"),
    *("supervisor_of_receiver", "supervisor_of_holder", "supervisor_of_sender"),
)
_PERCENT = 100
_LATE = re.compile(r"(\d+) (h|cd) late")
_HOURS = {"h": 1, "cd": 24}


def read_ladder(reader: Reader, name: str, item: Item) -> Ladder:
    """One ladder: rungs in the order in which they fire."""
    section = Section(item, f"ladder {name}", reader.problems, required=("sources", "rungs"))
    rungs = tuple(_rung(reader, name, entry) for entry in section.entries("rungs"))
    if "rungs" in section and not rungs:
        reader.problems.error(
            section.at("rungs"),
            f"the ladder {name} has no rung: nobody would be told",
            "Add at least one, like '- {at: 100 %, alert: sender}'",
        )
    return Ladder(
        name,
        tuple(sorted(rungs, key=lambda rung: (rung.late > 0, rung.share, rung.late))),
        reader.sources(section),
        section.spot,
    )


def _rung(reader: Reader, name: str, item: Item) -> Rung:
    section = Section(
        item, f"a rung of ladder {name}", reader.problems, required=("at",), optional=_RUNG_WORDS
    )
    words = [word for word in _RUNG_WORDS if word in section]
    if len(words) != 1:
        reader.problems.error(
            item.spot,
            f"a rung of ladder {name} must say one of {', '.join(sorted(_RUNG_WORDS))}",
            "Write it like '{at: 100 %, alert: sender}'; several acts are several rungs",
        )
        return Rung(1.0, RungKind.ALERT)
    word = words[0]
    called = section.words(word)
    if word == "ask":
        reader.among(section, word, called, ("next",), "recipient of a rung")
        called = ()
    else:
        allowed = (*CALLED, *reader.country.mandates)
        reader.among(section, word, called, allowed, "recipient of a rung")
    share, late = _moment(reader, section)
    return Rung(share, _RUNG_WORDS[word], called, late)


def _moment(reader: Reader, section: Section) -> tuple[float, int]:
    """At which share of the limit, and how many hours after it."""
    late = _LATE.fullmatch(section.text("at"))
    if late is not None and int(late.group(1)) > 0:
        return 1.0, int(late.group(1)) * _HOURS[late.group(2)]
    written = section.text("at").removesuffix("%").strip()
    if written.isdigit() and int(written) > 0:
        return int(written) / _PERCENT, 0
    reader.problems.error(
        section.at("at"),
        f"'{section.text('at')}' is no share of the limit and no time after it",
        "Write it like '50 %' (100 % is the end of the limit) or '24 h late' ('2 cd late')",
    )
    return 1.0, 0
