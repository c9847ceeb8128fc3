"""Where somebody else's address may lead us: only to listed hosts outside, and never for long."""

from __future__ import annotations

from contextlib import suppress
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from referral.notices.outbound import (
    Came,
    Reach,
    UnfitAddressError,
    fit,
    look,
    send,
)
from tests.listening import HANGS, TAKEN, answering, certified, listening

NAME = "cases.example.org"
LISTED = Reach(frozenset({(NAME, 443), (NAME, 8443)}))
HERE = Reach(frozenset(), loopback=True)
IMPATIENT = Reach(frozenset(), loopback=True, seconds=0.05)


@pytest.mark.parametrize("address", [f"https://{NAME}", f"https://{NAME}:8443/hooks?of=us"])
def test_a_listed_host_is_fit(address: str) -> None:
    assert fit(address, LISTED).host == NAME


UNFIT = (
    *(f"http://{NAME}/", f"https://{NAME}:444/", f"https://{NAME}:22/", "https://other.example/"),
    *(f"https://nora:secret@{NAME}/", f"https://nora@{NAME}/", f"https://{NAME}/#part"),
    *(f"https://{NAME}.evil.example/", f"https://evil.example/{NAME}", f"https://sub.{NAME}/"),
    *("https://127.0.0.1/", "https://10.0.0.1/", "https://169.254.169.254/latest/meta-data/"),
    *("https://[::1]/", "https://[::ffff:10.0.0.1]/", "https://[::ffff:a00:1]/", "https://127.1/"),
    *("https://2130706433/", "https://0x7f000001/", "https://0177.0.0.1/", "https://localhost/"),
    *("http://localhost/", "http://127.0.0.1/", f"ftp://{NAME}/", "file:///etc/passwd", "//x", ""),
    *(f"https://{NAME}\\@evil.example/", f"https://{NAME}\n/", f"https://{NAME} /", "javascript:1"),
    *(f"https://{NAME}/{'x' * 500}", "https://cases.exämple.org/", f"https://{NAME}:99999/"),
    "https://cases。example。org/",
)


@pytest.mark.parametrize("address", UNFIT)
def test_no_other_is(address: str) -> None:
    with pytest.raises(UnfitAddressError):
        fit(address, LISTED)


@given(st.text(max_size=60))
def test_whatever_is_typed_is_fit_or_refused(text: str) -> None:
    for address in (text, f"https://{text}", f"https://{NAME}{text}", f"https://{text}@{NAME}"):
        with suppress(UnfitAddressError):
            assert fit(address, LISTED).host == NAME


def test_this_machine_counts_only_where_the_operator_says_so() -> None:
    assert fit("http://127.0.0.1:8080/", HERE).port == 8080
    with pytest.raises(UnfitAddressError):
        fit("http://10.0.0.1/", HERE)


def leading_to(*addresses: str) -> Reach:
    """The listed hosts, whose names stand for these addresses."""

    async def resolve(_: str, __: int) -> tuple[str, ...]:
        return addresses

    return Reach(LISTED.hosts, resolve=resolve)


@pytest.mark.parametrize("inside", ["10.0.0.1", "127.0.0.1", "169.254.169.254", "::ffff:10.0.0.1"])
async def test_a_listed_name_that_leads_inside_is_refused_when_typed_and_when_sent_to(
    inside: str,
) -> None:
    for reach in (leading_to(inside), leading_to("8.8.8.8", inside)):
        with pytest.raises(UnfitAddressError, match="private network"):
            await look(f"https://{NAME}/", reach)
        told = await send(f"https://{NAME}/", {}, b"{}", reach)
        assert told.came is Came.NOT_ALLOWED


async def test_a_name_nobody_has_is_said_to_be_unknown() -> None:
    async def resolve(_: str, __: int) -> tuple[str, ...]:
        raise OSError("no such name")

    reach = Reach(LISTED.hosts, resolve=resolve)
    with pytest.raises(UnfitAddressError, match="not known"):
        await look(f"https://{NAME}/", reach)
    assert (await send(f"https://{NAME}/", {}, b"", reach)).came is Came.UNREACHABLE


async def test_a_public_name_may_be_kept() -> None:
    await look(f"https://{NAME}/", leading_to("8.8.8.8", "2606:4700::1"))


@pytest.mark.parametrize(
    ("answer", "came"),
    [
        (TAKEN, Came.TAKEN),
        (answering("200 OK", body=b"thank you"), Came.TAKEN),
        (answering("200 OK", "Content-Encoding: gzip", body=b"not packed"), Came.TAKEN),
        (answering("301 Moved", "Location: http://169.254.169.254/"), Came.REDIRECTED),
        (answering("307 Moved", "Location: /elsewhere"), Came.REDIRECTED),
        (answering("410 Gone"), Came.GONE),
        (answering("404 Not Found"), Came.DECLINED),
        (answering("429 Too Many Requests"), Came.BUSY),
        (answering("500 Fault"), Came.FAULTY),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\n" + b"x" * 500_000, Came.TAKEN),
        (b"HTTP/1.1 200 OK\r\nX: " + b"x" * 500_000, Came.UNREADABLE),
        (b"SSH-2.0-OpenSSH\r\n\r\n", Came.UNREADABLE),
        (b"\x00\x01\x02", Came.UNREADABLE),
    ],
)
async def test_what_becomes_of_an_answer(answer: bytes, came: Came) -> None:
    async with listening(lambda _: answer) as there:
        told = await send(f"http://127.0.0.1:{there.port}/", {"webhook-id": "1"}, b"{}", HERE)
    assert told.came is came
    assert len(there.asked) == 1, "nothing is followed"
    assert there.asked[0].headers["webhook-id"] == "1"


async def test_who_keeps_us_waiting_is_left() -> None:
    async with listening(lambda _: HANGS) as there:
        told = await send(f"http://127.0.0.1:{there.port}/", {}, b"{}", IMPATIENT)
    assert told.came is Came.TIMED_OUT


async def test_where_nobody_listens_nothing_is_reached() -> None:
    async with listening() as there:
        port = there.port
    assert (await send(f"http://127.0.0.1:{port}/", {}, b"{}", HERE)).came is Came.UNREACHABLE


async def test_a_certificate_that_is_not_believed_is_said_to_be_so(tmp_path: Path) -> None:
    speaks, _ = certified("localhost", tmp_path)
    async with listening(tls=speaks) as there:
        told = await send(f"https://localhost:{there.port}/", {}, b"{}", HERE)
    assert told.came is Came.UNTRUSTED
    assert there.asked == []


async def test_over_tls_the_name_is_asked_for(tmp_path: Path) -> None:
    speaks, believes = certified("localhost", tmp_path)
    reach = Reach(frozenset(), loopback=True, trusted=believes)
    async with listening(tls=speaks) as there:
        told = await send(f"https://localhost:{there.port}/hooks", {}, b"{}", reach)
    assert told.came is Came.TAKEN
    assert there.names == ["localhost"]


@pytest.mark.parametrize(
    ("said", "wait"),
    [
        ("120", timedelta(minutes=2)),
        ("99999999", timedelta(days=1)),
        ("9" * 40, None),
        ("-1", None),
        ("soon", None),
    ],
)
async def test_how_long_it_asks_to_be_left_alone(said: str, wait: timedelta | None) -> None:
    answer = answering("503 Busy", f"Retry-After: {said}")
    async with listening(lambda _: answer) as there:
        told = await send(f"http://127.0.0.1:{there.port}/", {}, b"{}", HERE)
    assert (told.came, told.wait) == (Came.BUSY, wait)
