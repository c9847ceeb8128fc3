"""SCIM 2.0: an agency's identity provider says who works there, and as what.

1. A token of scope ``scim`` is bound to one agency; whoever is not of it does not exist here.
2. ``active: false`` ends everything she has open, in the same transaction.
3. A group is a unit and a role. Roles that take two are asked for, and a person must agree.
4. A change is whole or not at all. What this file must never know: cases, tables.

Sources: RFC 7643, RFC 7644.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Mapping
from typing import Any, Final
from uuid import UUID

from fastapi import APIRouter, Request, Response
from fastapi.routing import APIRoute

from agencies.duties import Role, Scope
from referral import access
from referral.api import scim_reading as reading
from referral.api import scim_writing as writing
from referral.api.scim_reading import ScimError
from referral.entry import Call, Reading, Writing
from referral.errors import RefusedError
from referral.members import provisioning
from referral.members.provisioning import Group, Person, Wanted
from referral.session import WriteSession

_WORDS: Final[Mapping[str, ScimError]] = {
    "uniqueness": ScimError(409, "userName or externalId is taken.", "uniqueness"),
    "subject-taken": ScimError(409, "This subject is somebody else's.", "uniqueness"),
    "elsewhere-too": ScimError(409, "She works for another agency too.", "mutability"),
    "duties-conflict": ScimError(409, "These duties may not be in one hand.", "invalidValue"),
    "no-provider": ScimError(400, "No provider speaks for this agency alone.", "invalidValue"),
}


class ScimRoute(APIRoute):
    """A route whose refusals are written as SCIM writes them."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """The framework's own, with what it may raise turned into answers."""
        inner = super().get_route_handler()

        async def answering(request: Request) -> Response:
            try:
                return await inner(request)
            except ScimError as fault:
                return writing.error(fault)
            except RefusedError as found:
                refusal = found.refusal
                challenge = {"WWW_Authenticate": "Bearer"} if refusal.status == 401 else {}  # noqa: PLR2004
                return writing.error(ScimError(refusal.status, refusal.title), **challenge)

        return answering


router = APIRouter(prefix=writing.ROOT, route_class=ScimRoute, include_in_schema=False)


def _entered(call: Call[Any]) -> None:
    """Only a token of this scope, of the agency's own administration."""
    scopes = call.actor.scopes or frozenset()
    if Scope.SCIM not in scopes or access.by_role(call.actor, "manage_members", now=call.now):
        raise ScimError(403, "This token provisions nobody.")


@router.get("/ServiceProviderConfig")
async def configuration(call: Reading) -> Response:
    """What is supported."""
    _entered(call)
    return writing.written(writing.configuration())


@router.get("/ResourceTypes")
async def kinds(call: Reading) -> Response:
    """Users and groups."""
    _entered(call)
    found = writing.kinds()
    return writing.written(writing.listed(found, len(found), 1))


@router.get("/ResourceTypes/{name}")
async def kind(call: Reading, name: str) -> Response:
    """One of them."""
    _entered(call)
    return _one(writing.kinds(), name)


@router.get("/Schemas")
async def schemas(call: Reading) -> Response:
    """The attributes that are kept."""
    _entered(call)
    found = writing.schemas()
    return writing.written(writing.listed(found, len(found), 1))


@router.get("/Schemas/{name}")
async def schema(call: Reading, name: str) -> Response:
    """Those of one kind."""
    _entered(call)
    return _one(writing.schemas(), name)


def _one(found: list[dict[str, Any]], name: str) -> Response:
    for one in found:
        if one["id"] == name:
            return writing.written(one)
    raise writing.nobody()


@router.get("/Users")
async def users(request: Request, call: Reading) -> Response:
    """The agency's people, by pages; or the one with this userName or externalId."""
    _entered(call)
    page = reading.page_in(request.query_params, ("userName", "externalId"))
    found = await provisioning.people(
        call.session,
        call.secret,
        now=call.now,
        user_name=page.value if page.attribute == "userName" else None,
        external_id=page.value if page.attribute == "externalId" else None,
        skip=page.start - 1,
        most=page.most,
    )
    if found is None:
        raise ScimError(403, "This token provisions nobody.")
    total, people = found
    return writing.written(writing.listed([writing.user(one) for one in people], total, page.start))


@router.post("/Users")
async def create(request: Request, call: Writing) -> Response:
    """Somebody new. She has no role yet, and comes in through her provider alone."""
    _entered(call)
    wanted = reading.wanted_in(reading.body_in(await request.body()))
    whole = await call.session.connection.begin_nested()
    made = await provisioning.create(call.session, call.actor, call.secret, wanted, now=call.now)
    if isinstance(made, str):
        await whole.rollback()
        raise _refused(made)
    await whole.commit()
    return writing.written(writing.user(await _person(call, str(made))), 201)


@router.get("/Users/{user_id}")
async def user(request: Request, call: Reading, user_id: str) -> Response:
    """One of the agency's people."""
    _entered(call)
    return _fresh(request, writing.user(await _person(call, user_id)))


