"""The chat page of the demo: a phone to send from, and beside it what travelled. It asks for no login."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from flask import Blueprint, Response, abort, jsonify, render_template, request, send_file

from bot.simulator import township
from bot.simulator.delivery import Delivery
from bot.simulator.envelopes import KIND_NAMES, Envelope
from bot.simulator.mail_page import register_mailbox
from bot.simulator.mailbox import Mailbox
from bot.simulator.media import sniff_content
from bot.simulator.menus import list_buttons
from bot.simulator.people import Person
from bot.simulator.platform import Platform
from bot.simulator.records import Bubble, Travel
from bot.simulator.voice_sample import build_amr_second

MAX_PHOTOS = 9  # the client's own limit for one selection
MAX_FILE_BYTES = 10 * 1024 * 1024
_MAX_REQUEST_BYTES = MAX_PHOTOS * MAX_FILE_BYTES + 65_536
_MAX_JSON_BYTES = 16_384
_MAX_TEXT = 2_000  # characters
_MAX_SHOWN_XML = 4_000  # characters
_MAX_TRAVELS = 60  # as many cards as the page keeps
_PHOTO_TYPES = {"image/jpeg", "image/png", "image/gif"}
_SAMPLE_SUFFIXES = {".jpg", ".jpeg", ".png"}
_MODE_NAMES = {"plain": "明文模式", "compat": "兼容模式", "safe": "安全模式 · 已加密"}
_PROBLEM_NAMES = {
    "timeout": "超时",
    "connection": "连不上",
    "status": "状态码不对",
    "unreadable": "看不懂回复",
}
# What a visitor may say first; the page offers them while a chat is empty.
STARTERS = (
    "砖厂配电箱门掉了，电线都露着",
    "东沟村口的井盖没了，晚上走路害怕",
    "我上回报的那个，现在咋样了",
)
# And the sample photos to send with one tap, where they are there.
STARTER_PHOTOS = ("box_open-1.jpg", "manhole_missing-1.jpg", "ebikes_charging-1.jpg")
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob:; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)


class SendError(Exception):
    """Something the person can put right; the text is shown on the page."""


def make_simulator_blueprint(
    platform: Platform,
    people: Iterable[Person],
    samples_folder: Path | None,
    admin_url: str,
    *,
    account_name: str = "安全随手拍",
    mailbox: Mailbox | None = None,
) -> Blueprint:
    """Return the chat page, to be mounted at /sim.

    `samples_folder` holds the photos to choose from (jpg, png); `admin_url` is where the queue is; a `mailbox` is
    shown under mail/.
    """
    blueprint = Blueprint("simulator", __name__, template_folder="templates", static_folder="static")
    contacts = {person.openid: person for person in people}
    samples = _list_samples(samples_folder)

    if mailbox is not None:
        register_mailbox(blueprint, mailbox)
    blueprint.before_request(_check_origin)
    blueprint.after_request(_add_headers)
    blueprint.teardown_request(_close_uploads)

    @blueprint.get("/")
    def show_chat() -> str:
        return render_template(
            "simulator/chat.html",
            account_name=account_name,
            admin_url=admin_url,
            buttons=list_buttons(platform.menu),
            mode=platform.account.mode,
            mode_name=_MODE_NAMES[platform.account.mode],
            people=list(contacts.values()),
            places=township.PLACES,
            starters=STARTERS,
            starter_photos=[name for name in STARTER_PHOTOS if name in samples],
            samples=[path.name for path in samples.values()],
            town=township,
            has_mail=mailbox is not None,
        )

    @blueprint.get("/api/state")
    def get_state() -> Response:
        openid = request.args.get("person", "")
        if openid not in contacts:
            abort(404)
        after = request.args.get("after", 0, type=int)
        travels_after = request.args.get("log_after", 0, type=int)
        return jsonify(_build_state(platform, contacts, openid, after, travels_after))

    @blueprint.post("/api/send")
    def send() -> tuple[Response, int]:
        if not request.is_json and request.mimetype != "multipart/form-data":
            abort(415)
        if request.is_json:
            request.max_content_length = _MAX_JSON_BYTES
        fields: Any = request.get_json() if request.is_json else request.form
        openid = fields.get("person") if hasattr(fields, "get") else None
        if openid not in contacts:
            abort(404)
        try:
            envelopes = _build_envelopes(platform, openid, fields, samples)
        except SendError as error:
            return jsonify(problem=str(error)), 400
        key = str(fields.get("key") or "")[:40]
        envelopes = [
            replace(envelope, client_key=f"{key}-{index}" if key else "") for index, envelope in enumerate(envelopes)
        ]
        started = time.perf_counter()
        deliveries = platform.deliver_many(envelopes)
        took = round((time.perf_counter() - started) * 1000)
        return jsonify(sent=len(deliveries), took=took, shown=[delivery.shown for delivery in deliveries]), 200

    @blueprint.get("/photo/<picture_id>")
    def get_photo(picture_id: str) -> Response:
        medium = platform.media.find_picture(picture_id)
        if medium is None or medium.content_type not in _PHOTO_TYPES:
            abort(404)
        response = Response(medium.content, content_type=medium.content_type)
        response.headers["Cache-Control"] = "private, max-age=86400"
        return response

    @blueprint.get("/sample/<name>")
    def get_sample(name: str) -> Response:
        if name not in samples:
            abort(404)
        return send_file(samples[name], max_age=86_400)

    return blueprint


def _check_origin() -> None:
    """Refuse what another site's page posts; there is no login that could protect this tool."""
    request.max_content_length = _MAX_REQUEST_BYTES
    origin = request.headers.get("Origin")
    if request.method != "POST":
        return
    if origin is not None and urlsplit(origin).netloc != request.host:
        abort(403)
    if origin is None and request.headers.get("Sec-Fetch-Site", "none") not in {"same-origin", "none"}:
        abort(403)


