"""A witness before a log that may say anything at all: what she signs, and what is an incident."""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx2
import pytest

from referral.audit import Done, witnesses
from referral.audit.checkpoints import Signed
from referral.audit.key_files import SigningKey
from referral.audit.merkle import consistency_path, grown, inclusion_path, root_in
from referral.audit.openings import told_by
from referral.audit.proof import Checkpoint, Note, leaf_hash
from referral.audit.remote import AwayError, DeclinedError, NotKeptError, Remote, remote
from referral.audit.state_files import StateError
from referral.audit.statements import Statement
from referral.audit.witness import Incident, Seen, Witness
from tests.referral.log.definition import root_of
from tests.referral.log.test_when_to_sign import NOW, ago

ORIGINS = ("log.example/a", "log.example/b", "log.example/c")
CUSTODIANS = (SigningKey.new("ombudsman", 1), SigningKey.new("notary", 1))
POLICE = SigningKey.new("police", 4)
ENTRIES = [str(number).encode() for number in range(40)]


@dataclass
class Elsewhere:
    """A log that is somewhere else; ``says`` is answered instead of what is asked for."""

    key: SigningKey = field(default_factory=lambda: SigningKey.new(ORIGINS[0], 1))
    entries: dict[str, list[bytes]] = field(default_factory=lambda: {ORIGINS[0]: ENTRIES[:3]})
    epochs: list[dict[str, Any]] = field(default_factory=list)
    says: dict[str, tuple[int, str]] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    taken: list[str] = field(default_factory=list)
    more: str = ""  # signatures of others

    def checkpoint(self, size: int | None = None) -> Checkpoint:
        """The newest, or an older one."""
        here = [leaf_hash(one) for one in self.entries[self.key.name]][:size]
        return Checkpoint(self.key.name, len(here), root_of(here))

    def note(self, size: int | None = None) -> str:
        """The same, signed."""
        text = str(self.checkpoint(size))
        return f"{text}\n{self.key.sign(text)}{self.more}"

    def answer(self, request: httpx2.Request) -> httpx2.Response:
        """As a server."""
        path, asked = request.url.path, request.url.params
        self.asked.append(path)
        kind = request.headers.get("content-type")
        assert kind == ("text/plain; charset=utf-8" if request.method == "POST" else None)
        if path in self.says:
            status, text = self.says[path]
            return httpx2.Response(status, text=text)
        if path == "/audit/checkpoint":
            return httpx2.Response(200, text=self.note())
        if path == "/audit/keys":
            return httpx2.Response(200, json={"epochs": self.epochs})
        if path == "/audit/cosignatures":
            self.taken.append(request.content.decode())
            return httpx2.Response(200, json={"kept": 1})
        tiles = grown(0, {}, [leaf_hash(one) for one in self.entries[asked["origin"]]])
        ranges = (
            consistency_path(int(asked["from"]), int(asked["to"]))
            if path.endswith("consistency")
            else inclusion_path(int(asked["index"]), int(asked["size"]))
        )
        path_ = [base64.b64encode(root_in(tiles, one)).decode() for one in ranges]
        return httpx2.Response(200, text="".join(f"{one}\n" for one in path_))

    def remote(self) -> Remote:
        """As it is asked."""
        transport = httpx2.MockTransport(self.answer)
        return Remote(httpx2.AsyncClient(transport=transport, base_url="http://127.0.0.1"))

    def opens(self, last: Checkpoint, kept: Checkpoint, /, *by: SigningKey, **more: Any) -> None:
        """Into the next epoch, by the word of these."""
        number = len(self.epochs) + 2
        self.key = SigningKey.new(ORIGINS[number - 1], 1)
        told = Statement(last, kept, self.key.name, str(self.key.key), "the disk was lost")
        from_, to = told_by(told)
        header = {"id": str(UUID(int=number)), "act": Done.EPOCH_OPENED, "from": from_, "to": to}
        opening = json.dumps(header)
        made = {
            "number": number,
            "origin": self.key.name,
            "signer": str(self.key.key),
            "entry_id": str(UUID(int=number)),
            "kept": kept.size,
            "statement": f"{told}\n" + "".join(one.sign(str(told)) for one in by or CUSTODIANS),
            "opening": opening,
            "opened_at": NOW.isoformat(),
        }
        self.epochs.append(made | more)
        self.entries[self.key.name] = [opening.encode(), *ENTRIES[20:25]]


def witness(log: Elsewhere, folder: Path) -> Witness:
    """One who knows the log's key and its custodians."""
    known = [str(one.key) for one in CUSTODIANS]
    return Witness(POLICE, folder / "state", str(log.key.key), known)


