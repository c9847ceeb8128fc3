"""An auditor sees every header of her country and that each is in the log, and no body at all."""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest

from referral import casework
from referral.audit.proof import Note, Receipt
from tests.cast import asked, child_at_work
from tests.referral.api.desk import ROOT, problem
from tests.referral.web.visiting import Visitor

if TYPE_CHECKING:
    from tests.cast import House
    from tests.referral.log.running import Log


@pytest.fixture
async def filed(house: House) -> Any:
    """A child was filed and accepted."""
    answer = await house.manages("inspector", casework.file, child_at_work())
    await house.manages("social_worker", casework.accept, asked(answer, "ZZ-C01"))
    return answer


async def entries(house: House, query: str = "", part: str = "auditor") -> list[dict[str, Any]]:
    """A page of headers."""
    answer = await house.client(part).get(f"{ROOT}/audit/entries{query}")
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = answer.json()["entries"]
    return found


async def test_headers_are_found_by_actor_agency_act_and_moment(house: House, filed: Any) -> None:
    everything = await entries(house)
    rows = await house.rows("SELECT id FROM referral.audit_entry ORDER BY id DESC")
    assert [one["id"] for one in everything] == [str(row["id"]) for row in rows]
    assert "body" not in everything[0]
    winnie = house.player("social_worker")
    [hers] = await house.rows(
        "SELECT agency_id AS id FROM agencies.unit WHERE id = $1", winnie.unit_id
    )
    for query, name, value in (
        ("?act=hand_off.accepted", "act", "hand_off.accepted"),
        (f"?actor={winnie.membership_id}", "actor", str(winnie.membership_id)),
        ("?agency=CHILDREN-ZZ-N", "agency_id", str(hers["id"])),
    ):
        found = await entries(house, query)
        assert found, query
        assert found == [one for one in everything if one[name] == value], query
    moment = house.at().isoformat().replace("+00:00", "Z")
    assert await entries(house, f"?until={moment}") == []
    assert await entries(house, f"?since={moment}") == everything
    assert await entries(house, "?agency=NOWHERE") == []


async def test_pages_lead_on_and_miss_nothing(house: House, filed: Any) -> None:
    client, found = house.client("auditor"), []
    address: str | None = f"{ROOT}/audit/entries?limit=2"
    while address:
        page = await client.get(address)
        found += [one["id"] for one in page.json()["entries"]]
        link = page.headers["link"]
        more = [part for part in link.split(", ") if 'rel="next"' in part]
        address = more[0].split(">")[0].strip("<") if more else None
    assert found == [one["id"] for one in await entries(house)]
    for wrong in ("after=x", "limit=0", "act=nothing.done", "since=2026-03-02T12:00:00"):
        assert (await client.get(f"{ROOT}/audit/entries?{wrong}")).status_code == 422, wrong


async def test_only_whoever_audits_her_own_country(house: House, filed: Any) -> None:
    for part in ("inspector", "supervisor", "outsider", "coordinator", "agency_admin"):
        browser = await house.browser(part)
        for address in ("/audit", f"/audit/entries/{uuid4()}"):
            assert (await browser.get(address)).status_code == 403, (part, address)
        for path in ("log", "entries", f"entries/{uuid4()}"):
            answer = await house.client(part).get(f"{ROOT}/audit/{path}")
            problem(answer, 403, "not-permitted")
    assert await entries(house, part="data_officer")
    elsewhere = house.client("auditor", "ar")
    assert (await elsewhere.get(f"{ROOT}/audit/entries")).json()["entries"] == []
    one = (await entries(house))[0]["id"]
    problem(await elsewhere.get(f"{ROOT}/audit/entries/{one}"), 404, "not-found")


