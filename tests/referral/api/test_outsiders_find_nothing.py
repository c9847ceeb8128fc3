"""What people do together: to whoever has no part in it, it answers as if it did not exist."""

from __future__ import annotations

from typing import Any
from uuid import UUID, uuid4

import httpx

from referral import casework
from referral.casework import Call, Plan, Record
from tests.cast import House, asked, child_at_work
from tests.referral.api.desk import ROOT, key

_EACH_TIME = {"x-request-id", "date", "content-length"}


async def there(house: House) -> dict[str, str]:
    """One of everything, of none of which Otto and Abel have heard."""
    filed = await house.manages("inspector", casework.file, child_at_work())
    hand_off = asked(filed, "ZZ-C01")
    [row] = await house.rows("SELECT batch FROM referral.hand_off WHERE id = $1", hand_off)
    invited = (house.player("prosecutor").unit_id,)
    wanted = Call("task_force", house.at(), "COORDINATION", invited)
    met = await house.manages("coordinator", casework.call_meeting, wanted)
    record = Record(house.at(), (), ())
    await house.manages("coordinator", casework.hold_meeting, UUID(met.meeting_id), record)
    plan = Plan("rescue", house.at(), "the kiln", "Doors at dawn")
    operation = await house.manages("inspector", casework.plan_operation, plan)
    return {
        "meeting": met.meeting_id,
        "operation": operation.operation_id,
        "case": filed.case_id,
        "referral": filed.referrals[0].referral_id,
        "hand_off": str(hand_off),
        "batch": str(row["batch"]),
    }


def asked_for(found: dict[str, str]) -> list[tuple[str, str, Any]]:
    """Every way to ask for one of them over JSON."""
    seat = {"mandate": "HEALTH", "vote": "agree", "name": "Dr Hale"}
    panel = {"step": "ZZ-C01", "outcome": "SERVICE_DELIVERED", "members": [seat]}
    panels = f"referrals/{found['referral']}/panel-decisions"
    return [
        ("GET", f"meetings/{found['meeting']}", None),
        ("POST", f"meetings/{found['meeting']}/record", {"held_at": "2026-03-01T09:00:00Z"}),
        ("GET", f"operations/{found['operation']}", None),
        ("POST", f"operations/{found['operation']}/end", {"words": "I say so"}),
        ("POST", f"operations/{found['operation']}/end", {"case_id": found["case"]}),
        ("GET", f"cases/{found['case']}/panel-seats", None),
        ("POST", panels, panel),
        ("POST", panels, {**panel, "hand_off_id": found["hand_off"], "note": "Done."}),
        ("GET", f"hand-offs/{found['hand_off']}/letter", None),
        ("POST", f"hand-offs/batches/{found['batch']}/acceptance", None),
    ]


def seen_on_pages(found: dict[str, str]) -> list[str]:
    """Every page of one of them."""
    case, referral = found["case"], found["referral"]
    return [
        f"/meetings/{found['meeting']}",
        f"/operations/{found['operation']}",
        f"/hand-offs/{found['hand_off']}/letter",
        f"/hand-offs/batches/{found['batch']}",
        f"/cases/{case}/referrals/{referral}/panels/ZZ-T05",
    ]


async def test_over_json_it_answers_to_the_byte_like_what_does_not_exist(house: House) -> None:
    real = await there(house)
    unreal = {name: str(uuid4()) for name in real}
    client = house.client("outsider")
    for one, other in zip(asked_for(real), asked_for(unreal), strict=True):
        answers = [
            await client.request(method, f"{ROOT}/{path}", json=body, headers=key())
            for method, path, body in (one, other)
        ]
        assert [answer.status_code for answer in answers] == [404, 404], one
        told = [plain(answer, names) for answer, names in zip(answers, (real, unreal), strict=True)]
        assert told[0] == told[1], one
    for listed in ("meetings", "operations"):
        empty = await client.get(f"{ROOT}/{listed}")
        assert empty.json() == {listed: []}


async def test_on_pages_too(house: House) -> None:
    real = await there(house)
    unreal = {name: str(uuid4()) for name in real}
    browser = await house.browser("outsider")
    for one, other in zip(seen_on_pages(real), seen_on_pages(unreal), strict=True):
        answers = [await browser.get(path) for path in (one, other)]
        assert [answer.status_code for answer in answers] == [404, 404], one
        told = [plain(answer, names) for answer, names in zip(answers, (real, unreal), strict=True)]
        assert told[0] == told[1], one


async def test_a_colleague_a_supervisor_and_who_administers_find_no_operation(
    house: House,
) -> None:
    real = await there(house)
    for part in ("supervisor", "coordinator", "auditor", "agency_admin"):
        client = house.client(part)
        answers = [
            await client.get(f"{ROOT}/operations/{one}") for one in (real["operation"], uuid4())
        ]
        assert [answer.status_code for answer in answers] == [404, 404], part
        told = [answer.json() for answer in answers]
        assert told[0]["detail"] == told[1]["detail"], part


def plain(answer: httpx.Response, names: dict[str, str]) -> tuple[str, dict[str, str]]:
    """Body and headers without what is asked for, and without what differs each time."""
    text = answer.text
    for name, value in names.items():
        text = text.replace(value, f"<{name}>")
    request = answer.headers.get("x-request-id", "")
    text = text.replace(request, "<request>") if request else text
    headers = {k: v for k, v in answer.headers.items() if k not in _EACH_TIME}
    return text, headers
