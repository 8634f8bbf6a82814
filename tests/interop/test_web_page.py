"""The page of a folder for the web in a real browser: it searches and compares, and contacts no other host."""

import threading
from collections.abc import Callable, Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from interop_encoders import encoder_of
from node_packages import PACKAGES, require_packages
from selenium.webdriver.support.ui import WebDriverWait

from seqtwin.interop.web_folder import export_web

pytestmark = pytest.mark.long  # a real browser

CORPUS = ["cafe", "<b>be</b>", "fed", "abcdef"]


class Quiet(SimpleHTTPRequestHandler):
    """Serves files without a log."""

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture(params=["searched", "alone", "without the runtime"])
def kind(request: Any) -> str:
    return request.param


@pytest.fixture
def page(browser: Any, tmp_path: Path, kind: str) -> Iterator[Any]:
    require_packages()
    encoder = encoder_of(tmp_path / "encoder", similarity="exp_manhattan")
    folder = export_web(encoder, tmp_path / "web", None if kind == "alone" else CORPUS)
    if kind != "without the runtime":
        (folder / "node_modules").symlink_to(PACKAGES)
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(folder)))
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    for log in ("browser", "performance"):
        browser.get_log(log)  # reading empties it
    browser.get(f"http://127.0.0.1:{server.server_port}/")
    browser.encoder = encoder
    yield browser
    browser.get("about:blank")
    server.shutdown()
    server.server_close()
    thread.join(20)


def wait(page: Any, until: Callable[[Any], object]) -> None:
    WebDriverWait(page, 20).until(until)


def text(page: Any, selector: str) -> str:
    return page.execute_script("return document.querySelector(arguments[0]).innerText", selector)


def type_into(page: Any, name: str, value: str) -> None:
    script = """const field = document.querySelector(`[name=${arguments[0]}]`);
        field.value = arguments[1]; field.dispatchEvent(new Event("input", { bubbles: true }));"""
    page.execute_script(script, name, value)


def test_the_page_searches_and_compares(page: Any, kind: str) -> None:
    if kind == "without the runtime":
        wait(page, lambda _: "npm install" in text(page, "#status"))
        return
    wait(page, lambda _: page.execute_script("return document.body.dataset.ready"))
    expected = page.encoder.score(["cafe"], ["fed"])[0]
    type_into(page, "left", "cafe")
    type_into(page, "right", "fed")
    wait(page, lambda _: f"{expected:.4f}" in text(page, "#score"))
    assert ("not the same" in text(page, "#score")) == (not page.encoder.is_same(["cafe"], ["fed"])[0])
    assert page.execute_script("return document.querySelector('#search').hidden") == (kind == "alone")
    if kind == "searched":
        type_into(page, "query", "<b>be</b>")
        wait(page, lambda _: text(page, "#hits").startswith("<b>be</b>"))
        assert "1.0000" in text(page, "#hits").split("\n")[1]
    assert [entry for entry in page.get_log("browser") if entry["level"] == "SEVERE"] == []
    hosts = page.execute_script(
        "return performance.getEntriesByType('resource').map(entry => new URL(entry.name).hostname)"
    )
    assert set(hosts) == {"127.0.0.1"}
