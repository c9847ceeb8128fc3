"""``python -m tests.bench NAME``: runs one benchmark and prints its figures as JSON."""

from __future__ import annotations

import argparse
import json
import sys


def main() -> int:
    """Choose and run."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench")
    parser.add_argument("name", choices=["group", "handoff", "inbox", "memory"])
    parser.add_argument("--each", type=int, default=60, help="acts per connection and round")
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--persons", type=int, default=1000, help="of one event (group)")
    parser.add_argument("--rows", type=int, default=1_000_000, help="hand-offs behind the inbox")
    given = parser.parse_args()
    if given.name == "handoff":
        from tests.bench import handoff

        found = handoff.run(each=given.each, rounds=given.rounds)
    elif given.name == "inbox":
        from tests.bench import inbox

        found = inbox.run(rows=given.rows)
    elif given.name == "group":
        from tests.bench import group

        found = group.run(persons=given.persons)
    else:
        from tests.bench import memory

        found = memory.run()
    json.dump(found, sys.stdout, indent=2)
    sys.stdout.write("\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
