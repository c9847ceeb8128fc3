"""Idle memory of the service with its embedded database: proportional share of every process."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

from tests.bench.load import request, send, served
from tests.bench.stand import new_stand

_SETTLE = 5  # seconds


def run() -> dict[str, Any]:
    """Serve a little, rest, then add up ``Pss`` of the service and of PostgreSQL."""
    with new_stand() as stand, served(stand, pool=8) as port:
        asked = request(port, stand.token("inspector"), "GET", "/api/v1/hand-offs")
        send(port, [asked] * 200, connections=16)
        time.sleep(_SETTLE)
        shares = {"service": 0, "database": 0}
        cluster = stand.folder / "postgresql" / "cluster"
        postmaster = int((cluster / "postmaster.pid").read_text("utf-8").split("\n", 1)[0])
        for folder in Path("/proc").glob("[0-9]*"):
            command = _read(folder / "cmdline")
            if f"tests.bench.server\0{port}" in command:
                shares["service"] += _share(folder)
            elif "postgres" in command.split("\0")[0] and _belongs(folder, postmaster):
                shares["database"] += _share(folder)
    total = sum(shares.values())
    return {
        **{k: round(v / 1024, 1) for k, v in shares.items()},
        "total_mb": round(total / 1024, 1),
        "needed": 400,
    }


def _read(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""


def _share(folder: Path) -> int:
    for line in _read(folder / "smaps_rollup").splitlines():
        if line.startswith("Pss:"):
            return int(line.split()[1])
    return 0


def _belongs(folder: Path, postmaster: int) -> bool:
    fields = _read(folder / "stat").rpartition(")")[2].split()
    parent = int(fields[1]) if len(fields) > 1 else 0
    return folder.name == str(postmaster) or parent == postmaster
