"""How much of the log the tests really hold: each place of its code is broken once, and missed."""

from __future__ import annotations

import random
from typing import Any

from tests.bench.breaking import Mutant, figures, of_code
from tests.bench.forking import all_forked

_LOG = "tests/referral/log"
# The slow sweeps of every size up to 256 say nothing more than the others; nor do attacks at a
# second place of the log. Processes that are killed have code of their own, which is not changed.
_NOT = ("-k", "not up_to_256 and not moved-17 and not 29 and not killed")
_PURE = tuple(f"{_LOG}/test_{name}.py" for name in ("proof", "verifier"))
_FORM = tuple(f"{_LOG}/test_{name}.py" for name in ("when_to_sign", "statements", "keys"))
_STORED = tuple(f"{_LOG}/test_{name}.py" for name in ("read_on", "roots", "watching", "tampering"))
_TOLD = "tests/referral/test_system_stream.py"
_WRITTEN = (f"{_LOG}/test_ledger.py",)
_RUNNING = tuple(f"{_LOG}/test_{name}.py" for name in ("standing", "public", "witness", "epochs"))
_DECLARED = f"{_LOG}/test_declared.py"
_WHOLE = (f"{_LOG}/test_side_by_side.py", _DECLARED)
_HELD_BY: dict[str, tuple[str, ...]] = {
    "proof.py": (*_PURE, "tests/stories/test_evidence_across.py"),
    "merkle.py": _PURE,
    **dict.fromkeys(("memory.py", "timekeeping.py", "statements.py", "openings.py"), _FORM),
    **dict.fromkeys(("key_files.py", "findings.py"), _FORM),
    **dict.fromkeys(("chains.py", "roots.py"), _STORED),
    "forgotten.py": (f"{_LOG}/test_read_on.py", "tests/stories/test_erased_notes.py"),
    **dict.fromkeys(("__init__.py", "ledger.py"), _WRITTEN),
    "verify.py": _WHOLE,
    "streams.py": (_TOLD,),
    "signer.py": tuple(f"{_LOG}/test_{name}.py" for name in ("signer", "going_on", "epochs")),
    "sequencer.py": tuple(f"{_LOG}/test_{name}.py" for name in ("sequencer", "going_on", "epochs")),
    "checkpoints.py": _RUNNING,
    "alarms.py": (f"{_LOG}/test_alarms.py", f"{_LOG}/test_standing.py"),
    "state_files.py": (f"{_LOG}/test_watching.py",),
    "standing.py": tuple(f"{_LOG}/test_{name}.py" for name in ("watching", "standing")),
    **dict.fromkeys(("promises.py", "receipts.py"), ("tests/stories/test_receipt.py",)),
    **dict.fromkeys(("witness.py", "remote.py"), (f"{_LOG}/test_witness_alone.py",)),
    "witnesses.py": (f"{_LOG}/test_witness.py", f"{_LOG}/test_cosignatures.py", _DECLARED),
    **dict.fromkeys(("epochs.py", "announcing.py"), (*_RUNNING, _DECLARED)),
    "declared.py": (_DECLARED, f"{_LOG}/test_epochs.py"),
    "together.py": (f"{_LOG}/test_together.py",),
}
# Survivors that change nothing anybody could see.
_SAME: dict[str, str] = {
    "full = (old & -old)": "of -2^k the lowest one bit and all above it are as many bits as 2^k",
    "for one in lines if one))": "a line that does not match was refused just above; for mypy only",
    "_told(found[-1], asked.quorum)": "all entries of a bundle are under one and the same checkpoint",
    "maxsplit=1)[0]": "only what stands before the first comma is taken",
    "zip(_FIELDS, (last, kept": "as many names as values, always",
    "zip(ids, ends, strict=True)": "as many beginnings as ends, always",
    "begin = leaves.begins.get(tree.epoch, 0)": "a tree without leaves has no rows, wherever it begins",
    "_BATCH: Final": "how many rows are fetched at a time",
    "if monotonic() - beaten >= PULSE": "no two readings of that clock are five seconds apart exactly",
    "return shown.size > before.size": "of one size they were compared before",
    "max(numbers, default=0)": "without an epoch there is none between the first and the last",
    "min(used, default=0), max(epochs, default=0)": "where no entry has a place nothing is linked",
    "zip(mine, ranges, strict=True)": "as many ways as places, always",
    "_FEW: Final": "from how many entries on several read: they find the same",
    "150_000  # entries a reader": "how many entries a reader takes on at a time",
    "room.truncate(max(1": "no file of nothing can be mapped; how much more it has is all one",
    "_CHUNK: Final": "how many headers are hashed at a time",
    "constant: BATCH: Final": "how many entries are placed at a time",
    "constant: values = (memory.epoch": "who remembers nothing does not ask what was published of it",
    'constant: return "0", UUID(int=0)': "no transaction is number nought, whichever id is beside it",
    "self._memory.epoch > epoch.number": "nobody is led into the epoch he stands in",
    'way = "forward" if jump > timedelta(0)': "a jump is at least five seconds, so never nought",
}


def run(*, files: list[str], most: int, seed: int) -> dict[str, Any]:
    """Break each of ``files`` (all that are held, if none is named); per file and in all.

    ``most``: of a file with more mutants only so many are tried, chosen by ``seed``; 0 means all.
    """
    names = files or list(_HELD_BY)
    mutants = [one for name in names for one in _chosen(name, most, seed)]
    killed = all_forked("audit", mutants, {name: _HELD_BY[name] for name in names}, _NOT)
    return {
        **{name: _of(name, mutants, killed) for name in names},
        "in all": figures(mutants, killed, _SAME),
    }


def _chosen(file: str, most: int, seed: int) -> list[Mutant]:
    whole = list(of_code("audit", file, asking=True))
    chance = random.Random(f"{seed} {file}")  # noqa: S311 - which are tried, no secret
    return whole if not 0 < most < len(whole) else chance.sample(whole, most)


def _of(file: str, mutants: list[Mutant], killed: list[bool]) -> str:
    dead = [one for (_, of, _), one in zip(mutants, killed, strict=True) if of == file]
    return f"{sum(dead)} of {len(dead)}"
