"""Files of a case over HTTP: one part of a form in, an answer that is only to be saved out."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from referral import worker
from tests.referral.api.desk import ROOT, Desk, key, pointers, problem
from tests.referral.test_attachments_seen import photograph
from tests.referral.web.visiting import Visitor, read


async def accepted(desk: Desk) -> tuple[str, str]:
    """Case and referral, held by the social worker."""
    hand_off = await desk.asks()
    told = await desk.acts("social_worker", hand_off, "acceptance")
    return told["case_id"], told["referral_id"]


async def send(desk: Desk, referral: str, content: bytes, name: str, **more: Any) -> httpx.Response:
    headers = more.pop("headers", None) or key()
    return await desk.of("social_worker").post(
        f"{ROOT}/referrals/{referral}/attachments",
        files={"file": (name, content, "text/html")},
        data=more,
        headers=headers,
    )


async def test_a_file_goes_in_is_looked_through_and_comes_out_to_be_saved(desk: Desk) -> None:
    case, referral = await accepted(desk)
    once = key()
    added = await send(desk, referral, photograph(), "kiln.jpg", shows="The kiln", headers=once)
    assert added.status_code == 201, added.text
    again = await send(desk, referral, photograph(), "kiln.jpg", shows="The kiln", headers=once)
    assert again.json() == added.json()  # a double click adds one file
    attachment = added.json()["attachment_id"]
    address = f"attachments/{attachment}"
    problem(await desk.reads("social_worker", address), 409, "transition-not-allowed")

    assert await worker.look_through(desk.house.clockwork, desk.house.at()) == 1
    listed = await desk.reads("social_worker", f"cases/{case}/attachments")
    assert listed.status_code == 200, listed.text
    [line] = listed.json()["attachments"]
    assert (line["state"], line["name"], line["shows"]) == ("viewable", "kiln.jpg", "The kiln")

    opened = await desk.reads("social_worker", address, Range="bytes=0-9")
    assert opened.status_code == 200
    assert opened.headers["content-type"] == "image/jpeg"  # ours, whatever the sender called it
    assert opened.headers["content-disposition"].startswith("attachment; filename=")
    assert "kiln" not in opened.headers["content-disposition"]
    assert opened.headers["content-security-policy"].endswith("; sandbox")
    assert "default-src 'none'" in opened.headers["content-security-policy"]
    assert opened.headers["x-content-type-options"] == "nosniff"
    assert opened.headers["cache-control"] == "no-store"
    assert opened.headers["accept-ranges"] == "none"
    assert opened.content.startswith(b"\xff\xd8\xff")

    problem(await desk.reads("social_worker", f"{address}/original"), 403, "step-up-required")
    for part in ("inspector", "outsider"):
        for path in (address, f"{address}/original", f"cases/{case}/attachments"):
            found = await desk.reads(part, path)
            assert found.status_code in {403, 404}, (part, path)
            assert part != "outsider" or found.status_code == 404
            told = {name: words for name, words in found.json().items() if name != "instance"}
            assert attachment not in str(told)


async def test_a_foreign_id_and_an_invented_one_look_alike(desk: Desk) -> None:
    _, referral = await accepted(desk)
    added = (await send(desk, referral, photograph(), "kiln.jpg")).json()["attachment_id"]
    foreign = await desk.reads("outsider", f"attachments/{added}")
    invented = await desk.reads("outsider", f"attachments/{referral}")
    assert foreign.status_code == invented.status_code == 404
    assert foreign.json() | {"instance": ""} == invented.json() | {"instance": ""}


FILE = {"file": ("a.jpg", photograph())}


@pytest.mark.parametrize(
    ("sent", "pointer"),
    [
        ({"data": {"shows": "nothing"}}, {"/file": "missing"}),
        ({"content": b"no form", "headers": {"Content-Type": "text/plain"}}, {"/file": "missing"}),
        ({"files": FILE, "data": {"letter": "x"}}, {"/letter": "unreadable"}),
        ({"files": FILE, "data": {"shows": "x" * 3000}}, {"/shows": "too-long"}),
        ({"files": {"file": ("a.svg", b"<svg/>")}}, {"/file": "kind-not-allowed"}),
    ],
)
async def test_what_cannot_be_kept_is_said_with_its_place(
    desk: Desk, sent: dict[str, Any], pointer: dict[str, str]
) -> None:
    _, referral = await accepted(desk)
    headers = {**key(), **sent.pop("headers", {})}
    answer = await desk.of("social_worker").post(
        f"{ROOT}/referrals/{referral}/attachments", headers=headers, **sent
    )
    assert pointers(problem(answer, 422, "invalid-input")) == pointer


async def test_a_file_beyond_the_limit_is_refused_before_anybody_works(desk: Desk) -> None:
    _, referral = await accepted(desk)
    large = await send(desk, referral, bytes(11_500_000), "a.jpg")
    problem(large, 413, "too-large")
    within = await send(desk, referral, b"\xff\xd8\xff" + bytes(10_200_000), "a.jpg")
    assert pointers(problem(within, 422, "invalid-input")) == {"/file": "too-large"}


async def test_the_page_adds_shows_and_hands_out(desk: Desk) -> None:
    case, referral = await accepted(desk)
    browser = await desk.house.browser("social_worker")
    visitor = Visitor(browser)
    page = await visitor.see(f"/cases/{case}/attachments")
    assert page.status == 200, page.words
    form = page.form("/attachments")
    fields = {name: values[-1] for name, values in form.values.items() if name != "file"}
    assert referral in page.answer.text
    sent = await browser.post(
        form.action,
        data={**fields, "referral": referral, "shows": "The kiln"},
        files={"file": ("kiln.jpg", photograph())},
    )
    assert sent.status_code == 303, sent.text
    await worker.look_through(desk.house.clockwork, desk.house.at())
    page = await visitor.see(sent.headers["location"])
    assert "The kiln" in page.words
    assert "Can be opened" in page.words
    [opening] = [
        f for f in page.forms if f.action.startswith("/attachments/") and "original" not in f.values
    ]
    saved = await browser.post(opening.action, data={n: v[-1] for n, v in opening.values.items()})
    assert saved.status_code == 200
    assert saved.headers["content-disposition"].startswith("attachment")
    wrong = await browser.post(
        form.action,
        data={**fields, "key": key()["Idempotency-Key"].strip('"'), "referral": referral},
        files={"file": ("kiln.exe", b"MZ")},
    )
    assert wrong.status_code == 422
    assert "Only these can be attached" in read(wrong).words