async def visit(one: Witness, log: Elsewhere) -> tuple[int, bool, int]:
    """How large it is, whether she signed, how much was lost."""
    visited = await one.visit(log.remote(), lambda: NOW)
    return visited.size, visited.cosigned, len(visited.lost)


async def incident(one: Witness, log: Elsewhere, words: str) -> str:
    """What is kept of it; she has seen nothing more, and signed nothing."""
    before, taken = one.seen, len(log.taken)
    with pytest.raises(Incident, match=words) as found:
        await one.visit(log.remote(), lambda: NOW)
    assert one.seen == before
    assert len(log.taken) == taken
    file = found.value.file
    assert file is not None
    assert file.name == "state.incident-20260302T120000Z"
    return file.read_text("utf-8")


async def test_she_signs_what_goes_on_from_what_she_saw(tmp_path: Path) -> None:
    log = Elsewhere()
    one = witness(log, tmp_path)
    for size in (3, 3, 5, 11):
        log.entries[ORIGINS[0]] = ENTRIES[:size]
        assert await visit(one, log) == (size, True, 0)
        assert witness(log, tmp_path).seen.checkpoint == log.checkpoint()
        assert Note.read(log.taken[-1]).check([POLICE.key]) == {"police": NOW}
        assert Note.read(log.taken[-1]).text == str(log.checkpoint())
    assert log.asked.count("/audit/proof/consistency") == 2
    text = str(log.checkpoint())
    log.more = SigningKey.new("police", 4).cosign(text, NOW)
    assert await visit(one, log) == (11, True, 0), "another of her name has signed it"
    log.more = POLICE.cosign(text, NOW)
    assert await visit(one, log) == (11, False, 0)
    assert "police" not in (one.seen.note or "police"), "what others sign is theirs to keep"


async def test_an_older_one_is_not_signed_and_a_forged_older_one_is_an_incident(
    tmp_path: Path,
) -> None:
    log = Elsewhere(entries={ORIGINS[0]: ENTRIES[:9]})
    one = witness(log, tmp_path)
    await visit(one, log)
    log.says["/audit/checkpoint"] = (200, log.note(4))
    assert await visit(one, log) == (4, False, 0)
    assert one.seen.checkpoint == log.checkpoint()
    text = str(Checkpoint(ORIGINS[0], 4, bytes(32)))
    log.says["/audit/checkpoint"] = (200, f"{text}\n{log.key.sign(text)}")
    told = await incident(one, log, "leads to another new root")
    assert told.count("\n9\n") == 1
    assert told.count("\n4\n") == 1


async def test_two_stories_are_an_incident_and_both_are_kept(tmp_path: Path) -> None:
    log = Elsewhere()
    one = witness(log, tmp_path)
    await visit(one, log)
    seen = log.checkpoint()
    for other, words in (
        ([b"x", *ENTRIES[1:3]], "two logs of one size"),
        ([b"x", *ENTRIES[1:8]], "old root does not follow"),
    ):
        log.entries[ORIGINS[0]] = other
        told = await incident(one, log, words)
        assert str(seen) in told.partition("---- shown now ----")[0]
        assert str(log.checkpoint()) in told.partition("---- shown now ----")[2]


async def test_a_log_that_proves_nothing_is_an_incident_and_one_that_is_away_is_none(
    tmp_path: Path,
) -> None:
    log = Elsewhere()
    one = witness(log, tmp_path)
    await visit(one, log)
    log.entries[ORIGINS[0]] = ENTRIES[:8]
    for status, text in ((404, "no"), (400, ""), (200, "!!!"), (499, "")):
        log.says = {"/audit/proof/consistency": (status, text)}
        await incident(one, log, "does not prove that it is the same log")
    for status in (500, 502, 408, 429):
        for path in ("/audit/proof/consistency", "/audit/checkpoint", "/audit/cosignatures"):
            log.says = {path: (status, "")}
            log.entries[ORIGINS[0]] = ENTRIES[: log.checkpoint().size + 1]
            with pytest.raises(AwayError, match=str(status)):
                await visit(one, log)
    log.says = {"/audit/checkpoint": (404, "")}
    with pytest.raises(AwayError, match="shows no checkpoint"):
        await visit(one, log)
    log.says = {"/audit/cosignatures": (403, "a reason" * 100)}
    with pytest.raises(NotKeptError) as refused:
        await visit(one, log)
    assert str(refused.value) == "HTTP 403: " + ("a reason" * 100)[:500]
    log.says = {}
    assert await visit(one, log) == (20, True, 0)


