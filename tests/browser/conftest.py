"""One demo and one Chromium for all browser tests; every page must keep quiet and stay at home."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import (
    Browser,
    BrowserContext,
    ConsoleMessage,
    Dialog,
    Page,
    Request,
    WebError,
    sync_playwright,
)

from tests.browser.demo import CHROMIUM_ARGUMENTS, Demo, NoChromiumError, find_chromium, run_demo
from tests.browser.staff import log_in

OpenPage = Callable[..., Page]


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    """Give the running demo, without the sample week."""
    with run_demo(tmp_path_factory.mktemp("browser") / "demo", has_seed=False) as running:
        yield running


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """Give a Chromium without a window."""
    path, missing = "", ""
    try:
        path = find_chromium()
    except NoChromiumError as error:
        missing = str(error)
    if missing:
        pytest.fail(missing, pytrace=False)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=list(CHROMIUM_ARGUMENTS))
        yield browser
        browser.close()


@dataclass
class Watch:
    """What pages did that they should not: errors, refused content, boxes that pop up, requests to other hosts."""

    host: str
    problems: list[str] = field(default_factory=list)
    allowed: list[str] = field(default_factory=list)

    def allow_status(self, status: int) -> None:
        """Expect that Chromium notes an answer with this status on its console."""
        self.allowed.append(f"status of {status} ")

    def follow(self, context: BrowserContext) -> None:
        """Listen to every page of a context."""
        context.on("console", self._hear)
        context.on("weberror", self._note_error)
        context.on("request", self._check_address)
        context.on("dialog", self._refuse)

    def _hear(self, message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"} and not any(part in message.text for part in self.allowed):
            self.problems.append(f"console {message.type}: {message.text}")

    def _note_error(self, error: WebError) -> None:
        self.problems.append(f"page error: {error.error}")

    def _check_address(self, request: Request) -> None:
        parts = urlsplit(request.url)
        if parts.scheme not in {"data", "blob"} and parts.netloc != self.host:
            self.problems.append(f"request to another host: {request.url}")

    def _refuse(self, dialog: Dialog) -> None:
        self.problems.append(f"a box popped up: {dialog.message}")
        dialog.dismiss()


@pytest.fixture
def watch(demo: Demo) -> Iterator[Watch]:
    """Give the list of what went wrong on the pages; it must be empty in the end."""
    watching = Watch(demo.host)
    yield watching
    assert watching.problems == []


@pytest.fixture
def open_page(chromium: Browser, watch: Watch) -> Iterator[OpenPage]:
    """Give a function that opens a page in a browser of its own; its arguments are those of a context."""
    contexts: list[BrowserContext] = []

    def open_one(**options: Any) -> Page:
        settings = {
            "viewport": {"width": 1280, "height": 900},
            "locale": "zh-CN",
            "timezone_id": "Asia/Shanghai",
            "reduced_motion": "reduce",
            **options,
        }
        context = chromium.new_context(**settings)
        context.set_default_timeout(10_000)
        watch.follow(context)
        contexts.append(context)
        return context.new_page()

    yield open_one
    for context in contexts:
        context.close()


@pytest.fixture(scope="session")
def staff_state(demo: Demo, chromium: Browser) -> Any:
    """Give the cookies of somebody who has logged in through the form."""
    context = chromium.new_context()
    page = context.new_page()
    log_in(page, demo)
    page.wait_for_url(re.compile(r"/admin/reports$"))
    state = context.storage_state()
    context.close()
    return state


@pytest.fixture
def open_desk(open_page: OpenPage, staff_state: Any) -> OpenPage:
    """Give a function that opens a page of somebody who is logged in."""

    def open_one(**options: Any) -> Page:
        return open_page(storage_state=staff_state, **options)

    return open_one
