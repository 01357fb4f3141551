"""The staff's page: register_admin puts it on a Flask app under /admin/."""

from __future__ import annotations

import hashlib
from functools import lru_cache
from pathlib import Path

from flask import Blueprint, Flask, Response, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user
from werkzeug.exceptions import HTTPException

from bot import dates, words
from bot.admin import (
    assign,
    auth,
    bulk,
    calendar_page,
    digests,
    inbox,
    ledger,
    outbox,
    papers,
    photos,
    queue,
    report,
    sealed,
    staff,
    tasks,
    units,
    wordings,
)
from bot.admin.headers import add_headers, build_headers
from bot.admin.services import EXTENSION, AdminServices

__all__ = ["AdminServices", "create_admin_blueprint", "register_admin"]

_STATIC = Path(__file__).parent / "static"
_REFUSALS = {
    400: ("这一步没有办成", "页面放得久了，或者不是从这里点过来的。回去刷新一下，再办一次。"),
    403: ("这里您不能看", "您的登录名没有这项权限。要用的话，找管理员开通。"),
    404: ("没有这一页", "地址不对，或者东西已经删了。"),
    413: ("内容太大了", "写短一点再交一次。"),
    429: ("点得太快了", "这个地址登录的次数太多。等一分钟再试。"),
    500: ("程序出了点问题", "刚才的操作没有保存。过一会儿再试；一直这样就告诉管理员。"),
}


def register_admin(app: Flask, services: AdminServices) -> None:
    """Put the staff's page on an app under /admin/; the app's secret key must be set."""
    if not app.secret_key:
        raise ValueError("the staff's page needs app.secret_key for its log-ins")
    app.extensions[EXTENSION] = services
    auth.prepare_app(app, services)
    app.register_blueprint(create_admin_blueprint(services), url_prefix="/admin")
    tasks.register_tasks(app, services)


def create_admin_blueprint(services: AdminServices) -> Blueprint:
    """Build the blueprint; the app must have been through auth.prepare_app and hold the services."""
    blueprint = Blueprint("admin", __name__, template_folder="templates", static_folder="static")
    for module in (
        auth,
        queue,
        report,
        inbox,
        sealed,
        photos,
        ledger,
        papers,
        digests,
        assign,
        bulk,
        outbox,
        wordings,
        calendar_page,
        units,
        staff,
    ):
        module.register(blueprint)
    headers = build_headers(is_https=services.is_https)

    @blueprint.after_request
    def put_headers(response: Response) -> Response:
        return add_headers(response, headers, is_static=request.endpoint == auth.STATIC and "v" in request.args)

    @blueprint.context_processor
    def give_page_tools() -> dict[str, object]:
        now = services.now()
        return {
            "words": words,
            "member": current_user,
            "asset": build_asset_url,
            "photo_url": photos.build_photo_url,
            "say_moment": lambda instant: dates.say_moment(instant, now),
            "say_due": lambda instant: dates.say_due(instant, now),
            "is_overdue": lambda instant: dates.is_overdue(instant, now),
            "say_day": lambda instant: dates.say_day(instant, now),
            "say_exactly": dates.say_exactly,
        }

    blueprint.register_error_handler(HTTPException, show_refusal)
    return blueprint


def show_refusal(error: HTTPException) -> ResponseReturnValue:
    """Say in plain words what was refused or went wrong; asks nothing of the database, which may be what broke."""
    code = error.code or 500
    if code < 400:
        return error.get_response()
    title, advice = _REFUSALS.get(code, _REFUSALS[404 if code < 500 else 500])
    return render_template("admin/refusal.html", title=title, advice=advice), code


def build_asset_url(name: str) -> str:
    """Return the address of a static file, with a hash of what is in it."""
    return url_for("admin.static", filename=name, v=_hash_asset(name))


@lru_cache
def _hash_asset(name: str) -> str:
    return hashlib.sha256((_STATIC / name).read_bytes()).hexdigest()[:12]
