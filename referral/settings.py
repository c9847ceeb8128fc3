"""Everything that may differ between two installations, read once at the outermost door.

Each setting is an environment variable ``REFERRAL_<NAME>``; a secret may come from a file instead,
named by ``REFERRAL_<NAME>_FILE``. An unreadable file stops the start: a service that quietly runs
without its key would lose what it is trusted with.
"""

from __future__ import annotations

import os
from enum import StrEnum
from pathlib import Path
from typing import Any, Self

from pydantic import Field, SecretStr, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})


class Environment(StrEnum):
    """Where this runs; the demo says "training" on every page."""

    DEMO = "demo"
    DEVELOPMENT = "development"
    PRODUCTION = "production"


class Settings(BaseSettings):
    """One installation. Times in seconds, sizes in bytes."""

    model_config = SettingsConfigDict(
        env_prefix="REFERRAL_", extra="ignore", hide_input_in_errors=True
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
    migration_url: SecretStr | None = Field(
        default=None, description="PostgreSQL as an administrator, for `migrate` only"
    )
    host: str = Field(
        default="127.0.0.1", description="address to listen on: loopback only for now"
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
    pool_size: int = Field(default=8, ge=1, le=100)
    statement_timeout: int = Field(default=10, ge=1)
    body_limit: int = Field(default=1_000_000, description="largest request body accepted")
    attachment_limit: int = Field(default=10_000_000, description="largest file of a case")
    scanner: str | None = Field(
        default=None, description="ClamAV's daemon as HOST:PORT, or `none`: files are not scanned"
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
    def _loopback_only(self) -> Self:
        if self.host not in LOOPBACK:
            message = (
                f"host {self.host} is not a loopback address. Until sign-in has second factors the "
                "service may only be reached from this machine; use 127.0.0.1."
            )
            raise ValueError(message)
        return self
