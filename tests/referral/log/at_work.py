"""Sequencer or signer in a process of its own, for those who kill it: looks without a pause."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from datetime import UTC, datetime
from pathlib import Path

from referral.audit import sequencer, signer
from referral.audit.key_files import SigningKey
from referral.audit.signer import Signer
from referral.database import make_engine


def now() -> datetime:
    """Here the clock is real."""
    return datetime.now(UTC)  # noqa: TID251 - a program of its own


async def main(what: str) -> None:
    stopping = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stopping.set)
    engine = make_engine(os.environ["LOG_URL"], pool_size=1)
    if what == "sequencer":
        sequencer.IDLE = 0.001  # type: ignore[misc]
        await sequencer.run(engine, now, stopping)
    else:
        signer.IDLE = 0.001  # type: ignore[misc]
        key = SigningKey.read(os.environ["LOG_KEY"])
        made = Signer(key, Path(os.environ["LOG_FOLDER"]) / "log_state")
        await signer.run(engine, made, now, stopping)
    await engine.dispose()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1]))
