"""Served to others: by TLS or through the proxy that is declared, and to nobody else."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import httpx
import pytest
import uvicorn
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from pydantic import SecretStr

from referral import edge
from referral.serving import certified, configured
from referral.settings import Environment, Settings
from tests.cast import House

ANYWHERE = "0.0.0.0"  # noqa: S104 - the setting; the tests' socket is on loopback
FORWARDED = {"X-Forwarded-Proto": "https", "X-Forwarded-For": "203.0.113.9"}


def guarded(**given: Any) -> Settings:
    """What may be reached by others."""
    return Settings(
        environment=Environment.PRODUCTION, host=ANYWHERE, root_key=SecretStr("AAAA"), **given
    )


@asynccontextmanager
async def served(house: House, settings: Settings) -> AsyncIterator[int]:
    """The port at which the house is served with these settings."""
    config = configured(replace(house.installation, settings=settings))
    config.host, config.port, config.lifespan = "127.0.0.1", 0, "off"
    server = uvicorn.Server(config)
    running = asyncio.create_task(server.serve())
    while not server.started:
        await asyncio.sleep(0)
    yield server.servers[0].sockets[0].getsockname()[1]
    server.should_exit = True
    await running


@asynccontextmanager
async def visited(house: House, settings: Settings) -> AsyncIterator[httpx.AsyncClient]:
    """Somebody who calls without TLS."""
    async with (
        served(house, settings) as port,
        httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}") as client,
    ):
        yield client


def written(folder: Path) -> tuple[Path, Path]:
    """A certificate for 127.0.0.1, and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "tests")])
    now = datetime.now(UTC)  # noqa: TID251 - TLS itself looks at the clock
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False
        )
        .sign(key, hashes.SHA256())
    )
    cert_file, key_file = folder / "cert.pem", folder / "key.pem"
    cert_file.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    key_file.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return cert_file, key_file


async def test_by_tls_it_answers_and_tells_browsers_to_stay(house: House, tmp_path: Path) -> None:
    cert, key = written(tmp_path)
    settings = guarded(tls_cert=cert, tls_key=key)
    certified(settings)
    async with served(house, settings) as port:
        trusting = ssl.create_default_context(cafile=cert)
        async with httpx.AsyncClient(verify=trusting) as client:
            page = await client.get(f"https://127.0.0.1:{port}/sign-in")
        async with httpx.AsyncClient() as plain:
            with pytest.raises(httpx.RemoteProtocolError):
                await plain.get(f"http://127.0.0.1:{port}/sign-in")
    assert page.status_code == 200
    assert page.headers["strict-transport-security"] == edge.STRICT_TRANSPORT


async def test_what_the_declared_proxy_forwards_is_believed(house: House) -> None:
    async with visited(house, guarded(trusted_proxy="127.0.0.1")) as client:
        page = await client.get("/sign-in", headers=FORWARDED)
        counts = await client.get("/metrics", headers=FORWARDED)
        clear = await client.get("/sign-in")
    assert page.status_code == 200
    assert counts.status_code == 404, "counts are for this machine alone"
    assert clear.status_code == 403, "the proxy itself was asked in the clear"


async def test_nobody_elses_word_is_taken(house: House) -> None:
    async with visited(house, guarded(trusted_proxy="10.0.0.5")) as client:
        answers = [
            await client.get("/sign-in", headers=FORWARDED),
            await client.post("/sign-in", headers=FORWARDED, data={"user_name": "x"}),
            await client.get("/api/v1/hand-offs", headers=FORWARDED),
        ]
        health = await client.get("/health/live")
    assert [answer.status_code for answer in answers] == [403, 403, 403]
    for answer in answers:
        assert "set-cookie" not in answer.headers
        for name, value in edge.SECURITY.items():
            assert answer.headers[name] == value
    assert health.status_code == 200


def test_tls_files_that_cannot_be_used_are_named_before_anything_starts(tmp_path: Path) -> None:
    cert, key = written(tmp_path)
    other = tmp_path / "other"
    other.mkdir()
    _, foreign = written(other)
    for wrong in ((cert, foreign), (key, key), (tmp_path / "none", key)):
        with pytest.raises(OSError, match="REFERRAL_TLS_CERT") as fault:
            certified(Settings(tls_cert=wrong[0], tls_key=wrong[1]))
        assert str(wrong[0]) in str(fault.value)
