"""Addresses that came in a message: only the platform's hosts, by https, and never into a private network."""

from __future__ import annotations

import pytest
from pytest_httpserver import HTTPServer

from bot.simulator.faults import Fault
from bot.wechat import transport
from bot.wechat.addresses import AllowedAddresses
from bot.wechat.client import WeChatClient
from bot.wechat.errors import AddressError, MediaGoneError, TooLargeError, TransportError
from bot.wechat.transport import is_public
from tests.bot.wechat.setting import PHOTO, Setting

ALLOWED = AllowedAddresses(frozenset({"mmbiz.qpic.cn", ".tc.qq.com"}), "https://api.weixin.qq.com")

GOOD = {
    "https": ("https://mmbiz.qpic.cn/mmbiz_jpg/abc/0", "https://mmbiz.qpic.cn/mmbiz_jpg/abc/0"),
    "http is raised to https": ("http://mmbiz.qpic.cn/a/0?wx_fmt=jpeg", "https://mmbiz.qpic.cn/a/0?wx_fmt=jpeg"),
    "http with its port": ("http://mmbiz.qpic.cn:80/a", "https://mmbiz.qpic.cn/a"),
    "upper case": ("HTTPS://MMBIZ.QPIC.CN/A", "https://mmbiz.qpic.cn/A"),
    "usual port": ("https://mmbiz.qpic.cn:443/a", "https://mmbiz.qpic.cn/a"),
    "no path": ("https://mmbiz.qpic.cn", "https://mmbiz.qpic.cn/"),
    "fragment": ("https://mmbiz.qpic.cn/a#@evil.example/", "https://mmbiz.qpic.cn/a"),
    "below a dotted name": ("http://vweixinp.tc.qq.com/1.mp4", "https://vweixinp.tc.qq.com/1.mp4"),
    "the api itself": ("https://api.weixin.qq.com/x?y=1", "https://api.weixin.qq.com/x?y=1"),
}

BAD = {
    "another host": "https://evil.example/mmbiz.qpic.cn/0",
    "host as a beginning": "https://mmbiz.qpic.cn.evil.example/0",
    "host as an end": "https://evilmmbiz.qpic.cn/0",
    "below an exact name": "https://a.mmbiz.qpic.cn/0",
    "dotted name without a dot": "https://eviltc.qq.com/0",
    "final dot": "https://mmbiz.qpic.cn./0",
    "userinfo": "https://mmbiz.qpic.cn@evil.example/0",
    "userinfo before a good host": "https://evil.example@mmbiz.qpic.cn/0",
    "userinfo with a password": "https://mmbiz.qpic.cn:443@evil.example/0",
    "backslash": "https://evil.example\\@mmbiz.qpic.cn/0",
    "another port": "https://mmbiz.qpic.cn:8443/0",
    "http port by https": "https://mmbiz.qpic.cn:80/0",
    "port zero": "https://mmbiz.qpic.cn:0/0",
    "port too high": "https://mmbiz.qpic.cn:99999/0",
    "port as a word": "https://mmbiz.qpic.cn:https/0",
    "loopback": "http://127.0.0.1/0",
    "localhost": "http://localhost/0",
    "decimal": "http://2130706433/0",
    "octal": "http://0177.0.0.1/0",
    "hexadecimal": "http://0x7f.1/0",
    "ipv6 loopback": "http://[::1]/0",
    "ipv6 mapped": "http://[::ffff:127.0.0.1]/0",
    "ipv6 with a zone": "http://[fe80::1%25eth0]/0",
    "cloud metadata": "http://169.254.169.254/latest/meta-data/",
    "file": "file:///etc/passwd",
    "ftp": "ftp://mmbiz.qpic.cn/0",
    "data": "data:image/jpeg;base64,AAAA",
    "no scheme": "//mmbiz.qpic.cn/0",
    "a name alone": "mmbiz.qpic.cn/0",
    "empty": "",
    "space": "https://mmbiz.qpic.cn /0",
    "line break": "https://mmbiz.qpic.cn/0\r\nHost: evil.example",
    "tab in the scheme": "ht\ttps://mmbiz.qpic.cn/0",
    "full-width letters": "https://\uff4dmbiz.qpic.cn/0",
    "wide full stop": "https://mmbiz。qpic.cn/0",
    "too long": "https://mmbiz.qpic.cn/" + "a" * 3000,
    "unclosed bracket": "https://[::1/0",
    "the api by http": "http://api.weixin.qq.com/x",
    "the api on another port": "https://api.weixin.qq.com:8443/x",
    "the api with userinfo": "https://x@api.weixin.qq.com/x",
}


@pytest.mark.parametrize(("given", "fetched"), GOOD.values(), ids=GOOD)
def test_takes_addresses_of_the_platform(given: str, fetched: str) -> None:
    assert ALLOWED.check(given) == fetched


@pytest.mark.parametrize("address", BAD.values(), ids=BAD)
def test_refuses_every_other_address(address: str) -> None:
    with pytest.raises(AddressError) as caught:
        ALLOWED.check(address)
    assert "evil" not in str(caught.value)


STAYS = {"no scheme", "a name alone", "empty"}  # as a redirect these stay at their host


