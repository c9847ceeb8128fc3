"""What sequencer and signer cost the service: accepts over HTTP with both at work and without.

In one run and in turn, over one database; before each turn with them, what was left is caught up.
"""

from __future__ import annotations

import asyncio
from contextlib import nullcontext
from dataclasses import asdict
from typing import Any

from tests.bench import sealed
from tests.bench.handoff import CLIENTS, POOL, WARMING, _accepts, _filed
from tests.bench.load import Load, send, served
from tests.bench.stand import Stand, new_stand


def run(*, each: int = 60, rounds: int = 4) -> dict[str, Any]:
    """``rounds`` turns of each kind, 16 clients with ``each`` accepts."""
    with new_stand() as stand:
        sealed.begin(stand)
        return _run(stand, each, rounds)


def _run(stand: Stand, each: int, rounds: int) -> dict[str, Any]:
    wanted = CLIENTS * each
    hand_offs = asyncio.run(_filed(stand, 2 * wanted * rounds + WARMING))
    taken: dict[str, list[Load]] = {"with": [], "without": []}
    with served(stand, pool=POOL) as port:
        token = stand.token("social_worker")
        send(port, _accepts(port, token, hand_offs[-WARMING:]), connections=CLIENTS)
        for turn in range(2 * rounds):
            # with, without, without, with, …: what drifts meets both
            name = "with" if turn % 4 in {0, 3} else "without"
            mine = hand_offs[turn * wanted : (turn + 1) * wanted]
            with sealed.running(stand) if name == "with" else nullcontext():
                if name == "with":
                    asyncio.run(sealed.caught_up(stand))
                taken[name].append(send(port, _accepts(port, token, mine), connections=CLIENTS))
    rates = {name: sum(one.rate for one in loads) / rounds for name, loads in taken.items()}
    return {
        "accepts_per_second": {name: round(rate, 1) for name, rate in rates.items()},
        "cost": round(1 - rates["with"] / rates["without"], 3),
        "needed": 0.15,
        "rounds": {name: [asdict(one) for one in loads] for name, loads in taken.items()},
    }
