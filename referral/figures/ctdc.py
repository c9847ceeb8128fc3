"""The CTDC layout of 27 columns (standards 6.2), for a national focal point, never published.

Flags are 1 or empty; empty means "not known or no". Only what G1 knows is filled: citizenship is
identity (G2), and months, recruiter and kind of sexual service are no facts of ours. Our age bands
are wider than the layout's: a band that lies in none of its bands is left empty, never guessed.

Disclosure control: k-anonymity with k = 11 on all columns together. Of people whose combination is
rarer, columns are emptied from the last of ``_KEPT`` on, until eleven agree; whom that does not
help stands in no row.
"""

from __future__ import annotations

import csv
import hashlib
import io
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

import pycountry

from protocols.control_methods import CONTROL_METHODS

K: Final = 11
COLUMNS: Final = (
    *("yearOfRegistration", "gender", "ageBroad", "citizenship", "CountryOfExploitation"),
    *("traffickMonths", "meansDebtBondageEarnings", "meansThreats", "meansAbusePsyPhySex"),
    *("meansFalsePromises", "meansDrugsAlcohol", "meansDenyBasicNeeds", "meansExcessiveWorkHours"),
    *("meansWithholdDocs", "isForcedLabour", "isSexualExploit", "isOtherExploit"),
    *("typeOfLabourAgriculture", "typeOfLabourConstruction", "typeOfLabourDomesticWork"),
    *("typeOfLabourHospitality", "typeOfSexProstitution", "typeOfSexPornography"),
    *("recruiterRelationIntimatePartner", "recruiterRelationFriend", "recruiterRelationFamily"),
    "recruiterRelationOther",
)
_GENDER: Final = {"female": "Woman", "male": "Man"}  # "other" is not said to be any of theirs
_AGE: Final = {"12-14": "09--17", "15-17": "09--17", "60+": "48+"}
_SEXUAL: Final = {"SEXUAL_EXPLOITATION", "CHILD_SEXUAL_MATERIAL"}
_LABOUR: Final = "FORCED_LABOUR"
_SECTOR: Final = {  # ISIC sections; agriculture (A01) is narrower than our A, so it stays empty
    "F": "typeOfLabourConstruction",
    "T": "typeOfLabourDomesticWork",
    "I": "typeOfLabourHospitality",
}
_IMAGINARY: Final = {"ZZ": "ZZZ"}  # ISO 3166-1 leaves both to their users
# What is kept longest comes first; each line is emptied at once.
_KEPT: Final[tuple[tuple[str, ...], ...]] = (
    ("yearOfRegistration", "CountryOfExploitation"),
    ("isForcedLabour", "isSexualExploit", "isOtherExploit"),
    ("gender",),
    ("ageBroad",),
    tuple(name for name in COLUMNS if name.startswith("means")),
    tuple(name for name in COLUMNS if name.startswith("typeOf")),
)
Row = tuple[str, ...]
DEFINITION: Final = hashlib.sha256(",".join(COLUMNS).encode()).hexdigest()  # of the layout


def alpha_3(country: str) -> str:
    """ISO 3166-1 alpha-3 of a code of two letters. Raises LookupError."""
    found = pycountry.countries.get(alpha_2=country)
    if found is not None:
        return str(found.alpha_3)
    if country in _IMAGINARY:
        return _IMAGINARY[country]
    raise LookupError(f"{country} is no country of ISO 3166-1.")


def row_of(country: str, year: int, known: Mapping[str, Any]) -> Row:
    """One row: what G1 knows of somebody, in the words of the layout."""
    purposes = set(known.get("purposes") or ())
    flags = {
        CONTROL_METHODS[code].ctdc
        for code in known.get("control_methods") or ()
        if code in CONTROL_METHODS
    }
    flags |= {"isForcedLabour"} if _LABOUR in purposes else set()
    flags |= {"isSexualExploit"} if purposes & _SEXUAL else set()
    flags |= {"isOtherExploit"} if purposes - _SEXUAL - {_LABOUR} else set()
    flags |= {"typeOfSexPornography"} if "CHILD_SEXUAL_MATERIAL" in purposes else set()
    if _LABOUR in purposes:
        flags.add(_SECTOR.get(str(known.get("sector") or "")))
    told = dict.fromkeys(COLUMNS, "") | {name: "1" for name in flags if name}
    told |= {
        "yearOfRegistration": str(year),
        "gender": _GENDER.get(str(known.get("sex")), ""),
        "ageBroad": _AGE.get(str(known.get("age_band")), ""),
        "CountryOfExploitation": alpha_3(country),
    }
    return tuple(told[name] for name in COLUMNS)


def anonymous(people: Iterable[tuple[Row, int]], k: int = K) -> Counter[Row]:
    """How many people each released row stands for: ``k`` or more, whichever row it is."""
    left: Counter[Row] = Counter()
    for row, count in people:
        left[row] += count
    released: Counter[Row] = Counter()
    for kept in range(len(_KEPT), 0, -1):
        emptied: Counter[Row] = Counter()
        for row, count in left.items():
            emptied[_emptied(row, kept)] += count
        enough = {row: n for row, n in emptied.items() if n >= k or released[row]}
        released.update(enough)
        left = Counter({row: n for row, n in emptied.items() if row not in enough})
    return +released


def _emptied(row: Row, kept: int) -> Row:
    names = {name for line in _KEPT[:kept] for name in line}
    return tuple(value if name in names else "" for name, value in zip(COLUMNS, row, strict=True))


def as_csv(rows: Mapping[Row, int]) -> bytes:
    """The file: a line for each person, all of it quoted text, so that no code reads as missing."""
    written = io.StringIO(newline="")
    lines = csv.writer(written, quoting=csv.QUOTE_ALL, lineterminator="\r\n")
    lines.writerow(COLUMNS)
    ordered: Sequence[Row] = sorted(rows)
    for row in ordered:
        lines.writerows([row] * rows[row])
    return written.getvalue().encode()
