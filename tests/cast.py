"""The house with its cast: a furnished database, an installation over it, and a client per person.

Everybody a story needs is invented (``agencies/countries/cast.yaml``): Ines the inspector, Winnie
the social worker, Rita and Carl of two rival police forces, and Otto, the outsider who must see
nothing.
Time is set by hand; nobody's clock runs.
"""

from __future__ import annotations

import asyncio
import base64
import random
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

import asyncpg
import httpx
import pytest
from argon2 import PasswordHasher
from sqlalchemy.engine import make_url
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine
from sqlalchemy.pool import NullPool
from sqlalchemy.sql.schema import CallableColumnDefault

from agencies.cast import Player, load_cast
from agencies.duties import Scope
from agencies.identity import digest_of
from agencies.models import Directory
from agencies.register import COUNTRIES, enter, read
from protocols.catalogue import Catalogue
from referral import queries, roles
from referral.attachments.scanning import Scan, without
from referral.audit.key_files import SigningKey
from referral.audit.verify import verify
from referral.casework import Acted, Filed, Intake, PersonTold
from referral.database import as_json, make_engine
from referral.demo import PLAYED
from referral.entry import Installation
from referral.errors import Refusal
from referral.notices.channels import FOR_SYSTEMS
from referral.session import Actor, WitnessedRead, WriteSession
from referral.settings import Environment, Settings
from referral.vault import Vault
from referral.web.notice_words import KINDS
from tests.conftest import Database, HandSetClock, copied

if TYPE_CHECKING:
    from referral.embedded import Embedded

_FURNISHED = "template_furnished"
_SINCE = date(2026, 1, 5)
_LONG = datetime(2040, 1, 1, tzinfo=UTC)
PLACE = "ZZ-N"
ROOT_KEY = base64.b64encode(bytes(range(32))).decode()
# Cheap on purpose: the tests' passwords protect nothing, and there are thirty of them.
_HASHER = PasswordHasher(time_cost=1, memory_cost=64, parallelism=1)


@dataclass(frozen=True, slots=True)
class Furnished:
    """The name of a database with directory and cast, and who plays whom."""

    name: str
    players: dict[str, Player]


@pytest.fixture(scope="session")
def catalogue() -> Catalogue:
    """All countries, compiled once."""
    return Catalogue.load(goes_on=True)


@pytest.fixture(scope="session")
def furnished(cluster: Embedded, template: str) -> Furnished:
    """Every country's directory and the whole cast, once per run; nobody stays connected."""
    players = asyncio.run(_furnish(cluster, template))
    return Furnished(_FURNISHED, players)


async def _furnish(cluster: Embedded, template: str) -> dict[str, Player]:
    await roles.create_database(cluster.superuser_url, _FURNISHED, template=template)
    url = make_url(cluster.superuser_url).set(database=_FURNISHED, drivername="postgresql+asyncpg")
    engine = create_async_engine(url, poolclass=NullPool)
    with _drawn_ids():
        async with engine.begin() as connection:
            found = await _entered(connection)
    await engine.dispose()
    return {player.part.user_name: player for player in found}


async def _entered(connection: AsyncConnection) -> list[Player]:
    """The directory, the cast and a token for each of them."""
    for country in PLAYED:
        file = COUNTRIES / f"{country.lower()}.yaml"
        entered = await enter(connection, read(file), _SINCE)
        assert not entered.problems
    found = await load_cast(connection, PLAYED, _SINCE, hash_with=_HASHER.hash)
    for player in found:
        await connection.exec_driver_sql(
            "SELECT agencies.issue_token($1, $2, 'tests', $3, $4, $5)",
            (
                digest_of(_token(player.part.user_name)),
                player.membership_id,
                [scope.value for scope in Scope],
                datetime(2026, 1, 6, tzinfo=UTC),
                _LONG,
            ),
        )
    return found


