"""Filing over JSON: the answer names who must receive what, why and by when."""

from __future__ import annotations

from uuid import uuid4

from tests.cast import House


async def test_filing_smoke(house: House) -> None:
    ines = house.client("inspector")
    answer = await ines.post(
        "/api/v1/cases",
        json={"place": "ZZ-N", "reported": "CL", "persons": [{"facts": {"age": 10, "works": True, "econ_hours": 20, "beneficiary": "other"}}]},
        headers={"Idempotency-Key": f'"{uuid4()}"'},
    )
    print(answer.status_code, answer.headers, answer.text)
    filed = answer.json()
    assert answer.status_code == 201
    winnie = house.client("social_worker")
    inbox = await winnie.get("/api/v1/hand-offs")
    print(inbox.headers, inbox.text)
    hid = inbox.json()["hand_offs"][0]["id"]
    one = await winnie.get(f"/api/v1/hand-offs/{hid}")
    print(one.headers, one.text)
    for noun in ("acknowledgement", "acceptance", "first-contact", "start"):
        done = await winnie.post(f"/api/v1/hand-offs/{hid}/{noun}", headers={"Idempotency-Key": f'"{uuid4()}"'})
        print(noun, done.status_code, done.text[:600])
    for path in (f"cases/{filed['case_id']}", f"cases/{filed['case_id']}?open=G2,G3,G4", f"cases/{filed['case_id']}/timeline", "agencies?place=ZZ-W", "protocols/zz/trafficking", "protocols/xx/trafficking", "protocols/ZZ/nothing", f"audit/cases/{filed['case_id']}", "matrix", "oversight/response-times", "oversight/overdue", "oversight/idle", "oversight/first-referrals", "openapi.json", "docs", "docs/style.css"):
        got = await winnie.get(f"/api/v1/{path}")
        print(path, got.status_code, got.text[:1500])
    sol = house.client("protection_supervisor")
    for path in ("oversight/response-times", "oversight/overdue", "oversight/idle", "oversight/first-referrals"):
        got = await sol.get(f"/api/v1/{path}")
        print(path, got.status_code, got.text[:1500])
    for path in ("/health/live", "/health/ready", "/metrics"):
        got = await sol.get(path)
        print(path, got.status_code, got.text[-3000:])
    assert 0
