"""How modules and law are loaded: nothing of them becomes garbage, so none is looked for."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def loading() -> Iterator[None]:
    """Looking for garbage would take a tenth of the time; what was loaded is left out for good."""
    collects = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        (gc.enable if collects else gc.disable)()