async def test_asking_for_a_body_is_refused_and_logged(house: House, filed: Any) -> None:
    [entry] = await entries(house, "?act=hand_off.accepted")
    for part in ("auditor", "data_officer", "inspector"):
        answer = await house.client(part).get(f"{ROOT}/audit/entries/{entry['id']}/body")
        problem(answer, 403, "not-permitted")
        [row] = await house.rows(
            "SELECT header FROM referral.audit_entry WHERE act = 'act.refused' AND actor = $1",
            str(house.player(part).membership_id),
        )
        assert json.loads(row["header"])["object"] == entry["id"]


async def test_one_entry_is_shown_with_its_proof(house: House, log: Log, filed: Any) -> None:
    [entry] = await entries(house, "?act=hand_off.accepted")
    client, path = house.client("auditor"), f"{ROOT}/audit/entries/{entry['id']}"
    waiting = (await client.get(path)).json()
    assert (waiting["index"], waiting["checkpoint"]) == (None, None)
    await log.sealed()
    told = (await client.get(path)).json()
    hashes = tuple(base64.b64decode(one) for one in told["path"])
    receipt = Receipt(told["text"].encode(), told["index"], hashes, Note.read(told["checkpoint"]))
    proved = receipt.check(log.key.key)
    assert json.loads(proved.entry) == told["entry"]["header"]
    browser = await house.browser("auditor")
    page = await browser.get(f"/audit/entries/{entry['id']}")
    for words in (told["leaf"], "among", "Not yet: too few have countersigned"):
        assert words in page.text, words
    assert (await browser.get(f"/audit/entries/{uuid4()}")).status_code == 404


async def test_the_page_says_how_the_log_stands_and_what_is_promised(
    house: House, log: Log, filed: Any
) -> None:
    auditor = Visitor(await house.browser("auditor"))
    before = await auditor.see("/audit")
    assert "Nobody yet: whatever is signed stays provisional." in before.words
    await log.sealed()
    police, labour = await log.enrolled("police"), await log.enrolled("labour")
    await log.visit(police)
    page = await auditor.see("/audit")
    for words in (
        log.key.name,
        "What is promised, and what is not",
        "That nothing can be deleted: it can, and then it is found out.",
        "the true moment of an entry lies between the countersigned checkpoints",
        "police last at",
        "labour silent since it was enrolled",
        "Hand-off accepted",
    ):
        assert words in page.words, words
    told = (await house.client("auditor").get(f"{ROOT}/audit/log")).json()
    assert (told["final"], told["quorum"]) == (0, 2)
    assert told["pending_since"] is not None
    await log.visit(labour)
    told = (await house.client("auditor").get(f"{ROOT}/audit/log")).json()
    assert told["final"] == told["signed"] > 0
    assert [one["last_size"] for one in told["witnesses"]] == [told["signed"]] * 2
    await house.rows(
        "INSERT INTO log.alarm (id, kind, what, raised_at) VALUES ($1, 'fork', 'Two heads.', $2)",
        *(uuid4(), house.at()),
    )
    assert "Two heads." in (await auditor.see("/audit")).words


async def test_the_page_filters_without_script(house: House, filed: Any) -> None:
    auditor = Visitor(await house.browser("auditor"))
    found = await auditor.see("/audit?act=case.filed&since=2026-03-02&agency=INSPECTION-ZZ-N")
    assert "case.filed" in found.words.partition("About")[2]
    assert "hand_off.accepted" not in found.words.partition("About")[2]
    none = await auditor.see("/audit?until=2026-03-02")
    assert "No entry is like that." in none.words
    wrong = await auditor.see("/audit?since=someday")
    assert (wrong.status, "There is a problem" in wrong.words) == (422, True)
    assert (await auditor.see("/audit?after=x")).status == 422
    for _ in range(60):
        await house.does("outsider", casework.accept, uuid4())
    first = await auditor.see("/audit")
    assert "Older entries" in first.words
    older = first.answer.text.partition('rel="next" href="')[2].partition('"')[0]
    second = await auditor.see(older.replace("&amp;", "&"))
    assert "The newest" in second.words
