"""The chat page: its routes, its limits, and that nothing foreign gets in."""

from __future__ import annotations

import io
import re
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from bot.simulator import page
from bot.simulator.page import make_simulator_blueprint
from bot.simulator.people import Person
from bot.simulator.platform import Platform
from bot.simulator.township import DEGREES_PER_UNIT, MAP_HEIGHT, MAP_WIDTH, NORTH, PLACES, WEST
from tests.bot.simulator.conftest import LEFT, OPENID, PEOPLE, STRANGER, Callback, MakePlatform, build_text_reply

JPEG = b"\xff\xd8\xff" + bytes(40)
HOSTILE = Person('o"><script>', "<script>alert(1)</script>", "</span><img src=x onerror=alert(1)>", '"><b>', "")
STATIC = Path(page.__file__).parent / "static"


@pytest.fixture
def platform(make_platform: MakePlatform, callback: Callback) -> Platform:
    return make_platform("safe", callback.url)


@pytest.fixture
def http(platform: Platform, tmp_path: Path) -> FlaskClient:
    samples = tmp_path / "samples"
    samples.mkdir()
    for name in ("a.jpg", "b.png", "notes.txt"):
        (samples / name).write_bytes(JPEG)
    (tmp_path / "secret.jpg").write_bytes(b"secret")
    app = Flask("demo", static_folder=None)
    blueprint = make_simulator_blueprint(platform, [*PEOPLE, HOSTILE], samples, "/admin/")
    app.register_blueprint(blueprint, url_prefix="/sim")
    return app.test_client()


def send(http: FlaskClient, person: str = OPENID, **fields: Any) -> TestResponse:
    return http.post("/sim/api/send", json={"person": person} | fields)


def send_files(http: FlaskClient, kind: str, files: list[tuple[str, bytes]], name: str = "photos") -> TestResponse:
    uploads = [(io.BytesIO(content), file_name) for file_name, content in files]
    response = http.post("/sim/api/send", data={"person": OPENID, "kind": kind, "key": "k", name: uploads})
    response.request.input_stream.close()  # the client's own temporary file
    return response


def get_state(http: FlaskClient, person: str = OPENID, after: int = 0) -> dict[str, Any]:
    state: dict[str, Any] = http.get("/sim/api/state", query_string={"person": person, "after": after}).json or {}
    return state


def test_page_shows_people_menu_places_and_the_way_to_the_queue(http: FlaskClient) -> None:
    text = http.get("/sim/").text
    for piece in ("样例·李秀英", "东沟村村民", "安全模式", 'href="/admin/"', 'data-click="REPORT"', "查进度", "怎么用"):
        assert piece in text
    assert all(place.name in text for place in PLACES)


def test_page_asks_no_other_host_and_holds_no_inline_code(platform: Platform) -> None:
    app = Flask("demo", static_folder=None)
    app.register_blueprint(make_simulator_blueprint(platform, PEOPLE, None, "/admin/"), url_prefix="/sim")
    text = app.test_client().get("/sim/").text
    files = [path.read_text("utf-8") for path in STATIC.iterdir()]
    assert not re.search(r"\son\w+=|\sstyle=|<style|<script(?! type=\"module\" src=\"/sim/static/)", text)
    for content in [text, *files]:
        assert set(re.findall(r"https?://[^\s\"'`)<]+", content)) <= {"http://www.w3.org/2000/svg"}


def test_page_forbids_foreign_code(http: FlaskClient) -> None:
    response = http.get("/sim/")
    policy = response.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert response.headers["X-Content-Type-Options"] == "nosniff"


def test_page_escapes_names(http: FlaskClient) -> None:
    text = http.get("/sim/").text
    assert "<script>alert" not in text
    assert "<img src=x" not in text
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in text


