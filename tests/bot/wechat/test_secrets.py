"""No secret, token, openid or address with a token comes out of the client, whatever fails."""

from __future__ import annotations

import logging
import traceback
from collections.abc import Callable

import pytest
from pytest_httpserver import HTTPServer

from bot.simulator.faults import Fault
from bot.wechat.client import WeChatClient
from bot.wechat.errors import WeChatError
from storage import tokens
from tests.bot.wechat.setting import APP_ID, APP_SECRET, OPENID, PHOTO, Setting

FAULTS = {
    "refused token for ever": Fault.refuse(40001, f"invalid credential {OPENID}"),
    "unknown openid": Fault.refuse(40003, f"invalid openid [{OPENID}]"),
    "unknown errcode": Fault.refuse(12345, f"{OPENID} {APP_SECRET}"),
    "IP list": Fault.refuse(40164, f"invalid ip 203.0.113.9, {OPENID}"),
    "busy": Fault.refuse(-1, OPENID),
    "quota": Fault.refuse(45009, OPENID),
    "500": Fault.answer_status(500),
    "a page": Fault.answer_html(),
    "nothing": Fault.answer_nothing(),
    "a redirect": Fault.redirect("http://127.0.0.1:9/?access_token=stolen"),
    "too late": Fault.wait(3),
    "one byte at a time": Fault.drip(0.05),
    "too many bytes": Fault.pour(2_000_000),
    "cut off": Fault.cut(),
}
CALLS: dict[str, tuple[str, Callable[[WeChatClient], object]]] = {
    "media": ("media/get", lambda client: client.get_media("any", most_bytes=1_000_000)),
    "text": ("message/custom/send", lambda client: client.send_text(OPENID, "你好")),
    "template": (
        "message/template/send",
        lambda client: client.send_template(OPENID, "t", {"thing1": "x"}, client_msg_id="m"),
    ),
    "qr": ("qrcode/create", lambda client: client.create_qr("s")),
    "token": ("stable_token", lambda client: client.check_credentials()),
}
SLOW = {"too late", "one byte at a time"}


def find_secrets(setting: Setting, said: str) -> list[str]:
    """Return which of the words that must not be said are in a text."""
    words = {"secret": APP_SECRET, "openid": OPENID, "query": "access_token=", "query of the secret": "secret="}
    with setting.database.read() as db:
        sealed = tokens.find_token(db, APP_ID)
    if sealed is not None:
        words["token"] = setting.vault.open(sealed.token_sealed, "token").decode()[:30]
    return [name for name, word in words.items() if word in said]


def tell(error: BaseException) -> str:
    """Return everything that a careless logger could write about an error, its suppressed context included."""
    said = [str(error), repr(error), repr(vars(error)), *traceback.format_exception(error)]
    linked = [error.__cause__, error.__context__]
    return "\n".join(said + [tell(other) for other in linked if other is not None])


@pytest.mark.parametrize(
    ("fault_name", "call_name"),
    [(fault, call) for fault in FAULTS for call in CALLS if fault not in SLOW or call in {"media", "text"}],
)
def test_says_no_secret_when_a_call_fails(
    setting: Setting, client: WeChatClient, caplog: pytest.LogCaptureFixture, fault_name: str, call_name: str
) -> None:
    endpoint, call = CALLS[call_name]
    with caplog.at_level(logging.DEBUG):
        if call_name != "token":
            client.get_media(setting.platform.media.add_media("image", PHOTO))
        setting.platform.faults.plan_always(endpoint, FAULTS[fault_name])
        with pytest.raises(WeChatError) as caught:
            call(client)
    assert not find_secrets(setting, tell(caught.value) + caplog.text)
    assert not caught.value.__context__


@pytest.mark.parametrize("url", ["http://127.0.0.1:9", "https://127.0.0.1:9", "http://nowhere.invalid"], ids=str)
def test_says_no_secret_when_nobody_answers(setting: Setting, caplog: pytest.LogCaptureFixture, url: str) -> None:
    def resolve(host: str, _port: int) -> list[str]:
        return [host] if host == "127.0.0.1" else []

    client = setting.make_client(url=url, resolve=resolve)
    with caplog.at_level(logging.DEBUG), client, pytest.raises(WeChatError) as caught:
        client.check_credentials()
    assert not find_secrets(setting, tell(caught.value) + caplog.text)


def test_says_no_secret_when_an_answer_has_broken_headers(
    setting: Setting, httpserver: HTTPServer, caplog: pytest.LogCaptureFixture
) -> None:
    # urllib3 warns of those with the whole address in its text. (The pretend server logs its requests too.)
    answer = {"access_token": "invented-access-token", "expires_in": 7200}
    httpserver.expect_request("/cgi-bin/stable_token").respond_with_json(answer)
    httpserver.expect_request("/cgi-bin/media/get").respond_with_data(PHOTO, headers={"Transfer-Encoding ": "x"})
    with caplog.at_level(logging.DEBUG), setting.make_client(url=httpserver.url_for("")) as client:
        assert client.get_media("any").content
    ours = "\n".join(record.getMessage() for record in caplog.records if record.name != "werkzeug")
    assert not find_secrets(setting, ours)
    assert "invented-access-token" not in ours


def test_shows_no_token_in_what_is_printed_of_objects(setting: Setting, client: WeChatClient) -> None:
    media_id = setting.platform.media.add_media("image", PHOTO)
    fetched = client.get_media(media_id)
    said = repr([client, client._fetch_token(), fetched, client._tokens])
    assert not find_secrets(setting, said)
    assert "not a real photo" not in said
