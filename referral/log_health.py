"""How the log stands, for whoever watches the service: at /health/ready and /metrics.

Sizes and seconds only. A database that does not answer is the readiness's own matter; metrics then
keep what they knew last.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any, Final

import asyncpg
from prometheus_client import CollectorRegistry, Gauge
from sqlalchemy.exc import SQLAlchemyError

from referral.audit.standing import Standing, standing
from referral.entry import Installation

_SECONDS: Final = 2.0
_GAUGES: Final = {
    "referral_log_entries": "Entries that have their place in the log",
    "referral_log_signed": "Entries the newest checkpoint covers",
    "referral_log_final": "Entries the newest final checkpoint covers",
    "referral_log_lag_seconds": "How long the oldest unsigned entry waits",
    "referral_log_alarms": "Alarms about the log that stand",
    "referral_log_is_signed": "Whether somebody signs the log now",
}


async def health_of_log(installation: Installation) -> dict[str, Any]:
    """``state`` (signed, unsigned, stopped), sizes, lag in seconds, kinds of alarms."""
    found, now = await _found(installation), installation.clock()
    return {
        "state": found.state(now),
        "origin": found.origin,
        "entries": found.placed,
        "signed": found.signed,
        "final": found.final,
        "witnesses": {
            "enrolled": found.enrolled,
            "quorum": found.quorum,
            "independent": found.independent,
        },
        "lag_seconds": round(found.lag(now), 1),
        "alarms": [alarm.kind for alarm in found.alarms],
    }


def measuring(registry: CollectorRegistry) -> Callable[[Installation], Awaitable[None]]:
    """What brings the gauges up to date."""
    gauges = {name: Gauge(name, words, registry=registry) for name, words in _GAUGES.items()}

    async def measure(installation: Installation) -> None:
        with suppress(SQLAlchemyError, asyncpg.PostgresError, OSError, TimeoutError):
            async with asyncio.timeout(_SECONDS):
                found, now = await _found(installation), installation.clock()
            values = (
                *(
                    found.placed,
                    found.signed,
                    found.final,
                    round(found.lag(now), 1),
                    len(found.alarms),
                ),
                found.state(now) == "signed",
            )
            for gauge, value in zip(gauges.values(), values, strict=True):
                gauge.set(value)

    return measure


async def _found(installation: Installation) -> Standing:
    async with installation.engine.connect() as connection, connection.begin():
        return await standing(connection, installation.settings.log_quorum)
