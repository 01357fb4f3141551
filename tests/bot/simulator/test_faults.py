"""Planned misbehaviour, met over a real socket."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import requests

from bot.simulator.faults import Fault
from bot.simulator.platform import Platform
from bot.simulator.server import serve_platform
from tests.bot.simulator.conftest import OPENID, MakePlatform


class Served:
    """A platform on loopback with a good token and one photo."""

    def __init__(self, platform: Platform, base_url: str) -> None:
        self.platform = platform
        self.photo = platform.build.image(OPENID, b"\xff\xd8\xff" + bytes(9)).picture_id
        self._token = platform.tokens.issue_stable_token()[0]
        self._base_url = base_url

    def get_photo(self, timeout: float = 5, stream: bool = False) -> requests.Response:
        query = {"access_token": self._token, "media_id": self.photo}
        with requests.Session() as http:
            http.trust_env = False
            return http.get(
                f"{self._base_url}/cgi-bin/media/get",
                params=query,
                timeout=timeout,
                stream=stream,
                allow_redirects=False,
            )

    def send_template(self, timeout: float = 5) -> requests.Response:
        sent = {"touser": OPENID, "template_id": "T", "client_msg_id": "n1", "data": {"thing1": {"value": "x"}}}
        with requests.Session() as http:
            http.trust_env = False
            return http.post(
                f"{self._base_url}/cgi-bin/message/template/send",
                params={"access_token": self._token},
                json=sent,
                timeout=timeout,
            )


@pytest.fixture
def served(make_platform: MakePlatform) -> Iterator[Served]:
    platform = make_platform()
    with serve_platform(platform) as base_url:
        yield Served(platform, base_url)


@pytest.mark.parametrize(
    ("fault", "status", "body"),
    [
        pytest.param(Fault.refuse(40001), 200, b'"errcode": 40001', id="errcode"),
        pytest.param(Fault.answer_status(503), 503, b"", id="status"),
        pytest.param(Fault.answer_html(), 200, b"<html>", id="page"),
        pytest.param(Fault.answer_html(502), 502, b"<html>", id="page with status"),
        pytest.param(Fault.answer_nothing(), 200, b"", id="zero bytes"),
        pytest.param(Fault.redirect("http://127.0.0.1:9/x"), 302, b"", id="redirect"),
        pytest.param(Fault.redirect("http://127.0.0.1:9/x", 307), 307, b"", id="other redirect"),
        pytest.param(Fault.pour(200_000), 200, b"\xff\xd8\xff", id="oversize"),
        pytest.param(Fault.wait(0.01), 200, b"\xff\xd8\xff", id="late"),
    ],
)
def test_next_answer_goes_wrong_and_the_one_after_is_right(
    served: Served, fault: Fault, status: int, body: bytes
) -> None:
    served.platform.faults.plan("media/get", fault)
    with served.get_photo() as response:
        assert (response.status_code, body in response.content) == (status, True)
        assert response.headers.get("Location", "") == fault.url
        assert len(response.content) == fault.size or not fault.size
    with served.get_photo() as response:
        assert (response.status_code, len(response.content)) == (200, 12)
    assert [call.fault for call in served.platform.calls] == [fault.kind, ""]


def test_cut_connection_gives_no_answer(served: Served) -> None:
    served.platform.faults.plan("media/get", Fault.cut())
    with pytest.raises(requests.ConnectionError):
        served.get_photo()


def test_late_answer_runs_into_the_callers_timeout(served: Served) -> None:
    served.platform.faults.plan("media/get", Fault.wait(30))
    with pytest.raises(requests.Timeout):
        served.get_photo(timeout=0.1)


def test_drip_never_ends_within_reason(served: Served) -> None:
    served.platform.faults.plan("media/get", Fault.drip(0.01))
    with served.get_photo(stream=True) as response:
        pieces = response.iter_content(1)
        assert [next(pieces) for _ in range(3)] == [b"\xff"] * 3


@pytest.mark.parametrize("fault", [Fault.wait(30, after_work=True), Fault.cut(after_work=True)], ids=["late", "cut"])
def test_accepted_send_without_an_answer_is_sent_once(served: Served, fault: Fault) -> None:
    served.platform.faults.plan("message/template/send", fault)
    with pytest.raises(requests.RequestException):
        served.send_template(timeout=0.2)
    assert len(served.platform.chats.list_bubbles(OPENID)) == 1
    with served.send_template() as response:
        assert response.json()["errcode"] == 0
    assert len(served.platform.chats.list_bubbles(OPENID)) == 1


def test_plans_are_met_in_order_and_lasting_ones_until_cleared(served: Served) -> None:
    faults = served.platform.faults
    faults.plan("media/get", Fault.refuse(45009), times=2)
    faults.plan_always("media/get", Fault.answer_status(500))
    statuses = []
    for _ in range(4):
        with served.get_photo() as response:
            statuses.append(response.status_code)
    assert statuses == [200, 200, 500, 500]
    faults.clear()
    with served.get_photo() as response:
        assert response.status_code == 200


def test_picture_address_leads_to_the_picture(served: Served) -> None:
    with requests.Session() as http:
        http.trust_env = False
        with http.get(served.platform.get_picture_url(served.photo), timeout=5) as response:
            assert response.content.startswith(b"\xff\xd8\xff")
