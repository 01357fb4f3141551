"""What the platform posts to a callback: every message and event as XML, before signing and encryption."""

from __future__ import annotations

import hashlib
import itertools
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TypeAlias

from bot.simulator.media import MediaShelf

Field: TypeAlias = "str | int | float | Fields"
Fields: TypeAlias = "Sequence[tuple[str, Field]]"

_EPOCH_2020 = datetime(2020, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Envelope:
    """One push, the same for all its repeats."""

    openid: str
    kind: str  # MsgType, or "event:" and the Event as sent
    message_id: str  # MsgId; "" for events, which have none
    create_time: int  # seconds since 1970
    body: bytes  # the plain XML
    shown: str  # what the person sees of it in the chat; "" for nothing
    picture_id: str = ""  # of a photo, for the chat page
    point: tuple[float, float] | None = None  # lat, lng of a place, for the chat page
    client_key: str = ""  # the chat page's own name for it

    @property
    def is_event(self) -> bool:
        """Tell events from messages; only messages open the 48 hours for customer-service messages."""
        return self.kind.startswith("event:")


class EnvelopeBuilder:
    """Builds envelopes with fresh message ids; media go onto the shelf on the way.

    Element order follows the documented samples. Captures show other orders for images and voices (MsgId before
    MediaId), so a reader must not depend on it.
    """

    def __init__(
        self,
        original_id: str,
        shelf: MediaShelf,
        clock: Callable[[], datetime],
        token_bytes: Callable[[int], bytes],
        picture_url: Callable[[str], str],
    ) -> None:
        self._original_id = original_id
        self._shelf = shelf
        self._clock = clock
        self._token_bytes = token_bytes
        self._picture_url = picture_url
        # Grows with time like the real ones, and differs between two platforms that share a stopped clock.
        milliseconds = int((clock() - _EPOCH_2020).total_seconds() * 1000)
        start = (milliseconds << 20) + int.from_bytes(token_bytes(3)) % (1 << 20)
        self._message_ids = itertools.count(max(start, 1))

    # Messages

    def text(
        self, openid: str, content: str, *, at: datetime | None = None, menu_id: str = "", from_web: bool = False
    ) -> Envelope:
        """Build a text; `menu_id` as after a click in a msgmenu, `from_web` with the web client's stray tail."""
        fields: list[tuple[str, Field]] = [("Content", content)]
        if menu_id:
            fields.append(("bizmsgmenuid", menu_id))
        return self._message(openid, "text", fields, content, at, tail="webwx_msg_cli_ver_0x1" if from_web else "")

    def image(self, openid: str, content: bytes, *, at: datetime | None = None) -> Envelope:
        """Build one photo; the bytes can be had by MediaId for three days and by PicUrl for longer."""
        media_id = self._shelf.add_media("image", content)
        fields = [("PicUrl", self._picture_url(media_id)), ("MediaId", media_id)]
        return self._message(openid, "image", fields, "[图片]", at, picture_id=media_id)

    def images(self, openid: str, contents: Iterable[bytes], *, at: datetime | None = None) -> list[Envelope]:
        """Build the pushes of several photos sent at once: one each, of the same second, without a group id."""
        instant = at or self._clock()
        return [self.image(openid, content, at=instant) for content in contents]

    def voice(
        self,
        openid: str,
        content: bytes,
        *,
        voice_format: str = "amr",
        wide: bytes | None = None,
        recognition: str | None = None,
        at: datetime | None = None,
    ) -> Envelope:
        """Build a voice; `wide` is its 16 kHz form (the same bytes when missing).

        `recognition` None leaves the element out; accounts with the old switch still on get it, mostly empty.
        """
        fields: list[tuple[str, Field]] = [
            ("MediaId", self._shelf.add_media("voice", content)),
            ("Format", voice_format),
        ]
        if recognition is not None:
            fields.append(("Recognition", recognition))
        fields.append(("MediaId16K", self._shelf.add_media("voice", content if wide is None else wide)))
        return self._message(openid, "voice", fields, "[语音]", at)

    def video(
        self, openid: str, content: bytes, *, thumbnail: bytes = b"", short: bool = False, at: datetime | None = None
    ) -> Envelope:
        """Build a video, or a shortvideo."""
        fields = [
            ("MediaId", self._shelf.add_media("video", content)),
            ("ThumbMediaId", self._shelf.add_media("thumb", thumbnail)),
        ]
        return self._message(openid, "shortvideo" if short else "video", fields, "[视频]", at)

    def location(
        self, openid: str, lat: float, lng: float, label: str = "", *, scale: int = 15, at: datetime | None = None
    ) -> Envelope:
        """Build a place sent from the map: GCJ-02 degrees, label possibly empty."""
        fields: Fields = [
            ("Location_X", f"{lat:.6f}"),
            ("Location_Y", f"{lng:.6f}"),
            ("Scale", scale),
            ("Label", label),
        ]
        shown = f"[位置] {label}".rstrip()
        envelope = self._message(openid, "location", fields, shown, at, bare={"Location_X", "Location_Y"})
        return replace(envelope, point=(lat, lng))

    def link(self, openid: str, title: str, description: str, url: str, *, at: datetime | None = None) -> Envelope:
        """Build a shared article."""
        fields = [("Title", title), ("Description", description), ("Url", url)]
        return self._message(openid, "link", fields, f"[链接] {title}", at)

    def unknown(self, openid: str, msg_type: str, fields: Fields = (), *, at: datetime | None = None) -> Envelope:
        """Build a message of a type nobody has documented yet."""
        return self._message(openid, msg_type, fields, f"[{msg_type}]", at)

    # Events

    def subscribe(self, openid: str, scene: str = "", ticket: str = "", *, at: datetime | None = None) -> Envelope:
        """Build the follow event; with a scene as after scanning a QR code with parameters."""
        fields: list[tuple[str, Field]] = [("EventKey", f"qrscene_{scene}" if scene else "")]
        if scene:
            fields.append(("Ticket", ticket))
        return self._event(openid, "subscribe", fields, "扫码关注了公众号" if scene else "关注了公众号", at)

    def unsubscribe(self, openid: str, *, at: datetime | None = None) -> Envelope:
        """Build the unfollow event; whatever is replied, nobody sees it."""
        return self._event(openid, "unsubscribe", [("EventKey", "")], "取消了关注", at)

    def scan(self, openid: str, scene: str, ticket: str = "", *, at: datetime | None = None) -> Envelope:
        """Build the scan of a QR code by somebody who follows already."""
        return self._event(openid, "SCAN", [("EventKey", scene), ("Ticket", ticket)], f"扫了二维码 {scene}", at)

    def click(self, openid: str, key: str, *, name: str = "", at: datetime | None = None) -> Envelope:
        """Build the click on a menu button; `name` is only what the chat page shows."""
        return self._event(openid, "CLICK", [("EventKey", key)], f"点了菜单“{name or key}”", at)

    def view(self, openid: str, url: str, menu_id: str = "430000001", *, at: datetime | None = None) -> Envelope:
        """Build the opening of a menu link."""
        return self._event(openid, "VIEW", [("EventKey", url), ("MenuId", menu_id)], "", at)

    def location_event(
        self, openid: str, lat: float, lng: float, precision: float = 65.0, *, at: datetime | None = None
    ) -> Envelope:
        """Build the position that the client reports by itself on entering the chat."""
        fields = [("Latitude", f"{lat:.6f}"), ("Longitude", f"{lng:.6f}"), ("Precision", f"{precision:.6f}")]
        return self._event(openid, "LOCATION", fields, "", at, bare={"Latitude", "Longitude", "Precision"})

    def scancode_waitmsg(
        self, openid: str, key: str, result: str, *, scan_type: str = "qrcode", at: datetime | None = None
    ) -> Envelope:
        """Build the result of a scan started from a menu button."""
        fields: Fields = [("EventKey", key), ("ScanCodeInfo", [("ScanType", scan_type), ("ScanResult", result)])]
        return self._event(openid, "scancode_waitmsg", fields, "", at)

    def photo_or_album(
        self, openid: str, key: str, contents: Sequence[bytes], *, count: int | None = None, at: datetime | None = None
    ) -> Envelope:
        """Build the event of a photo menu button; each photo comes as an image message besides.

        `count` other than the number of photos has been captured from the real platform.
        """
        pictures: Fields = [
            ("item", [("PicMd5Sum", hashlib.md5(content, usedforsecurity=False).hexdigest())]) for content in contents
        ]
        listed: Fields = [("Count", len(contents) if count is None else count), ("PicList", pictures)]
        return self._event(openid, "pic_photo_or_album", [("EventKey", key), ("SendPicsInfo", listed)], "", at)

    def location_select(
        self,
        openid: str,
        key: str,
        lat: float,
        lng: float,
        label: str = "",
        poi: str = "",
        *,
        at: datetime | None = None,
    ) -> Envelope:
        """Build the event of a place menu button; a location message comes besides."""
        place: Fields = [
            ("Location_X", f"{lat:.6f}"),
            ("Location_Y", f"{lng:.6f}"),
            ("Scale", "15"),
            ("Label", label),
            ("Poiname", poi),
        ]
        return self._event(openid, "location_select", [("EventKey", key), ("SendLocationInfo", place)], "", at)

    def template_finished(
        self, openid: str, message_id: int, status: str = "success", *, at: datetime | None = None
    ) -> Envelope:
        """Build the result of one template message; note `MsgID`, with a capital D."""
        fields: Fields = [("MsgID", message_id), ("Status", status)]
        return self._event(openid, "TEMPLATESENDJOBFINISH", fields, "", at)

    def unknown_event(self, openid: str, event: str, fields: Fields = (), *, at: datetime | None = None) -> Envelope:
        """Build an event nobody has documented yet."""
        return self._event(openid, event, fields, "", at)

    def raw(self, openid: str, body: bytes, kind: str = "raw", *, at: datetime | None = None) -> Envelope:
        """Wrap any bytes, for what the platform should never send."""
        return Envelope(openid, kind, "", int((at or self._clock()).timestamp()), body, "")

    # Parts

    def _message(
        self,
        openid: str,
        msg_type: str,
        fields: Fields,
        shown: str,
        at: datetime | None,
        *,
        bare: Iterable[str] = (),
        tail: str = "",
        picture_id: str = "",
    ) -> Envelope:
        create_time = int((at or self._clock()).timestamp())
        message_id = next(self._message_ids)
        body = self._build_body(openid, create_time, msg_type, [*fields, ("MsgId", message_id)], frozenset(bare), tail)
        return Envelope(openid, msg_type, str(message_id), create_time, body, shown, picture_id)

    def _event(
        self,
        openid: str,
        event: str,
        fields: Fields,
        shown: str,
        at: datetime | None,
        *,
        bare: Iterable[str] = (),
    ) -> Envelope:
        create_time = int((at or self._clock()).timestamp())
        body = self._build_body(openid, create_time, "event", [("Event", event), *fields], frozenset(bare), "")
        return Envelope(openid, f"event:{event}", "", create_time, body, shown)

    def _build_body(
        self, openid: str, create_time: int, msg_type: str, fields: Fields, bare: frozenset[str], tail: str
    ) -> bytes:
        head: Fields = [
            ("ToUserName", self._original_id),
            ("FromUserName", openid),
            ("CreateTime", create_time),
            ("MsgType", msg_type),
        ]
        lines = "\n".join(_build_element(name, value, bare) for name, value in [*head, *fields])
        return f"<xml>{lines}\n{tail}</xml>".encode("utf-8", "surrogatepass")


def build_cdata(text: str) -> str:
    """Return a CDATA section; an end mark inside is split (how the real platform does it is not documented)."""
    return "<![CDATA[" + text.replace("]]>", "]]]]><![CDATA[>") + "]]>"


def _build_element(name: str, value: Field, bare: frozenset[str]) -> str:
    if isinstance(value, (int, float)):
        content = str(value)
    elif isinstance(value, str):
        content = value if name in bare else build_cdata(value)
    else:
        content = "\n" + "\n".join(_build_element(child, inner, bare) for child, inner in value) + "\n"
    return f"<{name}>{content}</{name}>"


def build_encrypted_body(body: bytes, original_id: str, encrypted: str, *, keep_plain: bool) -> bytes:
    """Return the posted body around a ciphertext: alone in safe mode, behind the plain fields in compat mode."""
    if keep_plain:
        return body.removesuffix(b"</xml>") + f"<Encrypt>{build_cdata(encrypted)}</Encrypt>\n</xml>".encode()
    return (
        f"<xml>\n    <ToUserName>{build_cdata(original_id)}</ToUserName>\n"
        f"    <Encrypt>{build_cdata(encrypted)}</Encrypt>\n</xml>\n"
    ).encode()


KIND_NAMES: Mapping[str, str] = {
    "text": "文字",
    "image": "照片",
    "voice": "语音",
    "video": "视频",
    "shortvideo": "小视频",
    "location": "位置",
    "link": "链接",
    "event:subscribe": "关注",
    "event:unsubscribe": "取消关注",
    "event:SCAN": "扫码",
    "event:CLICK": "点菜单",
    "event:VIEW": "打开链接",
    "event:LOCATION": "自动报位置",
    "event:TEMPLATESENDJOBFINISH": "模板消息结果",
}