async def test_a_log_that_cannot_be_reached_is_away() -> None:
    def broken(_: httpx2.Request) -> httpx2.Response:
        raise httpx2.ConnectError("nobody there")

    client = httpx2.AsyncClient(transport=httpx2.MockTransport(broken), base_url="http://127.0.0.1")
    with pytest.raises(AwayError, match="nobody there"):
        await Remote(client).checkpoint()


async def test_a_log_is_asked_straight_and_never_through_somebody_elses_proxy() -> None:
    async with remote("http://127.0.0.1:1") as one:
        assert one.client.trust_env is False
        assert one.client.timeout.read == 15


async def test_another_key_or_no_note_is_an_incident(tmp_path: Path) -> None:
    log = Elsewhere()
    one = witness(log, tmp_path)
    log.key = SigningKey.new(ORIGINS[0], 1)
    await incident(one, log, "not signed by the key of")
    log.says = {"/audit/checkpoint": (200, "no note")}
    await incident(one, log, "no signed note")


async def test_into_a_new_epoch_she_follows_the_custodians(tmp_path: Path) -> None:
    log = Elsewhere()
    one = witness(log, tmp_path)
    await visit(one, log)
    log.opens(log.checkpoint(), log.checkpoint())
    assert await visit(one, log) == (6, True, 0)
    assert "/audit/proof/consistency" not in log.asked, "nothing was added, nothing is to be proved"
    assert list(one.seen.past) == list(ORIGINS[:1])
    assert one.seen.log == str(log.key.key)
    old, log.key = log.key, SigningKey.new(ORIGINS[0], 1)
    assert await visit(one, log) == (3, False, 0), "from a cache"
    log.key = old
    log.entries[ORIGINS[1]].append(b"more")
    assert await visit(one, log) == (7, True, 0)
    log.opens(log.checkpoint(), log.checkpoint(5))
    assert await visit(one, log) == (6, True, 1)
    assert list(one.seen.past) == list(ORIGINS[:2])
    [lost] = one.seen.lost
    assert lost == (
        f"Entries 5 to 6 of {ORIGINS[1]} were countersigned here and are no longer there; two "
        "custodians say why: the disk was lost"
    )


async def test_she_follows_over_epochs_she_never_saw(tmp_path: Path) -> None:
    log = Elsewhere(entries={ORIGINS[0]: ENTRIES[:9]})
    one = witness(log, tmp_path)
    log.says["/audit/checkpoint"] = (200, log.note(4))
    await visit(one, log)
    log.says = {}
    first: dict[str, Any] = {"number": 1, "origin": ORIGINS[0], "signer": str(log.key.key)}
    first |= {"entry_id": None, "kept": 0, "statement": None, "opening": None}
    log.opens(log.checkpoint(), log.checkpoint(7))
    log.opens(log.checkpoint(), log.checkpoint())
    log.epochs.insert(0, first | {"opened_at": NOW.isoformat()})
    log.entries[ORIGINS[2]].append(b"more")
    assert await visit(one, log) == (7, True, 0), "she had seen 4, and 7 are kept"
    assert list(one.seen.past) == list(ORIGINS[:2])


async def test_an_epoch_that_is_not_the_custodians_is_an_incident(tmp_path: Path) -> None:
    cases: tuple[tuple[str, dict[str, Any], tuple[SigningKey, ...]], ...] = (
        ("signed by 1 of the custodians", {}, CUSTODIANS[:1]),
        ("no statement leads there", {"statement": None}, ()),
        ("speaks of another epoch", {"kept": 1}, ()),
        ("does not begin with", {"entry_id": str(UUID(int=99))}, ()),
        ("does not begin with", {"opening": None}, ()),
        ("does not tell its epochs", {"entry_id": "no id"}, ()),
    )
    for number, (words, more, by) in enumerate(cases):
        folder = tmp_path / str(number)
        folder.mkdir()
        log = Elsewhere()
        one = witness(log, folder)
        await visit(one, log)
        log.opens(log.checkpoint(), log.checkpoint(), *by, **more)
        await incident(one, log, words)


async def test_an_epoch_that_keeps_another_story_is_an_incident(tmp_path: Path) -> None:
    log = Elsewhere(entries={ORIGINS[0]: ENTRIES[:9]})
    one = witness(log, tmp_path)
    log.says["/audit/checkpoint"] = (200, log.note(4))
    await visit(one, log)
    log.says = {}
    log.entries[ORIGINS[0]] = [b"x", *ENTRIES[1:9]]
    log.opens(log.checkpoint(), log.checkpoint(7))
    await incident(one, log, "leads to another new root")