@contextmanager
def _drawn_ids() -> Iterator[None]:
    """The directory's ids are drawn by seed: who comes first by id does so in every run."""
    draw = random.Random(20260105)  # noqa: S311 - chance, not secrets
    tables = Directory.metadata.tables.values()
    defaults = [table.c.id.default for table in tables if "id" in table.c]
    drawn = [one for one in defaults if isinstance(one, CallableColumnDefault)]
    before = [one.arg for one in drawn]
    for one in drawn:
        one.arg = lambda _: UUID(int=draw.getrandbits(128), version=4)
    try:
        yield
    finally:
        for one, arg in zip(drawn, before, strict=True):
            one.arg = arg


def _token(user_name: str) -> str:
    return f"token of {user_name}"


@dataclass(slots=True)
class House:
    """One test's own installation with its people."""

    database: Database
    installation: Installation
    players: dict[str, Player]
    at: HandSetClock
    worker: AsyncEngine  # the clockwork's connections
    clients: list[httpx.AsyncClient] = field(default_factory=list)
    scan: Scan = without
    honest: bool = True  # a test that tampers says so, and is not checked afterwards

    @property
    def engine(self) -> AsyncEngine:
        """The app's connections: row security holds."""
        return self.installation.engine

    @property
    def clockwork(self) -> Installation:
        """The installation as the clockwork has it."""
        return replace(self.installation, engine=self.worker, scan=self.scan)

    def player(self, part: str, country: str = "zz") -> Player:
        """Who plays this part."""
        return self.players[f"{part}.{country}"]

    @asynccontextmanager
    async def acting(
        self, part: str, country: str = "zz"
    ) -> AsyncIterator[tuple[WriteSession, Actor]]:
        """A transaction as this person; committed at the end, as a door does it."""
        credential = digest_of(_token(f"{part}.{country}"))
        async with self.engine.connect() as connection, connection.begin():
            row = await as_json(
                connection, "SELECT referral.begin_actor($1, $2)", credential, self.at()
            )
            actor = Actor.from_row(row)
            law = await queries.keep_up(connection, self.installation, actor.country, row["days"])
            session = WriteSession(connection, self.installation.vault, law, "test")
            yield session, actor

    async def does(
        self, part: str, verb: Any, *about: Any, country: str = "zz", **more: Any
    ) -> Any:
        """One verb of ``casework`` or one question of ``queries``, in its own transaction."""
        async with self.acting(part, country) as (session, actor):
            return await verb(session, actor, *about, now=self.at(), **more)

    async def opens(
        self,
        part: str,
        question: Any,
        *about: Any,
        country: str = "zz",
        proven: bool = False,
        **more: Any,
    ) -> Any:
        """A question that opens G2-G5; ``proven``: with a proof of who she is made just now."""
        async with self.acting(part, country) as (session, actor):
            witnessed = WitnessedRead(
                session.connection, session.vault, session.catalogue, session.request_id
            )
            asks = replace(actor, authenticated_at=self.at()) if proven else actor
            return await question(witnessed, asks, *about, now=self.at(), **more)

    async def manages(self, part: str, verb: Any, *about: Any, **more: Any) -> Any:
        """As ``does``, and it must not be refused."""
        answer = await self.does(part, verb, *about, **more)
        assert not isinstance(answer, Refusal), answer
        return answer

    async def sees(self, part: str, hand_off: UUID) -> queries.HandOffSeen:
        """One hand-off as this person sees it; she must be one who may."""
        async with self.acting(part) as (session, actor):
            seen = await queries.hand_off_seen(session, actor, hand_off, now=self.at())
        assert not isinstance(seen, Refusal), seen
        return seen

    async def rows(self, statement: str, *values: Any) -> list[asyncpg.Record]:
        """What really stands in the database, past every lock: for asserting only."""
        connection = await asyncpg.connect(self.database.superuser_url)
        try:
            return list(await connection.fetch(statement, *values))
        finally:
            await connection.close()

    def client(self, part: str, country: str = "zz") -> httpx.AsyncClient:
        """An agency system's client with this person's bearer token."""
        from referral.app import make_app

        headers = {"Authorization": f"Bearer {_token(f'{part}.{country}')}"}
        return self._client(make_app(self.installation), headers, {})

    async def browser(self, part: str, country: str = "zz") -> httpx.AsyncClient:
        """A signed-in browser: a session opened now, its password just entered."""
        from referral.app import make_app

        secret = f"session {uuid4()}"
        player = self.player(part, country)
        await self.rows(
            "SELECT agencies.open_session($1, $2, $3, $4, $5)",
            digest_of(secret),
            player.membership_id,
            digest_of("unused"),
            self.at(),
            self.at() + timedelta(hours=12),
        )
        cookies = {self.installation.cookie: secret}
        return self._client(make_app(self.installation), {"Sec-Fetch-Site": "same-origin"}, cookies)

    def stranger(self) -> httpx.AsyncClient:
        """Somebody who has not signed in."""
        from referral.app import make_app

        return self._client(make_app(self.installation), {}, {})

    def _client(
        self, app: Any, headers: dict[str, str], cookies: dict[str, str]
    ) -> httpx.AsyncClient:
        client = httpx.AsyncClient(
            transport=httpx.ASGITransport(app, raise_app_exceptions=False),
            base_url="http://127.0.0.1",
            headers=headers,
            cookies=cookies,
        )
        self.clients.append(client)
        return client


