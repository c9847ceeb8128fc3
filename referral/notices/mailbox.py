"""Mail that goes nowhere: a folder of messages, for training. Nobody is reached by it."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from pathlib import Path
from typing import Final

from referral.notices.channels import Outcome, Told

SHOWN: Final = 200
FOLDER: Final = "mail"  # of the data folder: what was sent in training


@dataclass(frozen=True, slots=True)
class Kept:
    """One message as somebody would read it."""

    to: str
    subject: str
    date: str
    body: str


@dataclass(frozen=True, slots=True)
class Mailbox:
    """A folder; one file per message, named by its Message-ID, so that a repeated one is one."""

    folder: Path

    async def __call__(self, message: EmailMessage) -> Outcome:
        """Keep it."""
        await asyncio.to_thread(self._keep, message)
        return Told()

    def _keep(self, message: EmailMessage) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        name = str(message["Message-ID"]).strip("<>").partition("@")[0]
        (self.folder / f"{name}.eml").write_bytes(message.as_bytes())

    def kept(self) -> tuple[Kept, ...]:
        """The newest first, up to ``SHOWN``."""
        return tuple(self._kept())

    def _kept(self) -> Iterator[Kept]:
        files = sorted(self.folder.glob("*.eml"), key=lambda one: one.stat().st_mtime_ns)
        for file in files[: -SHOWN - 1 : -1]:
            message = message_from_bytes(file.read_bytes(), policy=default)
            body = message.get_body()
            yield Kept(
                str(message["To"]),
                str(message["Subject"]),
                str(message["Date"]),
                body.get_content() if body is not None else "",
            )
