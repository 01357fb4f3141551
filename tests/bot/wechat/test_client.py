"""Calls of the platform: media in every form that was seen, sends, and what each failure becomes."""

from __future__ import annotations

import socket
import threading
import time
import tracemalloc
from collections.abc import Callable
from typing import Any

import pytest
from pytest_httpserver import HTTPServer

from bot.simulator.faults import Fault
from bot.wechat.client import WeChatClient
from bot.wechat.errors import (
    AddressError,
    ConfigurationError,
    MediaGoneError,
    TokenError,
    TooLargeError,
    TransportError,
    WeChatError,
)
from tests.bot.wechat.setting import OPENID, PHOTO, Setting


def test_fetches_a_photo_by_its_media_id(setting: Setting, client: WeChatClient) -> None:
    media_id = setting.platform.media.add_media("image", PHOTO)
    fetched = client.get_media(media_id)
    assert (fetched.content, fetched.content_type) == (PHOTO, "image/jpeg")
    assert fetched.filename == f"{media_id}.jpg"


@pytest.mark.parametrize("as_text", [True, False], ids=["text/plain", "application/json"])
def test_recognises_a_refusal_inside_http_200(setting: Setting, client: WeChatClient, as_text: bool) -> None:
    setting.platform.switches.plain_text_errors = as_text
    with pytest.raises(MediaGoneError) as caught:
        client.get_media("long-gone")
    assert caught.value.errcode == 40007
    assert caught.value.permanent


@pytest.mark.parametrize("as_bytes", [True, False], ids=["bytes", "video_url"])
def test_fetches_a_video_in_both_forms(setting: Setting, client: WeChatClient, as_bytes: bool) -> None:
    setting.platform.switches.video_as_bytes = as_bytes
    video = b"\x00\x00\x00\x18ftypmp42" + b"v" * 5000
    assert client.get_media(setting.platform.media.add_media("video", video)).content == video


def test_follows_a_video_url_to_allowed_hosts_only(setting: Setting, client: WeChatClient) -> None:
    setting.platform.public_url = "http://127.0.0.1:9"
    with pytest.raises(AddressError):
        client.get_media(setting.platform.media.add_media("video", b"\x00\x00\x00\x18ftypmp42"))


MEDIA_FAULTS: dict[str, tuple[Fault, type[WeChatError]]] = {
    "a page with 200": (Fault.answer_html(), TransportError),
    "a page with 502": (Fault.answer_html(502), TransportError),
    "nothing": (Fault.answer_nothing(), TransportError),
    "a redirect": (Fault.redirect("http://127.0.0.1:9/"), TransportError),
    "500": (Fault.answer_status(500), TransportError),
    "too many bytes": (Fault.pour(40_000_000), TooLargeError),
    "one byte at a time": (Fault.drip(0.05), TransportError),
    "too late": (Fault.wait(5), TransportError),
    "cut off": (Fault.cut(), TransportError),
    "busy": (Fault.refuse(-1), WeChatError),
}


@pytest.mark.parametrize(("fault", "kind"), MEDIA_FAULTS.values(), ids=MEDIA_FAULTS)
def test_bounds_every_bad_answer_in_time_and_memory(
    setting: Setting, client: WeChatClient, fault: Fault, kind: type[WeChatError]
) -> None:
    media_id = setting.platform.media.add_media("image", PHOTO)
    setting.platform.faults.plan("media/get", fault)
    began = time.monotonic()
    tracemalloc.start()
    try:
        with pytest.raises(kind) as caught:
            client.get_media(media_id, most_bytes=1_000_000)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert time.monotonic() - began < 1.5
    assert peak < 16_000_000  # the pretend platform, in the same process, takes ten of these for itself
    assert caught.value.permanent is (kind is TooLargeError)
    assert client.get_media(media_id).content == PHOTO, "the next call is not harmed"


def test_refuses_a_length_that_is_announced_too_large_without_reading(setting: Setting, client: WeChatClient) -> None:
    with pytest.raises(TooLargeError):
        client.get_media(setting.platform.media.add_media("image", PHOTO), most_bytes=len(PHOTO) - 1)
    assert client.get_media(setting.platform.media.add_media("image", PHOTO), most_bytes=len(PHOTO))


