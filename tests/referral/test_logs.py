"""A log line holds named keys and nothing anybody typed."""

from __future__ import annotations

import io
import json
import logging
import sys
import warnings
from collections.abc import Iterator
from typing import Any

import pytest
import structlog

from referral import logs
from tests.cast import House
from tests.referral.api.desk import ROOT, Desk, key, report

SECRET = "Amal-Doe-of-the-kiln"


@pytest.fixture
def written() -> Iterator[io.StringIO]:
    """What is logged while this holds; afterwards everything is as it was."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    stream = io.StringIO()
    logs.configure(as_json=True, stream=stream)
    yield stream
    root.handlers[:] = handlers
    root.setLevel(level)
    logging.captureWarnings(capture=False)
    structlog.reset_defaults()


def _lines(stream: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def test_only_named_keys_pass(written: io.StringIO) -> None:
    structlog.get_logger("referral.test").info("answered", status=200, name=SECRET, body=SECRET)
    (line,) = _lines(written)
    assert line["event"] == "answered"
    assert line["status"] == 200
    assert line["logger"] == "referral.test"
    assert set(line) <= logs.ALLOWED
    assert SECRET not in written.getvalue()


def test_messages_of_libraries_pass_without_their_values(written: io.StringIO) -> None:
    logging.getLogger("some.library").warning("cannot read %s", SECRET)
    logging.getLogger("asyncio").error("Task was never retrieved\nfuture: %s", SECRET)
    logging.getLogger("uvicorn.error").info("x", extra={"body": SECRET})
    assert [line["event"] for line in _lines(written)] == [
        "cannot read %s",
        "Task was never retrieved",
        "x",
    ]
    assert SECRET not in written.getvalue()


def test_a_traceback_has_lines_and_no_words(written: io.StringIO) -> None:
    def breaks(secret: str) -> None:
        raise ValueError(secret)

    for log in (structlog.get_logger("referral.test"), logging.getLogger("some.library")):
        try:
            breaks(SECRET)
        except ValueError:
            log.exception("fault")
    for line in _lines(written):
        assert line["fault"] == "ValueError"
        assert line["where"][-1].endswith(" breaks")
        assert line["where"][-1].startswith("referral/test_logs.py:")
    assert SECRET not in written.getvalue()


def test_addresses_with_their_queries_are_never_written(written: io.StringIO) -> None:
    for name in ("uvicorn.access", "httpx", "httpcore"):
        logging.getLogger(name).error("GET /cases?name=%s", SECRET)
    assert written.getvalue() == ""


def test_warnings_are_captured(written: io.StringIO) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        logging.captureWarnings(capture=True)
        warnings.warn(SECRET, stacklevel=1)
    assert SECRET not in written.getvalue()
    assert _lines(written)[0]["logger"] == "py.warnings"


def test_outside_production_lines_are_for_reading() -> None:
    stream = io.StringIO()
    logs.configure(as_json=False, stream=stream)
    structlog.get_logger("referral.test").info("answered", status=200, name=SECRET)
    assert "event='answered'" in stream.getvalue()
    assert SECRET not in stream.getvalue()
    logging.getLogger().handlers[:] = [logging.StreamHandler(sys.stderr)]
    structlog.reset_defaults()


async def test_what_is_filed_never_reaches_the_log(house: House, written: io.StringIO) -> None:
    desk = Desk(house)
    told = {"identity": {"name": SECRET}, "safety": {"whereabouts": SECRET}}
    filed = await desk.files(persons=[told], narrative=SECRET, reporter={"name": SECRET})
    await desk.reads("inspector", f"cases/{filed['case_id']}?open=G2,G4&x={SECRET}")
    await desk.sends("inspector", "cases", report(place=SECRET, colour=SECRET))
    await desk.of("inspector").post(f"{ROOT}/cases", content=SECRET, headers=key())
    lines = _lines(written)
    assert {line["route"] for line in lines} == {f"{ROOT}/cases", f"{ROOT}/cases/{{case_id}}"}
    assert all(line["request_id"] for line in lines)
    assert SECRET not in written.getvalue()
    assert filed["case_id"] not in written.getvalue()
