"""The platform's HTTP endpoints, as one Flask blueprint."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Callable
from datetime import timedelta
from functools import wraps
from typing import Any, TypeAlias

from flask import Blueprint, Response, request
from PIL import Image, ImageDraw
from werkzeug.exceptions import RequestEntityTooLarge

from bot.simulator.errors import ErrcodeError
from bot.simulator.fault_answers import answer_fault, build_json
from bot.simulator.media import sniff_content
from bot.simulator.menus import check_menu
from bot.simulator.platform import Platform
from bot.simulator.records import Call

_UNICODE_ESCAPE = re.compile(rb"(?<!\\)(?:\\\\)*\\u[0-9a-fA-F]{4}")
_SECRET_FIELDS = frozenset({"secret", "access_token"})
_UPLOAD_LIMITS = {"image": 10 * 1024 * 1024, "voice": 2 * 1024 * 1024, "video": 10 * 1024 * 1024, "thumb": 64 * 1024}
_UPLOAD_TYPES = {
    "image": {"jpg", "png", "gif"},
    "voice": {"amr", "mp3"},
    "video": {"mp4"},
    "thumb": {"jpg"},
}
_MAX_TEXT_BYTES = 2048
_MAX_QR_SECONDS = 2_592_000

Answer: TypeAlias = dict[str, Any] | Response
View: TypeAlias = Callable[..., Answer]


class _Endpoints:
    """The views; each returns a JSON object or a response, or raises an ErrcodeError."""

    def __init__(self, platform: Platform) -> None:
        self._platform = platform

    def token(self) -> Answer:
        self._check_caller()
        if request.args.get("grant_type") != "client_credential":
            raise ErrcodeError(40002, "invalid grant_type")
        self._check_credentials(request.args.get("appid", ""), request.args.get("secret", ""))
        text, seconds = self._platform.tokens.issue_token()
        return {"access_token": text, "expires_in": seconds}

    def stable_token(self) -> Answer:
        self._check_caller()
        sent = _read_json()
        if sent.get("grant_type") != "client_credential":
            raise ErrcodeError(40002, "invalid grant_type")
        self._check_credentials(str(sent.get("appid") or ""), str(sent.get("secret") or ""))
        forced = sent.get("force_refresh") is True
        text, seconds = self._platform.tokens.issue_stable_token(force_refresh=forced)
        return {"access_token": text, "expires_in": seconds}

    def media_get(self) -> Answer:
        self._check_token()
        media_id = request.args.get("media_id", "")
        if not media_id:
            raise ErrcodeError(41006, "media_id missing")
        medium = self._platform.media.find_media(media_id)
        if medium is None:
            raise ErrcodeError(40007, "invalid media_id")
        if medium.kind == "video" and not self._platform.switches.video_as_bytes:
            return {"video_url": f"{self._platform.public_url}/mmbiz/{media_id}/0"}
        response = Response(medium.content, content_type=medium.content_type)
        response.headers["Content-disposition"] = f'attachment; filename="{media_id}.{medium.extension}"'
        return response

    def media_upload(self) -> Answer:
        self._check_token()
        kind = request.args.get("type", "")
        if kind not in _UPLOAD_LIMITS:
            raise ErrcodeError(40004, "invalid media type")
        upload = request.files.get("media")
        if upload is None:
            raise ErrcodeError(41005, "media data missing")
        content = upload.stream.read(_UPLOAD_LIMITS[kind] + 1)
        if len(content) > _UPLOAD_LIMITS[kind]:
            raise ErrcodeError(45001, "media size out of limit")
        sniffed = sniff_content(content)
        extension = sniffed[1] if sniffed else (upload.filename or "").rpartition(".")[2].lower()
        if extension not in _UPLOAD_TYPES[kind]:
            raise ErrcodeError(40005, "invalid file type")
        media_id = self._platform.media.add_media(kind, content)
        created_at = int(self._platform.clock().timestamp())
        return {"type": kind, "thumb_media_id" if kind == "thumb" else "media_id": media_id, "created_at": created_at}

    def custom_send(self) -> Answer:
        self._check_token()
        if _UNICODE_ESCAPE.search(request.get_data()):
            raise ErrcodeError(40033, r"invalid charset, \uxxxx is not allowed")
        sent = _read_json()
        openid = _get_openid(sent)
        self._platform.followers.check_follower(openid)
        kind = str(sent.get("msgtype") or "")
        content = sent.get(kind)
        text, picture_id, link = self._read_custom(kind, content if isinstance(content, dict) else {})
        self._platform.followers.take_allowance(openid)
        self._platform.chats.add_bubble(
            openid, "account", kind, text, self._platform.clock(), picture_id=picture_id, link=link
        )
        return {"errcode": 0, "errmsg": "ok"}

    def template_send(self) -> Answer:
        self._check_token()
        sent = _read_json()
        client_key, link = str(sent.get("client_msg_id") or ""), str(sent.get("url") or "")
        template_id = str(sent.get("template_id") or "")
        if not template_id:
            raise ErrcodeError(40037, "invalid template_id")
        message_id = self._platform.send_template(_get_openid(sent), template_id, sent.get("data"), client_key, link)
        return {"errcode": 0, "errmsg": "ok", "msgid": message_id}

    def qrcode_create(self) -> Answer:
        self._check_token()
        sent = _read_json()
        action, scene = str(sent.get("action_name") or ""), _read_scene(sent)
        lifetime: timedelta | None = None
        if action in {"QR_SCENE", "QR_STR_SCENE"}:
            seconds = sent.get("expire_seconds", 60)
            if not isinstance(seconds, int) or not 1 <= seconds <= _MAX_QR_SECONDS:
                raise ErrcodeError(40053, "invalid action info")
            lifetime = timedelta(seconds=seconds)
        elif action not in {"QR_LIMIT_SCENE", "QR_LIMIT_STR_SCENE"}:
            raise ErrcodeError(40052, "invalid action name")
        code = self._platform.create_qr_code(scene, lifetime)
        answer: dict[str, Any] = {"ticket": code.ticket, "url": f"http://weixin.qq.com/q/{code.ticket[:40]}"}
        if lifetime is not None:
            answer["expire_seconds"] = int(lifetime.total_seconds())
        return answer

    def menu_create(self) -> Answer:
        self._check_token()
        sent = _read_json()
        check_menu(sent)
        self._platform.menu = sent
        return {"errcode": 0, "errmsg": "ok"}

    def user_info(self) -> Answer:
        self._check_token()
        openid = request.args.get("openid", "")
        following, since = self._platform.followers.get_standing(openid)
        if not following or since is None:
            return {"subscribe": 0, "openid": openid}
        return {
            "subscribe": 1,
            "openid": openid,
            "language": "zh_CN",
            "subscribe_time": int(since.timestamp()),
            "remark": "",
            "groupid": 0,
            "tagid_list": [],
            "subscribe_scene": "ADD_SCENE_QR_CODE",
            "qr_scene": 0,
            "qr_scene_str": "",
        }

    def callback_ip(self) -> Answer:
        self._check_token()
        return {"ip_list": ["127.0.0.1"]}

    def _check_caller(self) -> None:
        allowed = self._platform.switches.allowed_addresses
        address = request.remote_addr or ""
        if allowed is not None and address not in allowed:
            raise ErrcodeError(40164, f"invalid ip {address} ipv6 ::ffff:{address}, not in whitelist")

    def _check_credentials(self, app_id: str, app_secret: str) -> None:
        if not app_id:
            raise ErrcodeError(41002, "appid missing")
        if not app_secret:
            raise ErrcodeError(41004, "appsecret missing")
        if app_id != self._platform.account.app_id:
            raise ErrcodeError(40013, "invalid appid")
        if app_secret != self._platform.account.app_secret:
            raise ErrcodeError(40125, "invalid appsecret")

    def _check_token(self) -> None:
        self._platform.tokens.check_token(request.args.get("access_token", ""))

    def _read_custom(self, kind: str, content: dict[str, Any]) -> tuple[str, str, str]:
        """Return text, picture id and link of a customer-service message."""
        if kind == "text":
            text = content.get("content")
            if not isinstance(text, str) or not text:
                raise ErrcodeError(44004, "empty content")
            if len(text.encode()) > _MAX_TEXT_BYTES:
                raise ErrcodeError(45002, "content size out of limit")
            return text, "", ""
        if kind in {"image", "voice", "video"}:
            medium = self._platform.media.find_media(str(content.get("media_id") or ""))
            if medium is None:
                raise ErrcodeError(40007, "invalid media_id")
            name = {"image": "[图片]", "voice": "[语音]", "video": "[视频]"}[kind]
            return name, medium.media_id if kind == "image" else "", ""
        if kind == "news":
            articles = content.get("articles")
            if not isinstance(articles, list) or len(articles) != 1 or not isinstance(articles[0], dict):
                raise ErrcodeError(45008, "article size out of limit")
            return f"[文章] {articles[0].get('title', '')}", "", str(articles[0].get("url") or "")
        if kind == "msgmenu":
            choices = content.get("list") if isinstance(content.get("list"), list) else []
            lines = [str(content.get("head_content") or "")]
            lines += [f"· {choice.get('content', '')}" for choice in choices or [] if isinstance(choice, dict)]
            lines.append(str(content.get("tail_content") or ""))
            return "\n".join(line for line in lines if line), "", ""
        raise ErrcodeError(40008, "invalid message type")


def make_platform_blueprint(platform: Platform) -> Blueprint:
    """Return the endpoints; mount them at / of a loopback server, or under a path of the demo."""
    blueprint = Blueprint("platform", __name__)

    @blueprint.teardown_request
    def close_uploads(_: BaseException | None) -> None:
        request.close()

    views = _Endpoints(platform)

    def add(path: str, endpoint: str, method: str, view: View) -> None:
        wrapped = _wrap_view(platform, endpoint, view)
        blueprint.add_url_rule(path, endpoint.replace("/", "_"), wrapped, methods=[method])

    add("/cgi-bin/token", "token", "GET", views.token)
    add("/cgi-bin/stable_token", "stable_token", "POST", views.stable_token)
    add("/cgi-bin/media/get", "media/get", "GET", views.media_get)
    add("/cgi-bin/media/upload", "media/upload", "POST", views.media_upload)
    add("/cgi-bin/message/custom/send", "message/custom/send", "POST", views.custom_send)
    add("/cgi-bin/message/template/send", "message/template/send", "POST", views.template_send)
    add("/cgi-bin/qrcode/create", "qrcode/create", "POST", views.qrcode_create)
    add("/cgi-bin/menu/create", "menu/create", "POST", views.menu_create)
    add("/cgi-bin/user/info", "user/info", "GET", views.user_info)
    add("/cgi-bin/getcallbackip", "getcallbackip", "GET", views.callback_ip)

    def get_picture(picture_id: str) -> Response:
        medium = platform.media.find_picture(picture_id)
        if medium is None:
            return Response(status=404)
        return Response(medium.content, content_type=medium.content_type)

    def show_qr_code() -> Response:
        code = platform.find_qr_code(request.args.get("ticket", ""))
        if code is None:
            return Response(status=404)
        return Response(_draw_qr_code(code.scene, code.ticket), content_type="image/jpg")

    def wrap_plain(endpoint: str, view: Callable[..., Response]) -> Callable[..., Response]:
        return _wrap_view(platform, endpoint, view)

    blueprint.add_url_rule("/mmbiz/<picture_id>/0", "mmbiz", wrap_plain("mmbiz", get_picture))
    blueprint.add_url_rule("/cgi-bin/showqrcode", "showqrcode", wrap_plain("showqrcode", show_qr_code))
    return blueprint


def _wrap_view(platform: Platform, endpoint: str, view: View) -> Callable[..., Response]:
    """Return the view with quota, planned faults, the platform's form of errors, and the log around it."""

    @wraps(view)
    def wrapped(**arguments: str) -> Response:
        fault = platform.faults.find_next(endpoint)
        errcode = 0
        response: Response | None = None
        if fault is not None and not fault.after_work:
            response, errcode = answer_fault(platform, fault), fault.errcode
        if response is None:
            try:
                platform.quotas.spend_call(endpoint)
                answer = view(**arguments)
                response = answer if isinstance(answer, Response) else build_json(answer)
            except ErrcodeError as error:
                errcode = error.errcode
                response = _build_error(platform, endpoint, error)
            if fault is not None and fault.after_work:
                response = answer_fault(platform, fault) or response
        sent = _read_sent()
        platform.call_log.add_call(Call(endpoint, platform.clock(), sent, errcode, fault.kind if fault else ""))
        return response

    return wrapped


