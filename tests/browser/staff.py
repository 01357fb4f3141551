"""What a member of staff does on the pages, for the tests to say in a word."""

from __future__ import annotations

from playwright.sync_api import Locator, Page, expect

from tests.browser.demo import Demo

SECONDS = 1_000  # in milliseconds, the unit of Playwright's timeouts
A_WHILE = 15 * SECONDS  # jobs run every second or two, the queue asks every five


def log_in(page: Page, demo: Demo, *, username: str = "", password: str = "") -> None:
    """Fill in the log-in form, with what the demo printed unless told otherwise."""
    page.goto(f"{demo.admin_url}login")
    fill_login(page, username or demo.username, password or demo.password)


def fill_login(page: Page, username: str, password: str) -> None:
    """Fill in the form that is shown."""
    page.get_by_label("登录名").fill(username)
    page.get_by_label("密码").fill(password)
    page.get_by_role("button", name="登录").click()


def open_report(page: Page, demo: Demo, code: str) -> None:
    """Open a report by its address."""
    page.goto(f"{demo.admin_url}reports/{code}")
    expect(page.locator(".title-row .code")).to_have_text(code)


def find_card(page: Page, code: str) -> Locator:
    """Return the card of a report on the queue page."""
    return page.locator(f'.card[data-code="{code}"]')


def measure_picture(picture: Locator) -> int:
    """Return the width in pixels that a picture has once it is decoded; fails for a broken one."""
    return int(picture.evaluate("image => image.decode().then(() => image.naturalWidth)"))