def test_page_script_never_writes_markup() -> None:
    for path in STATIC.glob("*.js"):
        assert not re.search(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|eval\(", path.read_text("utf-8"))


def test_text_is_sent_answered_and_logged(http: FlaskClient, platform: Platform) -> None:
    response = send(http, kind="text", text="<b>漏电</b>", key="k1")
    assert response.json is not None
    assert response.json["sent"] == 1
    state = get_state(http)
    assert [(bubble["side"], bubble["text"], bubble["key"]) for bubble in state["bubbles"]] == [
        ("person", "<b>漏电</b>", "k1-0")
    ]
    (travel,) = state["travels"]
    assert (travel["kind"], travel["name"], travel["attempts"], travel["encrypted"]) == ("文字", "样例·李秀英", 1, True)
    assert travel["message_id"] in travel["sent_xml"]
    assert get_state(http, after=state["bubbles"][-1]["number"])["bubbles"] == []


def test_answer_and_customer_message_reach_the_phone(
    make_platform: MakePlatform, callback: Callback, tmp_path: Path
) -> None:
    platform = make_platform("plain", callback.url)
    app = Flask("demo", static_folder=None)
    app.register_blueprint(make_simulator_blueprint(platform, PEOPLE, None, "/admin/"), url_prefix="/sim")
    http = app.test_client()
    callback.answer(build_text_reply("收到了"))
    response = send(http, kind="text", text="漏电")
    assert response.json is not None
    assert response.json["shown"] == ["收到了"]
    platform.chats.add_bubble(OPENID, "account", "text", "修好了", platform.clock(), link="javascript:alert(1)")
    bubbles = get_state(http)["bubbles"]
    assert [bubble["text"] for bubble in bubbles] == ["漏电", "收到了", "修好了"]
    assert bubbles[-1]["link"] == ""


def test_nine_photos_are_nine_pushes_of_one_second(http: FlaskClient, callback: Callback) -> None:
    response = send_files(http, "photos", [(f"{number}.jpg", JPEG + bytes([number])) for number in range(9)])
    assert response.status_code == 200
    bubbles = get_state(http)["bubbles"]
    assert [bubble["key"] for bubble in bubbles] == [f"k-{number}" for number in range(9)]
    assert len(callback.seen) == 9
    photo = http.get(f"/sim/photo/{bubbles[3]['picture']}")
    assert (photo.data, photo.content_type) == (JPEG + b"\x03", "image/jpeg")


@pytest.mark.parametrize(
    ("files", "words"),
    [
        pytest.param([("a.jpg", JPEG)] * 10, "1 到 9", id="ten photos"),
        pytest.param([("a.jpg", b"<svg onload=alert(1)>")], "JPG", id="not a photo"),
        pytest.param([("a.jpg", b"#!AMR\n")], "JPG", id="a voice"),
        pytest.param([("a.jpg", JPEG + bytes(10 * 1024 * 1024))], "10 MB", id="too large"),
    ],
)
def test_refuses_photos_with_a_sentence(http: FlaskClient, files: list[tuple[str, bytes]], words: str) -> None:
    response = send_files(http, "photos", files)
    assert response.status_code == 400
    assert response.json is not None
    assert words in response.json["problem"]


def test_voice_defaults_to_the_built_in_second(http: FlaskClient, platform: Platform) -> None:
    assert send(http, kind="voice", recognition="砖厂电线掉了").status_code == 200
    assert get_state(http)["bubbles"][0]["text"] == "[语音] 砖厂电线掉了"
    assert send_files(http, "voice", [("a.amr", b"#!AMR\nabc")], name="voice").status_code == 200
    assert send_files(http, "voice", [("a.amr", b"RIFF")], name="voice").status_code == 400


@pytest.mark.parametrize(
    ("fields", "status", "kind"),
    [
        pytest.param({"kind": "samples", "samples": ["a.jpg", "b.png"]}, 200, "image", id="samples"),
        pytest.param({"kind": "samples", "samples": ["../secret.jpg"]}, 404, "", id="sample outside the folder"),
        pytest.param({"kind": "samples", "samples": ["notes.txt"]}, 404, "", id="sample that is no photo"),
        pytest.param({"kind": "samples", "samples": []}, 400, "", id="no sample"),
        pytest.param({"kind": "location", "lat": 36.0, "lng": 113.0}, 200, "location", id="place"),
        pytest.param({"kind": "location", "lat": "nan", "lng": 113.0}, 400, "", id="no number"),
        pytest.param({"kind": "location", "lat": 91, "lng": 113.0}, 400, "", id="off the globe"),
        pytest.param({"kind": "location"}, 400, "", id="no place"),
        pytest.param({"kind": "click", "click_key": "HELP"}, 200, "event:CLICK", id="menu"),
        pytest.param({"kind": "click", "click_key": "OTHER"}, 404, "", id="no such button"),
        pytest.param({"kind": "scan", "scene": "shaft-3"}, 200, "event:SCAN", id="scan"),
        pytest.param({"kind": "scan", "scene": "x" * 65}, 400, "", id="long scene"),
        pytest.param({"kind": "text", "text": "  "}, 400, "", id="blank"),
        pytest.param({"kind": "text", "text": "字" * 2001}, 400, "", id="long text"),
        pytest.param({"kind": "text", "text": 5}, 400, "", id="text that is a number"),
        pytest.param({"kind": "photos"}, 400, "", id="photos without files"),
        pytest.param({"kind": "fly"}, 400, "", id="unknown kind"),
        pytest.param({"kind": "unfollow"}, 200, "event:unsubscribe", id="unfollow"),
    ],
)
def test_send_table(http: FlaskClient, fields: dict[str, Any], status: int, kind: str) -> None:
    assert send(http, **fields).status_code == status
    assert [bubble["kind"] for bubble in get_state(http)["bubbles"]][:1] == ([kind] if kind else [])


def test_only_followers_can_send(http: FlaskClient) -> None:
    response = send(http, LEFT, kind="text", text="在吗")
    assert response.json == {"problem": "要先关注，才能发消息。"}
    assert send(http, LEFT, kind="follow").status_code == 200
    assert get_state(http, LEFT)["following"] is True
    assert send(http, LEFT, kind="text", text="在吗").status_code == 200


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        pytest.param({}, 200, id="no browser"),
        pytest.param({"Origin": "http://localhost"}, 200, id="own page"),
        pytest.param({"Origin": "http://elsewhere.example"}, 403, id="another site"),
        pytest.param({"Origin": "http://localhost:81"}, 403, id="another port"),
        pytest.param({"Origin": "null"}, 403, id="hidden origin"),
        pytest.param({"Sec-Fetch-Site": "cross-site"}, 403, id="cross-site without origin"),
    ],
)
def test_only_its_own_page_may_send(http: FlaskClient, headers: dict[str, str], status: int) -> None:
    sent = {"person": OPENID, "kind": "text", "text": "漏电"}
    assert http.post("/sim/api/send", json=sent, headers=headers).status_code == status


