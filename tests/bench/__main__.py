"""``python -m tests.bench NAME``: runs one benchmark and prints its figures as JSON."""

from __future__ import annotations

import argparse
import json
import sys


def main() -> int:
    """Choose and run."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench")
    parser.add_argument(
        "name", choices=["engine", "handoff", "inbox", "memory", "mutants", "walks"]
    )
    parser.add_argument("--each", type=int, default=60, help="acts per connection and round")
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--rows", type=int, default=1_000_000, help="hand-offs behind the inbox")
    parser.add_argument("--country", action="append", default=[], help="ZZ, …; all if left out")
    parser.add_argument("--steps", type=int, default=1_000_000, help="engine steps to walk")
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    if given.name == "handoff":
        from tests.bench import handoff

        found = handoff.run(each=given.each, rounds=given.rounds)
    elif given.name == "inbox":
        from tests.bench import inbox

        found = inbox.run(rows=given.rows)
    elif given.name == "mutants":
        from tests.bench import mutants

        found = mutants.run(tuple(given.country))
    elif given.name == "walks":
        from tests.bench import walks

        found = walks.run(tuple(given.country), steps=given.steps, seed=given.seed)
    elif given.name == "engine":
        from tests.bench import engine

        found = engine.run()
    else:
        from tests.bench import memory

        found = memory.run()
    json.dump(found, sys.stdout, indent=2)
    sys.stdout.write("\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
