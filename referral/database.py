"""Connections to PostgreSQL: how they are made, and that none goes back to the pool unclean.

Context of the actor is transaction-local and set by ``begin_actor``; a connection that comes back
inside a transaction is destroyed, counted and reported (a cancelled request must never hand its
context to the next one).
"""

from __future__ import annotations

from typing import Any

import orjson
from sqlalchemy import event
from sqlalchemy.engine import make_url
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

UNCLEAN = {"returned_in_transaction": 0}


def make_engine(url: str, *, pool_size: int = 8, statement_timeout: int = 10) -> AsyncEngine:
    """An engine over asyncpg. ``url`` may be any PostgreSQL URL; timeouts in seconds."""
    engine = create_async_engine(
        make_url(url).set(drivername="postgresql+asyncpg"),
        pool_size=pool_size,
        max_overflow=0,
        pool_timeout=5,
        pool_reset_on_return=None,
        hide_parameters=True,
        json_serializer=_json,
        json_deserializer=orjson.loads,
        connect_args={
            "server_settings": {
                "application_name": "referral",
                "statement_timeout": f"{statement_timeout}s",
                "lock_timeout": "5s",
                "idle_in_transaction_session_timeout": "15s",
                "jit": "off",
            },
            "prepared_statement_cache_size": 256,
        },
    )
    event.listen(engine.sync_engine, "reset", _destroy_if_unclean)
    return engine


def _json(value: Any) -> str:
    return orjson.dumps(value).decode()


def _destroy_if_unclean(dbapi_connection: Any, record: Any, _state: Any) -> None:
    driver = dbapi_connection.driver_connection
    if driver is None or driver.is_closed() or not driver.is_in_transaction():
        return
    UNCLEAN["returned_in_transaction"] += 1
    record.invalidate()


async def scalar(connection: AsyncConnection, statement: str, *values: Any) -> Any:
    """One value of one call, by the shortest way the library offers (the hot paths use this)."""
    result = await connection.exec_driver_sql(statement, values)
    return result.scalar()


async def take_time(connection: AsyncConnection, seconds: int = 60) -> None:
    """For this transaction only: a thousand persons take longer than one."""
    told = f"{seconds}s"
    await connection.exec_driver_sql(
        "SELECT set_config('statement_timeout', $1, true), "
        "set_config('idle_in_transaction_session_timeout', $1, true)",
        (told,),
    )


async def as_json(connection: AsyncConnection, statement: str, *values: Any) -> Any:
    """One jsonb value, decoded."""
    return decoded(await scalar(connection, statement, *values))


def decoded(value: Any) -> Any:
    """A jsonb value, whether the driver has decoded it already or not."""
    return orjson.loads(value) if isinstance(value, str | bytes) else value
