"""Two houses that differ in nothing but what is hidden from somebody answer her to the byte alike.

In both the same is done at the same moments, with the same ids. In one of them names, whereabouts,
story, reporter, files, notes, the reason of a seal and another unit's cases are other ones.
"""

from __future__ import annotations

import random
import re
import sys
from collections.abc import Iterator
from dataclasses import replace
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest

from referral import casework, worker
from referral.casework import Brought, PersonTold, Said
from referral.entry import csrf_of
from tests.cast import Furnished, House, asked
from tests.cast import house as a_house
from tests.conftest import HandSetClock
from tests.referral.locks.scene import WHY
from tests.referral.test_attachments_seen import photograph
from tests.referral.test_row_security import full_report

PATHS = (
    "/api/v1/hand-offs",
    "/api/v1/hand-offs?box=out",
    "/api/v1/hand-offs?limit=1",
    "/api/v1/hand-offs?together=true",
    "/api/v1/hand-offs?document=145",
    "/api/v1/cases/{case}",
    "/api/v1/cases/{case}?open=G2,G3,G4",
    "/api/v1/cases/{case}/timeline",
    "/api/v1/cases/{case}/attachments",
    "/api/v1/cases/{case}/consents",
    "/api/v1/cases/{case}/panel-seats",
    "/api/v1/cases/{case}/need-to-know",
    "/api/v1/cases/{other}",
    "/api/v1/hand-offs/{hand_off}",
    "/api/v1/hand-offs/{hand_off}/letter",
    "/api/v1/hand-offs/{other_hand_off}",
    "/api/v1/attachments/{attachment}",
    "/api/v1/audit/cases/{case}",
    "/api/v1/oversight/response-times",
    "/api/v1/oversight/overdue",
    "/api/v1/oversight/idle",
    "/api/v1/oversight/first-referrals",
    "/api/v1/coverage",
    "/api/v1/agencies",
    "/api/v1/meetings",
    "/api/v1/operations",
    "/api/v1/break-glass",
    "/api/v1/removals",
    "/api/v1/members",
    "/hand-offs",
    "/hand-offs?box=out",
    "/hand-offs/{hand_off}",
    "/hand-offs/{hand_off}/letter",
    "/hand-offs/{other_hand_off}",
    "/cases/{case}",
    "/cases/{case}/timeline",
    "/cases/{case}/attachments",
    "/cases/{case}/consents",
    "/cases/{case}/need-to-know",
    "/cases/{other}",
    "/oversight",
    "/coverage",
    "/agencies",
    "/meetings",
    "/operations",
    "/removals",
    "/break-glass/reviews",
)
# Who is asked first sees envelope and facts; whoever sent it, the envelope; the rest nothing.
VIEWERS = (
    "social_worker",
    "protection_supervisor",
    "prosecutor",
    "coordinator",
    "auditor",
    "court",
)


def told(hidden: str, client_id: UUID) -> Any:
    """A report that differs only in what only its holder may read."""
    plain = full_report()
    [girl] = plain.persons
    return replace(
        plain,
        client_id=client_id,
        persons=(
            PersonTold(
                facts={k: v for k, v in girl.facts.items() if k != "injured"},
                identity={"name": f"Amal {hidden}"},
                safety={"staying_at": hidden},
                household=1,
            ),
        ),
        narrative=f"She told us of {hidden}.",
        reporter={"name": hidden},
        workplace={"employer": hidden},
    )


async def lived(house: House, hidden: str, *, also: bool) -> dict[str, str]:
    """The same in every house, but for what is hidden; the ids of what there is."""
    filed = await house.manages("inspector", casework.file, told(hidden, UUID(int=1)))
    referral = UUID(filed.referrals[0].referral_id)
    await house.manages("inspector", casework.add_note, referral, hidden)
    brought = Brought(f"{hidden}.jpg", photograph(), hidden)
    added = await house.manages("inspector", casework.attach, referral, brought, 10**6)
    await worker.look_through(house.clockwork, house.at())
    await house.manages(
        "inspector",
        casework.propose,
        referral,
        "seal",
        Said(reason=hidden),
        named=("inspector.zz",),
    )
    ids = {
        "case": filed.case_id,
        "hand_off": str(asked(filed, "ZZ-C01")),
        "attachment": str(added.attachment_id),
    }
    if also:  # a whole case of units that are not hers
        there = replace(told(hidden, UUID(int=2)), place="ZZ-S")
        other = await house.manages("hotline", casework.file, there)
        ids |= {"other": other.case_id, "other_hand_off": other.asks[0].hand_off_id}
    return ids


