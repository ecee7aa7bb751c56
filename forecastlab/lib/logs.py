"""Structured logs: one JSON object per line, with the ids of what was being done.

Ids travel in context variables: a request binds `request_id`, a task its name and every
`*_id` that it was given. Whatever looks like a secret is struck out on the way.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from contextvars import ContextVar
from typing import Any

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

STRUCK = "[secret]"
_SECRET_NAMES = re.compile(r"pass(word|wd)?$|secret|token|authorization|cookie|api_?key", re.I)
_SECRET_TEXT = (
    (re.compile(r"(://[^:/@\s]*:)[^@/\s]+@"), rf"\1{STRUCK}@"),
    (re.compile(r"(Bearer\s+)(?!\[secret)\S+", re.I), rf"\1{STRUCK}"),
    (re.compile(r"(/sign-in/link/)[^\s/?'\"]+"), rf"\1{STRUCK}"),
    (re.compile(r"((?:password|secret|token)=)(?!\[secret)[^&\s'\"]+", re.I), rf"\1{STRUCK}"),
)
# Members of a line that a person who reads it elsewhere has no use for, or must not see.
_UNTOLD = {"event", "timestamp", "level", "logger", "exception", "exc_info", "stack", "stack_info"}

Listener = Callable[[str], None]
_listener: ContextVar[Listener | None] = ContextVar("listener", default=None)


def bound(**ids: Any) -> AbstractContextManager[None]:
    """Add ids to every line that is logged inside the block."""
    return structlog.contextvars.bound_contextvars(**ids)


@contextmanager
def heard_by(listener: Listener) -> Iterator[None]:
    """Let `listener` have every line that is logged inside the block, as plain text."""
    token = _listener.set(listener)
    try:
        yield
    finally:
        _listener.reset(token)


class ToListener(logging.Handler):
    """Hands lines to whoever listens where they are logged."""

    def emit(self, record: logging.LogRecord) -> None:
        listener = _listener.get()
        if listener is not None:
            listener(self.format(record))


def _as_text(_logger: WrappedLogger, _method: str, event: EventDict) -> str:
    """Write what was said, and the members that this very line was given."""
    untold = _UNTOLD | structlog.contextvars.get_contextvars().keys()
    told = [f"{name}={value}" for name, value in event.items() if name not in untold]
    level = str(event.get("level", "info"))
    warned = [f"{level.capitalize()}:"] if level in ("warning", "error", "critical") else []
    return " ".join([*warned, str(event.get("event", "")), *told])


def struck(text: str) -> str:
    """Return a text without the secrets that can be recognised in it."""
    return str(_struck(text))


def strike_secrets(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """Replace values of secret names, and secrets inside texts, before a line is written."""
    for name, value in event.items():
        event[name] = STRUCK if _SECRET_NAMES.search(name) else _struck(value)
    return event


def _struck(value: Any) -> Any:
    if isinstance(value, str):
        for pattern, replacement in _SECRET_TEXT:
            value = pattern.sub(replacement, value)
    elif isinstance(value, dict):
        return strike_secrets(None, "", dict(value))
    return value


def _without_internals(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """Drop what only the formatter needs."""
    for name in ("_record", "_from_structlog", "positional_args"):
        event.pop(name, None)
    return event


_SHARED: list[Processor] = [
    structlog.contextvars.merge_contextvars,
    structlog.stdlib.add_logger_name,
    structlog.stdlib.add_log_level,
    structlog.processors.TimeStamper(fmt="iso", utc=True),
    structlog.processors.StackInfoRenderer(),
    structlog.processors.format_exc_info,
]


def config(level: str) -> dict[str, Any]:
    """Return Django's LOGGING, and set structlog up to end in the same handler."""
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *_SHARED,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    formatter = {
        "()": structlog.stdlib.ProcessorFormatter,
        "foreign_pre_chain": [*_SHARED, structlog.stdlib.ExtraAdder()],
        "processors": [
            _without_internals,
            strike_secrets,
            structlog.processors.JSONRenderer(default=str, sort_keys=False),
        ],
    }
    line = {**formatter, "processors": [_without_internals, strike_secrets, _as_text]}
    quiet = {"level": "WARNING"}
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {"json": formatter, "line": line},
        "handlers": {
            "stderr": {"class": "logging.StreamHandler", "formatter": "json"},
            "listener": {"class": "forecastlab.lib.logs.ToListener", "formatter": "line"},
        },
        "root": {"handlers": ["stderr", "listener"], "level": level},
        "loggers": {
            # Django adds handlers of its own to these; one line per request is ours.
            "django": {"handlers": [], "level": level, "propagate": True},
            "django.request": {"level": "ERROR"},
            "django.server": {"handlers": [], "level": "WARNING", "propagate": True},
            "daphne": quiet,
            "asyncio": quiet,
        },
    }


def logger(name: str) -> structlog.stdlib.BoundLogger:
    """Return a logger whose keyword arguments become members of the line."""
    found: structlog.stdlib.BoundLogger = structlog.get_logger(name)
    return found