def _build_error(platform: Platform, endpoint: str, error: ErrcodeError) -> Response:
    seconds = int(platform.clock().timestamp())
    rid = f"{seconds:x}-{platform.token_bytes(4).hex()}-{platform.token_bytes(4).hex()}"
    as_text = endpoint == "media/get" and platform.switches.plain_text_errors
    return build_json(
        {"errcode": error.errcode, "errmsg": f"{error.errmsg} rid: {rid}"},
        "text/plain" if as_text else "application/json; charset=UTF-8",
    )


def _read_json() -> dict[str, Any]:
    try:
        sent = json.loads(request.get_data())
    except (ValueError, RecursionError) as error:
        raise ErrcodeError(47001, "data format error") from error
    if not isinstance(sent, dict):
        raise ErrcodeError(47001, "data format error")
    return sent


def _read_sent() -> dict[str, Any]:
    """Return query and JSON body for the log, without secrets and tokens."""
    sent: dict[str, Any] = dict(request.args)
    if request.method == "POST" and "multipart" not in (request.content_type or ""):
        try:
            body = json.loads(request.get_data())
        except (ValueError, RecursionError, RequestEntityTooLarge):
            body = None
        if isinstance(body, dict):
            sent |= body
    return {name: value for name, value in sent.items() if name not in _SECRET_FIELDS}


