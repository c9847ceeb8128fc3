"""A house that tells: its people have addresses, and a real mail server takes their mail."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any

import asyncpg
import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.handlers import Message
from aiosmtpd.smtp import SMTP, Envelope

from referral.database import decoded
from referral.notices import Channel
from referral.notices.mail import Mail, Server
from referral.notices.telling import Round, Teller
from tests.cast import House

HOST = "127.0.0.1"


class Taking(Message):
    """What the server took; ``answer`` (to a recipient) is what it says from now on."""

    def __init__(self) -> None:
        super().__init__(EmailMessage)
        self.taken: list[EmailMessage] = []
        self.answer: Callable[[str], str] = lambda _: "250 OK"

    async def handle_RCPT(  # noqa: N802 - the library's name
        self, _server: object, _session: object, envelope: Envelope, address: str, _options: object
    ) -> str:
        said = self.answer(address)
        if said.startswith("250"):
            envelope.rcpt_tos.append(address)
        return said

    def handle_message(self, message: object) -> None:
        assert isinstance(message, EmailMessage)
        taken = message_from_bytes(message.as_bytes(), policy=policy.default)
        assert isinstance(taken, EmailMessage)
        assert taken["To"] == taken["X-RcptTo"]
        self.taken.append(taken)

    def to(self, part: str, country: str = "zz") -> list[EmailMessage]:
        """What this person got."""
        return [one for one in self.taken if one["To"] == address_of(part, country)]


class _Serving(SMTP):
    """One conversation; what it goes over is noted before TLS hides it."""

    def __init__(self, lines: list[asyncio.BaseTransport], *given: Any, **more: Any) -> None:
        super().__init__(*given, **more)
        self._lines = lines

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._lines.append(transport)
        super().connection_made(transport)


class PostOffice(Controller):
    """A mail server that hangs up on whoever is still there when it stops.

    The library's leaves those open, and now and then one of their sockets would outlive its test.
    """

    def __init__(self, *given: Any, **more: Any) -> None:
        self._lines: list[asyncio.BaseTransport] = []
        super().__init__(*given, **more)

    def factory(self) -> SMTP:
        """One conversation's server."""
        return _Serving(self._lines, self.handler, **self.SMTP_kwargs)

    def stop(self, no_assert: bool = False) -> None:
        """Nobody new, nobody left."""
        asyncio.run_coroutine_threadsafe(self._hang_up(), self.loop).result(30)
        super().stop(no_assert)

    async def _hang_up(self) -> None:
        assert self.server is not None
        self.server.close()
        # Somebody may just be coming in: her line is known only when that has ended.
        while talks := asyncio.all_tasks() - {asyncio.current_task()}:
            for line in self._lines:
                assert isinstance(line, asyncio.Transport)
                line.abort()
            await asyncio.wait(talks, timeout=0.1)
        await asyncio.sleep(0)  # the turn of the loop in which the sockets are closed


def address_of(part: str, country: str = "zz") -> str:
    """Where a test's people get their mail."""
    return f"{part}.{country}@mail.example"


@dataclass(slots=True)
class Post:
    """The mail server of a test; ``port`` stays the same while it is down."""

    taking: Taking
    port: int
    _running: PostOffice | None = None

    def up(self) -> None:
        """From here it answers."""
        self._running = PostOffice(self.taking, hostname=HOST, port=self.port)
        self._running.start()

    def down(self) -> None:
        """Nobody answers there any more."""
        if self._running is not None:
            self._running.stop()
            self._running = None


@pytest.fixture
def post(unused_tcp_port: int) -> Iterator[Post]:
    """A mail server, up."""
    found = Post(Taking(), unused_tcp_port)
    found.up()
    yield found
    found.down()


@dataclass(slots=True)
class Telling:
    """The house as its teller has it."""

    house: House
    post: Post
    channels: tuple[Channel, ...]
    last: Round = field(default_factory=Round)

    @property
    def mails(self) -> Taking:
        """What the mail server took."""
        return self.post.taking

    async def tell(self, **more: Any) -> Round:
        """Everything due is told; transactions of other databases may hold a row up."""
        teller, whole = Teller(self.house.worker, self.channels), Round()
        for _ in range(2_000):
            done = await teller.tell(self.house.at(), **more)
            whole.forwarded += done.forwarded
            whole.told += done.told
            whole.later += done.later
            whole.refused += done.refused
            waits = "SELECT FROM referral.outbox WHERE told_at IS NULL"
            if not await self.house.rows(waits):
                if done == Round():
                    return whole
                continue
        raise AssertionError("something is never told")

    async def prefers(self, part: str, country: str = "zz", **how: Any) -> None:
        """Her preference as it stands, past the page."""
        columns = {"address": address_of(part, country), **how}
        names = ", ".join(columns)
        values = ", ".join(f"${n}" for n in range(4, 4 + len(columns)))
        sets = ", ".join(f"{name} = excluded.{name}" for name in columns)
        await self.house.rows(
            f"INSERT INTO referral.notice_preference (member_id, country, changed_at, {names}) "
            f"VALUES ($1, $2, $3, {values}) ON CONFLICT (member_id) DO UPDATE SET {sets}",
            self.house.player(part, country).member_id,
            country.upper(),
            self.house.at(),
            *columns.values(),
        )

    async def reach(self, kind: str) -> list[asyncpg.Record]:
        """How notices of this kind stand."""
        return await self.house.rows(
            "SELECT reach, cause, to_unit, to_role, rung FROM referral.outbox WHERE kind = $1 "
            "ORDER BY rung, to_role",
            kind,
        )

    async def shown_to(self, part: str, country: str = "zz") -> list[dict[str, Any]]:
        """Her list in the service."""
        async with self.house.acting(part, country) as (session, _):
            row = await session.connection.exec_driver_sql(
                "SELECT referral.my_notices('infinity', $1, 200)",
                ("ffffffff-ffff-ffff-ffff-ffffffffffff",),
            )
            listed: list[dict[str, Any]] = decoded(row.scalar())
        return listed


@pytest.fixture
async def telling(house: House, post: Post) -> Telling:
    """A house with a mail server; everybody of Zedland has an address."""

    def spoken(country: str) -> Sequence[str]:
        return house.installation.catalogue.country(country).languages

    server = Server(HOST, post.port, "none")
    mail = Mail(server, "notices@referral.example", "https://referral.example", spoken)
    found = Telling(house, post, (mail,))
    await house.rows(
        "INSERT INTO referral.notice_preference (member_id, country, address, changed_at) "
        "SELECT m.id, m.country, m.user_name || '@mail.example', $1 FROM agencies.member m "
        "WHERE m.country = 'ZZ' AND m.kind = 'person'",
        house.at(),
    )
    return found
