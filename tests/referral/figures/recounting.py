"""Everything counted again, slowly and from the rule in words, to compare kept months with."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sized
from datetime import datetime

from referral.figures import Cut, Group, Measure
from referral.figures.cells import COUNTED
from referral.figures.durations import Kind, Span, Told, spans_of
from tests.referral.figures.histories import HandOff

OVER = ("rejected", "completed", "failed", "cancelled")


def group_of(row: HandOff) -> Group:
    return Group(row.receiver_agency, row.jurisdiction, row.track, row.step, row.version)


def counted(rows: Iterable[HandOff]) -> list[HandOff]:
    return [row for row in rows if row.kind != "notice" and not row.in_error]


def spans(row: HandOff) -> dict[Measure, Span]:
    if row.imported or row.attested:
        return {}
    told = Told(
        *(row.requested_at, row.received_at, row.accepted_at, row.first_contact_at, row.ended_at),
        completed=row.state == "completed",
        over=row.state in OVER,
    )
    return spans_of(told)


def counts_of(rows: list[HandOff]) -> list[int]:
    live = [row for row in rows if not row.imported]
    wrong = [[m for m, span in spans(row).items() if span.kind is Kind.ERROR] for row in live]
    told: dict[str, Sized] = {
        "asked": live,
        "waiting": [r for r in live if r.state in {"requested", "received"}],
        "working": [r for r in live if r.state in {"accepted", "in-progress", "on-hold"}],
        **{
            name: [r for r in live if r.state == state]
            for name, state in (
                *(("declined", "rejected"), ("completed", "completed")),
                *(("failed", "failed"), ("cancelled", "cancelled")),
            )
        },
        "attested": [r for r in live if r.attested],
        "unconfirmed": [r for r in live if r.attested and not r.attestation_confirmed_at],
        "returned": [r for r in live if r.accepted_at and r.state in {"failed", "cancelled"}],
        "asked_again": [r for r in live if r.opening > 1],
        "no_contact": [r for r in live if r.state == "completed" and not r.first_contact_at],
        "errors": [one for one in wrong if one],
        "imported": [r for r in rows if r.imported],
        **{f"errors_{m}": [one for one in wrong if m in one] for m in Measure},
    }
    return [len(told[name]) for name in COUNTED]


def tallies_of(rows: list[HandOff]) -> list[int]:
    kinds = (Kind.FINISHED, Kind.OPEN, Kind.ENDED)
    found = [spans(row) for row in rows]
    return [
        sum(1 for one in found if m in one and one[m].kind is kind)
        for m in Measure
        for kind in kinds
    ]


def median_of(rows: list[HandOff], measure: Measure, now: datetime) -> float | None:
    """The product limit, one time after the other."""
    seen = [one[measure] for row in rows if (one := spans(row))]
    times = [
        (waited(span, now), span.kind is Kind.FINISHED)
        for span in seen
        if span.kind in {Kind.FINISHED, Kind.OPEN, Kind.ENDED}
    ]
    share = 1.0
    for at in sorted({seconds for seconds, happened in times if happened}):
        risk = sum(1 for seconds, _ in times if seconds >= at)
        share *= 1 - sum(1 for one in times if one == (at, True)) / risk
        if share <= 0.5 + 1e-12:
            return float(at)
    return None


def waited(span: Span, now: datetime) -> int:
    if span.seconds is not None:
        return span.seconds
    assert span.since is not None
    return max(0, math.floor(now.timestamp()) - math.floor(span.since.timestamp()))


def grouped(rows: list[HandOff], cut: Cut) -> dict[Group, list[HandOff]]:
    found: dict[Group, list[HandOff]] = {}
    for row in rows:
        found.setdefault(group_of(row).on(cut), []).append(row)
    return found
