"""The small country's track, made so that everything can be proved of it, and its defects."""

from __future__ import annotations

from protocols.proof.findings import Finding
from protocols.proof.track import Proof, prove
from protocols.protocol import Protocol
from protocols.vocabulary import load_vocabulary
from tests.protocols.drafts import TRACK, altered, compiled

SOUND = altered(
    altered(
        altered(
            TRACK,
            "  moved: {title: {en: Moved, es: Mudanza}}\n",
            "  moved: {title: {en: Moved, es: Mudanza}}\n  ended: {title: {en: Ended, es: Fin}}\n",
        )[0],
        "closes:\n",
        "closes:\n  - {after: ended, outcome: NOT_HELPED, sources: [LAW]}\n",
    )[0],
    "    who: POLICE\n",
    "    who: [POLICE, COUNCIL]\n",
)[0]

THIRD = """\
  Q3:
    title: {en: Third, es: Tercero}
    kind: task
    ask: POLICE
    follows: Q1 accepted
    basis: sop
    sources: [GUESS]
    outcomes: [HELPED]
    clocks:
      answer:
        from: opened
        until: [accepted, declined]
        limit: 5 wd
        basis: sop
        sources: [GUESS]
        escalates_to: NATION
"""


def with_third(*changes: tuple[str, str]) -> str:
    """The track with a third step, itself altered."""
    third = THIRD
    for old, new in changes:
        third = altered(third, old, new)[0]
    return altered(SOUND, "review:\n  step: Q9", f"{third}review:\n  step: Q9")[0]


def track_of(text: str) -> Protocol:
    """The track; the file itself has nothing wrong with it."""
    protocol, problems = compiled(text)
    assert [str(one) for one in problems] == []
    return protocol


def proof_of(text: str = SOUND) -> Proof:
    """What can be proved of it."""
    return prove(track_of(text), load_vocabulary())


def found(text: str, property_: str) -> list[Finding]:
    """What stands against one property."""
    return [one for one in proof_of(text).findings if one.property == property_]


def changed(old: str, new: str, text: str = SOUND) -> str:
    """The track with one passage replaced."""
    return altered(text, old, new)[0]
