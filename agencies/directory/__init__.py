"""Who serves a mandate at a place on a day, and who an agency is.

Answers come from the database as it stands in the caller's transaction; nothing is remembered.
What this room must never know: a case, a person, why somebody asks.
"""

from agencies.directory.charged import (
    NATIONAL_FALL_BACK,
    Ask,
    Serving,
    Via,
    mandates_of,
    serving,
)
from agencies.directory.entries import AgencyEntry, Mandated, agencies_in, agency_named, places_in
from agencies.directory.units import UnitRef, intake_of, units_with

__all__ = [
    "NATIONAL_FALL_BACK",
    "AgencyEntry",
    "Ask",
    "Mandated",
    "Serving",
    "UnitRef",
    "Via",
    "agencies_in",
    "agency_named",
    "intake_of",
    "mandates_of",
    "places_in",
    "serving",
    "units_with",
]
