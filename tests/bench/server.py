"""The service as it is served, in a process of its own: one worker, uvloop, no access log, logs in JSON."""

from __future__ import annotations

import os
import sys

import uvicorn

from protocols.catalogue import Catalogue
from referral import logs
from referral.app import make_app
from referral.audit.key_files import SigningKey
from referral.database import make_engine
from referral.entry import Installation
from referral.settings import Settings
from referral.vault import Vault


def main() -> None:
    """``python -m tests.bench.server PORT``; the database and the key come from the environment."""
    promiser = os.environ["BENCH_PROMISER"]
    installation = Installation(
        settings=Settings(),
        engine=make_engine(os.environ["BENCH_URL"], pool_size=int(os.environ["BENCH_POOL"])),
        vault=Vault.from_text(os.environ["BENCH_KEY"]),
        catalogue=Catalogue.load(only=["ZZ"]),
        promiser=SigningKey.read(promiser) if promiser else None,
    )
    logs.configure(as_json=True)
    uvicorn.run(
        make_app(installation),
        port=int(sys.argv[1]),
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
    )


if __name__ == "__main__":
    main()
