"""An agency's endpoints are its administrator's, who has just proved who she is: nobody else's."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
from sqlalchemy.exc import DBAPIError

from agencies.hosts import Host
from referral import administration, casework, members
from referral.audit.verify import verify
from referral.errors import Refusal
from referral.notices.outbound import Reach
from referral.notices.signatures import Scheme
from tests.cast import House, child_at_work
from tests.listening import Listening, answering, listening
from tests.referral.web.visiting import Visitor
from tests.referral.webhooks.conftest import Hooks, asks

URL = "http://127.0.0.1:9/hooks"
OPENING = {"url": URL, "types": ["requested"]}


async def listed(client: httpx.AsyncClient) -> list[dict[str, Any]]:
    answer = await client.get("/api/v1/webhooks")
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = answer.json()["endpoints"]
    return found


async def test_a_secret_is_told_once_and_a_public_key_always(house: House, hooks: Hooks) -> None:
    client = await hooks.administrator("social_worker")
    headers = {"Idempotency-Key": f'"{uuid4()}"'}
    told = {**OPENING, "scheme": "v1"}
    first = await client.post("/api/v1/webhooks", json=told, headers=headers)
    again = await client.post("/api/v1/webhooks", json=told, headers=headers)
    assert first.status_code == again.status_code == 201
    secret = first.json()["key"]
    assert secret.startswith("whsec_")
    assert again.json() == {**first.json(), "key": None}
    public = (await asks(client, "", OPENING)).json()["key"]
    assert public.startswith("whpk_")
    shown = await listed(client)
    assert len(shown) == 2, "what is repeated is done once"
    assert {key["public"] for one in shown for key in one["keys"]} == {None, public}
    assert secret not in str(shown)
    kept = await house.rows("SELECT to_jsonb(k)::text AS row FROM referral.webhook_key k")
    assert secret.removeprefix("whsec_") not in str([one["row"] for one in kept])
    sealed = await house.rows("SELECT content FROM referral.webhook_key")
    assert [one for one in sealed if b"whs" in one["content"]] == []


@pytest.mark.parametrize(
    "part", ["inspector", "supervisor", "coordinator", "auditor", "data_officer", "outsider"]
)
async def test_nobody_but_an_administrator_has_anything_to_do_with_them(
    house: House, hooks: Hooks, there: Listening, part: str
) -> None:
    opened = await hooks.opened(part, there)
    client = await house.browser(part)
    place = f"/{opened['id']}"
    assert (await client.get("/api/v1/webhooks")).status_code == 403
    assert (await client.get("/members/webhooks")).status_code == 403
    assert (await asks(client, "", OPENING)).status_code == 403
    for act in ("rotation", "test", "end"):
        assert (await asks(client, f"{place}/{act}")).status_code == 403
    assert (await hooks.stands(opened["id"]))["version"] == 1


async def test_another_agencys_endpoint_does_not_exist(
    house: House, hooks: Hooks, there: Listening
) -> None:
    opened = await hooks.opened("social_worker", there)
    other = await hooks.administrator("inspector")
    assert await listed(other) == []
    for act in ("rotation", "test", "end"):
        answer = await asks(other, f"/{opened['id']}/{act}")
        nobodys = await asks(other, f"/{uuid4()}/{act}")
        assert answer.status_code == nobodys.status_code == 404
        assert answer.content == nobodys.content
    assert (await hooks.stands(opened["id"]))["version"] == 1


async def test_a_change_takes_a_fresh_proof_and_a_token_has_none(
    house: House, hooks: Hooks, there: Listening
) -> None:
    opened = await hooks.opened("inspector", there)
    token = house.client("agency_admin")
    assert len(await listed(token)) == 1
    house.at.forward(minutes=14)
    assert len(await listed(opened["client"])) == 1
    house.at.forward(minutes=2)
    for client in (token, opened["client"]):
        for act, told in (("", OPENING), (f"/{opened['id']}/end", None)):
            answer = await asks(client, act, told)
            assert answer.status_code == 403, answer.text
            assert answer.json()["type"].endswith("step-up-required")
    assert (await hooks.stands(opened["id"]))["version"] == 1


@pytest.mark.parametrize("part", ["agency_admin", "inspector", "social_worker"])
async def test_the_database_asks_the_same_once_more(
    house: House, hooks: Hooks, there: Listening, part: str
) -> None:
    """Past Python: whoever is not an administrator with a fresh proof, and every foreign agency."""
    opened = await hooks.opened("social_worker", there)
    webhook = UUID(opened["id"])
    key = {"id": str(uuid4()), "scheme": "v1", "public": None, "version": 1, "content": "00"}
    kept = json.dumps({**key, "wrapped": "00"})
    async with house.acting(part) as (session, _):
        connection = session.connection
        for call, *values in (
            ("open_webhook($1, 'https://x.example/', '{requested}', $2::jsonb)", uuid4(), kept),
            ("rotate_webhook($1, $2::jsonb)", webhook, kept),
            ("end_webhook($1)", webhook),
            ("test_webhook($1, $2)", webhook, uuid4()),
        ):
            told = await connection.exec_driver_sql(f"SELECT referral.{call}", tuple(values))
            assert told.scalar() == "not-permitted", call
        row = await connection.exec_driver_sql("SELECT referral.webhook_data_key($1)", (webhook,))
        assert row.scalar() is None
        seen = await connection.exec_driver_sql("SELECT count(*) FROM referral.webhook")
        assert seen.scalar() == 0
    assert (await hooks.stands(opened["id"]))["version"] == 1
    assert len(await house.rows("SELECT FROM referral.webhook")) == 1


@pytest.mark.parametrize(
    "call",
    [
        "webhooks_for('{}', '{}', now())",
        "webhook_to_send(gen_random_uuid(), gen_random_uuid(), now())",
        "webhook_settled(gen_random_uuid(), gen_random_uuid(), 1, 'x', 'taken', now())",
        "tell_checkpoint(now())",
    ],
)
async def test_only_the_clockwork_tells(house: House, call: str) -> None:
    with pytest.raises(DBAPIError, match="permission denied"):
        async with house.acting("agency_admin") as (session, _):
            await session.connection.exec_driver_sql(f"SELECT referral.{call}")
    async with house.worker.connect() as connection:
        with pytest.raises(DBAPIError, match="only the clockwork tells"):
            await connection.exec_driver_sql(f"SELECT referral.{call}")


@pytest.mark.parametrize(
    "url",
    [
        *("http://cases.example.org/", "https://cases.example.org/", "https://10.0.0.1/"),
        *("https://169.254.169.254/", "https://[::ffff:127.0.0.1]/", "https://2130706433/"),
        *("http://nora@127.0.0.1/", "http://127.0.0.1/#x", "x", "https://127.0.0.1@evil.example/"),
    ],
)
async def test_an_unfit_address_is_refused_in_words(house: House, hooks: Hooks, url: str) -> None:
    client = await hooks.administrator("social_worker")
    answer = await asks(client, "", {**OPENING, "url": url})
    assert answer.status_code == 422
    [fault] = answer.json()["errors"]
    assert fault["pointer"] == "/url"
    assert len(fault["message"]) > 30
    assert await listed(client) == []


async def test_what_is_asked_for_must_be_there_to_ask_for(house: House, hooks: Hooks) -> None:
    client = await hooks.administrator("social_worker")
    for types in (["all"], ["requested", "glass.opened"], []):
        answer = await asks(client, "", {**OPENING, "types": types})
        assert answer.status_code == 422, answer.text
    assert await listed(client) == []


async def test_a_host_counts_once_the_operator_has_listed_it_for_the_country(house: House) -> None:
    async def resolve(_: str, __: int) -> tuple[str, ...]:
        return ("8.8.8.8",)

    reach = Reach(frozenset(), resolve=resolve)

    async def opens() -> Any:
        async with house.acting("agency_admin") as (session, actor):
            proven = replace(actor, authenticated_at=house.at(), scopes=None)
            await session.connection.exec_driver_sql(
                "SELECT set_config('referral.proven', $1, true)", (house.at().isoformat(),)
            )
            return await members.open_webhook(
                *(session, proven, "https://cases.example.org/hooks", ["requested"]),
                Scheme.HMAC,
                reach=reach,
                now=house.at(),
            )

    refused = await opens()
    assert isinstance(refused, Refusal)
    assert "referral webhooks allow" in str(refused.extra)
    url = house.database.migrator_url
    await administration.allow_host(url, Host("LR", "cases.example.org", 443))
    assert isinstance(await opens(), Refusal), "of another country"
    for _ in range(2):
        await administration.allow_host(url, Host("ZZ", "cases.example.org", 443))
    assert not isinstance(await opens(), Refusal)
    assert len(await administration.webhook_hosts(url)) == 2
    assert await administration.forbid_host(url, Host("ZZ", "cases.example.org", 443)) is None
    again = await administration.forbid_host(url, Host("ZZ", "cases.example.org", 443))
    assert again is not None
    assert isinstance(await opens(), Refusal)


async def test_an_agency_has_ten_at_most(house: House, hooks: Hooks) -> None:
    client = await hooks.administrator("social_worker")
    answers = [await asks(client, "", OPENING) for _ in range(11)]
    assert [one.status_code for one in answers] == [201] * 10 + [409]
    ended = answers[0].json()["id"]
    assert (await asks(client, f"/{ended}/end")).status_code == 200
    assert (await asks(client, "", OPENING)).status_code == 201
    assert (await asks(client, f"/{ended}/rotation")).status_code == 404


async def test_every_change_stands_in_the_log_and_one_past_it_is_found(
    house: House, hooks: Hooks, there: Listening
) -> None:
    opened = await hooks.opened("social_worker", there)
    for act in ("test", "rotation", "end"):
        await asks(opened["client"], f"/{opened['id']}/{act}")
    acts = await house.rows(
        "SELECT act FROM referral.audit_entry WHERE object_type = 'webhook' ORDER BY id"
    )
    assert [row["act"] for row in acts] == [
        *("member.webhook_opened", "member.webhook_tested"),
        *("member.webhook_rotated", "member.webhook_ended"),
    ]
    url = house.database.url_of("auditor_ro")
    assert (await verify(url)).problems == []
    house.honest = False
    await house.rows(
        "UPDATE referral.webhook SET url = 'https://evil.example', version = version + 1"
    )
    assert any("webhook" in str(one) for one in (await verify(url)).problems)


async def test_on_a_page_she_opens_tries_and_ends_one(
    house: House, hooks: Hooks, there: Listening
) -> None:
    visitor = Visitor(await hooks.administrator("social_worker"))
    page = await visitor.see("/members/webhooks")
    assert "No system is told yet" in page.words
    typed = {"url": f"http://127.0.0.1:{there.port}/", "types": "requested", "scheme": "v1"}
    wrong = await visitor.send(page, "/members/webhooks", **{**typed, "url": "http://10.0.0.1/"})
    assert wrong.status == 422
    assert "Begin with https://" in wrong.words
    told = await visitor.send(page, "/members/webhooks", **typed)
    assert told.status == 200
    assert "whsec_" in told.words
    page = await visitor.see("/members/webhooks")
    assert "whsec_" not in page.words
    [row] = await house.rows("SELECT id FROM referral.webhook")
    await visitor.send(page, f"/members/webhooks/{row['id']}/test")
    await hooks.tell()
    page = await visitor.see("/members/webhooks")
    assert "Taken" in page.words
    rotated = await visitor.send(page, f"/members/webhooks/{row['id']}/rotation")
    assert "For a day" in rotated.words
    page = await visitor.see("/members/webhooks")
    ended = await visitor.send(page, f"/members/webhooks/{row['id']}/end")
    assert "Ended" in (await visitor.follow(ended)).words


async def test_what_a_receiver_answers_is_never_kept(house: House, hooks: Hooks) -> None:
    body = b"your child Amal is at 12 River Street"
    async with listening(lambda _: answering("500 Amal", "X-Amal: 1", body=body)) as there:
        opened = await hooks.opened("social_worker", there)
        await house.manages("inspector", casework.file, child_at_work())
        await hooks.tell()
    kept = await house.rows(
        "SELECT to_jsonb(a)::text AS row FROM referral.webhook_attempt a "
        "UNION ALL SELECT to_jsonb(d)::text FROM referral.delivery d "
        "UNION ALL SELECT to_jsonb(w)::text FROM referral.webhook w"
    )
    shown = str(await listed(opened["client"])) + str([one["row"] for one in kept])
    assert "faulty" in shown
    assert "Amal" not in shown
    assert "River" not in shown
