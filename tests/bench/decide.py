"""How long one decision takes: every action, with one to three relationships, seals and exclusions."""

from __future__ import annotations

import random
import statistics
import time
from typing import Any
from uuid import UUID, uuid4

from referral.access import Context, Resource, decide, matrix
from referral.access.relationships import Relationship
from referral.session import Actor, Role

QUESTIONS, ROUNDS = 5_000, 20
NEEDED_US = 20


def run() -> dict[str, Any]:
    """Microseconds of one decision: the median and the slowest of the rounds' means."""
    draw = random.Random(1)  # noqa: S311 - a repeatable draw
    questions = [_question(draw) for _ in range(QUESTIONS)]
    means = []
    for _ in range(ROUNDS):
        began = time.perf_counter()
        for actor, action, resource, context in questions:
            decide(actor, action, resource, context)
        means.append((time.perf_counter() - began) / QUESTIONS * 1e6)
    return {
        "needed_us": NEEDED_US,
        "median_us": round(statistics.median(means), 2),
        "slowest_us": round(max(means), 2),
        "decisions": QUESTIONS * ROUNDS,
    }


def _question(draw: random.Random) -> tuple[Actor, str, Resource, Context]:
    ids = [uuid4() for _ in range(6)]
    actor = _actor(draw.choice([Role.OFFICER, Role.SUPERVISOR]), ids)
    resource = Resource(
        relationships=frozenset(draw.sample(list(Relationship), draw.randint(1, 3))),
        travelled=frozenset({"G0", "G1", "G2", "G3"}),
        barred=frozenset(ids[4:6]),
        sealed=draw.random() < 0.3,
        named=frozenset(ids[:2]),
    )
    context = Context(draw.random() < 0.5, draw.random() < 0.5, draw.random() < 0.5)
    return actor, draw.choice([*matrix().on_a_case]), resource, context


def _actor(role: Role, ids: list[UUID]) -> Actor:
    return Actor(
        id=ids[2],
        member_id=ids[0],
        name="",
        country="ZZ",
        agency_id=ids[3],
        unit_id=ids[3],
        role=role,
        agency_key="",
        agency_name="",
        agency_type="",
        unit_name="",
        time_zone="",
    )
