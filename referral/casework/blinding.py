"""What a person can be found again by, and nobody can read: values made alike, then blinded.

Name with date of birth, document number, telephone: each is brought to one form, and only its HMAC
under a key of the country is kept (security.md 5.4). Exact match only: part of a name finds nobody.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any, Final
from uuid import UUID, uuid4

from protocols.buddhist_era import day_in
from referral.audit.ledger import Ledger
from referral.database import as_json
from referral.session import ReadSession, keys_of
from referral.vault import SubjectKey

_DOCUMENT: Final = 5  # characters: fewer would be found with everybody
_ACCENTS: Final = re.compile("[\u0300-\u036f]")  # of Latin letters; Thai vowels are letters
_NAMES: Final = ("name", "other_names")
_DOCUMENTS: Final = ("document", "papers")
_TELEPHONES: Final = ("contact", "telephone")


async def country_key(session: ReadSession) -> SubjectKey:
    """The key of the caller's country; the first who needs it makes it."""
    asking = "SELECT referral.country_key($1::jsonb)"
    row = await as_json(session.connection, asking, None)
    if row is None:
        _, made = session.vault.new_key(uuid4(), "country")
        offered = f'{{"subject": "{made.subject}", "version": {made.version}, '
        offered += f'"wrapped": "{made.wrapped.hex()}"}}'
        row = await as_json(session.connection, asking, offered)
    [(_, key)] = keys_of(session, [row]).items()
    return key


def findable(identity: Mapping[str, Any], country: str) -> Iterator[tuple[str, str]]:
    """Kind and normalised value of everything this identity can be found by."""
    born = _born_on(str(identity.get("born_on") or ""))
    for name in _NAMES:
        alike = _name(str(identity.get(name) or ""))
        if alike and born:
            yield "name_birth", f"{country}|{alike}|{born.isoformat()}"
    for name in _DOCUMENTS:
        number = "".join(one for one in str(identity.get(name) or "").upper() if one.isalnum())
        if len(number) >= _DOCUMENT and any(one.isdigit() for one in number):
            yield "document", f"{country}|{number}"
    for name in _TELEPHONES:
        for number in _telephones(str(identity.get(name) or ""), country):
            yield "telephone", number


def keep_blinds(
    ledger: Ledger,
    key: SubjectKey,
    person_id: UUID,
    where: Mapping[str, str],
    identity: Mapping[str, Any],
) -> None:
    """One row for each value, beside the sealed identity."""
    for kind, value in sorted(set(findable(identity, where["country"]))):
        ledger.add(
            "blinds",
            id=str(uuid4()),
            **where,
            person_id=str(person_id),
            kind=kind,
            value="\\x" + key.blind(f"{kind}|{value}").hex(),
        )


def _name(told: str) -> str:
    """Letters alone, without case and accents, its words in one order."""
    plain = _ACCENTS.sub("", unicodedata.normalize("NFKD", told)).casefold()
    words = "".join(one if one.isalnum() or _marks(one) else " " for one in plain).split()
    return " ".join(sorted(words))


def _marks(one: str) -> bool:
    return unicodedata.category(one) in {"Mn", "Mc"}


def _born_on(told: str) -> date | None:
    """A whole date, of the common calendar or of the Buddhist Era; a year alone finds nobody."""
    text = told.strip()
    try:
        return date.fromisoformat(text)
    except ValueError:
        try:
            return day_in(text)
        except ValueError:
            return None


def _telephones(told: str, country: str) -> Iterator[str]:
    """Every telephone number in a text, as +countrynumber (E.164)."""
    import phonenumbers  # noqa: PLC0415 - a tenth of a second that most starts do not need

    for match in phonenumbers.PhoneNumberMatcher(told, country):
        yield phonenumbers.format_number(match.number, phonenumbers.PhoneNumberFormat.E164)