@pytest.mark.parametrize("address", [address for name, address in BAD.items() if name not in STAYS])
def test_refuses_redirects_to_every_other_address(address: str) -> None:
    with pytest.raises(AddressError):
        ALLOWED.check_redirect("https://mmbiz.qpic.cn/a/0", address)


@pytest.mark.parametrize(
    ("location", "fetched"),
    [
        ("/b/0", "https://mmbiz.qpic.cn/b/0"),
        ("c", "https://mmbiz.qpic.cn/a/c"),
        ("//mmbiz.qpic.cn/d", "https://mmbiz.qpic.cn/d"),
        ("http://x.tc.qq.com/e", "https://x.tc.qq.com/e"),
    ],
)
def test_takes_redirects_within_the_platform(location: str, fetched: str) -> None:
    assert ALLOWED.check_redirect("https://mmbiz.qpic.cn/a/0", location) == fetched


PRIVATE = [
    "127.0.0.1", "127.8.8.8", "0.0.0.0", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1",
    "100.100.100.200", "192.0.0.8", "192.0.2.1", "198.18.0.1", "224.0.0.1", "239.1.1.1", "240.0.0.1", "255.255.255.255",
    "::", "::1", "fe80::1", "fe80::1%eth0", "fc00::1", "fd12::1", "ff02::1", "::ffff:127.0.0.1", "::ffff:10.0.0.1",
    "64:ff9b::7f00:1", "64:ff9b::a00:1", "2002:7f00:1::", "2001:0:7f00:1::", "2001:db8::1", "", "mmbiz.qpic.cn",
]  # fmt: skip


@pytest.mark.parametrize("address", PRIVATE)
def test_knows_private_addresses(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize("address", ["8.8.8.8", "1.1.1.1", "2400:3200::1", "::ffff:8.8.8.8", "64:ff9b::808:808"])
def test_knows_public_addresses(address: str) -> None:
    assert is_public(address)


@pytest.mark.parametrize(
    "leads_to", [["127.0.0.1"], ["10.0.0.8"], ["8.8.8.8", "127.0.0.1"], ["::1"], ["::ffff:127.0.0.1"]], ids=str
)
def test_refuses_a_good_name_that_leads_into_a_private_network(setting: Setting, leads_to: list[str]) -> None:
    client = setting.make_client(resolve=lambda _host, _port: leads_to)
    with client, pytest.raises(AddressError, match="private network"):
        client.get_picture("https://mmbiz.qpic.cn/a/0")


def test_connects_to_the_very_address_that_was_checked(setting: Setting, monkeypatch: pytest.MonkeyPatch) -> None:
    answers = iter([["8.8.8.8"], ["127.0.0.1"]])  # a name that leads elsewhere when it is looked up again
    tried = []

    def refuse(address: tuple[str, int], *_arguments: object, **_more: object) -> None:
        tried.append(address)
        raise ConnectionRefusedError

    monkeypatch.setattr(transport, "create_connection", refuse)
    with setting.make_client(resolve=lambda _host, _port: next(answers)) as client, pytest.raises(TransportError):
        client.get_picture("http://mmbiz.qpic.cn/a/0")
    assert tried == [("8.8.8.8", 443)]


def test_lets_the_api_itself_be_anywhere(setting: Setting, client: WeChatClient) -> None:
    media_id = setting.platform.media.add_media("image", PHOTO)
    assert client.get_picture(setting.platform.get_picture_url(media_id)).content == PHOTO
    assert setting.count_calls("stable_token") == 0


def test_says_that_a_picture_is_gone(setting: Setting, client: WeChatClient) -> None:
    with pytest.raises(MediaGoneError):
        client.get_picture(setting.platform.get_picture_url("unknown"))


def test_bounds_a_picture(setting: Setting, client: WeChatClient) -> None:
    address = setting.platform.get_picture_url(setting.platform.media.add_media("image", PHOTO))
    setting.platform.faults.plan("mmbiz", Fault.pour(3_000_000))
    with pytest.raises(TooLargeError):
        client.get_picture(address, most_bytes=1_000_000)


def test_follows_two_redirects_and_not_three(setting: Setting, httpserver: HTTPServer) -> None:
    for step in range(4):
        where = {"Location": f"/{step + 1}"}
        httpserver.expect_request(f"/{step}").respond_with_data(b"", status=302, headers=where)
    httpserver.expect_request("/4").respond_with_data(PHOTO)
    with setting.make_client(url=httpserver.url_for("")) as client:
        assert client.get_picture(httpserver.url_for("/2")).content == PHOTO
        with pytest.raises(AddressError, match="too many"):
            client.get_picture(httpserver.url_for("/1"))


@pytest.mark.parametrize(
    "location", ["http://127.0.0.1:9/", "https://evil.example/", "file:///etc/passwd", ""], ids=str
)
def test_follows_no_redirect_elsewhere(setting: Setting, client: WeChatClient, location: str) -> None:
    address = setting.platform.get_picture_url(setting.platform.media.add_media("image", PHOTO))
    setting.platform.faults.plan("mmbiz", Fault.redirect(location))
    with pytest.raises(AddressError):
        client.get_picture(address)
