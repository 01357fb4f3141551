"""Takes the README's pictures from the demo with its sample week: python -m tests.browser.take_pictures."""

from __future__ import annotations

import io
import sys
import tempfile
from pathlib import Path

from PIL import Image
from playwright.sync_api import Browser, Page, expect, sync_playwright

from tests.browser.demo import CHROMIUM_ARGUMENTS, Demo, NoChromiumError, find_chromium, run_demo
from tests.browser.phone import Phone
from tests.browser.staff import log_in, measure_picture

FOLDER = Path(__file__).parent / "pictures"
MOST_BYTES = 350_000


def take_pictures(folder: Path = FOLDER) -> list[Path]:
    """Take every picture anew and return where they are; raises NoChromiumError."""
    chromium = find_chromium()
    folder.mkdir(exist_ok=True)
    with (
        tempfile.TemporaryDirectory() as place,
        run_demo(Path(place) / "demo", has_seed=True) as demo,
        sync_playwright() as playwright,
    ):
        browser = playwright.chromium.launch(executable_path=chromium, args=list(CHROMIUM_ARGUMENTS))
        taken = {"chat.png": _take_chat(browser, demo), "queue.png": _take_queue(browser, demo)}
        browser.close()
    return [_save(folder / name, picture) for name, picture in taken.items()]


def _open(browser: Browser) -> Page:
    context = browser.new_context(
        viewport={"width": 1280, "height": 1000}, locale="zh-CN", timezone_id="Asia/Shanghai", reduced_motion="reduce"
    )
    return context.new_page()


def _take_chat(browser: Browser, demo: Demo) -> bytes:
    phone = Phone(_open(browser), demo, "周网格员")  # a liaison: what is to be mended, and how it was answered
    photos = phone.page.locator(".line.person .photos img")
    expect(photos.last).to_be_visible(timeout=15_000)
    measure_picture(photos.last)
    phone.page.locator("h1").click()  # so that no field has a ring around it
    return phone.page.screenshot()


def _take_queue(browser: Browser, demo: Demo) -> bytes:
    page = _open(browser)
    log_in(page, demo)
    page.goto(f"{demo.admin_url}reports?tab=all&category=ROAD")
    expect(page.locator(".card .picture img").nth(1)).to_be_visible(timeout=15_000)
    for picture in page.locator(".card .picture img").all():
        measure_picture(picture)
    return page.screenshot()


def _save(path: Path, picture: bytes) -> Path:
    """Write a screenshot with a palette of its own, which makes a third of it."""
    screen = Image.open(io.BytesIO(picture)).convert("RGB")
    # A few rounds of k-means keep the colours of small things, such as wires, which a median cut alone merges.
    screen.quantize(256, method=Image.Quantize.MEDIANCUT, kmeans=3).save(path, "PNG", optimize=True)
    if path.stat().st_size > MOST_BYTES:
        raise ValueError(f"{path.name} has {path.stat().st_size} bytes, more than {MOST_BYTES}")
    return path


if __name__ == "__main__":
    try:
        for path in take_pictures():
            print(f"{path.relative_to(Path.cwd())}: {path.stat().st_size} bytes")
    except NoChromiumError as error:
        sys.exit(str(error))
