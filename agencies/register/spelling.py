"""The words of a register that are closed lists or have a fixed form, in YAML as in CSV.

What this file must never know: what an entry made of them looks like.
"""

from __future__ import annotations

import re
from typing import Final

KEY: Final = re.compile(r"[A-Z0-9][A-Z0-9_-]*")
MANDATE: Final = re.compile(r"[A-Z][A-Z0-9_]*")
COUNTRY: Final = re.compile(r"[A-Z]{2}")
LEVELS: Final = ("national", "provincial", "municipal")
GRADES: Final = ("V", "R", "K")  # verified, recalled, known but unsourced: as in the domain notes
AGENCY_TYPES: Final = (  # standards 5.6
    "LABOUR_INSPECTORATE",
    "POLICE",
    "SPECIALISED_POLICE_UNIT",
    "PROSECUTION",
    "SOCIAL_SERVICES",
    "CHILD_PROTECTION",
    "SHELTER",
    "HEALTH",
    "LEGAL_AID",
    "IMMIGRATION",
    "HOTLINE",
    "COORDINATION_BODY",
    "NGO",
    "INTERNATIONAL_ORGANISATION",
)
PRIORITY: Final = 100  # when a file says nothing; lower is asked first
INTAKE: Final = "INTAKE"  # key of the unit that receives, when a file says nothing
