"""The solver behind disclosure control (HiGHS, MIT): loaded when first asked for, bounded by work.

One thread and a fixed seed, and a limit of nodes instead of seconds: the same puzzle has the same
answer on every machine, however busy it is.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final

_ALWAYS: Final = {"threads": 1, "random_seed": 1, "simplex_iteration_limit": 50_000}


def solver(options: Mapping[str, Any] = MappingProxyType({})) -> Any:
    """An empty programme that says nothing while it works."""
    import highspy  # noqa: PLC0415 - who publishes nothing loads no solver

    made: Any = highspy.Highs  # what ships its types leaves this one out
    found = made()
    found.setOptionValue("output_flag", False)  # noqa: FBT003 - as the library has it
    for option, value in {**_ALWAYS, **options}.items():
        found.setOptionValue(option, value)
    return found


def maximised(found: Any) -> None:
    """Say that more is better."""
    import highspy  # noqa: PLC0415 - as above

    found.changeObjectiveSense(highspy.ObjSense.kMaximize)


def whole(found: Any, columns: int) -> None:
    """Say that all are whole numbers."""
    import highspy  # noqa: PLC0415 - as above

    for column in range(columns):
        found.changeColIntegrality(column, highspy.HighsVarType.kInteger)


def solved(found: Any) -> bool:
    """Whether the last answer is the best there is."""
    import highspy  # noqa: PLC0415 - as above

    return bool(found.getModelStatus() == highspy.HighsModelStatus.kOptimal)
