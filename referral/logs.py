"""What may stand in a log line: an allow-list of keys, and nothing anybody typed.

A log is read by people who may know of no case, and it outlives erasures. So only named keys pass;
messages of libraries pass as their template without its values; an exception passes as its kind and
the lines it went through, never its text (drivers quote rejected values) and never local variables.
This room must never know what a request was about.

Sources: OWASP ASVS 5.0 16.2.5 (nothing sensitive in logs) and 16.4.1 (no forged lines).
"""

from __future__ import annotations

import logging
import sys
import traceback
from typing import Any, TextIO

import structlog
from asgi_correlation_id import correlation_id
from structlog.types import EventDict, Processor, WrappedLogger

ALLOWED = frozenset(
    {
        *("event", "level", "logger", "timestamp", "request_id"),
        *("method", "route", "status", "seconds", "bytes"),
        *("fault", "where", "sqlstate", "count", "limit", "act", "code", "clock"),
        *("country", "environment", "version", "host", "port", "rung", "worker", "phase"),
    }
)
_SILENT = ("uvicorn.access", "httpx", "httpcore")  # they write addresses with their query strings
_LONGEST = 200  # characters of a library's message
_DEEPEST = 12  # lines of a traceback, innermost last


def configure(*, as_json: bool, stream: TextIO | None = None, level: int = logging.INFO) -> None:
    """Send everything any library logs through the allow-list, to ``stream`` (standard error)."""
    own: list[Processor] = [
        _request,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        without_words,
        only_allowed,
    ]
    structlog.configure(
        processors=[*own, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=False,
    )
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[_template, *own],
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                only_allowed,
                _written(as_json=as_json),
            ],
        )
    )
    _capture(handler, level)


def _capture(handler: logging.Handler, level: int) -> None:
    """One way out for every logger there is; whoever brought a handler of its own loses it."""
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    logging.captureWarnings(capture=True)
    for name in list(logging.root.manager.loggerDict):
        logger = logging.getLogger(name)
        logger.handlers.clear()
        logger.propagate = name not in _SILENT
    for name in _SILENT:
        logging.getLogger(name).propagate = False
        logging.getLogger(name).disabled = True
    logging.getLogger("sqlalchemy").setLevel(logging.WARNING)


def _written(*, as_json: bool) -> Processor:
    if as_json:
        return structlog.processors.JSONRenderer(ensure_ascii=False)
    return structlog.processors.KeyValueRenderer(
        key_order=["timestamp", "level", "event"], drop_missing=True
    )


def fault_of(exception: BaseException) -> dict[str, Any]:
    """What went wrong, without its words: kind, SQLSTATE, and the lines it went through."""
    frames = traceback.extract_tb(exception.__traceback__)[-_DEEPEST:]
    found: dict[str, Any] = {
        "fault": type(exception).__qualname__,
        "where": [f"{_tail(f.filename)}:{f.lineno} {f.name}" for f in frames],
    }
    sqlstate = sqlstate_of(exception)
    return {**found, "sqlstate": sqlstate} if sqlstate else found


def sqlstate_of(exception: BaseException) -> str | None:
    """PostgreSQL's code of what went wrong, wherever in the chain the driver put it."""
    seen: BaseException | None = exception
    for _ in range(5):
        code = getattr(seen, "sqlstate", None)
        if isinstance(code, str):
            return code
        seen = getattr(seen, "orig", None) or getattr(seen, "__cause__", None)
    return None


def _tail(path: str) -> str:
    """The end of a file's path: enough to find it, nothing of the machine."""
    return "/".join(path.replace("\\", "/").rsplit("/", 2)[-2:])


def _request(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
    request_id = correlation_id.get()
    if request_id:
        event["request_id"] = request_id
    return event


def _template(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
    """A library's message before its values were put in, one line of it."""
    record: logging.LogRecord | None = event.get("_record")
    if record is not None and record.name == "py.warnings":  # its template is the finished text
        event["event"] = "a warning of the interpreter"
        return event
    words = str(record.msg if record is not None else event.get("event", ""))
    event["event"] = words.partition("\n")[0][:_LONGEST]
    return event


def without_words(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
    """An exception becomes its kind and its lines."""
    given = event.pop("exc_info", None)
    event.pop("stack_info", None)
    exception = given
    if given is True:
        exception = sys.exc_info()[1]
    elif isinstance(given, tuple):
        exception = given[1]
    return {**event, **fault_of(exception)} if isinstance(exception, BaseException) else event


def only_allowed(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
    """Drop every key that is not on the list (structlog's own begin with an underscore)."""
    return {key: value for key, value in event.items() if key in ALLOWED or key[0] == "_"}
