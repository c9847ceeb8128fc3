"""What the locks add to an accept: decision, row security and decryption, beside the same act bare.

Two databases of one cluster, in one run and in turn: one as it is; in the other row security is off,
and in this process the decision is a constant and nothing is decrypted (the words are remembered
from the first act; all reports are alike). Both send the same statements. Sealing is in both.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import replace
from datetime import UTC, datetime
from statistics import fmean, median, quantiles
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import pytest
from sqlalchemy.engine import make_url

from referral import access, casework
from referral.access import Decision, Resource
from referral.access.standing import Locked
from referral.casework import Intake, PersonTold
from referral.database import make_engine
from referral.entry import Installation, claim_for
from referral.errors import Refusal
from referral.vault import SubjectKey, Vault, Wrapped
from tests.bench.handoff import _BODY, _begin
from tests.bench.stand import Stand, new_stand

WARMING = 60
HIDDEN = {
    "injured": True,
    "without_documents": False,
}  # beside the age: sealed with identity and narrative
_ALLOW = Decision(allow=True, reason_code="pending_recipient", visible_classes=frozenset())
_NOTHING = Resource()
_TABLES = """
SELECT format('%I.%I', n.nspname, c.relname) AS name FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE n.nspname IN ('referral', 'vault') AND c.relkind = 'r' AND c.relrowsecurity
"""


def run(*, times: int = 200) -> dict[str, Any]:
    """Accepts one after the other over one connection each, as it is and bare in turn."""
    with new_stand() as stand:
        return asyncio.run(_run(stand, times))


async def _run(stand: Stand, times: int) -> dict[str, Any]:
    await _without_row_security(stand)
    whole = stand.installation(pool_size=1)
    bare = replace(whole, engine=make_engine(_url(stand, "app", "bare"), pool_size=1))
    waiting = {"whole": await _filed(stand, whole, times), "bare": await _filed(stand, bare, times)}
    taken: dict[str, list[float]] = {"whole": [], "bare": []}
    words: dict[str, bytes] = {}
    for turn, (one, other) in enumerate(zip(waiting["whole"], waiting["bare"], strict=True)):
        for name in ("whole", "bare") if turn % 2 == 0 else ("bare", "whole"):
            if name == "bare":
                with _stubbed(words):
                    seconds = await _accept(stand, bare, other)
            else:
                with _remembered(words) if not words else nullcontext():
                    seconds = await _accept(stand, whole, one)
            if turn >= WARMING:
                taken[name].append(seconds)
    await whole.engine.dispose()
    await bare.engine.dispose()
    added = {
        "median": median(taken["whole"]) / median(taken["bare"]) - 1,
        "mean": fmean(taken["whole"]) / fmean(taken["bare"]) - 1,
        # The quickest tenth: what it costs while nobody else uses the machine.
        "quickest": _cuts(taken["whole"])[9] / _cuts(taken["bare"])[9] - 1,
    }
    return {
        "acts": times,
        "opened_per_act": len(words),
        "needed_added": 0.25,
        "added": {name: round(share, 3) for name, share in added.items()},
        **{name: _told(seconds) for name, seconds in taken.items()},
    }


def _cuts(seconds: list[float]) -> list[float]:
    return quantiles(seconds, n=100)


def _told(seconds: list[float]) -> dict[str, float]:
    cuts = _cuts(seconds)
    return {
        "mean_ms": round(fmean(seconds) * 1000, 2),
        "p10_ms": round(cuts[9] * 1000, 2),
        "p50_ms": round(cuts[49] * 1000, 2),
        "p95_ms": round(cuts[94] * 1000, 2),
    }


def _url(stand: Stand, role: str, database: str) -> str:
    url = make_url(stand.database.url(role)).set(database=database)
    return url.render_as_string(hide_password=False)


async def _without_row_security(stand: Stand) -> None:
    """A copy of the furnished database in which no policy counts."""
    root = stand.database.superuser_url.rsplit("/", 1)[0]
    connection = await asyncpg.connect(root + "/postgres")
    await connection.execute("CREATE DATABASE bare TEMPLATE referral")
    await connection.close()
    connection = await asyncpg.connect(root + "/bare")
    rows = await connection.fetch(_TABLES)
    for row in rows:
        await connection.execute(f"ALTER TABLE {row['name']} DISABLE ROW LEVEL SECURITY")
    left = await connection.fetchval(
        "SELECT count(*) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace "
        "WHERE n.nspname IN ('referral', 'vault') AND c.relrowsecurity"
    )
    assert left == 0
    await connection.close()


async def _filed(stand: Stand, installation: Installation, times: int) -> list[UUID]:
    """Reports with something in every sealed group that the engine reads; hand-offs that wait."""
    facts = {**_BODY["persons"][0]["facts"], **HIDDEN}  # type: ignore[index]
    found = []
    for _ in range(times + WARMING):
        person = PersonTold(facts=facts, identity={"name": "Amal Doe"})
        intake = Intake(client_id=uuid4(), place="ZZ-N", reported="HT", persons=(person,))
        async with installation.engine.connect() as connection, connection.begin():
            session, actor = await _begin(stand, installation, connection, "inspector")
            filed = await casework.file(session, actor, intake, now=datetime.now(UTC))
            assert not isinstance(filed, Refusal), filed
        found += [UUID(ask.hand_off_id) for ask in filed.asks if ask.step == "ZZ-C01"]
    return found


async def _accept(stand: Stand, installation: Installation, hand_off: UUID) -> float:
    path = f"/api/v1/hand-offs/{hand_off}/acceptance"
    claim = claim_for(str(uuid4()), "POST", path, b"{}")
    began = time.perf_counter()
    async with installation.engine.connect() as connection, connection.begin():
        session, actor = await _begin(stand, installation, connection, "social_worker", claim)
        done = await casework.accept(session, actor, hand_off, now=datetime.now(UTC))
    taken = time.perf_counter() - began
    assert not isinstance(done, Refusal), done
    return taken


@contextmanager
def _remembered(words: dict[str, bytes]) -> Iterator[None]:
    """What an act opens, by room: all reports are alike."""
    opened = SubjectKey.open

    def remembering(key: SubjectKey, sealed: bytes, *, room: str, column: str, row: UUID) -> bytes:
        words[room] = opened(key, sealed, room=room, column=column, row=row)
        return words[room]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(SubjectKey, "open", remembering)
        yield


@contextmanager
def _stubbed(words: dict[str, bytes]) -> Iterator[None]:
    """No decision and no decryption; what is sealed is sealed, under keys of nobody."""

    def key(_: Vault, wrapped: Wrapped) -> SubjectKey:
        return SubjectKey(wrapped.subject, wrapped.version, bytes(32), bytes(32))

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(access, "decide", lambda *_: _ALLOW)
        patch.setattr(Locked, "resource", lambda *_: _NOTHING)
        patch.setattr(Vault, "unwrap", key)
        patch.setattr(SubjectKey, "open", lambda *_, room, **__: words[room])
        yield