def _add_headers(response: Response) -> Response:
    response.headers.setdefault("Content-Security-Policy", _POLICY)
    response.headers.setdefault("X-Content-Type-Options", "nosniff")
    response.headers.setdefault("Referrer-Policy", "no-referrer")
    return response


def _close_uploads(_: BaseException | None) -> None:
    request.close()


def _list_samples(folder: Path | None) -> dict[str, Path]:
    if folder is None or not folder.is_dir():
        return {}
    paths = sorted(path for path in folder.iterdir() if path.suffix.lower() in _SAMPLE_SUFFIXES)
    return {path.name: path.resolve() for path in paths}


def _build_envelopes(platform: Platform, openid: str, fields: Any, samples: dict[str, Path]) -> list[Envelope]:
    """Return the pushes for what the page sent; raises SendError with a sentence for the person."""
    kind = str(fields.get("kind") or "")
    following = platform.followers.is_following(openid)
    if kind == "follow":
        return [] if following else [platform.build.subscribe(openid)]
    if kind == "scan":
        return [platform.build_scan(openid, _read_text(fields, "scene", 64, "先写上二维码里的场景值。"))]
    if not following:
        raise SendError("要先关注，才能发消息。")
    builders: dict[str, Callable[[], list[Envelope]]] = {
        "text": lambda: [platform.build.text(openid, _read_text(fields, "text", _MAX_TEXT, "还没写字。"))],
        "photos": lambda: platform.build.images(openid, _read_photos()),
        "samples": lambda: platform.build.images(openid, _read_samples(fields, samples)),
        "voice": lambda: [_build_voice(platform, openid, fields)],
        "location": lambda: [_build_location(platform, openid, fields)],
        "click": lambda: [_build_click(platform, openid, fields)],
        "unfollow": lambda: [platform.build.unsubscribe(openid)],
    }
    if kind not in builders:
        abort(400)
    return builders[kind]()


def _read_text(fields: Any, name: str, limit: int, missing: str) -> str:
    text = fields.get(name)
    if not isinstance(text, str) or not text.strip():
        raise SendError(missing)
    if len(text) > limit:
        raise SendError(f"太长了，最多 {limit} 个字。")
    return text


def _read_photos() -> list[bytes]:
    uploads = request.files.getlist("photos")
    if not 1 <= len(uploads) <= MAX_PHOTOS:
        raise SendError(f"一次选 1 到 {MAX_PHOTOS} 张照片。")
    contents = []
    for upload in uploads:
        content = upload.stream.read(MAX_FILE_BYTES + 1)
        sniffed = sniff_content(content)
        if len(content) > MAX_FILE_BYTES:
            raise SendError("有一张照片超过 10 MB，换一张小点的。")
        if sniffed is None or sniffed[0] not in _PHOTO_TYPES:
            raise SendError("只能发 JPG、PNG 或 GIF 照片。")
        contents.append(content)
    return contents