@pytest.fixture
async def house(
    cluster: Embedded, furnished: Furnished, catalogue: Catalogue, at: HandSetClock
) -> AsyncIterator[House]:
    """A furnished house of this test's own; afterwards its log must agree with its effects."""
    name = f"house_{uuid4().hex[:12]}"
    await copied(cluster, furnished.name, name)
    superuser = make_url(cluster.superuser_url).set(database=name)
    database = Database(
        name=name,
        url=cluster.url("app", name),
        migrator_url=cluster.url("migrator", name),
        superuser_url=superuser.render_as_string(hide_password=False),
        cluster=cluster,
    )
    settings = Settings(environment=Environment.DEMO)
    installation = Installation(
        settings=settings,
        engine=make_engine(database.url, pool_size=4),
        vault=Vault.from_text(ROOT_KEY),
        catalogue=catalogue,
        clock=at,
        promiser=SigningKey.new("referral/promises", 1),
        reporter=make_engine(database.url_of("reporter"), pool_size=1, statement_timeout=60),
    )
    worker = make_engine(database.url_of("worker"), pool_size=2)
    found = House(database, installation, furnished.players, at, worker)
    yield found
    await worker.dispose()
    for client in found.clients:
        await client.aclose()
    await installation.engine.dispose()
    if installation.reporter is not None:
        await installation.reporter.dispose()
    if found.honest:
        findings = await verify(database.superuser_url)
        assert not findings.problems, findings.problems[:5]
    assert await _wordless(database) == set(), "every notice says what happened"
    connection = await asyncpg.connect(cluster.superuser_url)
    try:
        await connection.execute(f"DROP DATABASE {name} WITH (FORCE)")
    finally:
        await connection.close()


async def _wordless(database: Database) -> set[str]:
    """Kinds of notices to people that no page has words for."""
    connection = await asyncpg.connect(database.superuser_url)
    try:
        told = await connection.fetch("SELECT DISTINCT kind FROM referral.outbox")
    finally:
        await connection.close()
    return {row["kind"] for row in told} - set(KINDS) - FOR_SYSTEMS


def child_at_work(**facts: Any) -> Intake:
    """Ines found a girl of ten making bricks: the plainest report of child labour."""
    told = {"age": 10, "works": True, "econ_hours": 20, "beneficiary": "other", **facts}
    return Intake(
        client_id=uuid4(),
        place=PLACE,
        reported="CL",
        persons=(PersonTold(facts=told, identity={"name": "Amal Doe"}),),
        narrative="Ten years old, carrying bricks at the kiln behind the market.",
    )


def asked(answer: Filed | Acted, step: str) -> UUID:
    """The hand-off an answer opened at this step."""
    found = [ask.hand_off_id for ask in answer.asks if ask.step == step]
    assert found, f"{step} was not opened; opened: {[ask.step for ask in answer.asks]}"
    return UUID(found[0])
