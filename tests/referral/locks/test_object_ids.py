"""Every address with an id: somebody else's and one nobody has answer alike, to the byte.

Asked by people who stand to nothing, in every kind of role, over JSON and on pages, with a body
that is right and with none; only the id itself, repeated, and the number of the request may differ.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any
from uuid import UUID, uuid4

import httpx

from referral import access, casework
from referral.casework import Call, Plan, Record
from referral.entry import csrf_of
from tests.cast import House
from tests.referral.api.desk import key
from tests.referral.locks.asking import ASKS, FILE, filled
from tests.referral.locks.scene import Scene, forgetting, furnish

_EACH_TIME = {"x-request-id", "date", "content-length"}
FIXED = {"country": "ZZ", "track": "trafficking", "step": "ZZ-C01"}
# Which of several names a placeholder of a page's address may have.
NAMES = {
    "name": ("acknowledgement", "acceptance", "decline", "start", "completion", "cancellation")
}
# Who stands to nothing of it, and what is hers all the same by her role.
OUTSIDERS = {
    "outsider": (),
    "court": (),
    "coordinator": ("meetings",),
    "auditor": ("timeline", "/audit/"),
    "agency_admin": (),
}


async def everything(house: House) -> Scene:
    """The scene, and of all else that has an id one to which none of the outsiders stands."""
    scene = await furnish(house)
    invited = (house.player("prosecutor").unit_id,)
    called = Call("task_force", house.at(), "COORDINATION", invited)
    met = await house.manages("coordinator", casework.call_meeting, called)
    await house.manages(
        "coordinator", casework.hold_meeting, UUID(met.meeting_id), Record(house.at(), (), ())
    )
    plan = Plan("rescue", house.at(), "the kiln", "Doors at dawn")
    operation = await house.manages("inspector", casework.plan_operation, plan)
    more = {"meeting_id": met.meeting_id, "operation_id": operation.operation_id}
    foreign = house.player("inspector", "ar")
    more |= {"member_id": str(foreign.member_id), "membership_id": str(foreign.membership_id)}
    for one in scene.cases.values():
        one.ids.update(more)
    return scene


def addresses() -> Iterator[tuple[str, str, tuple[str, ...]]]:
    """Method, path and the ids in it, of every route that has one."""
    for route in access.doors()["routes"]:
        method, _, path = route.partition(" ")
        ids = tuple(re.findall(r"{(\w+)}", path))
        if any(name not in {*FIXED, *NAMES, "path"} for name in ids):
            for name in NAMES["name"] if "name" in ids else ("",):
                filled_in = path.replace("{name}", name)
                yield method, filled_in, tuple(one for one in ids if one not in {*FIXED, *NAMES})


BODIES = dict(ASKS)


def plain(answer: httpx.Response, ids: dict[str, str]) -> tuple[int, str, dict[str, str]]:
    """Status, body and headers without the ids asked for, and without what differs each time."""
    text = answer.text
    for name, value in ids.items():
        text = text.replace(value, f"<{name}>")
    request = answer.headers.get("x-request-id", "")
    text = text.replace(request, "<request>") if request else text
    text = re.sub(r'name="key" value="[0-9a-f-]{36}"', "<key>", text)
    headers = {k: v for k, v in answer.headers.items() if k not in _EACH_TIME}
    for name, value in ids.items():
        headers = {k: v.replace(value, f"<{name}>") for k, v in headers.items()}
    return answer.status_code, text, headers


async def asked(
    client: httpx.AsyncClient, method: str, path: str, ids: dict[str, str], *, csrf: str, full: bool
) -> tuple[int, str, dict[str, str]]:
    """This address with these ids; ``full``: with a body that is right for it."""
    address = filled(filled(path, ids), FIXED)
    found = BODIES.get(f"{method} {path}")
    sent: dict[str, Any] = {}
    if "/api/v1/" in path and method != "GET":
        if found is not None and found.files:
            sent = {"files": FILE}
        elif full and found is not None and found.body is not None:
            sent = {"json": filled(found.body, ids)}
    elif method != "GET":
        typed = {"csrf": csrf, "key": str(uuid4()), "reason": "why", "note": "words"}
        typed |= {"referral": ids.get("referral_id", ""), "open": "G2"} if full else {}
        sent = {"data": typed}
    return plain(await client.request(method, address, headers=key(), **sent), ids)


async def differing(
    client: httpx.AsyncClient, secret: str, real: dict[str, str], but: tuple[str, ...]
) -> tuple[int, list[str]]:
    """How many were asked, and where an id that is somebody's is answered otherwise."""
    tried, wrong = 0, []
    for method, path, names in addresses():
        if any(one in path for one in but):
            continue
        mine = {name: real.get(name) or str(uuid4()) for name in {*names, *real}}
        none = {name: str(uuid4()) for name in mine} | {"agency_id": mine["agency_id"]}
        for full in (True, False) if method != "GET" else (True,):
            there, absent = [
                await asked(client, method, path, ids, csrf=csrf_of(secret), full=full)
                for ids in (mine, none)
            ]
            tried += 1
            if there != absent:
                wrong.append(f"{method} {path} {full}\n{there}\n{absent}"[:1500])
    return tried, wrong


async def test_what_is_not_hers_is_not_there(house: House) -> None:
    scene = await everything(house)
    quiet = forgetting(house)
    for part, but in OUTSIDERS.items():
        browser = await quiet.browser(part)
        secret = browser.cookies[house.installation.cookie]
        tried, wrong = await differing(browser, secret, scene.cases["worked"].ids, but)
        assert not wrong, f"{part}\n" + "\n\n".join(wrong)
        assert tried > 80


async def test_an_id_of_another_country_is_not_there_either(house: House) -> None:
    scene = await everything(house)
    client = await forgetting(house).browser("inspector", "ar")
    secret = client.cookies[house.installation.cookie]
    _, wrong = await differing(client, secret, scene.cases["asked"].ids, ("member",))
    assert not wrong, "\n\n".join(wrong)
