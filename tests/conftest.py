"""What every test shares: checked shapes, one thread, one tiny vocabulary, one ragged batch, the shared data."""

import gc
import os
import shutil
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings
from jaxtyping import install_import_hook

# The shapes in the signatures are checked under test only, so the hook must stand before the first import of these.
CHECKED = ("seqtwin.records", "seqtwin.model", "seqtwin.training")
EARLY = sorted(name for name in sys.modules if name.startswith(CHECKED))
if EARLY:
    raise RuntimeError(f"imported before the shapes could be checked: {', '.join(EARLY)}")
install_import_hook(list(CHECKED), "beartype.beartype")

import torch  # noqa: E402

import kernels  # noqa: E402
import own_parts  # noqa: E402
from seqtwin.records import PairBatch, Sequences  # noqa: E402

torch.set_num_threads(1)
settings.register_profile("seqtwin", derandomize=True, deadline=None, database=None)
settings.load_profile("seqtwin")

VOCABULARY = ("[PAD]", "[UNK]", "a", "b", "c", "d", "e", "f")
LENGTHS = (1, 3, 7, 2)


def ragged_ids(lengths: tuple[int, ...], seed: int) -> Sequences:
    """Right-padded token ids of the tiny vocabulary, one row for each length."""
    draw = torch.Generator().manual_seed(seed)
    values = torch.randint(2, len(VOCABULARY), (len(lengths), max(lengths)), generator=draw)
    for row, length in enumerate(lengths):
        values[row, length:] = 0
    return Sequences(values, torch.tensor(lengths))


def pytest_collection_finish() -> None:
    """Hide what exists by now from the garbage collector: each correction for many tests in statsmodels runs it."""
    gc.collect()
    gc.freeze()


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """In `make test-processors`: what the libraries ran on."""
    if os.environ.get("SEQTWIN_KERNELS"):
        terminalreporter.write_line(kernels.describe())


@pytest.fixture(autouse=True)
def no_part_stays() -> Iterator[None]:
    """A part that one test adds to a family must not be read by the next test of the same process."""
    with own_parts.removed() as added:
        yield
    assert added == [], "this test leaves its own parts in the families (use own_parts.removed)"


@pytest.fixture
def vocabulary() -> tuple[str, ...]:
    """Eight tokens; 0 is the pad, 1 the unknown."""
    return VOCABULARY


@pytest.fixture
def ragged() -> Sequences:
    """Four sequences of 1, 3, 7 and 2 tokens."""
    return ragged_ids(LENGTHS, seed=0)


@pytest.fixture
def ragged_series() -> Sequences:
    """The same lengths as vectors of three channels."""
    draw = torch.Generator().manual_seed(1)
    values = torch.randn(len(LENGTHS), max(LENGTHS), 3, generator=draw)
    lengths = torch.tensor(LENGTHS)
    return Sequences(values * (torch.arange(max(LENGTHS)) < lengths[:, None])[..., None], lengths)


@pytest.fixture
def pairs(ragged: Sequences) -> PairBatch:
    """Four pairs, two the same and two different; the right sides are longer and shorter than the left ones."""
    return PairBatch(ragged, ragged_ids((4, 1, 2, 5), seed=2), torch.tensor([1.0, 0.0, 1.0, 0.0]), torch.arange(4))


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of real data that is never part of the repository. Absent: a failure in CI, else a loud skip."""
    named = os.environ.get("SEQTWIN_DATA", "")
    if named and Path(named).is_dir():
        return Path(named)
    reason = f"SEQTWIN_DATA is {f'no folder: {named}' if named else 'not set'}; this test needs the real data beside it"
    if os.environ.get("CI"):
        pytest.fail(reason)
    pytest.skip(reason)


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """A headless Chromium; absent it is a skip, in CI a failure. `downloads`: where its files go."""
    binary = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    driver = shutil.which("chromedriver")
    if not binary or not driver:
        reason = "these tests need chromium and chromedriver on the PATH"
        if os.environ.get("CI"):
            pytest.fail(reason)
        pytest.skip(reason)
    from selenium import webdriver

    options = webdriver.ChromeOptions()
    options.binary_location = binary
    profile, downloads = tmp_path_factory.mktemp("profile"), tmp_path_factory.mktemp("downloads")
    flags = ("headless=new", "no-sandbox", "disable-gpu", "disable-background-networking", f"user-data-dir={profile}")
    for flag in flags:
        options.add_argument(f"--{flag}")
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    driven = webdriver.Chrome(options=options, service=webdriver.ChromeService(driver))
    # a window on no screen may count as not focused, and then no focus event is fired
    driven.execute_cdp_cmd("Emulation.setFocusEmulationEnabled", {"enabled": True})
    driven.execute_cdp_cmd("Browser.setDownloadBehavior", {"behavior": "allow", "downloadPath": str(downloads)})
    driven.downloads = downloads
    yield driven
    driven.quit()


@pytest.fixture(scope="session")
def axe() -> Callable[[Any], list[str]]:
    """The faults that axe-core finds on the open page of a browser; absent axe-core is a skip, in CI a failure."""
    try:
        from axe_core_python.base import AXE_SCRIPT
    except ImportError:
        reason = "these tests need axe-core-python, which the extra dev installs"
        if os.environ.get("CI"):
            pytest.fail(reason)
        pytest.skip(reason)
    run = """
      const done = arguments[0];
      axe.run(document, {resultTypes: ["violations"]}).then((found) => done(found.violations.map(
        (one) => `${one.id}: ${one.nodes[0].html.slice(0, 120)}`)));
    """

    def faults(browser: Any) -> list[str]:
        browser.execute_script(AXE_SCRIPT)
        return list(browser.execute_async_script(run))

    return faults
