"""The README's pictures, taken of the seeded demo: `python -m tests.browser.take_pictures`."""

from __future__ import annotations

import io
import sys
import tempfile
from pathlib import Path

from PIL import Image
from playwright.sync_api import Page, sync_playwright

from tests.browser.demo import CHROMIUM_ARGUMENTS, Demo, find_chromium, run_demo
from tests.browser.phone import Phone
from tests.browser.staff import log_in

FOLDER = Path(__file__).parent / "pictures"
WIDTH, HEIGHT = 1280, 860
COLOURS = 192  # as few as a photo in a card still looks good with; keeps a picture below some 350 kB


def main() -> int:
    """Start the demo, take both pictures, and stop it."""
    FOLDER.mkdir(exist_ok=True)
    with (
        tempfile.TemporaryDirectory(prefix="suishoupai-pictures-") as folder,
        run_demo(Path(folder), has_seed=True) as demo,
        sync_playwright() as playwright,
    ):
        browser = playwright.chromium.launch(executable_path=find_chromium(), args=list(CHROMIUM_ARGUMENTS))
        page = browser.new_page(viewport={"width": WIDTH, "height": HEIGHT}, reduced_motion="reduce")
        _take_chat(page, demo)
        _take_queue(page, demo)
        browser.close()
    return 0


def _take_chat(page: Page, demo: Demo) -> None:
    phone = Phone(page, demo, "周网格员")
    phone.send_samples(0, 1)
    phone.expect_answers(1)
    phone.write("样例东沟村广场")
    phone.expect_answers(2)
    phone.write("配电箱门大开着，娃们够得着")
    phone.expect_answers(3)
    _save(page, "chat.png")


def _take_queue(page: Page, demo: Demo) -> None:
    log_in(page, demo)
    page.wait_for_function("[...document.images].filter(each => each.naturalWidth > 0).length >= 3")
    _save(page, "queue.png")


def _save(page: Page, name: str) -> None:
    with Image.open(io.BytesIO(page.screenshot())) as picture:
        picture.convert("RGB").quantize(COLOURS, method=Image.Quantize.MEDIANCUT).save(FOLDER / name, optimize=True)


if __name__ == "__main__":
    sys.exit(main())
