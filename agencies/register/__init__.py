"""The register of agencies as people write it: a file in, dated rows out.

``read`` turns a YAML or CSV file into a ``Register`` with every problem and its line; ``enter``
puts it into the directory, idempotently: what did not change is left alone, changes are dated.

What this package must never know: cases, protocols; nor today's date, which is handed in.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

from agencies.register.enter import enter
from agencies.register.entries import Problem, Register
from agencies.register.from_csv import read_csv
from agencies.register.from_yaml import read_yaml
from agencies.register.stored import Entered

__all__ = ["COUNTRIES", "Entered", "Problem", "Register", "enter", "read"]

# The sourced directories, one <iso2>.yaml each, and the cast.
COUNTRIES: Final = Path(__file__).parent.parent / "countries"
# Bytes; the largest country has thousands of agencies, not millions.
LARGEST: Final = 20 * 1024 * 1024


def read(path: Path) -> Register:
    """What the file says, with every problem found in it.

    YAML (``.yaml``, ``.yml``) is a whole country and all or nothing; CSV is row by row.
    Raises OSError when the file cannot be opened.
    """
    if path.stat().st_size > LARGEST:
        return Register.refused(
            path,
            f"the file is larger than {LARGEST // 2**20} MB",
            "Split it by country or province.",
        )
    if path.suffix.lower() in {".yaml", ".yml"}:
        return read_yaml(path.read_bytes(), path.name)
    if path.suffix.lower() == ".csv":
        return read_csv(path.read_bytes(), path.name)
    return Register.refused(
        path, f"{path.suffix or 'no ending'} is no kind of register", "Give a .yaml or a .csv file."
    )