@router.put("/Users/{user_id}")
async def replace(request: Request, call: Writing, user_id: str) -> Response:
    """Somebody made what is sent."""
    _entered(call)
    found = await _person(call, user_id)
    _matching(request, writing.user(found))
    wanted = reading.wanted_in(reading.body_in(await request.body()))
    return await _changed(call, found, wanted)


@router.patch("/Users/{user_id}")
async def change(request: Request, call: Writing, user_id: str) -> Response:
    """Somebody changed."""
    _entered(call)
    found = await _person(call, user_id)
    _matching(request, writing.user(found))
    before = Wanted(found.user_name, found.name, found.external_id, found.active, found.subject)
    return await _changed(
        call, found, reading.changed(before, reading.body_in(await request.body()))
    )


async def _changed(call: Call[WriteSession], found: Person, wanted: Wanted) -> Response:
    whole = await call.session.connection.begin_nested()
    told = await provisioning.change(
        call.session, call.actor, call.secret, found, wanted, now=call.now
    )
    if told is not None:
        await whole.rollback()
        raise _refused(told)
    await whole.commit()
    return writing.written(writing.user(await _person(call, str(found.id))))


@router.get("/Groups")
async def groups(request: Request, call: Reading) -> Response:
    """Every unit with every role."""
    _entered(call)
    page = reading.page_in(request.query_params, ("displayName",))
    found = await provisioning.groups(call.session, call.secret, now=call.now)
    hidden = "members" in request.query_params.get("excludedAttributes", "")
    told = [writing.group(one, members=not hidden) for one in found]
    if page.value is not None:
        told = [one for one in told if one["displayName"] == page.value]
    shown = told[page.start - 1 : page.start - 1 + page.most]
    return writing.written(writing.listed(shown, len(told), page.start))


@router.get("/Groups/{group_id}")
async def group(request: Request, call: Reading, group_id: str) -> Response:
    """One of them."""
    _entered(call)
    return _fresh(request, writing.group(await _group(call, group_id)))


@router.put("/Groups/{group_id}")
async def replace_group(request: Request, call: Writing, group_id: str) -> Response:
    """Exactly these have this role in this unit (or are asked for)."""
    _entered(call)
    found = await _group(call, group_id)
    _matching(request, writing.group(found))
    body = reading.body_in(await request.body())
    here = frozenset(member for member, _ in found.members)
    then = frozenset(reading.members_in(body.get("members") or []))
    return await _moved(call, found, then - here, here - then)


@router.patch("/Groups/{group_id}")
async def change_group(request: Request, call: Writing, group_id: str) -> Response:
    """Some join, some leave."""
    _entered(call)
    found = await _group(call, group_id)
    _matching(request, writing.group(found))
    here = frozenset(member for member, _ in found.members)
    joining, leaving = reading.moves_in(reading.body_in(await request.body()), here)
    return await _moved(call, found, joining, leaving)


async def _moved(
    call: Call[WriteSession], found: Group, joining: frozenset[UUID], leaving: frozenset[UUID]
) -> Response:
    whole = await call.session.connection.begin_nested()
    for member in sorted(leaving):
        await provisioning.leave(call.session, call.actor, call.secret, found, member, now=call.now)
    for member in sorted(joining):
        told = await provisioning.join(
            call.session, call.actor, call.secret, found, member, now=call.now
        )
        if told is not None:
            await whole.rollback()
            raise _refused(told)
    await whole.commit()
    return writing.written(writing.group(await _group(call, f"{found.unit}.{found.role}")))


async def _person(call: Call[Any], told: str) -> Person:
    found = await provisioning.person(call.session, call.secret, _id(told), now=call.now)
    if found is None:
        raise writing.nobody()
    return found


async def _group(call: Call[Any], told: str) -> Group:
    unit, _, role = told.partition(".")
    if role not in set(Role) - {Role.SYSTEM_ADMIN}:
        raise writing.nobody()
    found = await provisioning.groups(
        call.session, call.secret, now=call.now, unit=_id(unit), role=role
    )
    if not found:
        raise writing.nobody()
    return found[0]


def _id(told: str) -> UUID:
    try:
        return UUID(told)
    except ValueError:
        raise writing.nobody() from None


def _refused(told: str) -> ScimError:
    return _WORDS.get(told) or writing.nobody()


def _fresh(request: Request, told: dict[str, Any]) -> Response:
    """The resource, or that it is still what was read."""
    version = told["meta"]["version"]
    if version in request.headers.get("if-none-match", ""):
        return Response(status_code=304, headers={"ETag": version})
    return writing.written(told)


def _matching(request: Request, told: dict[str, Any]) -> None:
    """What was read must still stand, where the caller says what it read."""
    wanted = request.headers.get("if-match")
    if wanted is None or wanted.strip() == "*" or told["meta"]["version"] in wanted:
        return
    raise ScimError(412, "It has changed since it was read: read it again.")
