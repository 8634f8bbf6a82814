"""The page of the service in a real browser: scores, parts, neighbours, a file; no errors, no foreign requests."""

import csv
import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from served_client import CORPUS, tiny_encoder

from seqtwin.index.index import Index
from seqtwin.serve.app import create_app
from seqtwin.serve.limits import Limits

# a real browser
pytestmark = pytest.mark.long

WIDTHS = (380, 768, 1280)
KEY = "the-key-of-the-test-0123456789"


@pytest.fixture(scope="module")
def encoder(tmp_path_factory):
    return tiny_encoder(tmp_path_factory.mktemp("run"))


@contextmanager
def _served(encoder: Any, **access: Any) -> Iterator[str]:
    """A service in a thread of this process, without signals."""
    import uvicorn

    from seqtwin.serve.server import listener_url, listening

    app = create_app(encoder, Index.build(encoder, CORPUS), Limits(texts=3), name="tiny", **access)
    with listening("127.0.0.1", 0) as listener:
        server = uvicorn.Server(uvicorn.Config(app, log_level="error", ws="none"))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        found = listener_url(listener)
        thread.start()
        yield found
        server.should_exit = True
        thread.join(20)


@pytest.fixture(scope="module")
def address(encoder):
    with _served(encoder) as found:
        yield found


@pytest.fixture(scope="module")
def locked(encoder):
    """The address of a service that needs a key, and may be used by the pages of the other one."""
    with _served(encoder, api_key=KEY, origins=["http://127.0.0.1:9"]) as found:
        yield found


@pytest.fixture
def page(browser, address):
    browser.get("about:blank")
    for log in ("browser", "performance"):
        browser.get_log(log)  # reading empties it
    browser.get(address)
    return browser


def _width(browser: Any, width: int) -> None:
    metrics = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": width < 500}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)


def _filled(page: Any, **fields: str) -> None:
    for name, text in fields.items():
        field = page.find_element("id", name)
        field.clear()
        field.send_keys(text)


def _waited(page: Any, selector: str) -> Any:
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        found = page.find_elements("css selector", selector)
        if found and found[0].is_displayed():
            return found[0]
        time.sleep(0.05)
    raise AssertionError(f"{selector} never came: {page.find_element('tag name', 'main').text}")


def _compared(page: Any, left: str, right: str) -> str:
    from selenium.webdriver.common.keys import Keys

    _filled(page, left=left, right=right)
    page.find_element("id", "right").send_keys(Keys.ENTER)
    return str(_waited(page, "#verdict .answer").text)


def _shown(score: float) -> str:
    text = f"{abs(score):.3f}"
    text = text[1:] if text.startswith("0.") else text
    return f"−{text}" if round(score, 3) < 0 else text


def _quiet(browser: Any, address: str) -> None:
    """No word in the console, no request but to the service."""
    assert browser.get_log("browser") == []
    events = [json.loads(entry["message"])["message"] for entry in browser.get_log("performance")]
    asked = [e["params"]["request"]["url"] for e in events if e["method"] == "Network.requestWillBeSent"]
    assert asked
    assert [url for url in asked if not url.startswith((address, "blob:", "data:", "about:"))] == []


def test_two_texts_get_score_threshold_verdict_and_parts(page, address, encoder):
    said = _compared(page, "cafe", "face")
    score = float(encoder.score("cafe", "face")[0])
    assert _shown(score) in said
    assert ".250" in said
    assert said.startswith("The same." if score >= 0.25 else "Different.")
    _waited(page, "#sides .parts li")
    sides = page.find_elements("css selector", "#sides .parts")
    parts = [[part.text for part in side.find_elements("tag name", "b")] for side in sides]
    assert parts == [list("cafe"), list("face")]
    assert all(side.get_attribute("aria-label") for side in sides)
    _quiet(page, address)


def test_what_is_typed_is_never_read_as_html(page, address):
    _compared(page, "<img src=x onerror=alert(1)>", "a</script>")
    _waited(page, "#sides .parts li")
    assert page.find_elements("css selector", "main img, main script") == []
    _quiet(page, address)


def test_an_error_is_a_sentence_on_the_page(page):
    _filled(page, left=" ", right="b")
    page.find_element("css selector", "#compare button").click()
    assert "is empty" in _waited(page, "#verdict .fault").text


def test_neighbours_are_listed_best_first(page, address, encoder):
    _filled(page, query="abc", k="4")
    page.find_element("css selector", "#search button").click()
    _waited(page, "#found table")
    rows = [
        [cell.text for cell in row.find_elements("tag name", "td")]
        for row in page.find_elements("css selector", "#found tbody tr")
    ]
    scores = encoder.similarity(encoder.encode("abc"), encoder.encode(CORPUS))[0]
    best = sorted(range(len(CORPUS)), key=lambda place: -scores[place])[:4]
    assert [row[1] for row in rows] == [CORPUS[place] for place in best]
    assert [row[3] for row in rows] == [_shown(scores[place]) for place in best]
    assert [head.get_attribute("scope") for head in page.find_elements("css selector", "#found th")] == ["col"] * 4
    _quiet(page, address)


