"""A version that is only a draft, beside those of its country: to be weighed before it is signed.

Nothing in the country's own folder is touched; the copy is gone when the weighing ends.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from protocols.shelves import FOLDER

_DAY = re.compile(r"^takes_force: *([0-9-]+)", re.MULTILINE)


@contextmanager
def beside(
    country: str, track: str, draft: Path, folder: Path = FOLDER
) -> Iterator[tuple[Path, str]]:
    """A folder that holds the country with the draft in it, and the day the draft names.

    Raises LookupError when there is no such country or track, or the draft names no day of its own.
    """
    source = folder / country.lower()
    if not (source / track).is_dir():
        message = f"there is no track '{track}' of '{country}' a draft could stand beside"
        raise LookupError(message)
    found = _DAY.search(draft.read_text(encoding="utf-8"))
    if found is None or (source / track / f"{found[1]}.yaml").exists():
        day = "no day" if found is None else f"{found[1]}, the day of a version there is"
        message = f"the draft {draft.name} takes force on {day}: give it a day of its own"
        raise LookupError(message)
    with TemporaryDirectory() as made:
        shutil.copytree(source, Path(made) / source.name)
        shutil.copy(draft, Path(made) / source.name / track / f"{found[1]}.yaml")
        yield Path(made), found[1]
