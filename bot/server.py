"""The web server: Granian's workers, each with its own parts."""

from __future__ import annotations

import gc
import os
import signal
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

from flask import Flask
from granian.constants import Interfaces
from granian.http import HTTP1Settings
from granian.log import LogLevels
from granian.server import Server
from structlog.typing import FilteringBoundLogger

from bot.app import create_app
from bot.logs import log_stray_errors, set_up_logs
from bot.settings import Settings, load_settings
from bot.wiring import build_program

CONFIG_VARIABLE = "SUISHOUPAI_CONFIG"

# Granian's own handlers would write lines of another form to standard output; without them its records reach ours.
_LOGGING: dict[str, Any] = {"formatters": {}, "handlers": {}, "loggers": {}}


def serve_web(settings: Settings, config: Path, *, is_demo: bool = False) -> None:
    """Serve until SIGTERM or SIGINT; running requests finish, a worker that dies is replaced."""
    os.environ[CONFIG_VARIABLE] = str(config)  # the workers read their settings anew: nothing is shared by a fork
    Server(
        "bot.demo:make_demo_app" if is_demo else "bot.server:make_app",
        factory=True,
        interface=Interfaces.WSGI,
        address=settings.web.host,
        port=settings.web.port,
        workers=settings.web.workers,
        blocking_threads=settings.web.threads,
        backlog=2048,
        http1_settings=HTTP1Settings(header_read_timeout=10_000),
        respawn_failed_workers=True,
        respawn_interval=0.5,
        workers_kill_timeout=20,
        log_level=LogLevels(settings.logging.level),
        log_dictconfig=_LOGGING,
        log_access=False,  # a query string holds the platform's signature and an openid
        websockets=False,
    ).serve()


def make_app() -> Flask:
    """Return the application of one worker, from the configuration that the environment names."""
    return start_worker(lambda settings, log: create_app(build_program(settings, log)))


def start_worker(make: Callable[[Settings, FilteringBoundLogger], Flask]) -> Flask:
    """Return the application that `make` returns; a worker that cannot have one says why in its log and ends."""
    stop_when_orphaned()
    settings = load_settings(Path(os.environ[CONFIG_VARIABLE]), os.environ)
    log = set_up_logs(settings.logging.level)
    log_stray_errors(log)
    try:
        app = make(settings, log)
        gc.freeze()  # what was made so far stays for good, and need not be looked through again and again
        gc.set_threshold(20_000, 20, 20)
        return app
    except Exception as error:
        log.exception("worker_cannot_start", error=type(error).__name__)
        sys.exit(1)  # multiprocessing would print the traceback with every value in it


def stop_when_orphaned() -> None:
    """End this worker soon after the process that started it was killed: nobody else would."""
    parent = os.getppid()

    def watch() -> None:
        pause = threading.Event()
        while os.getppid() == parent:
            pause.wait(1)
        os.kill(os.getpid(), signal.SIGTERM)
        pause.wait(10)  # for the requests that run
        os._exit(1)

    threading.Thread(target=watch, name="orphan-watch", daemon=True).start()
