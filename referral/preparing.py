"""Releases that were asked for, prepared: counted, controlled and kept, beside the clocks.

It takes one order at a time and holds it by a lock of its connection: nobody else is at it, and
whoever is ended over it leaves an order that is free at once. Each attempt is noted before it
begins; what three of them were ended over has failed, and says so. It publishes nothing.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime
from typing import Final

import structlog
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from referral import casework
from referral.casework import Ordered
from referral.casework.counting import counts_of, trafficked_in
from referral.entry import Installation
from referral.figures import ctdc
from referral.figures.disclosure import EFFORT, UnprovedError
from referral.figures.effort import AbandonedError, Effort
from referral.figures.fixed_tables import fixed
from referral.figures.periods import year_in
from referral.figures.release_document import Ground, release
from referral.logs import fault_of
from referral.session import WriteSession

_LOG = structlog.get_logger("referral.preparing")

LOOK: Final = 2.0  # seconds between two looks
ATTEMPTS: Final = 3

Stopping = Callable[[], bool]


def _never() -> bool:
    return False


async def prepare_all(
    installation: Installation, now: datetime, stopping: Stopping = _never
) -> dict[str, str]:
    """Prepare what was asked for and nobody is at; what became of each, by its id.

    Raises what the database raises when it is away.
    """
    done: dict[str, str] = {}
    async with installation.engine.connect() as connection:
        for country in installation.catalogue.countries:
            while not stopping():
                ended = await _next(installation, connection, country, now, stopping)
                if ended is None:
                    break
                done.update([ended])
    return done


async def _next(
    installation: Installation,
    connection: AsyncConnection,
    country: str,
    now: datetime,
    stopping: Stopping,
) -> tuple[str, str] | None:
    order = None
    try:
        async with connection.begin():
            session = await _acting(installation, connection, country)
            order = await casework.take_release(session, now=now)
        if order is None:
            return None
        content, why = await _made(installation, order, stopping)
        async with connection.begin():
            session = await _acting(installation, connection, country)
            if content is not None:
                done = await casework.keep_release(session, order, content, now=now)
            else:
                done = await casework.fail_release(session, order, why, now=now)
    except AbandonedError:
        return None
    else:
        _LOG.info("release " + done.state, release=done.id, country=country)
        return done.id, done.state
    finally:
        if order is not None and not connection.closed and not connection.invalidated:
            async with connection.begin():
                await connection.exec_driver_sql("SELECT pg_advisory_unlock_all()")


async def _made(
    installation: Installation, order: Ordered, stopping: Stopping
) -> tuple[bytes | None, casework.Failing]:
    """The bytes, or why there are none."""
    if installation.reporter is None:
        return None, "not-set-up"
    if order.tried >= ATTEMPTS:
        return None, "ended"
    try:
        zone = installation.catalogue.country(order.country).time_zone
        if order.kind == "ctdc":
            return await _hand_over(installation.reporter, order, zone), "too-few"
        return await _public(installation.reporter, order, zone, stopping), "unproved"
    except UnprovedError:
        return None, "unproved"
    except (AbandonedError, DBAPIError, OSError):
        raise  # it is tried again
    except Exception as fault:  # noqa: BLE001 - whatever it is, who asked is told that it failed
        _LOG.error("release not prepared", release=str(order.id), **fault_of(fault))
        return None, "fault"


async def _public(reporter: AsyncEngine, order: Ordered, zone: str, stopping: Stopping) -> bytes:
    """The puzzle is solved in a thread, so that clocks go on meanwhile."""
    counts = await counts_of(reporter, fixed(), order.country, order.period, zone)
    ground = Ground(order.country, order.period, order.places, counts, order.earlier)
    return await asyncio.to_thread(release, fixed(), ground, Effort(EFFORT, stopping))


async def _hand_over(reporter: AsyncEngine, order: Ordered, zone: str) -> bytes | None:
    year = year_in(order.period)
    known = await trafficked_in(reporter, order.country, year, zone)
    rows = ctdc.anonymous((ctdc.row_of(order.country, year, one), n) for one, n in known)
    return ctdc.as_csv(rows) if rows else None


async def _acting(
    installation: Installation, connection: AsyncConnection, country: str
) -> WriteSession:
    await connection.exec_driver_sql("SELECT referral.begin_worker($1)", (country,))
    return WriteSession(connection, installation.vault, installation.catalogue, "clockwork")


async def run(installation: Installation, stopping: asyncio.Event) -> None:
    """Look again and again until told to stop; a fault is reported and tried again."""
    while not stopping.is_set():
        try:
            await prepare_all(installation, installation.clock(), stopping.is_set)
        except Exception as fault:  # noqa: BLE001 - releases wait; nothing else may wait for them
            _LOG.error("releases not prepared", **fault_of(fault))
        with suppress(TimeoutError):
            await asyncio.wait_for(stopping.wait(), LOOK)
