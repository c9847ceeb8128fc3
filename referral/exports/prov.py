"""The life of a referral as PROV-JSON (W3C PROV-DM): who did what to what, by which plan.

A thing's state after an entry is an entity, the entry an activity, its actor an agent (known by the
pseudonym of the log), her agency an organization, the step of the protocol the plan.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

import orjson

_PREFIX: Final = {"prov": "http://www.w3.org/ns/prov#", "referral": "urn:referral:"}
_OF: Final = frozenset({"referral", "hand_off", "case"})
_PARTS: Final = (
    *("entity", "activity", "agent", "wasGeneratedBy", "used", "wasRevisionOf"),
    *("wasAssociatedWith", "actedOnBehalfOf"),
)
_NAME: Final = {"type": "prov:QUALIFIED_NAME"}
Parts = dict[str, dict[str, Any]]


def prov_of(headers: Iterable[str], record: Mapping[str, Any]) -> str:
    """PROV-JSON of the entries about the referral, its hand-offs and its case."""
    law = f"{record['referral']['track']}/{record['referral']['protocol_version']}"
    plans = {one["id"]: f"referral:plan/{law}/{one['step']}" for one in record["hand_offs"]}
    told: Parts = {name: {} for name in _PARTS}
    last: dict[str, str] = {}
    for header in map(orjson.loads, headers):
        if header["object_type"] in _OF:
            _happened(told, header, last)
            _associated(told, header, plans.get(header["object"], f"referral:plan/{law}"))
    return orjson.dumps({"prefix": _PREFIX, **told}, option=orjson.OPT_INDENT_2).decode()


def _happened(told: Parts, header: Mapping[str, Any], last: dict[str, str]) -> None:
    """The activity, the state it made of its object, and the state it found."""
    activity, seq, at = f"referral:entry/{header['id']}", header["seq"], header["at"]
    thing = f"referral:{header['object_type']}/{header['object']}"
    entity, before = f"{thing}/{seq}", last.get(thing)
    told["activity"][activity] = {
        "prov:startTime": at,
        "prov:endTime": at,
        "prov:type": {"$": f"referral:{header['act']}", **_NAME},
        **({"referral:occurred_at": header["occurred_at"]} if header["occurred_at"] else {}),
    }
    state = {"referral:state": header["to"]} if header["to"] else {}
    told["entity"][entity] = {"prov:type": header["object_type"], **state}
    generated = {"prov:entity": entity, "prov:activity": activity, "prov:time": at}
    told["wasGeneratedBy"][f"_:g{seq}"] = generated
    if before is not None:
        told["used"][f"_:u{seq}"] = {"prov:activity": activity, "prov:entity": before}
        revision = {"prov:generatedEntity": entity, "prov:usedEntity": before}
        told["wasRevisionOf"][f"_:r{seq}"] = revision
    last[thing] = entity


def _associated(told: Parts, header: Mapping[str, Any], plan: str) -> None:
    """Who did it, on whose behalf, and by which plan."""
    seq, activity = header["seq"], f"referral:entry/{header['id']}"
    agent = f"referral:actor/{header['actor']}"
    told["agent"][agent] = {"prov:type": {"$": "prov:Person", **_NAME}}
    told["entity"][plan] = {"prov:type": {"$": "prov:Plan", **_NAME}}
    association = {"prov:activity": activity, "prov:agent": agent, "prov:plan": plan}
    told["wasAssociatedWith"][f"_:a{seq}"] = association
    if header["agency"] is None:  # the clockwork
        told["agent"][agent] = {"prov:type": {"$": "prov:SoftwareAgent", **_NAME}}
        return
    agency = f"referral:agency/{header['agency']}"
    told["agent"][agency] = {"prov:type": {"$": "prov:Organization", **_NAME}}
    behalf = {"prov:delegate": agent, "prov:responsible": agency, "prov:activity": activity}
    told["actedOnBehalfOf"][f"_:b{seq}"] = behalf