async def test_an_epoch_whose_first_entry_is_another_is_an_incident(tmp_path: Path) -> None:
    log = Elsewhere()
    one = witness(log, tmp_path)
    log.opens(log.checkpoint(), log.checkpoint())
    log.entries[ORIGINS[1]].insert(0, b"something else")
    await incident(one, log, "another root")


async def test_a_log_that_does_not_tell_its_epochs_is_told_so() -> None:
    log = Elsewhere()
    for text in ("no json", "{}", "[]", '{"epochs": [7]}'):
        log.says = {"/audit/keys": (200, text)}
        with pytest.raises(DeclinedError, match="does not tell its epochs"):
            await log.remote().epochs()


def test_what_she_remembers_reads_as_it_was_written(tmp_path: Path) -> None:
    log = Elsewhere()
    seen = Seen(str(log.key.key), ("one", "two"), log.note(), ("lost",), ("past",))
    assert Seen.read(seen.written()) == seen
    assert seen.checkpoint == log.checkpoint()
    assert Seen("log", ()).checkpoint is None
    told = json.loads(seen.written())
    for name in told:
        with pytest.raises(StateError, match="damaged"):
            Seen.read(json.dumps({key: value for key, value in told.items() if key != name}))
    with pytest.raises(StateError, match="--log-key"):
        Witness(POLICE, tmp_path / "state")


async def test_whose_log_it_is_cannot_be_changed_before_she_saw_it(tmp_path: Path) -> None:
    log, other = Elsewhere(), SigningKey.new(ORIGINS[0], 1)
    (tmp_path / "state").write_text(Seen(str(log.key.key), ("x",)).written())
    assert witness(log, tmp_path).seen.custodians == tuple(str(one.key) for one in CUSTODIANS)
    assert Witness(POLICE, tmp_path / "state").seen.custodians == ("x",)
    with pytest.raises(StateError, match="about another log"):
        Witness(POLICE, tmp_path / "state", str(other.key))
    await visit(witness(log, tmp_path), log)
    assert Witness(POLICE, tmp_path / "state", str(other.key)).seen.log == str(log.key.key)


def test_only_whom_the_log_knows_may_have_signed() -> None:
    log = Elsewhere()
    text = str(log.checkpoint())
    keys = [POLICE.key]
    false = SigningKey.new("police", 4)
    witnesses._all_known(Note.read(log.note() + POLICE.cosign(text, NOW)), keys, ORIGINS[0])
    for more, code in (
        ("", "no-cosignature"),
        (false.cosign(text, NOW), "unknown-key"),
        (POLICE.cosign(text, NOW) + false.cosign(text, NOW), "unknown-key"),
        (SigningKey.new("x", 4).cosign(text, NOW), "unknown-key"),
    ):
        with pytest.raises(witnesses.RefusedCosignature) as refused:
            witnesses._all_known(Note.read(log.note() + more), keys, ORIGINS[0])
        assert refused.value.code == code
        assert refused.value.status == (403 if code == "unknown-key" else 422)


def test_of_many_strangers_the_first_are_named() -> None:
    text = str(Elsewhere().checkpoint())
    names = [f"stranger{number:02}" for number in range(30)]
    lines = "".join(SigningKey.new(name, 4).cosign(text, NOW) for name in names)
    with pytest.raises(witnesses.RefusedCosignature) as refused:
        witnesses._all_known(Note.read(f"{text}\n{lines}"), [], ORIGINS[0])
    assert str(refused.value).partition(": no witness")[0] == ", ".join(names)[:200]


def test_a_cosignature_is_of_the_time_between_signing_and_now() -> None:
    ours = Signed(1, Elsewhere().checkpoint(), "", ago(600), ago(600), ())
    for moment in (ago(900), ago(600), NOW, ago(-300)):
        witnesses._in_time(moment, ours, NOW)
    for moment in (ago(900.001), ago(-300.001)):
        with pytest.raises(witnesses.RefusedCosignature, match="witness's clock") as refused:
            witnesses._in_time(moment, ours, NOW)
        assert refused.value.status == 422


def test_the_line_of_a_witness_is_kept_as_it_came() -> None:
    text = str(Elsewhere().checkpoint())
    false, labour = SigningKey.new("police", 4), SigningKey.new("labour", 4)
    lines = [one.cosign(text, NOW) for one in (labour, POLICE, false)]
    for line, key in zip(lines, (labour, POLICE, false), strict=True):
        assert witnesses._line(f"{text}\n{''.join(lines)}", key.key) == line
