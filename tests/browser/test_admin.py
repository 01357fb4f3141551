"""The staff's desk in a real browser: log-in, keys, filters, search, verdicts, narrow and dark screens, no script."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from playwright.sync_api import Page, expect
from werkzeug.security import generate_password_hash

from bot.settings import load_settings
from storage.database import Database
from storage.staff import Role, add_staff
from tests.browser.conftest import OpenPage, Watch
from tests.browser.demo import Demo
from tests.browser.phone import Phone
from tests.browser.staff import A_WHILE, SECONDS, fill_login, find_card, log_in, open_report

pytestmark = pytest.mark.browser

QUIET = "王矿工"  # reports nothing in any test, so that what he says goes to the box

# Lists the texts that are shown and stand out too little from what is behind them, by the ratio that WCAG 2.2 defines.
FAINT_TEXTS = """() => {
  const read = (colour) => {
    const [red, green, blue, alpha = 1] = colour.match(/[\\d.]+/g).map(Number);
    return { parts: [red, green, blue], alpha };
  };
  const shine = (parts) => {
    const [red, green, blue] = parts.map((part) => {
      const share = part / 255;
      return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
  };
  const findBackground = (element) => {
    for (let at = element; at; at = at.parentElement) {
      const colour = getComputedStyle(at).backgroundColor;
      if (colour.startsWith("rgb") && read(colour).alpha === 1) return read(colour).parts;
    }
    return null;
  };
  const faint = [];
  let seen = 0;
  const isText = (node) => node.nodeType === Node.TEXT_NODE && node.textContent.trim();
  for (const element of document.querySelectorAll("body *")) {
    if (![...element.childNodes].some(isText) || !element.checkVisibility()) continue;
    if (element.closest(".visually-hidden, .badge, .hint, .face, noscript")) continue;  // these lie on pictures
    const style = getComputedStyle(element);
    const behind = findBackground(element);
    if (!style.color.startsWith("rgb") || !behind) continue;
    seen += 1;
    const [dark, light] = [shine(read(style.color).parts), shine(behind)].sort((one, other) => one - other);
    const size = parseFloat(style.fontSize);
    const isLarge = size >= 24 || (size >= 18.66 && Number(style.fontWeight) >= 700);
    const ratio = (light + 0.05) / (dark + 0.05);
    if (ratio < (isLarge ? 3 : 4.5)) faint.push(`${element.textContent.trim().slice(0, 20)} ${ratio.toFixed(2)}`);
  }
  return { seen, faint };
}"""


def add_reviewer(demo: Demo, username: str, password: str) -> None:
    """Add a member of staff to the running demo."""
    database = Database(load_settings(demo.folder / "config.toml", {}).database.url)
    with database.write() as db:
        add_staff(
            db,
            username=username,
            display_name="样例复核员",
            role=Role.REVIEWER,
            password_hash=generate_password_hash(password),
            now=datetime.now(UTC),
        )
    database.close()


def test_wrong_password_is_told_beside_the_field(open_page: OpenPage, demo: Demo, watch: Watch) -> None:
    watch.allow_status(401)
    page = open_page()
    log_in(page, demo, username="nobody-here", password="not the password")
    told = page.get_by_role("alert")
    expect(told).to_contain_text("登录名或密码不对")
    field = page.get_by_label("密码")
    expect(field).to_have_attribute("aria-describedby", told.get_attribute("id") or "")
    expect(page.get_by_label("登录名")).to_have_value("nobody-here")
    where, above = told.bounding_box(), field.bounding_box()
    assert where is not None
    assert above is not None
    assert 0 <= where["y"] - (above["y"] + above["height"]) < 40


def test_fifth_wrong_password_locks_the_name(open_page: OpenPage, demo: Demo, watch: Watch) -> None:
    watch.allow_status(401)
    password = "a-password-for-tests"
    add_reviewer(demo, "lockme", password)
    page = open_page()
    log_in(page, demo, username="lockme", password=password)
    expect(page).to_have_url(re.compile("/admin/reports$"))
    page.context.clear_cookies()
    for _ in range(5):
        log_in(page, demo, username="lockme", password="a wrong one")
        expect(page.get_by_role("alert")).to_contain_text("会锁一会儿")
    fill_login(page, "lockme", password)
    expect(page.get_by_role("alert")).to_contain_text("登录名或密码不对")


def test_queue_and_report_are_walked_by_keys(open_desk: OpenPage, demo: Demo) -> None:
    codes = [demo.report("秦安全员", f"陶瓷厂第{number}号窑的电线破皮了") for number in ("一", "二", "三")]
    assert len(set(codes)) == 3
    page = open_desk()
    page.goto(f"{demo.admin_url}reports?tab=all")
    first, second = find_card(page, codes[2]), find_card(page, codes[1])
    expect(first).to_be_visible()
    while "is-chosen" not in (first.get_attribute("class") or ""):
        page.keyboard.press("j")
    page.keyboard.press("j")
    expect(second).to_have_class(re.compile("is-chosen"))
    page.keyboard.press("k")
    expect(first).to_have_class(re.compile("is-chosen"))
    page.keyboard.press("o")
    expect(page.locator(".title-row .code")).to_have_text(codes[2])
    page.keyboard.press("j")
    expect(page.locator(".title-row .code")).to_have_text(codes[1])
    page.keyboard.press("k")
    expect(page.locator(".title-row .code")).to_have_text(codes[2])

    page.keyboard.press("d")
    expect(page.get_by_label("为什么不受理")).to_be_focused()
    page.keyboard.type("aduj?")
    expect(page.get_by_label("为什么不受理")).to_have_value("aduj?")  # in a field, keys are letters
    page.get_by_label("为什么不受理").fill("")
    page.keyboard.press("Escape")
    page.keyboard.press("a")
    expect(page.get_by_role("status")).to_contain_text(f"{codes[2]} 已受理")

    page.keyboard.press("u")
    expect(page).to_have_url(re.compile(r"/admin/reports\?tab=all$"))
    page.keyboard.press("/")
    expect(page.get_by_role("searchbox")).to_be_focused()
    page.keyboard.press("Escape")
    page.keyboard.press("?")
    expect(page.get_by_role("dialog", name="键盘快捷键")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_be_hidden()


def test_filters_narrow_the_list_and_are_cleared(open_desk: OpenPage, demo: Demo) -> None:
    electric = demo.report("张老板", "福满楼饭店后厨电线烧黑了")
    pond = demo.report("张老板", "杏花沟村水塘边没有栏杆，娃娃在边上耍")
    page = open_desk()
    page.goto(f"{demo.admin_url}reports?tab=all")
    page.get_by_label("类别").select_option("防溺水")
    expect(find_card(page, pond)).to_be_visible()
    expect(find_card(page, electric)).to_have_count(0)
    page.get_by_role("link", name="清掉条件").click()
    expect(find_card(page, electric)).to_be_visible()
    page.get_by_role("link", name="办结").click()
    expect(find_card(page, pond)).to_have_count(0)


def test_search_by_two_characters_finds_soon(open_desk: OpenPage, demo: Demo) -> None:
    code = demo.report("张老板", "柳树坪村的蓑笠厂房顶漏了，瓦片往下掉")
    page = open_desk()
    page.goto(f"{demo.admin_url}reports")
    until = time.monotonic() + A_WHILE / SECONDS
    while not find_card(page, code).count() or "q=" not in page.url:
        assert time.monotonic() < until, "the search has not found it"
        page.get_by_role("searchbox").fill("蓑笠")
        page.keyboard.press("Enter")
        page.wait_for_url(re.compile("q="))
    expect(page.locator(".card")).to_have_count(1)


def test_suggested_twin_is_merged_after_a_question(open_desk: OpenPage, demo: Demo) -> None:
    older = demo.report("孙妈妈", "加油站路口井盖丢了", photo="manhole_missing-1")
    newer = demo.report("郝路过", "加油站南边路中间井盖没有了", photo="manhole_missing-1")
    page = open_desk()
    open_report(page, demo, newer)
    offer = page.get_by_role("button", name=f"合并到 {older}")
    until = time.monotonic() + A_WHILE / SECONDS
    while not (offer.count() and page.locator(".twin img").count() == 2) and time.monotonic() < until:
        open_report(page, demo, newer)  # both photos have to be fetched before they can be compared
    offer.click()
    question = page.get_by_role("dialog")
    expect(question).to_contain_text(f"把 {newer} 合并到 {older}？")
    expect(question.locator("img")).to_have_count(2)
    question.get_by_role("button", name="先不").click()
    expect(question).to_be_hidden()
    expect(page.locator(".title-row .state")).not_to_have_text("已合并")
    offer.click()
    question.get_by_role("button", name="合并").click()
    expect(page.get_by_role("status")).to_contain_text(f"{newer} 已合并到 {older}")
    expect(page.locator(".banner")).to_contain_text(older)


def test_second_tab_is_told_of_the_first_and_keeps_what_was_typed(
    open_desk: OpenPage, demo: Demo, watch: Watch
) -> None:
    watch.allow_status(409)
    code = demo.report("秦安全员", "东沟村广场配电箱门开着，线头都露出来了")
    mine = open_desk()
    open_report(mine, demo, code)
    theirs = mine.context.new_page()
    open_report(theirs, demo, code)
    theirs.get_by_text("加备注").click()
    theirs.get_by_label("备注，只有安委办的人看得到").fill("已打电话给村里")
    theirs.get_by_role("button", name="记下").click()
    expect(theirs.get_by_role("status")).to_contain_text("备注记下了")

    mine.get_by_text("不予受理").first.click()
    reason = mine.get_by_label("为什么不受理")
    reason.fill("村里昨天已经修好了")
    mine.get_by_role("button", name="不予受理").click()
    expect(mine.get_by_role("alert")).to_contain_text("刚才有别人改过这一条")
    expect(mine.locator(".timeline")).to_contain_text("已打电话给村里")
    expect(reason).to_be_visible()
    expect(reason).to_have_value("村里昨天已经修好了")
    mine.get_by_role("button", name="不予受理").click()
    expect(mine.get_by_role("status")).to_contain_text(f"{code} 不予受理")


def test_without_script_a_report_is_read_and_accepted(open_page: OpenPage, demo: Demo) -> None:
    code = demo.report("张老板", "后岭村北坡的护栏断了")
    page = open_page(java_script_enabled=False)
    log_in(page, demo)
    find_card(page, code).get_by_role("link").click()
    expect(page.locator(".words")).to_contain_text("护栏断了")
    page.get_by_text("改类别和等级").click()
    expect(page.get_by_label("类别")).to_be_visible()
    page.get_by_role("button", name="受理", exact=True).click()
    expect(page.get_by_role("status")).to_contain_text(f"{code} 已受理")


def open_chat(page: Page, demo: Demo) -> None:
    page.goto(demo.chat_url)
    page.locator("#plus-button").click()


def open_queue(page: Page, demo: Demo) -> None:
    page.goto(f"{demo.admin_url}reports?tab=all")


def open_any_report(page: Page, demo: Demo) -> None:
    open_report(page, demo, demo.report("秦安全员", "陶瓷厂三号库房的灭火器压力不够"))


def open_inbox(page: Page, demo: Demo) -> None:
    demo.tell(QUIET, kind="text", text="咕噜咕噜")
    page.goto(f"{demo.admin_url}inbox")
    expect(page.locator(".letter").first).to_be_visible()


def open_password(page: Page, demo: Demo) -> None:
    page.goto(f"{demo.admin_url}password")


PAGES = pytest.mark.parametrize(
    "show",
    [open_chat, open_queue, open_any_report, open_inbox, open_password],
    ids=["chat", "queue", "report", "inbox", "password"],
)


@PAGES
def test_narrow_screen_has_no_sideways_scroll(
    open_desk: OpenPage, demo: Demo, show: Callable[[Page, Demo], None]
) -> None:
    page = open_desk(viewport={"width": 375, "height": 780}, has_touch=True)
    show(page, demo)
    assert page.evaluate("document.documentElement.scrollWidth") <= 375
    top = page.locator("header.top").bounding_box()
    assert top is not None
    assert top["height"] < 72  # no word in it is broken into two lines


@PAGES
def test_every_text_stands_out(open_desk: OpenPage, demo: Demo, show: Callable[[Page, Demo], None]) -> None:
    page = open_desk()
    show(page, demo)
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        found = page.evaluate(FAINT_TEXTS)
        assert found["seen"] > 5
        assert found["faint"] == [], scheme


def test_focus_can_be_seen_wherever_the_tab_key_leads(open_desk: OpenPage, demo: Demo) -> None:
    page = open_desk()
    open_any_report(page, demo)
    reached = set()
    page.get_by_role("link", name="跳到正文").focus()
    while "加备注" not in reached:
        name, style, width = page.evaluate(
            """() => {
              const here = document.activeElement;
              const style = getComputedStyle(here);
              return [here.textContent.trim().slice(0, 20), style.outlineStyle, parseFloat(style.outlineWidth)];
            }"""
        )
        assert (style, width) == ("solid", 3), name
        reached.add(name)
        page.keyboard.press("Tab")
    assert "受理" in reached


def test_new_reports_come_by_themselves_but_not_into_somebodys_typing(open_desk: OpenPage, demo: Demo) -> None:
    page = open_desk()
    page.goto(f"{demo.admin_url}reports")
    field = page.get_by_role("searchbox")
    field.click()
    page.keyboard.type("配电")
    code = demo.report("秦安全员", "中心小学后墙裂了缝")
    expect(page.get_by_role("button", name="有新变化，点这里看")).to_be_visible(timeout=A_WHILE)
    expect(field).to_be_focused()
    expect(field).to_have_value("配电")
    expect(find_card(page, code)).to_have_count(0)
    page.get_by_role("button", name="有新变化，点这里看").click()
    expect(find_card(page, code)).to_be_visible()
    expect(field).to_have_value("配电")
    page.locator("h1").click()
    later = demo.report("张老板", "中心小学操场的篮球架晃得厉害")
    expect(find_card(page, later)).to_be_visible(timeout=A_WHILE)


def test_letter_leaves_the_box_when_somebody_has_seen_it(open_page: OpenPage, open_desk: OpenPage, demo: Demo) -> None:
    phone = Phone(open_page(), demo, QUIET)
    phone.write("叽里呱啦叽里呱啦")
    phone.read_answer(0)
    page = open_desk()
    page.goto(f"{demo.admin_url}inbox")
    letter = page.locator(".letters > li").filter(has_text="叽里呱啦叽里呱啦")
    letter.get_by_role("button", name="看过了").click()
    expect(letter).to_have_count(0)
    page.reload()
    expect(letter).to_have_count(0)


def test_log_out_is_posted_and_shuts_the_door(open_desk: OpenPage, demo: Demo) -> None:
    page = open_desk()
    page.goto(f"{demo.admin_url}reports")
    page.locator(".me summary").click()
    with page.expect_request(re.compile("/admin/logout$")) as asked:
        page.get_by_role("button", name="退出").click()
    assert asked.value.method == "POST"
    expect(page.get_by_role("status")).to_contain_text("已经退出")
    page.goto(f"{demo.admin_url}reports")
    expect(page).to_have_url(re.compile("/admin/login"))
