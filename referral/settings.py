"""Everything that may differ between two installations, read once at the outermost door.

Each setting is an environment variable ``REFERRAL_<NAME>``; a secret may come from a file instead,
named by ``REFERRAL_<NAME>_FILE``. An unreadable file stops the start: a service that quietly runs
without its key would lose what it is trusted with.
"""

from __future__ import annotations

import os
from enum import StrEnum
from ipaddress import ip_network
from pathlib import Path
from typing import Any, Final, Self
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})


class Environment(StrEnum):
    """Where this runs; the demo says "training" on every page."""

    DEMO = "demo"
    DEVELOPMENT = "development"
    PRODUCTION = "production"


class SecondFactors(StrEnum):
    """Whether an account without a second factor may do anything but enrol one."""

    OFFERED = "offered"
    DEMANDED = "demanded"


class MailSecurity(StrEnum):
    """How the way to the mail server is kept from others."""

    TLS = "tls"
    STARTTLS = "starttls"
    NONE = "none"


# What must be there before anybody beyond this machine is answered: what, and how it is set.
_DEMANDED: Final = (
    "second factors are only offered: set REFERRAL_SECOND_FACTORS=demanded (it is so by itself "
    "with REFERRAL_ENVIRONMENT=production)"
)
_KEYED: Final = (
    "no root key is given: make one with `openssl rand -base64 32`, keep a copy elsewhere, and "
    "name its file in REFERRAL_ROOT_KEY_FILE"
)
_BY_TLS: Final = (
    "nothing speaks TLS: name certificate and key in REFERRAL_TLS_CERT and REFERRAL_TLS_KEY (PEM), "
    "or the address of the proxy that does in REFERRAL_TRUSTED_PROXY"
)


class Settings(BaseSettings):
    """One installation. Times in seconds, sizes in bytes."""

    model_config = SettingsConfigDict(
        env_prefix="REFERRAL_", extra="ignore", hide_input_in_errors=True, env_ignore_empty=True
    )

    environment: Environment = Environment.DEVELOPMENT
    database_url: SecretStr | None = Field(
        default=None, description="PostgreSQL as role referral_app; without it one is started here"
    )
    worker_database_url: SecretStr | None = Field(
        default=None, description="PostgreSQL as role referral_worker"
    )
    auditor_database_url: SecretStr | None = Field(
        default=None, description="PostgreSQL as role referral_auditor_ro, for `audit verify`"
    )
    sequencer_database_url: SecretStr | None = Field(
        default=None, description="PostgreSQL as role referral_sequencer, for `log sequence`"
    )
    signer_database_url: SecretStr | None = Field(
        default=None, description="PostgreSQL as role referral_signer, for `log sign`"
    )
    reporter_database_url: SecretStr | None = Field(
        default=None, description="PostgreSQL as role referral_reporter, to count for releases"
    )
    migration_url: SecretStr | None = Field(
        default=None, description="PostgreSQL as an administrator, for `migrate` only"
    )
    host: str = Field(
        default="127.0.0.1", description="address to listen on; beyond loopback only when guarded"
    )
    port: int = Field(default=8000, ge=0, le=65535)
    data_dir: Path = Field(
        default=Path(".demo"), description="folder of the embedded PostgreSQL and its secrets"
    )
    root_key: SecretStr | None = Field(
        default=None,
        description="root keys, as `referral keys rotate` writes them; wrap every data key",
    )
    key_keeper: str | None = Field(
        default=None,
        description="who opens the root keys: `transit`, one installed beside, or `none`: in clear",
    )
    key_keeper_url: str | None = Field(
        default=None, description="address of the key keeper, with its mount"
    )
    key_keeper_key: str = Field(default="referral", description="the name of our key there")
    key_keeper_token: SecretStr | None = Field(
        default=None, description="what the key keeper knows this installation by"
    )
    log_origin: str | None = Field(
        default=None, description="the log's name and epoch, as log.example.gov/2026a"
    )
    log_key: SecretStr | None = Field(
        default=None, description="the log's private key, as `referral log key` makes it"
    )
    log_state: Path | None = Field(
        default=None, description="what the signer remembers; outside the database and its backups"
    )
    log_quorum: int = Field(default=2, ge=1, description="witnesses that make a checkpoint final")
    log_custodians: str = Field(
        default="",
        description="public keys of those of whom two may open a new epoch",
    )
    promise_key: SecretStr | None = Field(
        default=None,
        description="signs what acceptances are answered with; made beside an embedded database",
    )
    second_factors: SecondFactors | None = Field(
        default=None, description="demanded or only offered; production always demands them"
    )
    site: str | None = Field(
        default=None, description="what browsers call us, https://…; passkeys are made for it"
    )
    tls_cert: Path | None = Field(default=None, description="certificate chain, PEM")
    tls_key: Path | None = Field(default=None, description="its private key, PEM")
    trusted_proxy: str | None = Field(
        default=None, description="addresses or networks whose forwarded headers are believed"
    )
    pool_size: int = Field(default=8, ge=1, le=100)
    statement_timeout: int = Field(default=10, ge=1)
    body_limit: int = Field(default=1_000_000, description="largest request body accepted")
    attachment_limit: int = Field(default=10_000_000, description="largest file of a case")
    scanner: str | None = Field(
        default=None, description="ClamAV's daemon as HOST:PORT, or `none`: files are not scanned"
    )
    webhooks_loopback: bool = Field(
        default=False, description="for training: webhooks may go to this very machine, without TLS"
    )
    mail_host: str | None = Field(
        default=None, description="where mail is handed in; without it nobody is told by mail"
    )
    mail_port: int = Field(default=587, ge=1, le=65535)
    mail_security: MailSecurity = Field(
        default=MailSecurity.STARTTLS, description="tls from the start, starttls, or none: loopback"
    )
    mail_user: str | None = Field(default=None, description="what we sign in to it as")
    mail_password: SecretStr | None = Field(default=None, description="and with what")
    mail_ca: Path | None = Field(
        default=None, description="certificates its own is checked by, PEM; the system's if not set"
    )
    mail_sender: str | None = Field(default=None, description="the address mail comes from")
    mail_domains: str | None = Field(
        default=None, description="domains people's addresses must be of, separated by commas"
    )
    filing_limit: int = Field(default=4_000_000, description="the same for a report of many")

    @model_validator(mode="before")
    @classmethod
    def _secrets_from_files(cls, values: dict[str, Any]) -> dict[str, Any]:
        for name in cls.model_fields:
            path = os.environ.get(f"REFERRAL_{name.upper()}_FILE")
            if path is None:
                continue
            try:
                values[name] = Path(path).read_text(encoding="utf-8").strip()
            except OSError as fault:
                message = (
                    f"REFERRAL_{name.upper()}_FILE names {path}, which cannot be read "
                    f"({fault.strerror}). Give the service read access or correct the path."
                )
                raise ValueError(message) from fault
        return values

    @model_validator(mode="after")
    def _understood(self) -> Self:
        """Settings that contradict each other, or cannot be what they say."""
        if self.environment is Environment.PRODUCTION:
            if self.second_factors is SecondFactors.OFFERED:
                message = "REFERRAL_SECOND_FACTORS=offered is for training: leave it out."
                raise ValueError(message)
            self.second_factors = SecondFactors.DEMANDED
            if self.webhooks_loopback:
                message = "REFERRAL_WEBHOOKS_LOOPBACK is for training: leave it out."
                raise ValueError(message)
        if (self.tls_cert is None) != (self.tls_key is None):
            message = "REFERRAL_TLS_CERT and REFERRAL_TLS_KEY are set together or not at all."
            raise ValueError(message)
        if self.site is not None:
            self.site = _site(self.site)
        if self.mail_host is not None:
            _mailing(self)
        if self.trusted_proxy is not None:
            _networks(self.trusted_proxy)
        return self

    @model_validator(mode="after")
    def _guarded_beyond_loopback(self) -> Self:
        lacking = [] if self.second_factors is SecondFactors.DEMANDED else [_DEMANDED]
        lacking += [] if self.root_key is not None else [_KEYED]
        lacking += [] if self.tls_cert is not None or self.trusted_proxy is not None else [_BY_TLS]
        if self.host in LOOPBACK or not lacking:
            return self
        message = (
            f"{self.host} is not a loopback address, and beyond this machine nobody is answered "
            f"before everything is in place. Missing: {'; '.join(lacking)}."
        )
        raise ValueError(message)

    @property
    def by_tls(self) -> bool:
        """Whether browsers come by TLS, so that cookies may be bound to it."""
        guarded = self.tls_cert is not None or self.trusted_proxy is not None
        return guarded or self.environment is Environment.PRODUCTION


