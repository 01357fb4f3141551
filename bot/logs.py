"""Structured logs: one JSON object a line, ids instead of values, never personal data."""

from __future__ import annotations

import logging
import sys
import threading
from types import TracebackType

import structlog
from structlog.typing import FilteringBoundLogger, Processor

_SHARED: list[Processor] = [
    structlog.contextvars.merge_contextvars,
    structlog.stdlib.add_log_level,
    structlog.processors.TimeStamper(fmt="iso", utc=True),
]


def set_up_logs(level: str) -> FilteringBoundLogger:
    """Send our records and those of the libraries to standard error as JSON, and return the program's logger.

    Tracebacks carry the place of a failure but not the values in it: an exception's text may quote a message.
    """
    formatter = structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=_SHARED,
        processors=[
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            structlog.processors.ExceptionRenderer(_where_it_failed),
            structlog.processors.JSONRenderer(ensure_ascii=False),
        ],
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(formatter)
    handler.addFilter(_is_wanted)
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    for name in ("apscheduler", "alembic", "granian.access", "PIL"):
        logging.getLogger(name).setLevel(logging.WARNING)
    # APScheduler warns whenever a run is still busy, which is its normal state under load; urllib3 quotes addresses.
    for name in ("apscheduler.scheduler", "urllib3"):
        logging.getLogger(name).setLevel(logging.ERROR)
    structlog.configure(
        processors=[*_SHARED, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.make_filtering_bound_logger(getattr(logging, level.upper())),
        cache_logger_on_first_use=True,
    )
    log: FilteringBoundLogger = structlog.get_logger("suishoupai")
    return log


def log_stray_errors(log: FilteringBoundLogger) -> None:
    """Write warnings, and exceptions that nobody caught, as lines like any other: Python's own quote values."""
    logging.captureWarnings(True)

    def log_uncaught(kind: type[BaseException], error: BaseException, _trace: TracebackType | None) -> None:
        if issubclass(kind, KeyboardInterrupt):
            return
        log.critical("uncaught", error=kind.__name__, exc_info=error)

    def log_thread(arguments: threading.ExceptHookArgs) -> None:
        if arguments.exc_value is not None:
            log_uncaught(arguments.exc_type, arguments.exc_value, arguments.exc_traceback)

    sys.excepthook = log_uncaught
    threading.excepthook = log_thread


def _is_wanted(record: logging.LogRecord) -> bool:
    """Cut from the web server's lines the traceback that it writes into them; leave out its advice on threads.

    The threads wait for the disk most of the time, so there are more of them than Granian thinks wise.
    """
    if record.name.startswith("_granian"):
        record.msg, record.args = record.getMessage().partition("\n")[0], None
        return not record.msg.startswith("Configuration allows spawning")
    return True


def _where_it_failed(exc_info: structlog.typing.ExcInfo) -> str:
    lines = []
    error: BaseException | None = exc_info[1]
    while error is not None:
        frame = error.__traceback__
        places = []
        while frame is not None:
            places.append(f"{frame.tb_frame.f_code.co_filename.rsplit('/', 1)[-1]}:{frame.tb_lineno}")
            frame = frame.tb_next
        lines.append(f"{type(error).__name__} at {' > '.join(places[-8:])}")
        error = error.__cause__
    return " from ".join(lines)
