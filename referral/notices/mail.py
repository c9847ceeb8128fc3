"""Mail over SMTP: one short message that says nothing.

The same ``Message-ID`` over all attempts, so that a mailbox that got it twice (we were killed after
the server took it, and before we wrote that down) shows it once. What a server says is never kept:
it may quote an address; it becomes a code. RFC 5321, RFC 3834 (automatic messages), RFC 5322.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from pathlib import Path
from typing import Final, Protocol

import aiosmtplib
from sqlalchemy.ext.asyncio import AsyncConnection

from referral.database import scalar
from referral.notices.channels import (
    MAIL,
    Later,
    Letter,
    Mailed,
    Notice,
    Outcome,
    Planned,
    Refused,
    Told,
)
from referral.notices.when import in_peace_until
from referral.notices.wording import language_for, text_for

SECONDS: Final = 20.0  # for connecting, and for each answer of the server

# What a server says of the letter itself, for ever (RFC 5321 4.2.1, RFC 3463 X.1, X.2).
_NO_SUCH: Final = frozenset({550, 551, 553, 555})
_PERMANENT: Final = 500


class Post(Protocol):
    """What takes a finished message to somebody."""

    async def __call__(self, message: EmailMessage) -> Outcome:
        """One attempt."""


@dataclass(frozen=True, slots=True)
class Server:
    """Where mail is handed in. ``security``: ``tls`` from the start, ``starttls``, or ``none``."""

    host: str
    port: int
    security: str = "starttls"
    user: str | None = None
    password: str | None = None
    ca_file: Path | None = None

    async def __call__(self, message: EmailMessage) -> Outcome:
        """One attempt: taken, not now, or never."""
        try:
            await aiosmtplib.send(
                message,
                hostname=self.host,
                port=self.port,
                use_tls=self.security == "tls",
                start_tls=self.security == "starttls",
                username=self.user,
                password=self.password,
                cert_bundle=str(self.ca_file) if self.ca_file else None,
                timeout=SECONDS,
            )
        except aiosmtplib.SMTPRecipientsRefused as fault:
            return _refused([one.code for one in fault.recipients])
        except aiosmtplib.SMTPAuthenticationError:
            return Later("mail_sign_in")  # ours to put right: no fault of the letter's
        except aiosmtplib.SMTPResponseException as fault:
            return _answered(fault.code)
        except (aiosmtplib.SMTPException, OSError):
            return Later("mail_down")
        return Told()


def _refused(codes: Sequence[int]) -> Outcome:
    """The server will not have this address: never, or not now (greylisting, a full box)."""
    if any(code in _NO_SUCH for code in codes):
        return Refused("address_refused")
    return Later("mail_refused")


def _answered(code: int) -> Outcome:
    return Later("mail_refused" if code >= _PERMANENT else "mail_busy")


@dataclass(frozen=True, slots=True)
class Mail:
    """The channel. ``spoken``: the languages of each country, the first first."""

    post: Post
    sender: str
    site: str | None
    spoken: Callable[[str], Sequence[str]]
    name: str = MAIL

    async def plan(
        self, connection: AsyncConnection, notices: Sequence[Notice], now: datetime
    ) -> list[Planned]:
        """Nothing of its own: people are found once for everything that reaches people."""
        del connection, notices, now
        return []

    async def send(self, letter: Letter, now: datetime) -> Outcome:
        """One message to one person."""
        if letter.mail is None:
            return Refused("no_address")
        until = in_peace_until(letter.mail.quiet, letter.mail.time_zone, now)
        if until is not None and not letter.danger:
            return Later("quiet_hours", until - now)
        return await self.post(self.message(letter, letter.mail, now))

    async def settled(
        self, connection: AsyncConnection, letter: Letter, outcome: Outcome, now: datetime
    ) -> None:
        """An address that refused is shown to its owner until she enters another."""
        if outcome == Refused("address_refused"):
            statement = "SELECT referral.mail_refused($1, $2)"
            await scalar(connection, statement, letter.recipient, now)

    def message(self, letter: Letter, to: Mailed, now: datetime) -> EmailMessage:
        """The mail itself. The case is not handed on, so that it cannot be told."""
        spoken = language_for(to.language, self.spoken(letter.country))
        text = text_for(spoken, letter.id, len(letter.notices), self.site, danger=letter.danger)
        message = EmailMessage(policy=SMTP)
        message["From"] = Address(addr_spec=self.sender)
        message["To"] = Address(addr_spec=to.address)
        message["Subject"] = text.subject
        message["Date"] = format_datetime(now)
        message["Message-ID"] = f"<{letter.id}@{self.sender.partition('@')[2]}>"
        message["Auto-Submitted"] = "auto-generated"
        message.set_content(text.body)
        message["Content-Language"] = spoken
        return message