def test_body_limits(http: FlaskClient) -> None:
    assert send(http, kind="text", text="a" * 20_000).status_code == 413
    assert http.post("/sim/api/send", data=b"x", content_type="text/plain").status_code == 415


@pytest.mark.parametrize(
    "path",
    [
        f"/sim/api/state?person={STRANGER}",
        "/sim/sample/../secret.jpg",
        "/sim/sample/..%2fsecret.jpg",
        "/sim/sample/notes.txt",
        "/sim/photo/guess",
    ],
)
def test_unknown_things_are_not_found(http: FlaskClient, path: str) -> None:
    assert http.get(path).status_code == 404


def test_stranger_cannot_send(http: FlaskClient) -> None:
    assert send(http, STRANGER, kind="text", text="在吗").status_code == 404


def test_voice_cannot_be_opened_as_a_photo(http: FlaskClient, platform: Platform) -> None:
    media_id = platform.media.add_media("voice", b"#!AMR\n")
    assert http.get(f"/sim/photo/{media_id}").status_code == 404


def test_places_lie_on_the_map_near_36_113() -> None:
    for place in PLACES:
        assert 0 < place.x < MAP_WIDTH
        assert 0 < place.y < MAP_HEIGHT
        assert abs(NORTH - place.y * DEGREES_PER_UNIT - 36.0) < 0.05
        assert abs(WEST + place.x * DEGREES_PER_UNIT - 113.0) < 0.05
