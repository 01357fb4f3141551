"""The door of the staff's page: the guard before every view, log-in, log-out and one's own password."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit

from flask import Blueprint, Flask, abort, current_app, flash, redirect, render_template, request, session, url_for
from flask.typing import ResponseReturnValue
from flask_login import LoginManager, login_user, logout_user
from flask_wtf import CSRFProtect
from limits import parse
from limits.storage import MemoryStorage
from limits.strategies import MovingWindowRateLimiter
from werkzeug.wrappers import Response

from bot.admin.accounts import (
    Member,
    check_login,
    find_member,
    find_password_fault,
    find_visitor,
    get_member,
    set_password,
)
from bot.admin.rights import Right, does_keep_awake, find_needed_right, has_right, needs
from bot.admin.services import AdminServices, get_services
from storage.types import from_milliseconds, to_milliseconds

STATIC = "admin.static"
ADDRESS_LIMIT = "suishoupai_admin_address_limit"
# While a password must be changed, only these views answer.
CHANGING = frozenset({"admin.show_password", "admin.save_password", "admin.log_out"})
WRONG_LOGIN = "登录名或密码不对。连着错几次，这个名字会锁一会儿，过 {minutes} 分钟再试。"


class StaffLoginManager(LoginManager):
    """Flask-Login without its remember-me cookie, which would look into the session on every webhook request."""

    def _update_remember_cookie(self, response: Response) -> Response:
        return response


def prepare_app(app: Flask, services: AdminServices) -> None:
    """Set up the log-in, the forgery tokens and the per-address limit on an app; the webhook is left alone."""
    app.config.update(
        SESSION_COOKIE_NAME="suishoupai_admin",
        SESSION_COOKIE_SECURE=services.is_https,
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        WTF_CSRF_CHECK_DEFAULT=False,  # the guard checks this blueprint; the webhook has its own signature
        WTF_CSRF_TIME_LIMIT=None,  # a token lives as long as its log-in
        WTF_CSRF_SSL_STRICT=False,  # no-referrer pages send no referrer; the guard reads Sec-Fetch-Site instead
    )
    manager = StaffLoginManager()  # type: ignore[no-untyped-call]
    manager.session_protection = "strong"
    manager.user_loader(lambda login_id: find_member(services, login_id))  # type: ignore[no-untyped-call]
    manager.init_app(app, add_context_processor=False)  # type: ignore[no-untyped-call]
    CSRFProtect(app)  # type: ignore[no-untyped-call]
    # Flask-Limiter would run its hooks on every webhook request; the library below it is asked at the log-in alone.
    app.extensions[ADDRESS_LIMIT] = MovingWindowRateLimiter(MemoryStorage())


def register(blueprint: Blueprint) -> None:
    """Put the guard and the views of the door on the blueprint."""
    blueprint.before_request(guard)
    blueprint.get("/login")(show_login)
    blueprint.post("/login")(log_in)
    blueprint.post("/logout")(log_out)
    blueprint.get("/password")(show_password)
    blueprint.post("/password")(save_password)
    blueprint.get("/")(home)
    blueprint.route("/<path:rest>", methods=["GET", "POST"])(nowhere)


def guard() -> ResponseReturnValue | None:
    """Refuse whatever is not allowed: no declared right, no log-in, a forged form, a role without the right."""
    if request.endpoint == STATIC:
        return None
    view = current_app.view_functions.get(request.endpoint or "")
    right = find_needed_right(view)
    if right is None:
        abort(403)
    end_stale_login(keeps_awake=does_keep_awake(view))
    if right is not Right.OPEN and find_visitor() is None:
        return _send_to_login()
    if request.method == "POST":
        if request.headers.get("Sec-Fetch-Site", "same-origin") not in {"same-origin", "none"}:
            abort(400)
        current_app.extensions["csrf"].protect()
    if right is Right.OPEN:
        return None
    member = get_member()
    if member.must_change_password and request.endpoint not in CHANGING:
        return redirect(url_for("admin.show_password"))
    if not has_right(member.role, right):
        abort(403)
    return None


def end_stale_login(*, keeps_awake: bool) -> None:
    """Log out whoever was away for too long or has been logged in for a whole day."""
    if find_visitor() is None:
        return
    services, now = get_services(), get_services().now()
    seen_at, began_at = _get_instant("seen_at"), _get_instant("began_at")
    if now - seen_at > services.idle_for or now - began_at > timedelta(hours=services.longest_hours):
        logout_user()  # type: ignore[no-untyped-call]
        session.clear()
        session["was_idle"] = True
        return
    if keeps_awake:
        session["seen_at"] = to_milliseconds(now)


@needs(Right.OPEN)
def show_login() -> ResponseReturnValue:
    """Show the log-in page; whoever is logged in goes on to the queue."""
    if find_visitor() is not None:
        return redirect(url_for("admin.home"))
    notice = ""
    if session.pop("was_idle", False):
        notice = f"离开超过 {get_services().idle_minutes} 分钟，为了稳妥已经退出。请再登录一次。"
    return _render_login(notice=notice)


@needs(Right.OPEN)
def log_in() -> ResponseReturnValue:
    """Log in a member of staff; every refusal reads the same, whatever was wrong."""
    services = get_services()
    most = parse(f"{services.logins_per_minute} per minute")
    if not current_app.extensions[ADDRESS_LIMIT].hit(most, request.remote_addr or ""):
        abort(429)
    username = request.form.get("username", "").strip()[:40]
    member = check_login(services, username, request.form.get("password", ""))
    if member is None:
        fault = WRONG_LOGIN.format(minutes=services.lock_minutes)
        return _render_login(fault=fault, username=username), 401
    _begin_login(member)
    return redirect(_get_next() or url_for("admin.home"))


@needs(Right.STAY)
def log_out() -> ResponseReturnValue:
    """End the log-in of this browser."""
    logout_user()  # type: ignore[no-untyped-call]
    session.clear()
    flash("已经退出。")
    return redirect(url_for("admin.show_login"))


@needs(Right.STAY)
def show_password() -> ResponseReturnValue:
    """Show the form for a new password."""
    return render_template("admin/password.html", fault="")


@needs(Right.STAY)
def save_password() -> ResponseReturnValue:
    """Set a new password; other log-ins of the same person end."""
    services, member = get_services(), get_member()
    current, password = request.form.get("current", ""), request.form.get("password", "")
    fault = find_password_fault(member, current=current, password=password, again=request.form.get("again", ""))
    if not fault and check_login(services, member.username, current) is None:
        fault = f"现在的密码不对。连着错几次会锁 {services.lock_minutes} 分钟。"
    if fault:
        return render_template("admin/password.html", fault=fault), 422
    _begin_login(set_password(services, member, password))
    flash("密码换好了。别处的登录都已经退出。")
    return redirect(url_for("admin.home"))


@needs(Right.STAY)
def home() -> ResponseReturnValue:
    """Send on to the queue or to the confidential messages, or say plainly that this role has nothing here yet."""
    if has_right(get_member().role, Right.READ):
        return redirect(url_for("admin.show_queue"))
    if has_right(get_member().role, Right.UNSEAL):
        return redirect(url_for("admin.show_sealed"))
    return render_template("admin/nothing.html")


@needs(Right.STAY)
def nowhere(rest: str) -> ResponseReturnValue:  # noqa: ARG001 - the router gives it
    """Answer an address that does not exist; only after the log-in, so that strangers learn nothing."""
    abort(404)


def _begin_login(member: Member) -> None:
    now = to_milliseconds(get_services().now())
    session.clear()  # a token or a place planted before the log-in must not live on
    login_user(member, remember=False)  # type: ignore[no-untyped-call]
    session["seen_at"] = now
    session["began_at"] = now


def _get_instant(name: str) -> datetime:
    milliseconds = session.get(name)
    return from_milliseconds(milliseconds) if isinstance(milliseconds, int) else datetime(1970, 1, 1, tzinfo=UTC)


def _send_to_login() -> ResponseReturnValue:
    if request.headers.get("HX-Request"):
        return "", 401, {"HX-Redirect": url_for("admin.show_login")}
    came_from = request.full_path.rstrip("?") if request.method == "GET" else None
    return redirect(url_for("admin.show_login", next=came_from))


def _render_login(*, notice: str = "", fault: str = "", username: str = "") -> str:
    return render_template(
        "admin/login.html",
        notice=notice,
        fault=fault,
        username=username,
        next_path=_get_next(),
        demo_login=get_services().demo_login,
    )


def _get_next() -> str:
    """Return where to go after the log-in, only if that is a page of this blueprint."""
    path = request.values.get("next", "")
    parts = urlsplit(path)
    is_ours = path.startswith(url_for("admin.home")) and not parts.scheme and not parts.netloc
    return path if is_ours and "\\" not in path and path.isprintable() else ""
