"""The web server: Granian's workers, each with its own parts."""

from __future__ import annotations

import os
import signal
import threading
from pathlib import Path

from flask import Flask
from granian.constants import Interfaces
from granian.http import HTTP1Settings
from granian.server import Server

from bot.app import create_app
from bot.logs import set_up_logs
from bot.settings import Settings, load_settings
from bot.wiring import build_program

CONFIG_VARIABLE = "SUISHOUPAI_CONFIG"


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
        log_access=False,  # a query string holds the platform's signature and an openid
        websockets=False,
    ).serve()


def make_app() -> Flask:
    """Return the application of one worker, from the configuration that the environment names."""
    stop_when_orphaned()
    settings = load_settings(Path(os.environ[CONFIG_VARIABLE]), os.environ)
    return create_app(build_program(settings, set_up_logs(settings.logging.level)))


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
