"""The life of a version: which stage it has reached, who signed each, where a pilot applies.

1. Stages follow each other in one order; what is signed was signed in that order, and the stage a
   version claims is signed by somebody.
2. A version in force stands from its day until its successor's; a pilot stands in its places only,
   and goes on there while it is evaluated and validated. A released version is never edited.
3. The stage, the signatures and the places of a pilot are no part of the law and not of its digest.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from itertools import pairwise

from protocols.document import Item, plain
from protocols.law import Signature, Stage
from protocols.problems import Problems, Spot
from protocols.protocol import Protocol
from protocols.reader import Reader
from protocols.section import Section

_ORDER = tuple(Stage)
STANDING = frozenset({Stage.IN_FORCE, Stage.SUPERSEDED})  # the latter until its successor's day
PILOT = frozenset({Stage.PILOTING, Stage.EVALUATED, Stage.VALIDATED})


def read_signatures(reader: Reader, track: Section, stage: Stage) -> tuple[Signature, ...]:
    """Who signed which stage and when, in the order of the stages."""
    found: list[Signature] = []
    for item in track.entries("signed"):
        one = Section(item, "a signature", reader.problems, required=("stage", "by", "on"))
        found.append(
            Signature(
                stage=one.choice("stage", Stage, Stage.DRAFT),
                by=reader.labels(one, "by"),
                on=one.day("on"),
                spot=item.spot,
            )
        )
    for before, after in pairwise(found):
        if _ORDER.index(before.stage) >= _ORDER.index(after.stage) or before.on > after.on:
            reader.problems.error(
                after.spot,
                f"'{after.stage}' signed on {after.on} comes after '{before.stage}' signed on"
                f" {before.on}",
                f"Write them in the order {', '.join(_ORDER)}, each once, the earliest day first",
            )
    if "signed" in track and stage is not Stage.DRAFT and stage not in {one.stage for one in found}:
        reader.problems.error(
            track.at("signed"),
            f"nobody has signed that this version is '{stage}'",
            f"Add '- {{stage: {stage}, by: …, on: …}}', or write the stage that was signed",
        )
    return tuple(found)


def read_pilots(reader: Reader, track: Section, stage: Stage) -> tuple[str, ...]:
    """The places a pilot applies to; elsewhere the former version stands."""
    places, iso2 = track.words("pilots_in"), reader.country.iso2
    for place in places:
        if not place.startswith(f"{iso2}-"):
            reader.problems.error(
                track.at("pilots_in"),
                f"'{place}' under 'pilots_in' is no place of {iso2}",
                f"Write its code, like {iso2}-X; in the whole country a version is in force",
            )
    if stage is Stage.PILOTING and not places:
        reader.problems.error(
            track.at("stage"),
            "the version is piloting and says nowhere where",
            "Add 'pilots_in:' with the places; elsewhere the former version stands",
        )
    return places


def applies_in(version: Protocol, place: str | None) -> bool:
    """Whether a version that has taken force applies at this place (None: the whole country)."""
    if version.stage in STANDING:
        return True
    return version.stage in PILOT and any(
        f"{place}-".startswith(f"{one}-") for one in version.pilots_in
    )


def succession(versions: Sequence[Protocol], problems: Problems) -> None:
    """Whatever is superseded has a successor. ``versions``: of one country, oldest first."""
    for number, one in enumerate(versions):
        later = [other for other in versions[number + 1 :] if other.track == one.track]
        if one.stage is Stage.SUPERSEDED and not any(other.stage in STANDING for other in later):
            problems.error(
                one.spot,
                f"{one.track} {one.version} is superseded, and no later version is in force",
                "Bring its successor into force, or write 'stage: in_force' here",
            )


def released_intact(
    item: Item, versions: Iterable[Protocol], left_out: Collection[str], problems: Problems
) -> None:
    """No version in ``released.yaml`` was edited or removed; ``left_out``: countries not read."""
    known = {(one.country, one.track, one.version): one for one in versions}
    for country, tracks in Section(item, "released.yaml", problems):
        listed = Section(tracks, f"'{country}' of released.yaml", problems)
        for track, days in listed:
            for day, digest in Section(days, f"'{track}' of {listed.where}", problems):
                if country not in left_out:
                    found = known.get((country, track, day))
                    _intact(f"{country} {track} {day}", found, digest, problems)


def _intact(name: str, found: Protocol | None, digest: Item, problems: Problems) -> None:
    iso2, track, day = name.split()
    file = f"{iso2.lower()}/{track}/{day}.yaml"
    if found is None:
        problems.error(
            digest.spot,
            f"{name} was released, and the file {file} is not there",
            "Restore it as it was released: referrals run under it",
        )
    elif found.digest != plain(digest):
        problems.error(
            Spot(found.spot.file),
            f"{name} was released with the digest {plain(digest)} and is now {found.digest}:"
            " a released version is never edited",
            "Restore the file as it was released, and write the change as a new version"
            f" {iso2.lower()}/{track}/<the day it takes force>.yaml",
        )
