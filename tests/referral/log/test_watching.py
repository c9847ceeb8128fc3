"""What whoever watches the log is told, and what a memory's file is: no database is needed."""

from __future__ import annotations

import os
from dataclasses import replace
from itertools import pairwise
from typing import TYPE_CHECKING

import pytest

from referral.audit import state_files
from referral.audit.alarms import Alarm, Pulse
from referral.audit.chains import Leaves, Streams
from referral.audit.proof import leaf_hash
from referral.audit.standing import Standing
from referral.audit.state_files import StateError
from referral.vault.files import write_secret
from tests.referral.log.test_when_to_sign import A_MOMENT, NOW, ago

if TYPE_CHECKING:
    from pathlib import Path


def standing(**more: object) -> Standing:
    """A log of which all is well."""
    pulses = {name: Pulse(name, ago(60), 0, None) for name in ("sequencer", "signer")}
    well = Standing(
        *(1, "log.example/1", 9, 9, 9, NOW, None, 3, 2),
        independent=True,
        pulses=pulses,
        alarms=(),
    )
    return replace(well, **more)  # type: ignore[arg-type]


def test_a_log_of_which_all_is_well_has_nothing_wrong() -> None:
    assert standing().wrong(NOW) == {}
    assert standing().state(NOW) == "signed"
    assert standing().lag(NOW) == 0.0


def test_a_minute_without_a_sign_of_life_is_told() -> None:
    silent = NOW + A_MOMENT
    assert set(standing().wrong(silent)) == {"sequencer", "signer"}
    assert standing().state(silent) == "unsigned"
    for process, words in (("sequencer", "log sequence"), ("signer", "log sign")):
        pulses = standing().pulses
        del pulses[process]
        wrong = standing(pulses=pulses).wrong(NOW)
        assert set(wrong) == {process}
        assert words in wrong[process]


def test_what_the_signer_or_sequencer_says_is_wrong_stops_the_log() -> None:
    for kind, state in (
        *(("clock", "stopped"), ("unplaced", "stopped")),
        *(("sequencer", "signed"), ("signer", "signed"), ("witnesses", "signed")),
        ("unkept", "signed"),
    ):
        assert standing(alarms=(Alarm(kind, "words", NOW),)).state(NOW) == state, kind
    assert standing(origin=None).state(NOW) == "unsigned"


def test_the_oldest_of_what_waits_says_how_long() -> None:
    pulses = {
        "sequencer": Pulse("sequencer", NOW, 1, ago(3)),
        "signer": Pulse("signer", NOW, 1, ago(8)),
        "other": Pulse("other", NOW, 0, None),
    }
    assert standing(pulses=pulses).lag(NOW) == 8.0
    assert standing(pulses=pulses).lag(ago(9)) == 0.0


def test_ten_minutes_without_becoming_final_are_told_with_whom_to_ask() -> None:
    assert standing(pending_since=ago(600) + A_MOMENT).wrong(NOW) == {}
    for enrolled, words in ((1, "add"), (2, "whose witness is silent"), (3, "silent")):
        wrong = standing(pending_since=ago(600), enrolled=enrolled).wrong(NOW)
        assert set(wrong) == {"witnesses"}
        assert words in wrong["witnesses"]


def test_streams_are_shared_out_without_a_gap_and_without_one_read_twice() -> None:
    for parts in (1, 2, 3, 7):
        shared = Streams.shared(parts)
        assert len(shared) == parts
        assert int(shared[0].first.replace("-", ""), 16) == 0
        assert int(shared[-1].last.replace("-", ""), 16) == 2**128 - 1
        for before, after in pairwise(shared):
            assert int(before.last, 16) + 1 == int(after.first, 16)
    whole = Streams()
    assert int(whole.first.replace("-", ""), 16) == 0
    assert int(whole.last.replace("-", ""), 16) == 2**128 - 1


def test_a_leaf_is_laid_down_where_it_belongs_and_nowhere_else() -> None:
    room = bytearray(32 * 5)
    leaves = Leaves(room, {1: 0, 2: 3}, {1: 3, 2: 2})
    for epoch, position in ((1, -1), (1, 3), (2, 2), (3, 0)):
        assert not leaves.lay(epoch, position, leaf_hash(b"x"))
    assert not any(room)
    for epoch, position, at in ((1, 0, 0), (1, 2, 2), (2, 0, 3), (2, 1, 4)):
        leaf = leaf_hash(bytes([at]))
        assert leaves.lay(epoch, position, leaf)
        assert room[at * 32 : (at + 1) * 32] == leaf


def test_a_file_of_memory_is_the_owners_and_whole(tmp_path: Path) -> None:
    file = tmp_path / "state"
    assert state_files.read(file) is None
    (tmp_path / "state.partial").write_text("cut off in the middle")
    for text in ("first", "second"):
        write_secret(file, text)
        assert state_files.read(file) == text
        assert file.stat().st_mode & 0o777 == 0o600
    file.write_bytes(b"\xff")
    with pytest.raises(StateError, match="cannot be read"):
        state_files.read(file)
    with pytest.raises(StateError, match="cannot be read"):
        state_files.read(tmp_path)


def test_a_memory_is_held_by_one_in_a_folder_for_nobody_else(tmp_path: Path) -> None:
    file, before = tmp_path / "deep" / "folder" / "state", os.umask(0)
    try:
        for _ in range(2):  # whoever was there first has let it go
            with state_files.held(file), pytest.raises(StateError, match="Another process"):
                state_files.held(file).__enter__()
    finally:
        os.umask(before)
    assert file.parent.stat().st_mode & 0o777 == 0o700
    lock = file.with_name("state.lock")
    assert lock.stat().st_mode & 0o777 == 0o600
    with pytest.raises(StateError, match="cannot be used"):
        state_files.held(lock / "state").__enter__()
