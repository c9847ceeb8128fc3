"""What sequencer and signer cost the service: accepts over HTTP with both at work and halted.

In one run and in turn, over one database; before each turn with them, what was left is caught up.
Beside the rates, which a busy machine blurs: the processor time of both, with their sessions in the
database, as a share of what the same accepts take of the service and its sessions.
"""

from __future__ import annotations

import asyncio
import os
from contextlib import nullcontext
from dataclasses import asdict
from pathlib import Path
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
    used = {"log": 0.0, "service": 0.0}
    before = _children()
    with served(stand, pool=POOL) as port:
        service = [*(_children() - before)]
        with sealed.running(stand) as processes:
            token = stand.token("social_worker")
            send(port, _accepts(port, token, hand_offs[-WARMING:]), connections=CLIENTS)
            for turn in range(2 * rounds):
                # with, without, without, with, …: what drifts meets both
                name = "with" if turn % 4 in {0, 3} else "without"
                mine = _accepts(port, token, hand_offs[turn * wanted : (turn + 1) * wanted])
                asyncio.run(sealed.caught_up(stand))
                began = _used(stand, processes, service)
                with sealed.paused(processes) if name == "without" else nullcontext():
                    taken[name].append(send(port, mine, connections=CLIENTS))
                if name == "with":
                    for one, seconds in _used(stand, processes, service).items():
                        used[one] += seconds - began[one]
    return _told(taken, used, wanted * rounds)


def _children() -> set[int]:
    told = Path(f"/proc/self/task/{os.getpid()}/children").read_text("utf-8")
    return {int(one) for one in told.split()}


def _used(stand: Stand, processes: list[int], service: list[int]) -> dict[str, float]:
    log = sealed.seconds_of(stand, processes, "sequencer", "signer")
    return {
        "log": asyncio.run(log),
        "service": asyncio.run(sealed.seconds_of(stand, service, "app")),
    }


def _told(taken: dict[str, list[Load]], used: dict[str, float], accepts: int) -> dict[str, Any]:
    rates = {name: sum(one.rate for one in loads) / len(loads) for name, loads in taken.items()}
    return {
        "accepts_per_second": {name: round(rate, 1) for name, rate in rates.items()},
        "cost": round(1 - rates["with"] / rates["without"], 3),
        "needed": 0.15,
        "ms_of_a_processor_per_accept": {n: round(1000 * s / accepts, 2) for n, s in used.items()},
        "share_of_the_processor": round(used["log"] / (used["log"] + used["service"]), 3),
        "load": os.getloadavg()[0],
        "rounds": {name: [asdict(one) for one in loads] for name, loads in taken.items()},
    }
