"""The page of an anatomy in a real browser: no errors, no requests, never sideways, light and dark, by keyboard."""

import json
from pathlib import Path
from typing import Any

import pytest
from dissected import of_text

from seqtwin.anatomy.page import page

# a real browser
pytestmark = pytest.mark.long

WIDTHS = (380, 768, 1120)
TEXT = "abcdef" * 8


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> str:
    path: Path = tmp_path_factory.mktemp("page") / "page.html"
    path.write_text(page(of_text(TEXT, layers=2, source="tiny.yaml, untrained, seed 0")), encoding="utf-8")
    return path.as_uri()


@pytest.fixture
def shown(browser: Any, address: str) -> Any:
    browser.get("about:blank")
    for log in ("browser", "performance"):
        browser.get_log(log)  # reading empties it
    browser.get(address)
    return browser


def test_nothing_is_asked_for_and_nothing_goes_wrong(shown: Any, address: str) -> None:
    assert shown.get_log("browser") == []
    events = [json.loads(entry["message"])["message"] for entry in shown.get_log("performance")]
    asked = {e["params"]["request"]["url"] for e in events if e["method"] == "Network.requestWillBeSent"}
    assert {url for url in asked if not url.startswith("data:")} <= {address}


@pytest.mark.parametrize("width", WIDTHS)
def test_the_page_never_scrolls_sideways(shown: Any, width: int) -> None:
    metrics = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": width < 500}
    shown.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
    shown.execute_script("document.querySelectorAll('details').forEach(d => d.open = true)")
    assert shown.execute_script("return document.documentElement.scrollWidth <= innerWidth")
    assert shown.execute_script("return innerWidth") == width


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_shades_run_from_paper_to_accent(shown: Any, scheme: str) -> None:
    features = [{"name": "prefers-color-scheme", "value": scheme}]
    shown.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": features})
    lightness = """const probe = document.querySelector('svg').appendChild(document.createElementNS(
      'http://www.w3.org/2000/svg', 'rect'));
    const canvas = document.createElement('canvas').getContext('2d', {willReadFrequently: true});
    return [...Array(13).keys()].map(level => {
      probe.setAttribute('class', 'k' + level);
      canvas.fillStyle = getComputedStyle(probe).fill; canvas.fillRect(0, 0, 1, 1);
      const [r, g, b] = canvas.getImageData(0, 0, 1, 1).data; return .2126 * r + .7152 * g + .0722 * b; })"""
    levels = shown.execute_script(lightness)
    assert len(set(levels)) == 13
    assert levels == sorted(levels, reverse=scheme == "light")
    shown.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": []})


def test_the_keyboard_reaches_what_scrolls(shown: Any) -> None:
    from selenium.webdriver import ActionChains
    from selenium.webdriver.common.keys import Keys

    seen = []
    for _ in range(6):
        ActionChains(shown).send_keys(Keys.TAB).perform()
        seen.append(shown.execute_script("const e = document.activeElement; return e.className || e.tagName"))
    assert seen[:2] == ["skip", "scroll"]
    assert "SUMMARY" in seen


def test_the_box_stands_on_the_column_of_h_n(shown: Any) -> None:
    centres = """return [...document.querySelectorAll('#strips ~ .panels svg')].slice(0, 2).map(svg => {
      const box = svg.querySelector('.box').getBoundingClientRect();
      const steps = [...svg.querySelectorAll('.step')].filter(t => t.textContent != '⋯')
        .map(t => { const r = t.getBoundingClientRect(); return r.left + r.width / 2; });
      const middle = box.left + box.width / 2;
      return steps.findIndex(x => Math.abs(x - middle) < 2); })"""
    assert shown.execute_script(centres) == [23, 0]


@pytest.mark.parametrize("width", [390, 1280])
def test_axe_finds_no_fault_on_the_unfolded_page(shown: Any, axe: Any, width: int) -> None:
    metrics = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": width < 500}
    shown.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
    shown.execute_script("document.querySelectorAll('details').forEach(d => d.open = true)")
    assert axe(shown) == []