def test_bounds_headers_that_drip(setting: Setting) -> None:
    # Answered by hand: a header line that never ends is not in the pretend platform's repertoire.
    listener = socket.create_server(("127.0.0.1", 0))
    is_over = threading.Event()

    def answer() -> None:
        connection, _ = listener.accept()
        with connection:
            connection.recv(65536)
            connection.sendall(b"HTTP/1.1 200 OK\r\nX-Slow: ")
            while not is_over.wait(0.02):
                try:
                    connection.sendall(b"x")
                except OSError:
                    return

    thread = threading.Thread(target=answer)
    thread.start()
    try:
        with setting.make_client(url=f"http://127.0.0.1:{listener.getsockname()[1]}") as client:
            began = time.monotonic()
            with pytest.raises(TransportError, match="no answer in time"):
                client.check_credentials()
            assert time.monotonic() - began < 1.5
    finally:
        is_over.set()
        thread.join()
        listener.close()


ODD_ANSWERS: dict[str, tuple[bytes, type[WeChatError] | None]] = {
    "broken JSON": (b'{"errcode": 4', TransportError),
    "nested JSON": (b'{"a":' * 40_000, TransportError),
    "a long object": (b'{"a": "' + b"x" * 300_000 + b'"}', TransportError),
    "an object without errcode": (b'{"hello": 1}', TransportError),
    "an errcode that is a text": (b'{"errcode": "40007"}', TransportError),
    "a number of 5000 digits": (b'{"errcode": ' + b"9" * 5000 + b"}", TransportError),
    "an unknown errcode": (b'{"errcode": 99999}', WeChatError),
    "spaces before an errcode": (b'  \n{"errcode": 40007, "errmsg": "x"}', MediaGoneError),
    "a list": (b"[1, 2]", None),
    "a text": (b"hello", None),
}


@pytest.mark.parametrize(("body", "kind"), ODD_ANSWERS.values(), ids=ODD_ANSWERS)
def test_tells_odd_answers_from_media(
    setting: Setting, httpserver: HTTPServer, body: bytes, kind: type[WeChatError] | None
) -> None:
    httpserver.expect_request("/cgi-bin/stable_token").respond_with_json({"access_token": "t", "expires_in": 7200})
    httpserver.expect_request("/cgi-bin/media/get").respond_with_data(body, content_type="image/jpeg")
    with setting.make_client(url=httpserver.url_for("/")) as client:
        if kind is None:  # no error: what it is, is for `media` to say
            assert client.get_media("any").content == body
        else:
            with pytest.raises(kind):
                client.get_media("any")


def test_sends_text_as_plain_utf8(setting: Setting, client: WeChatClient, write_to: Callable[[], None]) -> None:
    write_to()
    client.send_text(OPENID, '收到,"井口"\\护栏\n已交办\x07\x1b\ud800')
    [bubble] = [bubble for bubble in setting.platform.chats.list_bubbles(OPENID) if bubble.side == "account"]
    assert bubble.text == '收到,"井口"\\护栏\n已交办'


def test_sends_a_template_once_however_often_it_is_repeated(
    setting: Setting, client: WeChatClient, write_to: Callable[[], None]
) -> None:
    write_to()
    setting.platform.faults.plan("message/template/send", Fault.wait(5, after_work=True))
    values = {"thing1": "东坪村井口护栏", "time2": "2026-11-25 09:00"}

    def send() -> int:
        return client.send_template(OPENID, "invented-template", values, client_msg_id="notice-7", url="")

    with pytest.raises(TransportError) as caught:
        send()
    assert caught.value.may_have_arrived
    assert send() > 0
    shown = [bubble for bubble in setting.platform.chats.list_bubbles(OPENID) if bubble.kind == "template"]
    assert len(shown) == 1


