"""Alembic's entry: one history for both schemas, run by the role ``referral_migrator``.

The connection's URL comes from the caller (``referral migrate``, the demo, the tests); an open
connection may be handed over as ``config.attributes["connection"]``.
"""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor

from alembic import context
from sqlalchemy import Connection, pool
from sqlalchemy.ext.asyncio import create_async_engine


def _upgrade(connection: Connection) -> None:
    context.configure(connection=connection, target_metadata=None, transaction_per_migration=True)
    with context.begin_transaction():
        context.run_migrations()


async def _run() -> None:
    url = context.config.get_main_option("sqlalchemy.url")
    if not url:
        message = "no database to migrate: set sqlalchemy.url (REFERRAL_MIGRATION_URL)"
        raise RuntimeError(message)
    engine = create_async_engine(url, poolclass=pool.NullPool)
    async with engine.connect() as connection:
        await connection.run_sync(_upgrade)
        await connection.commit()
    await engine.dispose()


# A caller may already be inside an event loop; alembic's own interface is not asynchronous.
with ThreadPoolExecutor(max_workers=1) as thread:
    thread.submit(asyncio.run, _run()).result()
