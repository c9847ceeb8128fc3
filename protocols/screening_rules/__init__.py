"""The screening rules of standards section 3, each under its own id: these tables are the standard.

1. What must live here: every rule, in the order of the text, with the text's condition beside it.
2. What this folder must not know: countries (their law comes in as ``Parameters``) and people.
3. A rule fires on what is recorded. Not known is never false: a rule that clears somebody needs
   the answers it clears her with.

How a table is read. A table is a tuple of tiers. Tiers are tried from the top; the first tier in
which any rule holds decides, and all its rules that hold are reported ("stop" in the standard).
Then the cross rules run once, in their order; they only raise.
"""

from __future__ import annotations

from collections.abc import Mapping

from protocols.screening_rules.child_labour import CHILD_LABOUR
from protocols.screening_rules.forced_labour import FORCED_LABOUR
from protocols.screening_rules.rows import CL, FL, HT, Table
from protocols.screening_rules.trafficking import TRAFFICKING

TABLES: Mapping[str, Table] = {CL: CHILD_LABOUR, FL: FORCED_LABOUR, HT: TRAFFICKING}