@pytest.mark.parametrize(
    ("expire_seconds", "action"), [(None, "QR_LIMIT_STR_SCENE"), (600, "QR_STR_SCENE")], ids=["for ever", "600 s"]
)
def test_makes_qr_codes(setting: Setting, client: WeChatClient, expire_seconds: int | None, action: str) -> None:
    code = client.create_qr("东坪村井口", expire_seconds=expire_seconds)
    found = setting.platform.find_qr_code(code.ticket)
    assert found is not None
    assert (found.scene, found.expires_at is None) == ("东坪村井口", expire_seconds is None)
    assert setting.platform.call_log.list_calls("qrcode/create")[0].sent["action_name"] == action


@pytest.mark.parametrize(
    ("scene", "seconds"), [("", None), ("x" * 65, None), ("x", 0), ("x", 2_592_001)],
    ids=["no scene", "a long scene", "no time", "a long time"],
)  # fmt: skip
def test_refuses_qr_codes_that_the_platform_would_refuse(client: WeChatClient, scene: str, seconds: int | None) -> None:
    with pytest.raises(ValueError, match="1 to"):
        client.create_qr(scene, expire_seconds=seconds)


def test_replaces_the_menu(setting: Setting, client: WeChatClient) -> None:
    client.create_menu([{"type": "click", "name": "我要反映", "key": "report"}])
    assert setting.platform.menu == {"button": [{"type": "click", "name": "我要反映", "key": "report"}]}


@pytest.mark.parametrize("errcode", [40001, 40014, 42001])
def test_renews_a_refused_token_once(setting: Setting, client: WeChatClient, errcode: int) -> None:
    media_id = setting.platform.media.add_media("image", PHOTO)
    setting.platform.faults.plan("media/get", Fault.refuse(errcode))
    assert client.get_media(media_id).content == PHOTO
    assert setting.count_calls("media/get") == 2
    assert setting.count_calls("stable_token") == 2


def test_stops_when_the_renewed_token_is_refused_too(setting: Setting, client: WeChatClient) -> None:
    setting.platform.faults.plan_always("media/get", Fault.refuse(40001))
    with pytest.raises(TokenError) as caught:
        client.get_media("any")
    assert not caught.value.permanent
    assert setting.count_calls("media/get") == 2
    assert setting.count_calls("stable_token") == 2
    assert not any(call.sent.get("force_refresh") for call in setting.platform.calls)


def test_goes_on_after_all_tokens_were_dropped(setting: Setting, client: WeChatClient) -> None:
    media_id = setting.platform.media.add_media("image", PHOTO)
    client.get_media(media_id)
    setting.platform.tokens.drop_tokens()
    assert client.get_media(media_id).content == PHOTO


@pytest.mark.parametrize("is_read", [True, False], ids=["by a call", "by the check"])
def test_says_that_the_secret_is_wrong(setting: Setting, is_read: bool) -> None:
    with setting.make_client(secret="another-invented-secret") as client, pytest.raises(ConfigurationError) as caught:
        client.get_media("any") if is_read else client.check_credentials()
    assert caught.value.errcode == 40125
    assert setting.count_calls("media/get") == 0


def test_names_the_address_that_is_not_on_the_ip_list(setting: Setting, client: WeChatClient) -> None:
    setting.platform.switches.allowed_addresses = frozenset({"192.0.2.1"})
    with pytest.raises(ConfigurationError, match=r"40164 .*\(127\.0\.0\.1\) \[rid "):
        client.check_credentials()
    setting.platform.switches.allowed_addresses = None
    client.check_credentials()


def test_knows_that_a_refused_connection_sent_nothing(setting: Setting) -> None:
    with setting.make_client(url="http://127.0.0.1:9") as client, pytest.raises(TransportError) as caught:
        client.check_credentials()
    assert not caught.value.may_have_arrived


def test_takes_no_proxy_from_the_environment(
    setting: Setting, client: WeChatClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:9")
    client.check_credentials()
    assert setting.count_calls("stable_token") == 1


def test_works_under_a_path_of_the_demo(setting: Setting, httpserver: HTTPServer) -> None:
    answer: dict[str, Any] = {"access_token": "t", "expires_in": 7200}
    httpserver.expect_request("/sim/cgi-bin/stable_token").respond_with_json(answer)
    with setting.make_client(url=httpserver.url_for("/sim/")) as client:
        client.check_credentials()
