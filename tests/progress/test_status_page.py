"""The page of a status: escaped, safe without scripts, and in a real browser without faults at two widths."""

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from seqtwin import cli
from seqtwin.progress.driver import Driver
from seqtwin.progress.status_page import SECONDS, status_page
from seqtwin.progress.work_status import Stage, Status, Task, TimeLeft

LONG = "placenames.lstm.attention_output.contrastive-auto-with-a-name-that-goes-on-and-on"
NOW = 1_800_000_000.0


def shown(outcome: Any = "running") -> Status:
    failed = [
        Task(f"{LONG}.s{seed}", "failed", LONG, "diverged", "the loss is <not> finite", "lower fit.lr")
        for seed in range(12)
    ]
    running = [Task(f"{LONG}.s{seed}", "running", LONG, share=0.5, note="5 of 10 epochs") for seed in range(20, 30)]
    done = [Task(f"{LONG}.s{seed}", "done", LONG, "finished", share=1.0, seconds=5.0) for seed in range(40, 60)]
    stages = (Stage("tunings", (Task("a", "done"),), 1), Stage("study cells", (*failed, *running, *done), 80))
    left = TimeLeft(3600, 7200, 7000, 2, "the seconds of 20 tasks: 0 of the 48 left from their own pairing")
    driver = Driver("running" if outcome == "running" else "stopped", 12, "host", NOW - 60)
    summary = "a study, 32 of 80 study cells are published"
    return Status(
        Path("runs/first"), "study", outcome, summary, stages, driver, left, NOW - 5,
        "" if outcome == "running" else "seqtwin compare a.yaml", ("a note",),
    )  # fmt: skip


def test_what_is_running_refreshes_itself_also_without_scripts() -> None:
    page = status_page(shown(), NOW)
    assert f'<noscript><meta http-equiv="refresh" content="{SECONDS}"></noscript>' in page
    ended = status_page(shown("finished"), NOW)
    assert "refresh" not in ended
    assert "<script" not in ended


def test_the_text_is_escaped_and_nothing_is_left_out() -> None:
    page = status_page(shown("interrupted"), NOW)
    assert "the loss is &lt;not&gt; finite" in page
    text = re.sub(r"\s+", " ", re.sub("<[^>]+>", " ", page))
    for words in (
        "20 of 80 done, 10 running, 12 failed, 38 left", "about 60 min", "no process works on it now",
        "continue with: seqtwin compare a.yaml", "and 4 more", "and 2 more", "a note",
    ):  # fmt: skip
        assert words in text, words


def test_a_page_of_another_program_is_not_replaced(tmp_path: Path, monkeypatch: Any, capsys: Any) -> None:
    def run(*arguments: str) -> int:
        monkeypatch.setattr("sys.argv", ["seqtwin", "status", *arguments])
        with pytest.raises(SystemExit) as ended:
            cli.main()
        return int(ended.value.code or 0)

    (tmp_path / ".run.build-00ff").mkdir()
    run_, page, other = str(tmp_path / "run"), tmp_path / "page.html", tmp_path / "other.html"
    other.write_text("mine", encoding="utf-8")
    assert [run(run_, "--page", str(page)) for _ in range(2)] == [0, 0]
    assert run(run_, "--page", str(other)) == 2
    assert other.read_text(encoding="utf-8") == "mine"
    assert run(run_, "--watch", "--json") == 2
    capsys.readouterr()
    assert run(run_, "--json") == 0
    assert json.loads(capsys.readouterr().out)["counts"] == {"done": 0, "running": 0, "failed": 0, "left": 1}


@pytest.mark.long
@pytest.mark.parametrize("outcome", ["running", "interrupted", "finished"])
@pytest.mark.parametrize("width", [390, 1400])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_page_in_a_browser(
    browser: Any, axe: Callable[[Any], list[str]], tmp_path: Path, outcome: str, width: int, scheme: str
) -> None:
    (tmp_path / "page.html").write_text(status_page(shown(outcome), NOW), encoding="utf-8")
    metrics = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": width < 500}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
    features = [{"name": "prefers-color-scheme", "value": scheme}]
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": features})
    browser.get((tmp_path / "page.html").as_uri())
    for log in ("browser", "performance"):
        browser.get_log(log)
    browser.refresh()
    assert browser.execute_script("return document.documentElement.scrollWidth <= innerWidth")
    assert axe(browser) == []
    assert browser.get_log("browser") == []
    ground = browser.execute_script("return getComputedStyle(document.body).backgroundColor")
    assert (ground == "rgb(251, 252, 252)") == (scheme == "light")
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": []})


@pytest.mark.long
def test_the_refresh_can_be_stopped(browser: Any, tmp_path: Path) -> None:
    page = tmp_path / "page.html"
    page.write_text(
        status_page(shown(), NOW).replace(f'data-seconds="{SECONDS}"', 'data-seconds="0.2"'), encoding="utf-8"
    )
    browser.get(page.as_uri())
    page.write_text(page.read_text(encoding="utf-8").replace("<h1>", "<h1>Newer "), encoding="utf-8")
    from selenium.webdriver.support.ui import WebDriverWait

    WebDriverWait(browser, 20).until(lambda b: b.find_element("css selector", "h1").text.startswith("Newer"))
    browser.execute_script("document.querySelector('#pause').click()")
    page.write_text(page.read_text(encoding="utf-8").replace("Newer", "Newest"), encoding="utf-8")
    browser.execute_async_script("setTimeout(arguments[0], 1000)")
    assert browser.find_element("css selector", "#pause").text == "Refresh again"
    assert browser.find_element("css selector", "h1").text.startswith("Newer")