async def views(house: House, ids: dict[str, str]) -> dict[tuple[str, str], Any]:
    """Every page and answer as every viewer gets it."""
    found = {}
    for part in VIEWERS:
        browser = await house.browser(part)
        secret = browser.cookies[house.installation.cookie]
        for path in PATHS:
            answer = await browser.get(path.format(**ids), headers={"X-Reason": WHY})
            found[part, path] = plain(answer, secret)
        for action in ("groups",):
            typed = {"csrf": csrf_of(secret), "key": str(UUID(int=7)), action: "G2", "reason": WHY}
            sent = await browser.post(f"/cases/{ids['case']}/opening", data=typed)
            found[part, "opening"] = plain(sent, secret)
        for typed in (
            {"name": "Amal Doe", "born_on": "2016-01-01", "reason": WHY},
            {"document": "1", "reason": WHY},
        ):
            sent = await browser.post(
                "/api/v1/duplicates", json=typed, headers={"Idempotency-Key": f'"{uuid4()}"'}
            )
            found[part, str(typed)] = plain(sent, secret)
    return found


def plain(answer: httpx.Response, secret: str) -> tuple[int, str, list[tuple[str, str]]]:
    """All of it, but what a session and a request have of their own."""
    text = answer.text.replace(csrf_of(secret), "<csrf>")
    request = answer.headers["x-request-id"]
    text = text.replace(request, "<request>")
    text = re.sub(r'name="key" value="[0-9a-f-]{36}"', "<key>", text)
    text = re.sub(r"\b[0-9a-f]{64}\b", "<hash>", text)  # of a body sealed under a random key
    text = re.sub(r"\b01[0-9a-f]{6}-[0-9a-f]{4}-7[0-9a-f-]{21}\b", "<entry>", text)
    text = re.sub(r"\bZZ-[0-9A-Z]{4}-[0-9A-Z]{4}\b", "<reference>", text)  # drawn anew each time
    headers = [(k, v) for k, v in answer.headers.items() if k not in {"x-request-id", "date"}]
    return answer.status_code, text, headers


def ids_in_order() -> Iterator[UUID]:
    """Random ids, the same ones every time: both houses give the same to the same thing."""
    draw = random.Random(4)  # noqa: S311 - repeatable is what it is for
    while True:
        yield UUID(int=draw.getrandbits(128), version=4)


async def seen_in(
    at: HandSetClock, words: str, known: dict[str, str], *makes: Any
) -> dict[tuple[str, str], Any]:
    """What everybody sees in a house with this hidden; ``known``: ids, from the first one."""
    draw = ids_in_order()
    make = a_house.__wrapped__  # type: ignore[attr-defined]
    found: dict[tuple[str, str], Any] = {}
    async for house in make(*makes, HandSetClock(at())):
        with pytest.MonkeyPatch.context() as patch:
            for name, module in [*sys.modules.items()]:
                if name.startswith("referral") and hasattr(module, "uuid4"):
                    patch.setattr(module, "uuid4", lambda: next(draw))
            known.update(await lived(house, words, also=not known))
        found = await views(house, known)
    return found


async def test_what_is_hidden_from_her_changes_nothing_she_sees(
    cluster: Any, furnished: Furnished, catalogue: Any, at: HandSetClock
) -> None:
    hidden = ("the blue house", "a red barn, far from it")
    makes, known = (cluster, furnished, catalogue), dict[str, str]()
    one, other = [await seen_in(at, words, known, *makes) for words in hidden]
    assert one.keys() == other.keys()
    differ = {key: (was, other[key]) for key, was in one.items() if was != other[key]}
    told = "\n".join(f"{key}: {first_difference(*both)}" for key, both in differ.items())
    assert not differ, told
    for key, (_, text, _) in one.items():
        assert not any(words in text for words in hidden), key
    assert len(one) > 250


def first_difference(one: Any, other: Any) -> str:
    """Where two answers part."""
    if one[0] != other[0] or one[2] != other[2]:
        return f"{one[0]} {one[2]} / {other[0]} {other[2]}"
    at = next(n for n, (a, b) in enumerate(zip(one[1], other[1], strict=False)) if a != b)
    return f"{one[1][max(at - 80, 0) : at + 60]!r} / {other[1][max(at - 80, 0) : at + 60]!r}"
