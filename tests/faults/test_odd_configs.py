"""Odd configs, each valid YAML: `check` accepts one or refuses it with the expected code, in a short time.

`configs.txt` has one case per line: `ok` or the code, then the keys that are laid over a small config. A case that
begins with `base` or `grid` is a whole study. What `check` refuses, `train` refuses in the same words.
"""

import json
import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

import pytest
import yaml

import tiny
from seqtwin import cli
from seqtwin.run.train import train as train_run

CASES = [line.split(maxsplit=1) for line in (Path(__file__).parent / "configs.txt").read_text("utf-8").splitlines()]
BASE = {
    "data": {"label": "label", "train": "train.csv", "dev": "dev.csv", "test": "test.csv"},
    "encoder": {"embedding": 6, "hidden": 8},
    "representation": "final_hidden",
    "fit": {"epochs": 1, "batch": 16, "lr": 0.05, "device": "cpu"},
}
LONGER = {
    "LONG": "a" * 5000 + ".csv",
    "BIGINT": "9" * 5000,
    "BIGHEX": "0x" + "f" * 5000,
    "MANY": str([number + 1 for number in range(90)]),
}
SECONDS = 30


def text_of(case: str) -> str:
    """The config of a case. The case itself stays as it is written, because the notation is what is tested."""
    case = case.replace("{BASE}", json.dumps(BASE))
    for name, text in LONGER.items():
        case = case.replace(name, text)
    if case.startswith(("base", "grid")):
        return "{" + case + "}\n"
    if case == "{}":
        return case
    section, _, value = case.partition(": ")
    return "{" + ", ".join([*_others(section), f"{section}: {_laid_over(section, value)}"]) + "}\n"


def _others(section: str) -> list[str]:
    return [f"{name}: {json.dumps(own)}" for name, own in BASE.items() if name != section]


def _laid_over(section: str, value: str) -> str:
    own = BASE.get(section)
    if not isinstance(own, dict) or not value.startswith("{"):
        return value
    try:
        keys = set(yaml.safe_load(value))
    except (yaml.YAMLError, ValueError):
        keys = set()
    if section == "data" and keys & {"name", "file", "train"}:
        return value
    rest = ", ".join(f"{key}: {json.dumps(text)}" for key, text in own.items() if key not in keys)
    return "{" + rest + (", " if rest and keys else "") + value[1:]


@contextmanager
def limited() -> Iterator[None]:
    """Raise TimeoutError where a case takes too long: a hang must not stop the other tests."""

    def late(_signal: int, _frame: FrameType | None) -> None:
        raise TimeoutError(f"no answer in {SECONDS} seconds")

    before = signal.signal(signal.SIGALRM, late)
    signal.alarm(SECONDS)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


def outcome(arguments: list[str], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> str:
    """`ok`, or the code of the refusal, of a command in this process."""
    monkeypatch.setattr(sys, "argv", ["seqtwin", *arguments, *(["--json"] if arguments[0] != "check" else [])])
    with limited(), pytest.raises(SystemExit) as caught:
        cli.main()
    printed = capsys.readouterr()
    assert "Traceback" not in printed.err
    assert "\x1b" not in printed.out + printed.err
    if caught.value.code in (0, None):
        return "ok"
    assert caught.value.code in (2, 3, 5)
    if arguments[0] != "check":
        return str(json.loads(printed.out)["error"]["code"])
    codes = [word for word in printed.err.replace("\n", " ").split() if word.startswith("[") and word.endswith("]")]
    return next(word.strip("[]") for word in codes if word.strip("[]_").isupper())


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny.write_pairs(tmp_path_factory.mktemp("odd"), (40, 20, 20))


@pytest.mark.parametrize(("expected", "case"), CASES, ids=[case[:60] for _, case in CASES])
def test_an_odd_config_is_accepted_or_refused(
    data: Path, expected: str, case: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(data)
    Path("odd.yaml").write_text(text_of(case), encoding="utf-8")
    assert outcome(["check", "odd.yaml"], capsys, monkeypatch) == expected
    if expected != "ok" and not case.startswith(("base", "grid")):
        assert outcome(["train", "odd.yaml", "--out", "never"], capsys, monkeypatch) == expected
        assert not Path("never").exists()


def test_what_check_accepts_can_be_trained(data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A sample; each takes a second. All are trained at night."""
    monkeypatch.chdir(data)
    from seqtwin.config import read_run
    from seqtwin.training.fit import Diverged

    accepted = [case for code, case in CASES if code == "ok" and not case.startswith(("base", "grid"))]
    step = 1 if os.environ.get("SEQTWIN_NIGHTLY") else 12
    assert len(accepted) > 50
    for number, case in enumerate(accepted[::step]):
        Path("odd.yaml").write_text(text_of(case), encoding="utf-8")
        try:
            with limited():
                train_run(read_run(Path("odd.yaml")), tmp_path / str(number))
        except Diverged:  # an outcome of training, not of the config
            continue
        assert (tmp_path / str(number) / "manifest.json").exists(), case


def test_the_corpus_is_large() -> None:
    assert len(CASES) >= 350
    assert len({case for _, case in CASES}) == len(CASES)