def _get_openid(sent: dict[str, Any]) -> str:
    openid = sent.get("touser")
    if not isinstance(openid, str) or not openid:
        raise ErrcodeError(40003, "invalid openid")
    return openid


def _read_scene(sent: dict[str, Any]) -> str:
    info = sent.get("action_info")
    scene = info.get("scene") if isinstance(info, dict) else None
    if not isinstance(scene, dict):
        raise ErrcodeError(40053, "invalid action info")
    text, number = scene.get("scene_str"), scene.get("scene_id")
    if "STR" in str(sent.get("action_name")):
        if not isinstance(text, str) or not 1 <= len(text) <= 64:
            raise ErrcodeError(40053, "invalid action info")
        return text
    limit = 100_000 if "LIMIT" in str(sent.get("action_name")) else 2**32 - 1
    if not isinstance(number, int) or not 1 <= number <= limit:
        raise ErrcodeError(40053, "invalid action info")
    return str(number)


def _draw_qr_code(scene: str, ticket: str) -> bytes:
    """Draw a picture that looks like a code but cannot be scanned; the scene is written below it."""
    size, cell = 430, 14
    picture = Image.new("RGB", (size, size), "white")
    draw = ImageDraw.Draw(picture)
    bits = int.from_bytes(ticket.encode())
    for index in range(24 * 24):
        if (bits >> (index % (len(ticket) * 8))) & 1:
            x, y = 47 + index % 24 * cell, 30 + index // 24 * cell
            draw.rectangle((x, y, x + cell - 1, y + cell - 1), fill="black")
    draw.text((47, 390), "".join(letter if letter.isascii() else "?" for letter in scene), fill="black")
    out = io.BytesIO()
    picture.save(out, "JPEG", quality=85)
    return out.getvalue()
