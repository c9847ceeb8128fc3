"""Which duties one person may hold, and what a token may reach: values and rules, no database.

What this file must never know: who holds them, secrets, cases.
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum
from typing import Final


class Role(StrEnum):
    """What a membership may do, combined with the type of its agency."""

    OFFICER = "OFFICER"
    SUPERVISOR = "SUPERVISOR"
    COORDINATOR = "COORDINATOR"
    AUDITOR = "AUDITOR"
    DATA_PROTECTION_OFFICER = "DATA_PROTECTION_OFFICER"
    STATISTICIAN = "STATISTICIAN"
    AGENCY_ADMIN = "AGENCY_ADMIN"
    SYSTEM_ADMIN = "SYSTEM_ADMIN"


class Scope(StrEnum):
    """What a bearer token may reach; never more than its membership may."""

    CASES_READ = "cases:read"
    CASES_WRITE = "cases:write"
    HAND_OFFS_READ = "hand_offs:read"
    HAND_OFFS_WRITE = "hand_offs:write"
    OVERSIGHT_READ = "oversight:read"
    DIRECTORY_READ = "directory:read"
    AUDIT_READ = "audit:read"
    SCIM = "scim"


# Who administers users or the system may not be who audits it (security 3.3). Asker and approver,
# breaker and reviewer are pairs of acts, not of roles: they are compared where the act is done.
SEPARATE_DUTIES: Final[frozenset[frozenset[Role]]] = frozenset(
    {
        frozenset({Role.AGENCY_ADMIN, Role.AUDITOR}),
        frozenset({Role.SYSTEM_ADMIN, Role.AUDITOR}),
    }
)
# Granting one of these takes two people (security 3.3, "Manage users of own agency").
GRANTED_BY_TWO: Final[frozenset[Role]] = frozenset(
    {Role.SUPERVISOR, Role.AUDITOR, Role.DATA_PROTECTION_OFFICER}
)


def conflicts(held: Iterable[Role], wanted: Role) -> frozenset[Role]:
    """The roles already held which may not be in one hand with the wanted one; empty is good."""
    return frozenset(role for role in held if frozenset({role, wanted}) in SEPARATE_DUTIES)


def scopes_from(names: Iterable[str]) -> frozenset[Scope]:
    """The scopes with these names.

    Raises ValueError naming the unknown ones and the allowed ones, or when there is none.
    """
    given = frozenset(names)
    allowed = {scope.value for scope in Scope}
    unknown = sorted(given - allowed)
    if unknown or not given:
        wrong = f"unknown scope {', '.join(unknown)}" if unknown else "no scope given"
        message = (
            f"{wrong}: a token may reach only what is named. Allowed: {', '.join(sorted(allowed))}."
        )
        raise ValueError(message)
    return frozenset(Scope(name) for name in given)
