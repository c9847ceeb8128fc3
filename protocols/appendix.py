"""What goes with a procedure: what places do otherwise, who consents at which age, listed work.

Plain values for ``explain``; the rules themselves are the country's and are only put into words.
"""

from __future__ import annotations

from dataclasses import replace

from protocols.country import Consent
from protocols.spoken import Speaker
from protocols.step_words import Plain, sources_in_words, step_in_words


def elsewhere(say: Speaker) -> list[Plain]:
    """For each override: where, why, and the steps as they stand there."""
    return [
        {
            "id": one.id,
            "places": list(one.places),
            "text": say.phrase(
                "elsewhere", places=", ".join(one.places), because=say.label(one.because)
            ),
            "steps": [
                step_in_words(there, there.protocol.steps[step])
                for there in [replace(say, protocol=say.protocol.at(one.places[0]))]
                for step in one.steps
            ],
            "sources": sources_in_words(say, one.sources),
        }
        for one in say.protocol.overrides
    ]


def consent(say: Speaker) -> list[Plain]:
    """Who is asked at which age before a service begins."""
    return [
        {
            "from": row.lowest,
            "to": row.highest,
            "text": _asked_at(say, row),
            "sources": sources_in_words(say, row.sources),
        }
        for row in say.country.consent
    ]


def _asked_at(say: Speaker, row: Consent) -> str:
    text = say.phrase(
        "consents",
        low=row.lowest,
        high=row.highest,
        child=say.word("voices", row.child),
        carer=say.word("carers", row.caregiver),
    )
    otherwise = say.label(row.otherwise)
    return f"{text} {say.phrase('consents_otherwise', otherwise=otherwise)}" if otherwise else text


def work_lists(say: Speaker) -> list[Plain]:
    """Work the law lists as hazardous, and as light."""
    country = say.country
    lists = (("hazardous", country.hazardous_work), ("light", country.light_work))
    return [
        {
            "list": name,
            "title": say.word("work", name),
            "items": [say.label(labels) for labels in found.items.values()],
            "sources": sources_in_words(say, found.sources),
        }
        for name, found in lists
        if found is not None
    ]


def lifetime(say: Speaker) -> list[str]:
    """Who signed which stage when, and where a version is tried."""
    lines = [
        say.phrase(
            "signed",
            stage=say.word("stages", one.stage),
            by=say.label(one.by),
            on=one.on.isoformat(),
        )
        for one in say.protocol.signed
    ]
    if say.protocol.pilots_in:
        lines.append(say.phrase("pilots", places=", ".join(say.protocol.pilots_in)))
    return lines
