"""``python -m tests.bench NAME``: runs one benchmark and prints its figures as JSON."""

from __future__ import annotations

import argparse
import json
import sys
from importlib import import_module
from pathlib import Path

# Each benchmark is a module with a function ``run``; these are the options it takes.
BENCHES = {
    "access_mutants": (),
    "audit_mutants": ("files", "most", "seed"),
    "cancelled": ("requests",),
    "decide": (),
    "engine": (),
    "group": ("persons",),
    "handoff": ("each", "rounds"),
    "inbox": ("rows",),
    "lapse": ("cases", "seed"),
    "locks": ("times",),
    "log_cost": ("each", "rounds"),
    "log_lag": ("seconds",),
    "log_size": ("entries", "times"),
    "memory": (),
    "mutants": ("countries",),
    "receipts": ("acts",),
    "releases": ("people", "seed"),
    "reminders": ("cases", "rows", "seed"),
    "oversight": ("rows", "seed", "keep"),
    "replay_cases": ("cases",),
    "signin": ("times",),
    "tampering": ("mutations", "histories", "seed"),
    "verify": ("entries",),
    "walks": ("countries", "steps", "seed"),
}


def main() -> int:
    """Choose and run."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench")
    parser.add_argument("name", choices=sorted(BENCHES))
    parser.add_argument("--acts", type=int, default=1500, help="hand-offs accepted")
    parser.add_argument("--cases", type=int, default=200_000, help="cases of the past replayed")
    parser.add_argument("--country", action="append", dest="countries", default=[], help="ZZ, …")
    parser.add_argument("--each", type=int, default=60, help="acts per connection and round")
    parser.add_argument("--entries", type=int, default=1_000_000, help="of the (large) log")
    parser.add_argument("--file", action="append", dest="files", default=[], help="proof.py, …")
    parser.add_argument("--histories", type=int, default=1_000, help="honest logs verified")
    parser.add_argument("--keep", type=Path, help="folder of filled databases, for another run")
    parser.add_argument("--most", type=int, default=0, help="mutants of one file; 0: all")
    parser.add_argument("--mutations", type=int, default=10_000, help="hands laid on a log")
    parser.add_argument("--people", type=int, default=40_000, help="of a released year")
    parser.add_argument("--persons", type=int, default=1000, help="of one event")
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--requests", type=int, default=20_000, help="half of them cancelled")
    parser.add_argument("--seconds", type=int, default=60, help="of writing at a steady rate")
    parser.add_argument(
        "--rows", type=int, default=1_000_000, help="hand-offs behind inbox and oversight"
    )
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--steps", type=int, default=1_000_000, help="engine steps to walk")
    parser.add_argument("--times", type=int, default=200, help="acts or sign-ins measured")
    given = vars(parser.parse_args())
    wanted = {name: given[name] for name in BENCHES[given["name"]]}
    found = import_module(f"tests.bench.{given['name']}").run(**wanted)
    json.dump(found, sys.stdout, indent=2)
    sys.stdout.write("\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
