"""Time until the page of a report is seen: first contentful paint in Chromium, median of seven loads at two widths.

Chromium counts from the start of the navigation. Each load is a new tab of a warm browser, and the file is on disk. The
time is that of a clock on the wall: on a busy machine compare it with that of a page with one word, which is printed
first.
"""

import shutil
import statistics
import sys
import tempfile
from pathlib import Path
from typing import Any

from figures import show, show_plain
from selenium import webdriver

ROOT = Path(__file__).resolve().parent.parent
LOADS = 7
WIDTHS = (1400, 390)
LIMIT = 300  # ms
PAINT = """
  const done = arguments[0];
  new PerformanceObserver((list) => {
    const paint = list.getEntries().find((entry) => entry.name === "first-contentful-paint");
    if (paint) done(paint.startTime);
  }).observe({type: "paint", buffered: true});
"""


def chromium(profile: str) -> Any:
    """A headless Chromium that is driven by Selenium."""
    binary, driver = shutil.which("chromium") or shutil.which("google-chrome"), shutil.which("chromedriver")
    if not binary or not driver:
        sys.exit("expected chromium and chromedriver on the PATH")
    options = webdriver.ChromeOptions()
    options.binary_location = binary
    for flag in (
        "headless=new",
        "no-sandbox",
        "disable-gpu",
        "disable-background-networking",
        f"user-data-dir={profile}",
    ):
        options.add_argument(f"--{flag}")
    return webdriver.Chrome(options=options, service=webdriver.ChromeService(driver))


def first_paint(browser: Any, page: Path) -> float:
    """Milliseconds from the start of the navigation to the first text or picture."""
    browser.switch_to.new_window("tab")
    browser.get(page.as_uri())
    return float(browser.execute_async_script(PAINT))


def median(browser: Any, page: Path) -> float:
    """The median of several loads, after a first one that fills the file cache."""
    first_paint(browser, page)
    return statistics.median(first_paint(browser, page) for _ in range(LOADS))


def main() -> None:
    """Print the figures of the pages that are named, by default that of place names and the largest one."""
    pages = sorted((ROOT / "reports").glob("*/index.html"), key=lambda page: page.stat().st_size)
    chosen = [Path(name).resolve() for name in sys.argv[1:]]
    chosen = chosen or [ROOT / "reports" / "output-or-hidden-placenames" / "index.html", pages[-1]]
    with tempfile.TemporaryDirectory() as profile:
        browser = chromium(profile)
        try:
            word = Path(profile) / "word.html"
            word.write_text("<!doctype html><title>word</title><p>word", encoding="utf-8")
            show_plain("a page with one word: first paint", median(browser, word), " ms")
            for page in chosen:
                for width in WIDTHS:
                    browser.set_window_size(width, 900)
                    figure = median(browser, page)
                    name = f"{page.parent.name}, {width} px: first paint"
                    show(name, figure, f"< {LIMIT} ms", figure < LIMIT, " ms")
        finally:
            browser.quit()


if __name__ == "__main__":
    main()
