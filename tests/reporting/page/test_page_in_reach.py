"""The page for every reader: axe-core finds nothing, links open what is folded, a phone shows the picture at once."""

from pathlib import Path

import fake_items
import pytest

from seqtwin.reporting.page.write_report import write_report

# a real browser
pytestmark = pytest.mark.long

PHONE, DESK = (390, 844), (1280, 900)
PAGES = ("page", "tested", "classes")


@pytest.fixture(scope="module")
def pages(tmp_path_factory, usual, contents):
    """The paths of three pages by name: a quick study, a tuned one with every section, one of classes."""
    folder = tmp_path_factory.mktemp("pages")
    (folder / "tested.html").write_text(contents["index.html"], encoding="utf-8")
    classes = write_report(fake_items.build(folder / "classes", fake_items.CLASSIFY))
    return {"page": usual / "report" / "index.html", "tested": folder / "tested.html", "classes": classes}


def _open(browser, path: Path, size, anchor=""):
    width, height = size
    metrics = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 500}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
    browser.get("about:blank")
    browser.get_log("browser")  # reading empties it
    browser.get(f"{path.as_uri()}{anchor}")
    return browser


@pytest.mark.parametrize(("size", "scheme"), [(PHONE, "dark"), (DESK, "light")], ids=["phone, dark", "desk, light"])
@pytest.mark.parametrize("name", PAGES)
def test_axe_finds_no_fault_on_the_unfolded_page(browser, pages, axe, name, size, scheme):
    feature = {"name": "prefers-color-scheme", "value": scheme}
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [feature]})
    _open(browser, pages[name], size)
    browser.execute_script("document.querySelectorAll('details').forEach(part => { part.open = true })")
    faults = axe(browser)
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": []})
    assert faults == []


def test_axe_finds_a_fault_that_is_planted(browser, pages, axe, tmp_path):
    text = pages["page"].read_text(encoding="utf-8").replace('<html lang="en">', "<html>")
    (tmp_path / "bad.html").write_text(text, encoding="utf-8")
    _open(browser, tmp_path / "bad.html", DESK)
    assert any(one.startswith("html-has-lang") for one in axe(browser))


def _shown(browser, name):
    place = f"document.getElementById({name!r})"
    return browser.execute_script(
        f"const box = {place}.getBoundingClientRect(); return box.height > 0 && box.top < innerHeight && box.bottom > 0"
    )


def test_a_link_into_a_folded_part_opens_it(browser, pages):
    _open(browser, pages["page"], DESK, "#diagnosed")
    assert _shown(browser, "diagnosed")
    assert browser.execute_script("return document.getElementById('diagnosed').open")
    _open(browser, pages["page"], DESK)
    assert not browser.execute_script("return document.querySelector('.part[open]') !== null")
    browser.find_element("css selector", "a.flag").click()
    card = browser.execute_script("return location.hash.slice(1)")
    assert card.startswith("mark-")
    assert _shown(browser, card)
    browser.execute_script("document.getElementById('marks').open = false; scrollTo(0, 0)")
    browser.find_element("css selector", "a.flag").click()  # the address stays the same
    assert _shown(browser, card)


def test_a_part_inside_a_part_is_opened_with_both(browser, pages):
    _open(browser, pages["tested"], DESK)
    name = browser.execute_script("return document.querySelector('details details dt[id]').id")
    _open(browser, pages["tested"], DESK, f"#{name}")
    assert _shown(browser, name)


@pytest.mark.parametrize("size", [PHONE, DESK], ids=["phone", "desk"])
@pytest.mark.parametrize("name", PAGES)
def test_the_picture_is_on_the_first_screen(browser, pages, name, size):
    _open(browser, pages[name], size)
    cells = "[...document.querySelectorAll('header .heat .cell, header .heat .tile')]"
    low = browser.execute_script(f"return {cells}.slice(0, 6).map(cell => cell.getBoundingClientRect().bottom)")
    assert len(low) == 6
    assert max(low) < size[1]
    assert browser.execute_script("return document.documentElement.scrollWidth <= innerWidth")


@pytest.mark.parametrize("width", [320, 390, 768])
def test_the_forest_fits_every_screen(browser, pages, width):
    _open(browser, pages["tested"], (width, 900))
    boxes = "[...document.querySelectorAll('.forest .strip, .forest .result')].map(one => one.getBoundingClientRect())"
    ends = browser.execute_script(f"return {boxes}.filter(box => box.width).map(box => [box.left, box.right])")
    assert len(ends) > 10
    assert min(left for left, _ in ends) >= 0
    assert max(right for _, right in ends) <= width


def test_the_policy_of_the_page_stops_what_it_did_not_bring(browser, pages, tmp_path):
    """A script that a driver injects bypasses the policy, so the script stands in the page itself."""
    text = pages["page"].read_text(encoding="utf-8")
    planted = '<script>document.title = "ran"</script><img src="https://example.invalid/x.png" alt=""></body>'
    (tmp_path / "planted.html").write_text(text.replace("</body>", planted), encoding="utf-8")
    _open(browser, tmp_path / "planted.html", DESK)
    assert browser.title != "ran"
    blocked = " ".join(entry["message"] for entry in browser.get_log("browser"))
    assert "script-src" in blocked
    assert "img-src" in blocked
    assert browser.execute_script("return document.querySelectorAll('td.cell').length")  # its own script still ran
    browser.find_element("css selector", "a[href='#limits']").click()
    assert _shown(browser, "limits")
