"""What a newcomer does in the demo: sends from the phone, and sees it at the staff's desk, by clicks and keys alone.

Every test has a person of the sample to itself: what a person sends within some minutes belongs together.
"""

from __future__ import annotations

import re
import time

import pytest
from playwright.sync_api import Locator, Page, expect

from bot.simulator.voice_sample import build_amr_second
from tests.browser.conftest import OpenPage
from tests.browser.demo import CODE, Demo
from tests.browser.phone import Phone
from tests.browser.staff import A_WHILE, SECONDS, fill_login, find_card, measure_picture, open_report

pytestmark = pytest.mark.browser

SCRIPT = '<img src=x onerror="alert(1)"><script>alert(2)</script>'


def test_newcomer_sends_a_photo_and_reads_that_it_is_accepted(open_page: OpenPage, demo: Demo) -> None:
    phone = Phone(open_page(), demo, "赵夜班")
    phone.send_samples(4)
    expect(phone.page.locator(".line.person .photos img")).to_have_count(1)
    code = phone.read_code()

    with phone.page.context.expect_page() as opened:
        phone.page.get_by_role("link", name="看镇里怎么办").click()
    desk = opened.value
    fill_login(desk, demo.username, demo.password)
    card = find_card(desk, code)
    expect(card).to_be_visible()
    expect(card.locator("img")).to_be_visible(timeout=A_WHILE)  # it comes by itself once the photo has been fetched
    assert measure_picture(card.locator("img")) > 0

    card.get_by_role("link").click()
    photo = desk.locator("a[data-photo] img")
    assert measure_picture(photo) > 640
    box = photo.bounding_box()
    assert box is not None
    assert box["width"] > 700
    see_zoom(desk, photo)

    phone.write("南洼煤矿选煤楼，皮带机头的护罩掉了")
    assert "南洼煤矿" in phone.read_answer(1)
    assert code in phone.read_answer(1)

    desk.get_by_role("link", name="回到列表").click()
    find_card(desk, code).get_by_role("link").click()
    expect(desk.locator(".words")).to_contain_text("护罩掉了")
    desk.get_by_role("button", name="受理", exact=True).click()
    expect(desk.get_by_role("status")).to_contain_text(f"{code} 已受理")

    assert f"您报的 {code} 受理了" in phone.read_answer(2)  # it comes by itself

    phone.page.get_by_role("button", name="查进度").click()
    said = phone.read_answer(3)
    assert code in said
    assert "已受理" in said


def see_zoom(desk: Page, photo: Locator) -> None:
    """Open the photo, make it larger by button and wheel, and close it by key."""
    photo.click()
    large = desk.locator("dialog.viewer img")
    expect(large).to_be_visible()
    whole = large.bounding_box()
    desk.get_by_role("button", name="放大").click()
    expect(large).to_have_css("transform", re.compile(r"matrix\(1\.5, "))
    closer = large.bounding_box()
    bar = desk.locator(".viewer .bar").bounding_box()
    assert whole is not None
    assert closer is not None
    assert bar is not None
    assert whole["y"] >= 0
    assert whole["y"] + whole["height"] <= bar["y"] + 1  # all of it can be seen
    assert closer["width"] == pytest.approx(1.5 * whole["width"], rel=0.01)
    large.hover()
    desk.mouse.wheel(0, -300)
    expect(large).not_to_have_css("transform", re.compile(r"matrix\(1\.5, "))
    desk.keyboard.press("Escape")
    expect(large).to_be_hidden()


def test_nine_photos_get_one_answer_and_lie_on_one_report(open_page: OpenPage, open_desk: OpenPage, demo: Demo) -> None:
    phone = Phone(open_page(), demo, "刘焊工")
    phone.send_samples(*range(9))
    expect(phone.page.locator(".line.person .photos img")).to_have_count(9)
    code = phone.read_code()
    phone.count_pushes(9)
    phone.expect_answers(1)

    desk = open_desk()
    desk.goto(demo.admin_url)
    expect(find_card(desk, code)).to_contain_text("9 张", timeout=A_WHILE)
    find_card(desk, code).get_by_role("link").click()
    photos = desk.locator("a[data-photo] img")
    expect(photos).to_have_count(9)
    assert all(measure_picture(photo) > 0 for photo in photos.all())


def test_tenth_photo_is_not_sent(open_page: OpenPage, demo: Demo) -> None:
    phone = Phone(open_page(), demo, "刘焊工")
    sheet = phone.open_panel("样例照片")
    for number in range(10):
        sheet.get_by_role("checkbox").nth(number).check()
    expect(sheet.get_by_role("button", name="发送")).to_be_disabled()
    expect(sheet).to_contain_text("一次最多 9 张")


def test_place_tapped_on_the_map_lies_on_the_report(open_page: OpenPage, open_desk: OpenPage, demo: Demo) -> None:
    phone = Phone(open_page(), demo, "马羊倌")
    phone.write("坡上裂了老大一条缝，往下掉土块")
    code = phone.read_code()
    sheet = phone.open_panel("位置")
    sheet.locator("#map").click(position={"x": 120, "y": 90})
    label = sheet.get_by_label("这个地方叫什么").input_value()
    assert label
    sheet.get_by_role("button", name="发送位置").click()
    expect(phone.page.locator(".line.person .place")).to_contain_text(label)
    expect(phone.page.locator(".line.person .place-mini")).to_be_visible()
    assert code in phone.read_answer(1)

    desk = open_desk()
    open_report(desk, demo, code)
    expect(desk.get_by_role("heading", level=1)).to_contain_text(label)
    expect(desk.locator("#map .leaflet-tooltip.here")).to_be_visible()
    expect(desk.locator(".part-place")).to_contain_text("北纬")


