"""Somebody else's server on this machine: it takes what it is sent, and answers as it is told."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
)
from cryptography.x509.oid import NameOID

HANGS: Final = b""
TAKEN: Final = b"HTTP/1.1 204 No Content\r\n\r\n"


def answering(status: str, *headers: str, body: bytes = b"") -> bytes:
    """An answer as it goes over the wire."""
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", *headers]
    return "\r\n".join([*lines, "", ""]).encode() + body


@dataclass(slots=True)
class Asked:
    """One request as it came."""

    line: str
    headers: dict[str, str]
    body: str


@dataclass(slots=True)
class Listening:
    """``answer``: of each request; nothing (``HANGS``): it is kept waiting until we end."""

    answer: Callable[[Asked], bytes]
    asked: list[Asked] = field(default_factory=list)
    names: list[str | None] = field(default_factory=list)  # asked for in TLS (SNI)
    port: int = 0
    over: asyncio.Event = field(default_factory=asyncio.Event)
    _talks: set[asyncio.Task[Any]] = field(default_factory=set)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One request a connection."""
        talk = asyncio.current_task()
        assert talk is not None
        self._talks.add(talk)
        try:
            line, *rest = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
            headers = {k.lower(): v for k, _, v in (one.partition(": ") for one in rest if one)}
            body = await reader.readexactly(int(headers.get("content-length", 0)))
            asked = Asked(line, headers, body.decode())
            self.asked.append(asked)
            told = self.answer(asked)
            if told == HANGS:
                await self.over.wait()
            writer.write(told)
            await writer.drain()
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass  # whoever asked has had enough, or it is over here
        finally:
            writer.close()
            self._talks.discard(talk)

    async def end(self) -> None:
        """Hangs up on whoever is still there: an open socket would outlive its test."""
        self.over.set()
        talks = [*self._talks]
        for talk in talks:
            talk.cancel()
        await asyncio.gather(*talks, return_exceptions=True)


@asynccontextmanager
async def listening(
    answer: Callable[[Asked], bytes] = lambda _: TAKEN,
    *,
    host: str = "127.0.0.1",
    port: int = 0,
    tls: ssl.SSLContext | None = None,
) -> AsyncIterator[Listening]:
    """A server, until the end of the block."""
    here = Listening(answer)
    if tls is not None:
        tls.sni_callback = lambda _, name, __: here.names.append(name)
    server = await asyncio.start_server(here.serve, host, port, ssl=tls)
    here.port = server.sockets[0].getsockname()[1]
    try:
        yield here
    finally:
        server.close()
        await here.end()


def certified(name: str, folder: Path) -> tuple[ssl.SSLContext, ssl.SSLContext]:
    """A certificate of this name: what its server speaks with, and who believes it."""
    key = ec.generate_private_key(ec.SECP256R1())
    called = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    made = (
        x509.CertificateBuilder()
        .subject_name(called)
        .issuer_name(called)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(datetime(2020, 1, 1, tzinfo=UTC))
        .not_valid_after(datetime(2100, 1, 1, tzinfo=UTC))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, SHA256())
    )
    file = folder / f"{name}.pem"
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    file.write_bytes(made.public_bytes(Encoding.PEM) + private)
    speaks = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    speaks.load_cert_chain(file)
    return speaks, ssl.create_default_context(cafile=str(file))