def _read_samples(fields: Any, samples: dict[str, Path]) -> list[bytes]:
    names = fields.get("samples")
    if not isinstance(names, list) or not 1 <= len(names) <= MAX_PHOTOS:
        raise SendError(f"一次选 1 到 {MAX_PHOTOS} 张照片。")
    if not all(isinstance(name, str) and name in samples for name in names):
        abort(404)
    return [samples[name].read_bytes() for name in names]


def _build_voice(platform: Platform, openid: str, fields: Any) -> Envelope:
    spoken = fields.get("recognition")
    recognition = spoken[:_MAX_TEXT] if isinstance(spoken, str) and spoken.strip() else None
    upload = request.files.get("voice")
    content = build_amr_second() if upload is None else upload.stream.read(2 * 1024 * 1024 + 1)
    if len(content) > 2 * 1024 * 1024:
        raise SendError("语音超过 2 MB，换一段短点的。")
    if not content.startswith(b"#!AMR"):
        raise SendError("这不是 AMR 语音文件。")
    envelope = platform.build.voice(openid, content, recognition=recognition)
    return replace(envelope, shown=f"[语音] {recognition}") if recognition else envelope


def _build_location(platform: Platform, openid: str, fields: Any) -> Envelope:
    try:
        lat, lng = float(fields.get("lat")), float(fields.get("lng"))
    except (TypeError, ValueError) as error:
        raise SendError("先在地图上点一下。") from error
    if not (-90 <= lat <= 90 and -180 <= lng <= 180):
        raise SendError("这个点不在地图上。")
    return platform.build.location(openid, lat, lng, str(fields.get("label") or "")[:100])


def _build_click(platform: Platform, openid: str, fields: Any) -> Envelope:
    names = {button.key: button.name for _, buttons in list_buttons(platform.menu) for button in buttons if button.key}
    key = str(fields.get("click_key") or "")
    if key not in names:
        abort(404)
    return platform.build.click(openid, key, name=names[key])


def _build_state(
    platform: Platform, contacts: dict[str, Person], openid: str, after: int, travels_after: int
) -> dict[str, Any]:
    travels = platform.travels.list_travels(travels_after)[-_MAX_TRAVELS:]
    return {
        "following": platform.followers.is_following(openid),
        "bubbles": [_build_bubble(bubble) for bubble in platform.chats.list_bubbles(openid, after)],
        "travels": [_build_travel(travel, contacts) for travel in travels],
    }


def _build_bubble(bubble: Bubble) -> dict[str, Any]:
    return {
        "number": bubble.number,
        "side": bubble.side,
        "kind": bubble.kind,
        "text": bubble.text,
        "at": bubble.at.isoformat(),
        "picture": bubble.picture_id,
        "point": bubble.point,
        "rows": [list(row) for row in bubble.rows],
        # Only web addresses may become links on the page.
        "link": bubble.link if bubble.link.startswith(("http://", "https://")) else "",
        "key": bubble.client_key,
    }


def _build_travel(travel: Travel, contacts: dict[str, Person]) -> dict[str, Any]:
    delivery = travel.delivery
    envelope = delivery.envelope
    person = contacts.get(envelope.openid)
    return {
        "number": travel.number,
        "at": travel.at.isoformat(),
        "name": person.name if person else "别人",
        "kind": KIND_NAMES.get(envelope.kind, envelope.kind),
        "message_id": envelope.message_id,
        "attempts": len(delivery.attempts),
        "milliseconds": round(delivery.milliseconds, 1),
        "accepted": delivery.accepted,
        "outcome": _build_outcome(delivery),
        "sent_xml": envelope.body.decode("utf-8", "replace")[:_MAX_SHOWN_XML],
        "reply_xml": delivery.reply.xml[:_MAX_SHOWN_XML] if delivery.reply else "",
        "encrypted": bool(delivery.push.query.get("encrypt_type")),
    }


def _build_outcome(delivery: Delivery) -> str:
    last = delivery.attempts[-1]
    if last.problem:
        return f"{_PROBLEM_NAMES[last.problem]}（{last.detail}）" if last.detail else _PROBLEM_NAMES[last.problem]
    return delivery.shown or "收到，不用回话"
