"""A request given up midway leaves nothing of its actor behind, wherever it was just then."""

from __future__ import annotations

from dataclasses import replace

from referral.app import make_app
from referral.database import make_engine
from tests.bench.cancelled import POOL, attack, filed_at, found_in
from tests.cast import House


async def test_nothing_is_left_of_a_thousand_requests_half_of_them_cancelled(house: House) -> None:
    engine = make_engine(house.database.url, pool_size=POOL)
    app = make_app(replace(house.installation, engine=engine))
    tokens = {f"token of {part}.zz": place for part, place in _PLACES.items()}
    by = "token of inspector.zz"
    readers = {token: await filed_at(app, by, token, place) for token, place in tokens.items()}
    assert all(readers.values())
    assert len(set.union(*readers.values())) == sum(map(len, readers.values()))
    told = await attack(app, readers, 1_000, cancelled=400)
    left = await found_in(engine, POOL)
    await engine.dispose()
    assert told["foreign"] == 0, told
    assert told["cancelled"] >= 400, told
    # On a busy machine the pool may have none free in time, and says so: nobody is shown anything.
    full = told.get("status 503", 0)
    assert told["cancelled"] + told["status 200"] + full == told["requests"] >= 1_000, told
    assert told["status 200"] >= 200, told
    assert left == {"open_transactions": 0, "contexts_left": 0, "pool": POOL}


_PLACES = {"social_worker": "ZZ-N", "outsider": "ZZ-S"}
