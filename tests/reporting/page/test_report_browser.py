"""The page in a real browser: nothing sideways, sorting, no errors, no requests."""

import json
from pathlib import Path

import fake_items
import pytest

from seqtwin.reporting.page.write_report import write_report

# a real browser
pytestmark = pytest.mark.long

WIDTHS = (380, 768, 1280)
REPORTS = Path(__file__).parents[3] / "reports"


@pytest.fixture
def page(browser, usual):
    return _opened(browser, usual / "report" / "index.html")


@pytest.fixture
def tested(browser, contents, tmp_path):
    """The page of a tuned study of tier standard, with every section there is."""
    (tmp_path / "index.html").write_text(contents["index.html"], encoding="utf-8")
    return _opened(browser, tmp_path / "index.html")


@pytest.fixture(scope="module")
def of_classes(tmp_path_factory):
    """The path of the page of a study of classes: a confusion table, two heat maps."""
    return write_report(fake_items.build(tmp_path_factory.mktemp("classes"), fake_items.CLASSIFY))


@pytest.fixture
def classes(browser, of_classes):
    return _opened(browser, of_classes)


@pytest.fixture
def committed(browser):
    """A page of a real study: tables wider than any made up here."""
    return _opened(browser, REPORTS / "output-or-hidden-placenames" / "index.html")


def _opened(browser, path):
    browser.get("about:blank")
    for log in ("browser", "performance"):
        browser.get_log(log)  # reading empties it
    browser.get(path.as_uri())
    return browser


def _unfold(browser):
    """Open every part of the page, since a browser shows no text of a closed one."""
    browser.execute_script("document.querySelectorAll('details').forEach(part => { part.open = true })")


def _width(browser, width):
    metrics = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": width < 500}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)


def _column(browser, table, index):
    """The fields of a column: what they are sorted by, or their text where it says the same."""
    cells = "[...document.querySelectorAll('#' + arguments[0] + ' tbody tr')].map(row => row.cells[arguments[1]])"
    found = browser.execute_script(f"return {cells}.map(cell => cell.dataset.key ?? cell.textContent)", table, index)
    return [text.replace("−", "-").replace(",", "").removeprefix("+") for text in found]


def _head(browser, table, name):
    heads = browser.find_elements("css selector", f"#{table} thead th")
    index = next(i for i, head in enumerate(heads) if head.text.split(" ")[0] == name)
    return index, heads[index].find_element("css selector", "button")


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("shown", ["page", "tested", "classes", "committed"])
def test_the_page_never_scrolls_sideways(shown, width, request):
    opened = request.getfixturevalue(shown)
    _width(opened, width)
    assert opened.execute_script("return document.documentElement.scrollWidth <= innerWidth")
    assert opened.execute_script("return innerWidth") == width


@pytest.mark.parametrize("width", WIDTHS)
def test_the_heat_map_keeps_its_shape(page, width):
    _width(page, width)
    heights = "[...document.querySelectorAll('td.cell')].map(cell => cell.offsetHeight)"
    assert page.execute_script(f"return Math.max(...{heights})") < 90


@pytest.mark.parametrize("table", ["pairings", "costs", "diagnostics"])
def test_every_column_of_numbers_sorts_by_number(tested, table):
    _unfold(tested)
    heads = tested.find_elements("css selector", f"#{table} thead th")
    numeric = [index for index, head in enumerate(heads) if head.get_attribute("class") == "num"]
    assert numeric
    for index in numeric:
        tested.execute_script("arguments[0].querySelector('button').click()", heads[index])
        found = _column(tested, table, index)
        numbers = [float(text) for text in found if text]
        assert numbers == sorted(numbers, reverse=heads[index].get_attribute("aria-sort") == "descending")
        assert found[len(numbers) :] == [""] * (len(found) - len(numbers))


def test_sorting_is_remembered_in_the_address(page):
    _width(page, 1280)
    _unfold(page)
    index, button = _head(page, "pairings", "test")
    button.click()
    found = [float(key) for key in _column(page, "pairings", index)]
    assert found == sorted(found, reverse=True)
    from selenium.webdriver.common.keys import Keys

    button.send_keys(Keys.ENTER)
    found = [float(key) for key in _column(page, "pairings", index)]
    assert found == sorted(found)
    page.refresh()
    assert page.execute_script("return document.querySelector('#numbers').open")
    assert not page.execute_script("return document.querySelector('#cost').open")
    assert [float(key) for key in _column(page, "pairings", index)] == found
    heads = page.find_elements("css selector", "#pairings [aria-sort]")
    assert [head.get_attribute("aria-sort") for head in heads] == ["ascending"]
    assert [head.get_attribute("aria-sort") for head in page.find_elements("css selector", "#costs [aria-sort]")] == [
        "descending"
    ]