def test_a_file_comes_back_with_its_scores(page, address, encoder, tmp_path):
    rows = [["1", "abc", "abd"], ["2", 'a "b", c', "dead"], ["3", "", "x"], ["4", "=bad", "a\nb"], ["5", "fed", "fed"]]
    path = tmp_path / "pairs.csv"
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        csv.writer(file).writerows([["id", "left", "right"], *rows])
    page.find_element("id", "file").send_keys(str(path))
    _waited(page, "#scored .button").click()
    assert "4 pairs scored" in page.find_element("css selector", "#scored .answer").text
    assert "1 row has no score" in page.find_element("css selector", "#scored .fault").text
    found = page.downloads / "pairs-scored.csv"
    deadline = time.monotonic() + 20
    while not found.exists() and time.monotonic() < deadline:
        time.sleep(0.05)
    with found.open(encoding="utf-8", newline="") as file:
        head, *scored = csv.reader(file)
    assert head == ["id", "left", "right", "score", "same"]
    escaped = [[i, f"'{left}" if left.startswith("=") else left, right] for i, left, right in rows]
    assert [row[:3] for row in scored] == escaped
    assert scored[2][3:] == ["", ""]
    kept = [row for row in rows if row[1]]
    expected = encoder.score([row[1] for row in kept], [row[2] for row in kept])
    assert [float(row[3]) for row in scored if row[3]] == pytest.approx(expected.tolist(), abs=1e-6)
    assert [row[4] for row in scored if row[4]] == [str(int(score >= 0.25)) for score in expected]
    _quiet(page, address)


@pytest.mark.parametrize("text", ["name\nx\n", "left,right\n", '"left,right\na,b\n'])
def test_a_file_that_is_no_table_of_pairs_is_said(page, tmp_path, text):
    path = tmp_path / "bad.csv"
    path.write_text(text, encoding="utf-8")
    page.find_element("id", "file").send_keys(str(path))
    assert _waited(page, "#scored .fault").text


@pytest.mark.parametrize("width", WIDTHS)
def test_the_page_never_scrolls_sideways(page, width):
    _width(page, width)
    _compared(page, "abcdef" * 12, "fedcba" * 30)
    _waited(page, "#sides .parts li")
    _filled(page, query="a", k="8")
    page.find_element("css selector", "#search button").click()
    _waited(page, "#found table")
    page.execute_script("document.querySelector('details').open = true")
    assert page.execute_script("return document.documentElement.scrollWidth <= innerWidth")
    assert page.execute_script("return innerWidth") == width


def test_the_keyboard_reaches_every_control(page):
    from selenium.webdriver import ActionChains
    from selenium.webdriver.common.keys import Keys

    page.execute_script("document.activeElement.blur()")
    seen = []
    for _ in range(12):
        ActionChains(page).send_keys(Keys.TAB).perform()
        seen.append(page.execute_script("const e = document.activeElement; return e.id || e.tagName"))
    assert {"left", "right", "query", "k", "file", "BUTTON", "SUMMARY"} <= set(seen)


def test_the_policy_holds(page, address):
    """Neither a script of another's nor a request elsewhere gets through."""
    page.execute_script(
        "const s = document.createElement('script'); s.textContent = 'window.bad = 1'; document.body.append(s)"
    )
    assert page.execute_script("return window.bad") is None
    outside = "const done = arguments[0]; fetch('http://127.0.0.2:9/').then(() => done('sent'), () => done('refused'))"
    assert page.execute_async_script(outside) == "refused"
    assert any("Content Security Policy" in entry["message"] for entry in page.get_log("browser"))


def test_the_page_starts_with_an_example_that_compares_and_searches(page, address):
    fields = {name: page.find_element("id", name).get_attribute("value") for name in ("left", "right", "query")}
    assert fields == {"left": "abc", "right": "acb", "query": "abc"}
    page.find_element("css selector", "#compare button").click()
    assert _waited(page, "#verdict .answer").text
    page.find_element("css selector", "#search button").click()
    assert _waited(page, "#found td.text").text == "abc"
    _quiet(page, address)


@pytest.mark.parametrize("width", WIDTHS)
def test_the_description_of_the_api_is_a_quiet_page(page, address, width):
    _width(page, width)
    page.get(f"{address}/docs")
    shown = page.find_element("tag name", "main").text
    for endpoint in ("POST /v1/embeddings", "GET /v1/models", "POST /search"):
        assert endpoint in shown
    assert page.execute_script("return document.documentElement.scrollWidth <= innerWidth")
    _quiet(page, address)


def _unlocked(browser: Any, key: str) -> None:
    field = _waited(browser, "#key")
    field.clear()
    field.send_keys(key)
    browser.find_element("css selector", "#unlock button").click()


def test_a_service_with_a_key_shows_a_field_for_it_and_then_its_page(browser, locked):
    _width(browser, 1280)
    browser.get(locked)
    assert "API key" in browser.find_element("tag name", "h1").text
    assert "tiny" not in browser.page_source
    _unlocked(browser, "another-key-0123456789")
    assert "not the key" in _waited(browser, "#answer .fault").text
    _unlocked(browser, KEY)
    _waited(browser, "#left")
    browser.get_log("browser")
    assert _compared(browser, "cafe", "face")
    _waited(browser, "#sides .parts li")
    browser.refresh()  # the tab keeps the key
    _waited(browser, "#left")
    assert _compared(browser, "abc", "abd")
    browser.get(f"{locked}/docs")
    assert "/v1/embeddings" in _waited(browser, "h2 code").text
    refused = [entry["message"] for entry in browser.get_log("browser") if "401" not in entry["message"]]
    assert refused == []
    assert KEY not in browser.current_url
    browser.execute_script("sessionStorage.clear()")
    browser.get(locked)
    _waited(browser, "#key")
