"""What was checked is what is opened, and nothing inside a network is."""

from __future__ import annotations

import ssl
from collections.abc import Callable
from ipaddress import IPv4Address, IPv6Address, ip_address
from pathlib import Path

import httpx2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from agencies.fetching import Guarded
from agencies.reaching import (
    Pinned,
    RefusedAddressError,
    checked,
    is_loopback,
    is_public,
    resolved,
)
from tests.listening import Asked, answering, certified, listening

NAME = "cases.example.org"
INSIDE = (
    *("127.0.0.1", "127.8.9.10", "10.0.0.1", "172.16.0.1", "192.168.1.1", "169.254.169.254"),
    *("100.64.0.1", "0.0.0.1", "255.255.255.255", "224.0.0.1", "240.0.0.1", "192.0.2.1"),
    *("::1", "::", "fe80::1", "fe80::1%eth0", "fd00::1", "fd00:ec2::254", "fec0::1", "ff02::1"),
    *("::ffff:127.0.0.1", "::ffff:10.0.0.1", "::ffff:169.254.169.254", "::127.0.0.1"),
    *("64:ff9b::7f00:1", "64:ff9b::a9fe:a9fe", "64:ff9b:1::1", "2002:7f00:1::", "2002:a00:1::1"),
    *("2001:db8::1", "2001:0:808:808::f5ff:fffe"),
)
OUTSIDE = ("8.8.8.8", "2606:4700::1", "::ffff:8.8.8.8", "64:ff9b::808:808", "2002:808:808::1")


@pytest.mark.parametrize("address", INSIDE)
def test_nothing_inside_a_network_is_public(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize("address", OUTSIDE)
def test_what_is_public_is(address: str) -> None:
    assert is_public(address)


@given(st.ip_addresses(v=4))
def test_an_address_is_the_same_however_it_is_wrapped(address: IPv4Address) -> None:
    bits = int(address)
    wrapped = (
        IPv6Address((0xFFFF << 32) | bits),
        IPv6Address((0x0064_FF9B << 96) | bits),
        IPv6Address((0x2002 << 112) | (bits << 80) | 1),
    )
    assert {is_public(str(one)) for one in wrapped} == {is_public(str(address))}


@given(st.ip_addresses(v=6))
def test_of_ipv6_only_what_is_given_out_can_be_public(address: IPv6Address) -> None:
    carried = int(address) >> 32 in {0xFFFF, 0x0064_FF9B << 64}
    if is_public(str(address)) and not carried:
        assert int(address) >> 125 == 1


# Ways of writing 127.0.0.1 and 169.254.169.254 that some systems resolve: they come out the same.
NUMBERS = ("2130706433", "0x7f000001", "0177.0.0.1", "127.1", "0xa9fea9fe", "2852039166")


@pytest.mark.parametrize("host", NUMBERS)
async def test_a_number_however_written_leads_nowhere(host: str) -> None:
    with pytest.raises((RefusedAddressError, OSError)):
        await checked(host, 443)


@pytest.mark.parametrize("found", [(), ("8.8.8.8", "10.0.0.1"), ("nonsense",)])
async def test_one_address_inside_is_enough_to_refuse_a_name(found: tuple[str, ...]) -> None:
    async def resolve(_: str, __: int) -> tuple[str, ...]:
        return found

    with pytest.raises(RefusedAddressError):
        await checked(NAME, 443, resolve=resolve)


async def test_a_name_of_this_machine_is_resolved_to_it() -> None:
    assert all(is_loopback(one) for one in await resolved("localhost", 80))


def pinned_to(*addresses: str, longest: int = 100, verify: ssl.SSLContext | None = None) -> Pinned:
    async def find(_: httpx2.URL) -> tuple[str, ...]:
        return addresses

    return Pinned(find, longest, verify)


async def test_the_name_stays_in_host_and_certificate(tmp_path: Path) -> None:
    speaks, believes = certified(NAME, tmp_path)
    async with listening(lambda _: answering("200 OK", body=b"here"), tls=speaks) as there:
        async with pinned_to("127.0.0.1", verify=believes) as transport:
            request = httpx2.Request("GET", f"https://{NAME}:{there.port}/x?y")
            told = await transport.handle_async_request(request)
        assert (told.status_code, told.content) == (200, b"here")
        [asked] = there.asked
        assert asked.line == "GET /x?y HTTP/1.1"
        assert asked.headers["host"] == f"{NAME}:{there.port}"
        assert there.names == [NAME]


async def test_a_certificate_of_another_name_is_none(tmp_path: Path) -> None:
    speaks, believes = certified("other.example.org", tmp_path)
    async with listening(tls=speaks) as there:
        async with pinned_to("127.0.0.1", verify=believes) as transport:
            with pytest.raises(httpx2.ConnectError):
                await transport.handle_async_request(
                    httpx2.Request("GET", f"https://{NAME}:{there.port}/")
                )
        assert there.asked == []


async def test_a_connection_serves_one_request_alone() -> None:
    """Else another name at the same address would come in on the certificate of the first."""
    async with listening(lambda _: answering("200 OK")) as there:
        async with pinned_to("127.0.0.1") as transport:
            for _ in range(2):
                url = f"http://{NAME}:{there.port}/"
                await transport.handle_async_request(httpx2.Request("GET", url))
        assert len(there.asked) == 2


async def test_the_next_address_is_tried_where_nobody_listens() -> None:
    async with listening(lambda _: answering("200 OK")) as there:
        async with pinned_to("127.0.0.2", "127.0.0.1") as transport:
            url = f"http://{NAME}:{there.port}/"
            told = await transport.handle_async_request(
                httpx2.Request("POST", url, content=b"sent once")
            )
        assert told.status_code == 200
        assert [asked.body for asked in there.asked] == ["sent once"]


async def test_a_name_that_changes_after_the_check_changes_nothing() -> None:
    """Rebinding: the name is asked for once, and what came of it is what is opened."""
    answers = iter([("127.0.0.1",), ("127.0.0.2",)])

    async def resolve(_: str, __: int) -> tuple[str, ...]:
        return next(answers)

    async with (
        listening(lambda _: answering("200 OK")) as checked_one,
        listening(host="127.0.0.2", port=checked_one.port) as other,
    ):
        issuer = f"http://localhost:{checked_one.port}"
        async with Guarded(issuer, resolve) as transport:
            await transport.handle_async_request(httpx2.Request("GET", f"{issuer}/keys"))
        assert (len(checked_one.asked), len(other.asked)) == (1, 0)
        assert next(answers) == ("127.0.0.2",), "nobody asked a second time"


@pytest.mark.parametrize(
    "answer",
    [
        lambda _: answering("200 OK", body=b"x" * 101),
        lambda _: answering("200 OK", "Content-Encoding: gzip", body=b"x"),
        lambda _: b"HTTP/1.1 200 OK\r\n\r\n" + b"x" * 100_000,
    ],
)
async def test_what_is_too_long_or_packed_is_no_answer(answer: Callable[[Asked], bytes]) -> None:
    async with listening(answer) as there, pinned_to("127.0.0.1") as transport:
        with pytest.raises(RefusedAddressError):
            await transport.handle_async_request(
                httpx2.Request("GET", f"http://{NAME}:{there.port}/")
            )


@given(st.ip_addresses())
def test_whatever_is_an_address_is_judged(address: IPv4Address | IPv6Address) -> None:
    assert is_public(str(address)) in {True, False}
    assert not (is_public(str(address)) and ip_address(str(address)).is_loopback)
