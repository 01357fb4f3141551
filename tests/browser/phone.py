"""What a worker does on the chat page, for the tests to say in a word."""

from __future__ import annotations

import re

from playwright.sync_api import Locator, Page, expect

from tests.browser.demo import CODE, Demo

SOON = 3_000  # milliseconds; the bot answers in some dozens, a busy machine may take longer


class Phone:
    """The phone of one person on the chat page."""

    def __init__(self, page: Page, demo: Demo, name: str) -> None:
        """Open the chat page and choose the person whose name ends with `name`."""
        self.page = page
        self.name = name
        page.goto(demo.chat_url)
        face = page.get_by_role("button", name=re.compile(f"·{name}，"))
        openid = face.get_attribute("data-person") or ""
        with page.expect_response(re.compile(f"/sim/api/state\\?person={openid}&")) as asked:
            face.click()
        expect(face).to_have_attribute("aria-pressed", "true")
        self._answered_before = [bubble["side"] for bubble in asked.value.json()["bubbles"]].count("account")
        expect(self._bubbles).to_have_count(self._answered_before)

    @property
    def _bubbles(self) -> Locator:
        return self.page.locator(".line.account .bubble")

    def write(self, words: str) -> None:
        """Type something and send it."""
        self.page.get_by_label("要说的话").fill(words)
        self.page.keyboard.press("Enter")

    def open_panel(self, name: str) -> Locator:
        """Open one of the tiles behind the plus, and return its sheet."""
        if self.page.locator("#plus").is_hidden():
            self.page.locator("#plus-button").click()
        self.page.locator("#plus").get_by_text(name, exact=True).click()
        return self.page.get_by_role("dialog")

    def send_samples(self, *numbers: int) -> None:
        """Choose photos of the sample by their places in it and send them."""
        sheet = self.open_panel("样例照片")
        for number in numbers:
            sheet.get_by_role("checkbox").nth(number).check()
        sheet.get_by_role("button", name=f"发送 {len(numbers)} 张").click()

    def find_answer(self, number: int = 0) -> Locator:
        """Return the bubble of the bot's answer with this number, counted from when the phone was taken up."""
        return self._bubbles.nth(self._answered_before + number)

    def read_answer(self, number: int = 0) -> str:
        """Return the words of an answer, which must come soon."""
        expect(self.find_answer(number)).to_be_visible(timeout=SOON)
        return self.find_answer(number).inner_text()

    def read_code(self, number: int = 0) -> str:
        """Return the report code in an answer."""
        expect(self.find_answer(number)).to_contain_text(CODE, timeout=SOON)
        found = CODE.search(self.find_answer(number).inner_text())
        assert found
        return found[0]

    def expect_answers(self, number: int) -> None:
        """Check that the bot has answered so many times."""
        expect(self._bubbles).to_have_count(self._answered_before + number)

    def count_pushes(self, number: int) -> None:
        """Wait until so many pushes of this person are on the list of what travelled."""
        expect(self.page.locator("#travels .travel").filter(has_text=f"样例·{self.name}")).to_have_count(number)
