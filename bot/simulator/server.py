"""The endpoints on a loopback port, for tests."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from threading import Thread
from typing import Any

from flask import Flask
from werkzeug.serving import WSGIRequestHandler, make_server

from bot.simulator.endpoints import make_platform_blueprint
from bot.simulator.platform import Platform


class _QuietHandler(WSGIRequestHandler):
    """Writes no log lines: cut connections and odd answers are wanted here."""

    def log(self, type: str, message: str, *args: Any) -> None:
        """Say nothing."""


@contextmanager
def serve_app(app: Flask) -> Iterator[str]:
    """Run an application on a free loopback port and yield its address without a final slash."""
    server = make_server("127.0.0.1", 0, app, threaded=True, request_handler=_QuietHandler)
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@contextmanager
def serve_platform(platform: Platform) -> Iterator[str]:
    """Run the platform's endpoints until the block ends and yield their address; sets `public_url` where empty."""
    app = Flask("simulated-platform", static_folder=None)
    app.register_blueprint(make_platform_blueprint(platform))
    with serve_app(app) as base_url:
        platform.public_url = platform.public_url or base_url
        try:
            yield base_url
        finally:
            platform.close()
