"""Who signs what an acceptance is answered with: found, made or missed where it should be."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from pydantic import SecretStr

from referral import keeping
from referral.addresses import MissingError
from referral.audit.key_files import SIGNS, SigningKey
from referral.audit.proof import Note
from referral.settings import Environment, Settings

if TYPE_CHECKING:
    from pathlib import Path


def settings(folder: Path, **more: Any) -> Settings:
    """An installation's, with its folder here."""
    return Settings(**{"data_dir": folder, "environment": Environment.DEMO, **more})


def test_beside_an_embedded_database_it_is_made_once_for_its_owner_alone(tmp_path: Path) -> None:
    first = keeping.promiser_of(settings(tmp_path), embedded=True)
    assert first is not None
    assert (first.name, first.kind) == ("referral/promises", SIGNS)
    again = keeping.promiser_of(settings(tmp_path), embedded=True)
    assert again is not None
    assert again.key == first.key, "the next start has the same"
    file = tmp_path / keeping.PROMISES
    assert file.stat().st_mode & 0o777 == 0o600
    text = "referral/promise/v1\n"
    assert Note.read(f"{text}\n{first.sign(text)}").check([first.key]) == {first.name: None}


def test_the_key_that_is_set_is_the_one_also_beside_an_embedded_database(tmp_path: Path) -> None:
    own = SigningKey.new("ministry/promises", SIGNS)
    given = settings(tmp_path, promise_key=SecretStr(own.written()))
    for embedded in (True, False):
        found = keeping.promiser_of(given, embedded=embedded)
        assert found is not None
        assert found.key == own.key
    assert not (tmp_path / keeping.PROMISES).exists()


def test_where_none_is_set_nothing_is_promised_but_in_production_it_must_be(tmp_path: Path) -> None:
    assert keeping.promiser_of(settings(tmp_path), embedded=False) is None
    assert not (tmp_path / keeping.PROMISES).exists(), "an external database's is never made up"
    real = settings(tmp_path).model_copy(update={"environment": Environment.PRODUCTION})
    with pytest.raises(MissingError, match="REFERRAL_PROMISE_KEY_FILE"):
        keeping.promiser_of(real, embedded=False)


@pytest.mark.parametrize("wrong", ["", "no key", "PRIVATE+KEY+a+00000000+AAAA"])
def test_what_is_no_key_is_said_with_the_place_it_came_from(tmp_path: Path, wrong: str) -> None:
    given = settings(tmp_path, promise_key=SecretStr(wrong))
    with pytest.raises(MissingError, match="REFERRAL_PROMISE_KEY: this is no private key"):
        keeping.promiser_of(given, embedded=False)
    file = tmp_path / keeping.PROMISES
    file.write_text(wrong, "utf-8")
    with pytest.raises(MissingError, match=f"{file}: this is no private key"):
        keeping.promiser_of(settings(tmp_path), embedded=True)


def test_an_altered_key_is_not_used(tmp_path: Path) -> None:
    """Its id no longer fits: whoever checks a promise would say it was forged."""
    own = SigningKey.new("ministry/promises", SIGNS)
    altered = own.written().replace("ministry", "minister")
    with pytest.raises(MissingError, match="was altered"):
        keeping.promiser_of(settings(tmp_path, promise_key=SecretStr(altered)), embedded=False)


def test_a_file_that_cannot_be_read_is_said_and_not_made_anew(tmp_path: Path) -> None:
    (tmp_path / keeping.PROMISES).write_bytes(b"\xff\xfe")
    with pytest.raises(MissingError, match="bring back the copy"):
        keeping.promiser_of(settings(tmp_path), embedded=True)
