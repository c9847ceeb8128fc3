"""Reading the ladders of a track: at which share of a limit who is reminded, alerted or asked.

One mapping in, frozen values out. Which clock climbs a ladder, and when, is not known here.
"""

from __future__ import annotations

from protocols.decision import RungKind
from protocols.document import Item
from protocols.law import Ladder, Rung
from protocols.reader import Reader
from protocols.section import Section

STANDARD = "standard"  # the ladder of a clock that names none

_RUNG_WORDS = {
    "remind": RungKind.REMINDER,
    "alert": RungKind.ALERT,
    "agenda": RungKind.AGENDA,
    "ask": RungKind.FALL_BACK,
}
_CALLED = (
    *("receiver", "holder", "sender", "escalation"),
    *("supervisor_of_receiver", "supervisor_of_holder", "supervisor_of_sender"),
)
_PERCENT = 100


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
        tuple(sorted(rungs, key=lambda rung: rung.share)),
        reader.sources(section),
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
        allowed = (*_CALLED, *reader.country.mandates)
        reader.among(section, word, called, allowed, "recipient of a rung")
    return Rung(_share(reader, section), _RUNG_WORDS[word], called)


def _share(reader: Reader, section: Section) -> float:
    written = section.text("at").removesuffix("%").strip()
    if written.isdigit() and int(written) > 0:
        return int(written) / _PERCENT
    reader.problems.error(
        section.at("at"),
        f"'{section.text('at')}' is no share of the limit",
        "Write it like '50 %'; 100 % is the end of the limit, 150 % half of it later",
    )
    return 1.0
