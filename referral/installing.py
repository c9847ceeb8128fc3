"""An installation put together: its database, its keys, its connections.

Embedded and external databases differ here and nowhere above. It must never know agencies, cases or
how anything is printed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime

from protocols.catalogue import Catalogue
from referral import keeping, log_keys
from referral.addresses import OWN, Addresses, MissingError, external, running
from referral.attachments.scanning import Scan, clamd, without
from referral.audit.key_files import SigningKey
from referral.clock import utc_now
from referral.database import make_engine
from referral.embedded import Embedded
from referral.entry import Installation
from referral.migrating import upgrade
from referral.notices import Channel
from referral.notices.mail import Mail, Server
from referral.notices.mailbox import FOLDER, Mailbox
from referral.notices.webhooks import Webhooks, reach_of, source_of
from referral.settings import Environment, Settings
from referral.vault import Vault


@contextmanager
def database(settings: Settings, *, fresh: bool = False, join: bool = True) -> Iterator[Addresses]:
    """The database this installation lives in, migrated if it is our own.

    The external one if any address of one is set. Otherwise the embedded one in ``data_dir``: with
    ``join`` the one another process has running there, or else started here and stopped at the end;
    ``fresh`` throws away what the folder held. Raises EmbeddedProblem.
    """
    given = external(settings)
    if given is not None:
        yield given
        return
    joined = running(settings.data_dir) if join and not fresh else None
    if joined is not None:
        yield joined
        return
    with Embedded.start(settings.data_dir, fresh=fresh) as started:
        if fresh:
            for file in (keeping.FILE, keeping.PROMISES):
                (settings.data_dir / file).unlink(missing_ok=True)
            log_keys.forget(settings.data_dir)
        upgrade(started.url("migrator"))
        yield Addresses({role: started.url(role) for role in OWN}, embedded=True)


def installation(
    settings: Settings,
    url: str,
    vault: Vault,
    catalogue: Catalogue,
    *,
    pool_size: int | None = None,
    clock: Callable[[], datetime] = utc_now,
    promiser: SigningKey | None = None,
    reporter_url: str | None = None,
) -> Installation:
    """Settings, connections, keys, law and clock, put together once."""
    engine = make_engine(
        url,
        pool_size=pool_size or settings.pool_size,
        statement_timeout=settings.statement_timeout,
    )
    reporter = (
        make_engine(reporter_url, pool_size=1, statement_timeout=120) if reporter_url else None
    )
    told = Webhooks(engine, vault, catalogue, source_of(settings), reach_of(settings))
    return Installation(
        settings,
        engine,
        vault,
        catalogue,
        clock,
        scan_of(settings),
        promiser=promiser,
        reporter=reporter,
        channels=(*channels_of(settings, catalogue), told),
    )


def channels_of(settings: Settings, catalogue: Catalogue) -> tuple[Channel, ...]:
    """How people are told beside the list here: by mail, in training into a folder."""

    def spoken(country: str) -> tuple[str, ...]:
        return catalogue.country(country).languages

    if settings.environment is Environment.DEMO:
        sender, box = "training@referral.invalid", Mailbox(settings.data_dir / FOLDER)
        return (Mail(box, sender, f"http://localhost:{settings.port}", spoken),)
    if settings.mail_host is None or settings.mail_sender is None:
        return ()
    password = settings.mail_password
    server = Server(
        settings.mail_host,
        settings.mail_port,
        settings.mail_security.value,
        settings.mail_user,
        password.get_secret_value() if password is not None else None,
        settings.mail_ca,
    )
    return (Mail(server, settings.mail_sender, settings.site, spoken),)


def scan_of(settings: Settings) -> Scan:
    """Who scans files; in production that must be said, be it that nobody does."""
    given = settings.scanner
    if given is None and settings.environment is Environment.PRODUCTION:
        message = (
            "REFERRAL_SCANNER is not set. Name ClamAV's daemon as HOST:PORT, so that no file is "
            "opened before it was scanned, or say `none` if they are scanned elsewhere."
        )
        raise MissingError(message)
    if given is None or given == "none":
        return without
    host, colon, port = given.rpartition(":")
    if not colon or not port.isdecimal():
        message = f"REFERRAL_SCANNER is {given}: name the daemon as HOST:PORT, as clamav:3310."
        raise MissingError(message)
    return clamd(host, int(port))