def _mailing(given: Settings) -> None:
    """A sender, a whole sign-in, and nothing in clear to another machine."""
    if given.mail_sender is None or "@" not in given.mail_sender:
        message = (
            "REFERRAL_MAIL_HOST is set: name in REFERRAL_MAIL_SENDER the address it comes from."
        )
        raise ValueError(message)
    if (given.mail_user is None) != (given.mail_password is None):
        message = "REFERRAL_MAIL_USER and REFERRAL_MAIL_PASSWORD are set together or not at all."
        raise ValueError(message)
    if given.mail_security is MailSecurity.NONE and given.mail_host not in LOOPBACK:
        message = (
            "REFERRAL_MAIL_SECURITY=none is for a mail server on this machine: who works for which "
            "agency would be read on the way. Use starttls or tls."
        )
        raise ValueError(message)


def _site(given: str) -> str:
    """Scheme, host and port alone; TLS, except on this machine."""
    parts = urlsplit(given)
    local = parts.scheme == "http" and parts.hostname == "localhost"
    plain = not (parts.path.strip("/") or parts.query or parts.fragment or parts.username)
    if not (parts.scheme == "https" or local) or not parts.hostname or not plain:
        message = "REFERRAL_SITE is an address such as https://referral.example.org, and no more."
        raise ValueError(message)
    return f"{parts.scheme}://{parts.netloc.lower()}"


def _networks(given: str) -> None:
    """Addresses and networks; never everybody."""
    for one in given.split(","):
        try:
            found = ip_network(one.strip())
        except ValueError:
            found = None
        if found is None or found.prefixlen == 0:
            message = (
                "REFERRAL_TRUSTED_PROXY lists addresses or networks, such as 10.0.0.5 or "
                "10.0.0.0/28, separated by commas; whoever is in it is believed about who calls."
            )
            raise ValueError(message)
