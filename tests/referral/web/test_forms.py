"""What holds for every form: it came from our page, it came by the right way, it can be read."""

from __future__ import annotations

from uuid import UUID, uuid4

from referral.web import cases, directory, hand_offs, oversight, signin
from tests.cast import House
from tests.referral.web.conftest import Visit

_POSTED = sorted(
    {
        path
        for part in (cases, directory, hand_offs, oversight, signin)
        for route in part.router.routes
        if (path := getattr(route, "path", ""))
        and "POST" in (getattr(route, "methods", None) or ())
    }
)
_ONLY_POSTED = [path for path in _POSTED if path not in {"/sign-in", "/step-up", "/membership"}]


def _address(path: str) -> str:
    given = {name: str(uuid4()) for name in ("case_id", "referral_id", "hand_off_id")}
    return path.format(**given, name="acceptance")


def test_there_are_forms() -> None:
    assert len(_POSTED) > 10


async def test_looking_changes_nothing(visit: Visit) -> None:
    visitor = await visit("social_worker")
    for path in _ONLY_POSTED:
        assert (await visitor.see(_address(path))).status in {404, 405}, path


async def test_a_form_without_the_sessions_token_changes_nothing(
    house: House, visit: Visit
) -> None:
    visitor = await visit("social_worker")
    for path in set(_POSTED) - {"/sign-in", "/quick-exit"}:
        for token in ("", "0" * 64, "é"):
            typed = {"key": str(uuid4()), "csrf": token}
            answer = await visitor.client.post(_address(path), data=typed)
            assert answer.status_code == 403, path
            assert "gone stale" in answer.text
    assert await house.rows("SELECT 1 FROM referral.audit_entry") == []


async def test_another_site_changes_nothing(house: House, visit: Visit) -> None:
    visitor = await visit("social_worker")
    for headers in ({"Sec-Fetch-Site": "cross-site"}, {"Sec-Fetch-Site": "same-site"}):
        for path in _POSTED:
            answer = await visitor.client.post(_address(path), data={}, headers=headers)
            assert answer.status_code == 403, path
    assert await house.rows("SELECT 1 FROM referral.audit_entry") == []
    assert len(await house.rows("SELECT 1 FROM agencies.session")) == 1


async def test_who_is_not_signed_in_is_sent_to_sign_in(house: House) -> None:
    answer = await house.stranger().post("/cases", data={"place": "ZZ-N"})
    assert answer.status_code == 303
    assert answer.headers["location"] == "/sign-in?next=/"


async def test_a_token_of_a_system_opens_no_page(house: House) -> None:
    answer = await house.client("social_worker").get("/hand-offs")
    assert answer.status_code == 403


async def test_a_form_that_acts_needs_its_key(visit: Visit, hand_off: UUID) -> None:
    visitor = await visit("social_worker")
    page = await visitor.see(f"/hand-offs/{hand_off}")
    assert (await visitor.send(page, "/acceptance", key="")).status == 400


async def test_the_same_key_with_other_words_is_refused(visit: Visit, hand_off: UUID) -> None:
    visitor = await visit("social_worker")
    page = await visitor.see(f"/hand-offs/{hand_off}")
    assert (await visitor.send(page, "/docket", docket__number="1")).status == 303
    assert (await visitor.send(page, "/docket", docket__number="2")).status == 422


_NO_FORMS = {
    "nul": (b"csrf=%00&key=1", "application/x-www-form-urlencoded"),
    "too long": (b"narrative=" + b"a" * 30_000, "application/x-www-form-urlencoded"),
    "broken": (b"--x\r\nbroken", "multipart/form-data; boundary=x"),
    "a file": (
        b'--x\r\nContent-Disposition: form-data; name="a"; filename="b"\r\n\r\nc\r\n--x--\r\n',
        "multipart/form-data; boundary=x",
    ),
    "json": (b"{}", "application/json"),
    "too many": (b"&".join(b"a%d=1" % n for n in range(3000)), "application/x-www-form-urlencoded"),
}


async def test_what_is_no_form_of_ours_gets_a_clear_answer(visit: Visit) -> None:
    visitor = await visit("social_worker")
    for what, (content, kind) in _NO_FORMS.items():
        headers = {"Content-Type": kind}
        answer = await visitor.client.post("/cases", content=content, headers=headers)
        assert answer.status_code in {400, 403, 422}, what
        assert "<h1" in answer.text, what


async def test_an_unknown_address_is_a_page_in_the_same_layout(visit: Visit) -> None:
    page = await (await visit("social_worker")).see("/no/such/page")
    assert page.status == 404
    assert "Case referral" in page.words
    assert page.answer.headers["content-type"].startswith("text/html")
