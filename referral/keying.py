"""Commands for root keys: which there are, the next one, and data keys wrapped anew under it.

The order is: `rotate`, bring the file to every server (a running service reads it when it meets the
new key), `rewrap`. An older root key is destroyed only when no backup that may still be restored
was made before (security.md 5.2). No content passes here.
"""

from __future__ import annotations

import asyncio

from referral import installing, keeping
from referral.audit import Done
from referral.clock import utc_now
from referral.options import AsJson, DataDir, group, settings_with
from referral.rewrapping import rewrap, told, under
from referral.terminal import Terminal

keys = group("Root keys, which wrap every data key.")


@keys.command("list")
def list_keys(data_dir: DataDir = None, as_json: AsJson = False) -> None:
    """Each root key, who opens it, and how many data keys it wraps."""
    terminal, settings = Terminal(as_json), settings_with(data_dir)
    with installing.database(settings) as addresses:
        kept = keeping.kept(settings, embedded=addresses.embedded)
        counts = asyncio.run(under(addresses.of("migrator"))).counts
    missing = sorted(set(counts) - {key.number for key in kept})
    named = [(key.number, key.keeper or "in clear", counts.get(key.number, 0)) for key in kept]
    rows = [*named, *((number, "MISSING", counts[number]) for number in missing)]
    listed = [{"number": number, "opened_by": by, "data_keys": n} for number, by, n in rows]
    terminal.answer({"root_keys": listed})
    terminal.table("Root keys", ("number", "opened by", "data keys"), rows)


@keys.command("rotate")
def rotate(data_dir: DataDir = None, as_json: AsJson = False) -> None:
    """Add the next root key to the file; it wraps new data keys from then on."""
    terminal, settings = Terminal(as_json), settings_with(data_dir)
    with installing.database(settings) as addresses:
        added = keeping.rotated(settings, embedded=addresses.embedded)
        vault = keeping.vault_of(settings, embedded=addresses.embedded)
        asyncio.run(told(addresses.of("migrator"), vault, Done.KEY_ROTATED, now=utc_now()))
    terminal.answer({"number": added.number, "opened_by": added.keeper or "in clear"})
    terminal.say(
        f"Root key {added.number} is there. Keep a copy elsewhere, bring the file to every server, "
        "restart or wait, then run `referral keys rewrap`."
    )


@keys.command("rewrap")
def wrap_anew(data_dir: DataDir = None, as_json: AsJson = False) -> None:
    """Wrap every data key anew under the newest root key. Safe to break off and to repeat."""
    terminal, settings = Terminal(as_json), settings_with(data_dir)
    with installing.database(settings) as addresses:
        vault = keeping.vault_of(settings, embedded=addresses.embedded)
        with terminal.waiting("wrapping data keys") as tell:
            done = asyncio.run(
                rewrap(
                    addresses.of("migrator"), vault, lambda n: tell(f"{n} data keys wrapped anew")
                )
            )
        total = sum(done.counts.values())
        what = (addresses.of("migrator"), vault, Done.KEYS_REWRAPPED)
        asyncio.run(told(*what, now=utc_now(), wrapped_anew=total))
    terminal.answer({"newest": vault.newest, "wrapped_anew": total, "from": done.counts})
    terminal.say(f"{total} data keys wrapped anew under root key {vault.newest}.")