def test_rows_without_a_value_stay_last(page):
    _unfold(page)
    index, button = _head(page, "seeds", "ROC-AUC")
    for _ in range(2):
        button.click()
        assert _column(page, "seeds", index)[-1] == ""


def test_a_cell_says_its_numbers_on_focus(page):
    cell = page.find_element("css selector", "td.chosen")
    page.execute_script("arguments[0].focus()", cell)
    said = page.find_element("css selector", ".readout").text
    assert "max_output with mse: .9" in said
    assert "95 % interval" in said


def test_dark_and_light_differ_in_the_figures_too(page):
    colours = []
    for scheme in ("light", "dark"):
        feature = {"name": "prefers-color-scheme", "value": scheme}
        page.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [feature]})
        ground, text = "document.body).backgroundColor", "document.querySelector('svg text')).fill"
        script = f"return [getComputedStyle({ground}, getComputedStyle({text}]"
        colours.append(page.execute_script(script))
    page.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": []})
    assert colours[0][0] != colours[1][0]
    assert colours[0][1] != colours[1][1]


def test_no_errors_and_no_requests(page):
    assert [entry["message"] for entry in page.get_log("browser")] == []
    messages = [json.loads(entry["message"])["message"] for entry in page.get_log("performance")]
    asked = {m["params"]["request"]["url"] for m in messages if m["method"] == "Network.requestWillBeSent"}
    assert all(url.startswith(("file:", "data:", "about:")) for url in asked), asked
    assert sum(url.startswith("file:") for url in {url.split("#")[0] for url in asked}) == 1


@pytest.mark.parametrize("width", WIDTHS)
def test_a_page_with_every_section_never_scrolls_sideways(tested, width):
    _width(tested, width)
    _unfold(tested)
    assert tested.execute_script("return document.documentElement.scrollWidth <= innerWidth")


def test_paper_holds_every_column(tested):
    _width(tested, 700)  # A4 between its margins
    tested.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": "print"})
    tested.execute_script("dispatchEvent(new Event('beforeprint'))")
    widths = tested.execute_script("return [document.documentElement.scrollWidth, innerWidth]")
    closed = tested.execute_script("return document.querySelectorAll('details:not([open])').length")
    tested.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": ""})
    assert widths[0] <= widths[1]
    assert closed == 0


def test_every_figure_has_a_text(tested):
    names = tested.execute_script("return [...document.querySelectorAll('svg, [role=img]')].map(f => f.ariaLabel)")
    assert len(names) > 10
    assert all(name and len(name) > 20 for name in names)


def test_the_keyboard_reaches_the_map_and_skips_to_it(tested):
    from selenium.webdriver.common.keys import Keys

    def press(key):
        tested.switch_to.active_element.send_keys(key)
        return tested.execute_script("return [document.activeElement.className, document.activeElement.tagName]")

    tested.execute_script("document.body.focus()")
    assert press(Keys.TAB) == ["skip", "A"]
    tested.switch_to.active_element.send_keys(Keys.ENTER)
    reached = [press(Keys.TAB)[0].split(" ")[0] for _ in range(12)]
    assert reached.count("cell") == 10
    assert reached.count("flag") == 2


def test_words_stand_out_from_their_ground_in_light_and_dark(tested):
    script = """
      const parts = (text) => text.match(/[\\d.]+/g).slice(0, 3).map((v) => v / 255);
      const light = (text) => parts(text).map((v) => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)
        .reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
      const ground = (node) => {
        while (node && getComputedStyle(node).backgroundColor === "rgba(0, 0, 0, 0)") node = node.parentElement;
        return getComputedStyle(node || document.body).backgroundColor;
      };
      return [...document.querySelectorAll("p, li, td, th, figcaption, h1, h2, h3, .code, .because, .hit, dt, dd, a")]
        .filter((node) => node.innerText && node.offsetParent && node.className !== "skip")
        .map((node) => {
          const [a, b] = [light(getComputedStyle(node).color), light(ground(node))].sort((x, y) => y - x);
          return [(a + 0.05) / (b + 0.05), node.innerText.slice(0, 40), node.className];
        }).sort((x, y) => x[0] - y[0])[0];
    """
    _unfold(tested)
    for scheme in ("light", "dark"):
        feature = {"name": "prefers-color-scheme", "value": scheme}
        tested.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [feature]})
        worst = tested.execute_script(script)
        assert worst[0] >= 4.5, (scheme, worst)
    tested.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": []})
