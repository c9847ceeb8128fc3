"""What the law says, over JSON: a protocol as it stands on a day, with its sources and digest.

This must never know a case: a protocol is the same for everybody.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response

from agencies.duties import Scope
from protocols.protocol import Protocol, canonical
from referral import access
from referral.api.answers import Answer, Source, Titled
from referral.api.asked import Headers, Route
from referral.api.shapes import Code
from referral.api.wire import ROOT, answer, refused
from referral.api.wording import Wording
from referral.entry import Reading, needs_scope
from referral.errors import Refusal

router = APIRouter(prefix=ROOT, tags=["directory"], route_class=Route)


class Law(Answer):
    """One version of one track. ``law`` is the form whose SHA-256 (RFC 8785) is the digest."""

    country: str
    track: str
    title: str
    version: str
    in_force_from: date
    stage: str
    digest: str
    lawful_basis: str
    steps: tuple[Titled, ...]
    events: tuple[Titled, ...]
    sources: tuple[Source, ...]
    law: dict[str, Any]

    @classmethod
    def of(cls, protocol: Protocol, words: Wording) -> Law:
        """The whole protocol, as data and in words."""
        law = canonical(protocol)
        assert isinstance(law, dict), "the canonical form of a protocol is an object"  # noqa: S101
        cited = {one for step in protocol.steps.values() for one in step.sources}
        cited |= {one for clock in protocol.clocks.values() for one in clock.sources}
        return cls(
            country=protocol.country,
            track=protocol.track,
            title=words.said(protocol.title),
            version=protocol.version,
            in_force_from=protocol.in_force_from,
            stage=protocol.stage.value,
            digest=protocol.digest,
            lawful_basis=protocol.lawful_basis,
            steps=tuple(
                Titled(code=step.id, title=words.said(step.title))
                for step in protocol.steps.values()
            ),
            events=tuple(
                Titled(code=event.id, title=words.said(event.title))
                for event in protocol.events.values()
            ),
            sources=Source.all(words, sorted({*cited, *protocol.sources})),
            law=law,
        )


@router.get("/protocols/{country}/{track}", response_model=Law)
async def protocol_of(
    call: Reading,
    request: Request,
    asked: Headers,
    country: Code,
    track: Code,
    on: Annotated[
        date | None, Query(description="The day it stands on; today if left out.")
    ] = None,
) -> Response:
    """The version of a track that stands on a day: steps, limits, gates, sources, digest."""
    needs_scope(call, Scope.DIRECTORY_READ)
    refusal = access.by_role(call.actor, "see_protocols")
    if refusal is not None:
        return refused(refusal, request)
    catalogue = call.installation.catalogue
    if country.upper() not in catalogue.countries:
        return refused(_no_such("country", catalogue.countries), request)
    standing = catalogue.in_force(country, on or catalogue.day_in(country, call.now))
    found = next((one for one in standing if one.track == track), None)
    if found is None:
        return refused(_no_such("track", [one.track for one in standing]), request)
    words = Wording.of(catalogue, country, asked.language)
    return answer(Law.of(found, words), headers={"ETag": f'"{found.digest}"'})


def _no_such(what: str, known: Iterable[str]) -> Refusal:
    names = list(known)
    return Refusal(
        404,
        f"unknown-{what}",
        f"There is no such {what}",
        f"On that day there are: {', '.join(names) or 'none'}.",
        {"allowed": names},
    )
