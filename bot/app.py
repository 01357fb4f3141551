"""The Flask application of one web process: webhook, health, metrics and the staff's pages."""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import timedelta
from http import HTTPStatus

from flask import Flask, Request, Response, jsonify
from flask.sessions import SecureCookieSession, SecureCookieSessionInterface
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest, multiprocess
from prometheus_client import REGISTRY as ONE_PROCESS
from werkzeug.exceptions import HTTPException
from werkzeug.middleware.proxy_fix import ProxyFix

from bot.admin import AdminServices, register_admin
from bot.gauges import DatabaseGauges
from bot.metrics_folder import VARIABLE
from bot.webhook.sealed import read_sealed_words
from bot.webhook.view import WEBHOOK_PATH, create_webhook_blueprint
from bot.wechat.errors import WeChatError
from bot.wiring import Program
from media.errors import StoreError
from storage.bindings import CODE_LIFETIME
from storage.database import check_connection
from storage.heartbeats import JOBS, find_heartbeat

# What every answer carries unless it has set its own: the staff's pages allow what they need.
SECURITY_HEADERS = (
    ("X-Content-Type-Options", "nosniff"),
    ("X-Frame-Options", "DENY"),
    ("Referrer-Policy", "no-referrer"),
    ("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'"),
    ("Cache-Control", "no-store"),
)
JOBS_SILENT_AFTER = timedelta(seconds=30)  # the jobs process gives a sign of life every five seconds


def create_app(program: Program, *, demo_login: tuple[str, str] | None = None) -> Flask:
    """Return the application; `demo_login` is shown on the log-in page of a demo."""
    settings = program.settings
    app = Flask("suishoupai", static_folder=None)
    app.secret_key = settings.web.secret_key.get_secret_value()
    app.session_interface = _PageSessions()
    app.register_blueprint(
        create_webhook_blueprint(
            program.robot,
            program.database,
            now=program.now,
            max_skew_seconds=settings.wechat.max_clock_skew_seconds,
            log=program.log,
        )
    )
    _add_health(app, program)
    _add_plain_answers(app)
    register_admin(
        app,
        AdminServices(
            database=program.database,
            store=program.store,
            now=program.now,
            idle_minutes=settings.admin.idle_minutes,
            lock_minutes=settings.admin.lock_minutes,
            max_failures=settings.admin.max_failures,
            read_deadlines=program.read_deadlines,
            make_bind_qr=lambda scene: _make_qr(program, scene),
            rectify_choices_days=settings.deadlines.rectify_choices_days,
            open_words=lambda sealed, at: read_sealed_words(program.vault, sealed, received_at=at),
            is_https=settings.web.public_url.startswith("https://"),
            demo_login=demo_login,
        ),
    )
    if settings.web.proxy_hops:
        hops = settings.web.proxy_hops
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=hops, x_proto=hops, x_host=hops)  # type: ignore[method-assign]
    return app


def _make_qr(program: Program, scene: str) -> str | None:
    """Return what a QR code holds by which the platform tells this scene for a day, None when it does not answer."""
    try:
        return program.client.create_qr(scene, expire_seconds=int(CODE_LIFETIME.total_seconds())).url
    except WeChatError as error:
        program.log.warning("no_qr_code", error=type(error).__name__)
        return None


class _PageSessions(SecureCookieSessionInterface):
    """Log-in cookies for the staff's pages; the platform's requests have none, and are not asked."""

    def open_session(self, app: Flask, request: Request) -> SecureCookieSession | None:
        if request.path == WEBHOOK_PATH:
            return None  # Flask then gives an empty one that cannot be written to
        return super().open_session(app, request)


def _add_plain_answers(app: Flask) -> None:
    @app.after_request
    def put_headers(response: Response) -> Response:
        for name, value in SECURITY_HEADERS:
            response.headers.setdefault(name, value)
        return response

    @app.errorhandler(HTTPException)
    def refuse(error: HTTPException) -> Response:
        code = error.code or 500
        # The exception's own headers hold an HTML content type, and which methods there are.
        allowed = {name: value for name, value in error.get_headers() if name == "Allow"}
        return Response(f"{HTTPStatus(code).phrase}\n", code, allowed, mimetype="text/plain")


def _add_health(app: Flask, program: Program) -> None:
    @app.get("/healthz")
    def tell_alive() -> Response:
        return Response("ok\n", mimetype="text/plain")

    @app.get("/readyz")
    def tell_ready() -> tuple[Response, int]:
        found = {
            "database": _works(lambda: _check_database(program)),
            "files": _works(program.store.check),
            "jobs": _works(lambda: _check_jobs(program)),
        }
        is_ready = all(found.values())
        return jsonify(ready=is_ready, **{name: "ok" if works else "away" for name, works in found.items()}), (
            200 if is_ready else 503
        )

    gauges = CollectorRegistry()
    gauges.register(DatabaseGauges(program.database, program.now, program.log))

    @app.get("/metrics")
    def tell_metrics() -> Response:
        return Response(_count() + generate_latest(gauges), content_type=CONTENT_TYPE_LATEST)

    def _count() -> bytes:
        if not os.environ.get(VARIABLE):
            return generate_latest(ONE_PROCESS)
        registry = CollectorRegistry()
        try:
            multiprocess.MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
            return generate_latest(registry)
        except Exception as error:  # the folder is gone, or a worker was killed while it made its file
            program.log.error("counters_unreadable", error=type(error).__name__)
            return b""

    def _works(check: Callable[[], None]) -> bool:
        away: tuple[type[Exception], ...] = (*program.database.outages, StoreError, _SilentError)
        try:
            check()
        except away as error:
            program.log.warning("not_ready", error=type(error).__name__)
            return False
        return True


class _SilentError(Exception):
    """Raised when no process has run the jobs for too long."""


def _check_database(program: Program) -> None:
    with program.database.read() as db:
        check_connection(db)


def _check_jobs(program: Program) -> None:
    with program.database.read() as db:
        beat_at = find_heartbeat(db, JOBS)
    if beat_at is None or program.now() - beat_at > JOBS_SILENT_AFTER:
        raise _SilentError