def test_voice_can_be_heard_or_saved_at_the_desk(open_page: OpenPage, open_desk: OpenPage, demo: Demo) -> None:
    phone = Phone(open_page(), demo, "李大娘")
    sheet = phone.open_panel("语音")
    sheet.locator("#voice-file").set_input_files(
        {"name": "voice.amr", "mimeType": "audio/amr", "buffer": build_amr_second()}
    )
    sheet.get_by_label("平台听出来的字").fill("东沟村俺家门口电线耷拉下来了")
    sheet.get_by_role("button", name="发送语音").click()
    expect(phone.page.locator(".line.person .voice")).to_contain_text("电线耷拉")
    code = phone.read_code()

    desk = open_desk()
    open_report(desk, demo, code)
    heard = desk.locator("audio, .media-line a[download]")
    until = time.monotonic() + A_WHILE / SECONDS
    while not heard.count() and time.monotonic() < until:
        open_report(desk, demo, code)  # the page of a report stays as it was opened
    expect(heard).to_be_visible()
    address = heard.get_attribute("src") or heard.get_attribute("href") or ""
    answer = desk.request.get(f"http://{demo.host}{address}")
    assert answer.status == 200
    assert len(answer.body()) > 100


def test_menu_explains_how_it_works(open_page: OpenPage, demo: Demo) -> None:
    phone = Phone(open_page(), demo, "陈三轮")
    phone.page.get_by_role("button", name="怎么用").click()
    assert "拍照" in phone.read_answer()
    phone.page.get_by_role("button", name="报隐患").click()
    assert "拍照" in phone.read_answer(1)


def test_code_on_the_wall_is_scanned(open_page: OpenPage, demo: Demo) -> None:
    phone = Phone(open_page(), demo, "周网格员")
    sheet = phone.open_panel("扫码")
    sheet.get_by_role("button", name="扫码").click()
    expect(sheet).to_contain_text("先写上二维码里的场景值")
    sheet.get_by_label("场景值").fill("sample-mine-gate")
    phone.page.keyboard.press("Enter")
    assert "拍照" in phone.read_answer()
    expect(sheet).to_be_hidden()


def test_who_leaves_cannot_write_and_is_welcomed_back(open_page: OpenPage, demo: Demo) -> None:
    phone = Phone(open_page(), demo, "郝路过")
    phone.write("在不")
    phone.read_answer()
    phone.page.locator("#plus-button").click()
    phone.page.get_by_role("button", name="取消关注").click()
    expect(phone.page.locator("#composer")).to_be_hidden()
    phone.page.get_by_role("button", name="关注", exact=True).click()
    expect(phone.page.locator("#composer")).to_be_visible()
    assert "随手拍" in phone.read_answer(1)


def test_emergency_answers_with_the_number_first_and_leads_the_queue(
    open_page: OpenPage, open_desk: OpenPage, demo: Demo
) -> None:
    phone = Phone(open_page(), demo, "郭窑工")
    phone.write("着火了！砖厂宿舍冒火，里头还有人没出来")
    said = phone.read_answer()
    assert "119" in said.splitlines()[0]
    code = phone.read_code()
    assert said.index("119") < said.index(code)

    desk = open_desk()
    desk.goto(demo.admin_url)
    expect(desk.locator(".urgent")).to_contain_text("险情，先看这里")
    expect(desk.locator(f'.urgent .card[data-code="{code}"]')).to_be_visible()
    find_card(desk, code).get_by_role("link").click()
    expect(desk.locator(".banner")).to_contain_text("先核实 119、120")


def test_one_tap_on_an_empty_chat_sends_a_sample_photo(open_page: OpenPage, demo: Demo) -> None:
    phone = Phone(open_page(), demo, "冯老师")
    phone.page.get_by_role("button", name="发这张样例照片").first.click()
    assert CODE.search(phone.read_answer())
    expect(phone.page.locator("#starters")).to_be_hidden()


def test_script_in_the_chat_stays_text_everywhere(open_page: OpenPage, open_desk: OpenPage, demo: Demo) -> None:
    phone = Phone(open_page(), demo, "牛租户")
    phone.write(f"{SCRIPT}哎呀呀")
    expect(phone.page.locator(".line.person .bubble")).to_contain_text(SCRIPT)
    phone.read_answer()
    phone.write(f"{SCRIPT} 东沟村移民楼配电箱冒火花")
    expect(phone.page.locator(".line.person .bubble").nth(1)).to_contain_text(SCRIPT)
    code = phone.read_code(1)

    desk = open_desk()
    for path, place in (
        ("reports", f'.card[data-code="{code}"] .first'),
        (f"reports/{code}", ".part-words"),
        ("inbox", ".letters"),
    ):
        desk.goto(f"{demo.admin_url}{path}")
        expect(desk.locator(place)).to_contain_text(SCRIPT)
        assert desk.locator("img[src=x], main script").count() == 0
    assert phone.page.locator("img[src=x], .chat script").count() == 0
