"""How mail is handed in: over TLS, signed in, and never in clear to another machine."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from datetime import UTC, datetime
from ipaddress import ip_address
from pathlib import Path
from uuid import UUID

import pytest
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from pydantic import ValidationError

from protocols.catalogue import Catalogue
from referral.installing import channels_of
from referral.notices import Later, Letter, Outcome, Told
from referral.notices.channels import Mailed
from referral.notices.mail import Mail, Server
from referral.settings import Environment, Settings
from tests.referral.notices.conftest import HOST, PostOffice, Taking

LETTER = Letter(UUID(int=7), "ZZ", "mail", UUID(int=8), (), 1, datetime(2026, 3, 2, tzinfo=UTC))


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A certificate for this machine, and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, HOST)])
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(datetime(2020, 1, 1, tzinfo=UTC))
        .not_valid_after(datetime(2040, 1, 1, tzinfo=UTC))
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ip_address(HOST))]), critical=False
        )
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    folder = tmp_path_factory.mktemp("tls")
    cert, secret = folder / "cert.pem", folder / "key.pem"
    cert.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    secret.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return cert, secret


def _let_in(
    _server: SMTP, _session: Session, _envelope: Envelope, _mechanism: str, given: object
) -> AuthResult:
    assert isinstance(given, LoginPassword)
    right = (given.login, given.password) == (b"referral", b"opensesame")
    return AuthResult(success=right, handled=False)


@pytest.fixture
def strict(certificate: tuple[Path, Path], unused_tcp_port: int) -> Iterator[tuple[Taking, int]]:
    """A server that takes mail only over TLS, from whoever has signed in."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(*certificate)
    taking = Taking()
    running = PostOffice(
        taking,
        hostname=HOST,
        port=unused_tcp_port,
        tls_context=context,
        require_starttls=True,
        auth_required=True,
        authenticator=_let_in,
    )
    running.start()
    yield taking, unused_tcp_port
    running.stop()


async def sent(server: Server) -> Outcome:
    mail = Mail(server, "notices@referral.example", None, lambda _: ("en",))
    letter = LETTER._replace(mail=Mailed("somebody@agency.example", None))
    return await mail.send(letter, LETTER.since)


async def test_it_is_handed_in_over_tls_and_signed_in(
    strict: tuple[Taking, int], certificate: tuple[Path, Path]
) -> None:
    taking, port = strict
    good = Server(HOST, port, "starttls", "referral", "opensesame", certificate[0])
    assert await sent(good) == Told()
    assert [mail["To"] for mail in taking.taken] == ["somebody@agency.example"]
    wrong = Server(HOST, port, "starttls", "referral", "guessed", certificate[0])
    assert await sent(wrong) == Later("mail_sign_in")


async def test_a_server_that_is_not_who_it_says_gets_nothing(strict: tuple[Taking, int]) -> None:
    taking, port = strict
    unknown = Server(HOST, port, "starttls", "referral", "opensesame")
    assert await sent(unknown) == Later("mail_down")
    in_clear = Server(HOST, port, "none")
    assert isinstance(await sent(in_clear), Later)
    assert taking.taken == []


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"mail_host": "mail.example"}, "MAIL_SENDER"),
        ({"mail_host": "mail.example", "mail_sender": "nobody"}, "MAIL_SENDER"),
        (
            {"mail_host": "mail.example", "mail_sender": "a@b.example", "mail_user": "u"},
            "MAIL_PASSWORD",
        ),
        (
            {"mail_host": "mail.example", "mail_sender": "a@b.example", "mail_security": "none"},
            "on this machine",
        ),
    ],
)
def test_half_a_setting_stops_the_start_and_says_what_is_missing(
    given: dict[str, str], said: str
) -> None:
    with pytest.raises(ValidationError, match=said):
        Settings(**given)  # type: ignore[arg-type]


def test_what_is_set_decides_the_channels(tmp_path: Path) -> None:
    law = Catalogue({})
    assert channels_of(Settings(), law) == ()
    server = Settings(mail_host="mail.example", mail_sender="a@b.example", mail_port=465)
    assert [channel.name for channel in channels_of(server, law)] == ["mail"]
    training = Settings(environment=Environment.DEMO, data_dir=tmp_path)
    [channel] = channels_of(training, law)
    assert isinstance(channel, Mail)
    assert not isinstance(channel.post, Server), "training reaches nobody"
