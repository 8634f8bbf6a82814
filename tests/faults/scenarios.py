"""What is interrupted: commands on tiny data. Each can be run again after a fault and must end as without one."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import seqtwin
import tiny
from seqtwin import cli
from seqtwin.errors import SeqTwinError
from seqtwin.files import publish_text
from seqtwin.inference.encode_files import encode_file
from seqtwin.study import worker_pool
from seqtwin.study.worker_pool import Work
from seqtwin.training import checkpoint
from seqtwin.verify import verify_folder

Essence = dict[str, str]
OLD, NEW = '{"old": 0}\n', '{"new": 1}\n'


@dataclass(frozen=True)
class Scenario:
    """`prepare(home)` makes the inputs. `run(home)` is the command, which continues where it was interrupted.

    `essence(home)`: the hashes of what it must leave, whatever happened. `published`: the folders and files that are
    whole or not there.
    """

    prepare: Callable[[Path], object]
    run: Callable[[Path], object]
    essence: Callable[[Path], Essence]
    published: Callable[[Path], list[Path]] = lambda _: []


def hashes(folder: Path, *names: str) -> Essence:
    """The sha256 of files in a folder."""
    return {name: hashlib.sha256((folder / name).read_bytes()).hexdigest() for name in names}


def _pairs(home: Path) -> Path:
    return tiny.write_pairs(home / "data", (32, 16, 16))


def _train(home: Path) -> object:
    checkpoint.BETWEEN_EPOCHS, checkpoint.SHARE = 0.0, 1e9  # a checkpoint after every epoch
    if (home / "run").exists():
        return None
    config = tiny.raw_run(home / "data", fit={"epochs": 2})
    return seqtwin.train(config, home / "run", baselines=False, resume=True)


def in_this_process(work: Work, tasks: list[Any], folder: Path, _: int, on_progress: Any, **_of: Any) -> None:
    """Do what worker processes would do."""
    for task in tasks:
        work.run(task, folder, work.data)


def _compare(home: Path) -> object:
    worker_pool.run_some = in_this_process  # type: ignore[assignment]
    config: dict[str, Any] = {
        "base": tiny.raw_run(home / "data", fit={"epochs": 1}),
        "grid": {"loss": ["mse", "contrastive"]},
        "seeds": 1,
        "tune": False,
        "tier": "quick",
    }
    return seqtwin.compare(config, home / "study", jobs=1)


def _without_seconds(study: Path) -> Essence:
    """The results of a study, without how long they took."""
    found = {}
    for cell in sorted((study / "cells").iterdir()):
        if not cell.name.startswith("."):
            found |= {f"{cell.name}/{key}": value for key, value in hashes(cell, "scores.json").items()}
            found |= {
                f"{cell.name}/{key}": value for key, value in hashes(cell / "encoder", "model.safetensors").items()
            }
    return found | {"report": str((study / "report" / "index.html").exists())}


def _texts(home: Path) -> None:
    tiny.saved_encoder(home / "encoder")
    texts = [text for left, right, _ in tiny.drawn_pairs(20, 5) for text in (left, right)]
    (home / "texts.csv").write_text("text\n" + "".join(f"{text}\n" for text in texts), encoding="utf-8")


def _encode(home: Path) -> object:
    if (home / "vectors.npy").exists():
        return None
    encoder = seqtwin.load(home / "encoder")
    return encode_file(encoder, home / "texts.csv", home / "vectors.npy", column="text", resume=True)


def _index(home: Path) -> object:
    if (home / "index" / "CURRENT").exists():
        return None
    encoder = seqtwin.load(home / "encoder")
    texts = (home / "texts.csv").read_text(encoding="utf-8").split()[1:]
    return seqtwin.Index.build(encoder, texts).save(home / "index")


def _index_essence(home: Path) -> Essence:
    index = seqtwin.Index.load(home / "index", seqtwin.load(home / "encoder"))
    return {"hits": repr(index.search(["abc"], k=3))}


def _command(*outputs: str) -> Callable[..., Callable[[Path], object]]:
    """A command line in this process. After an interruption it is given again as it is."""

    def given(*words: str) -> Callable[[Path], object]:
        def run(home: Path) -> object:
            if all((home / name).exists() for name in outputs):
                return None
            filled = [word.replace("HOME", str(home)) for word in words]
            return cli.app(filled, standalone_mode=False)

        return run

    return given


_dedupe = _command("clusters.csv", "review.csv")(
    *("dedupe", "HOME/encoder", "HOME/texts.csv", "--column", "text", "--threshold", "0.9"),
    *("-o", "HOME/clusters.csv", "--review", "HOME/review.csv"),
)
_link = _command("links.csv")(
    *("link", "HOME/encoder", "HOME/texts.csv", "HOME/texts.csv", "--left-column", "text", "--right-column", "text"),
    *("--threshold", "0.9", "-o", "HOME/links.csv"),
)
_mine = _command("harder.csv", "suspects.csv")(
    *("mine", "HOME/encoder", "HOME/data/train.csv", "-o", "HOME/harder.csv", "--suspects", "HOME/suspects.csv"),
)


def _texts_and_pairs(home: Path) -> None:
    _texts(home)
    _pairs(home)


def _tables(*names: str) -> dict[str, Any]:
    """The essence of a command that writes tables: its files, each whole or not there."""
    return {
        "essence": lambda home: hashes(home, *names),
        "published": lambda home: [home / name for name in names],
    }


def _publish(home: Path) -> object:
    return publish_text(home / "table.json", NEW)


SCENARIOS: dict[str, Scenario] = {
    "train": Scenario(
        _pairs,
        _train,
        lambda home: hashes(home / "run" / "encoder", "model.safetensors") | hashes(home / "run", "scores.json"),
        lambda home: [home / "run"],
    ),
    "compare": Scenario(
        _pairs,
        _compare,
        lambda home: _without_seconds(home / "study"),
        lambda home: [p for p in (home / "study" / "cells").glob("*") if not p.name.startswith(".")],
    ),
    "encode": Scenario(_texts, _encode, lambda home: hashes(home, "vectors.npy"), lambda home: [home / "vectors.npy"]),
    "index": Scenario(
        _texts,
        _index,
        _index_essence,
        lambda home: [home / "index" / "gen-000001", home / "index" / "CURRENT"],
    ),
    "dedupe": Scenario(_texts, _dedupe, **_tables("clusters.csv", "review.csv")),
    "link": Scenario(_texts, _link, **_tables("links.csv")),
    "mine": Scenario(_texts_and_pairs, _mine, **_tables("harder.csv", "suspects.csv")),
    "publish": Scenario(
        lambda home: publish_text(home / "table.json", OLD),
        _publish,
        lambda home: hashes(home, "table.json"),
        lambda home: [home / "table.json"],
    ),
}


def refuse_halves(scenario: Scenario, home: Path) -> list[str]:
    """What is neither whole nor absent among the published folders and JSON files."""
    wrong = [line for folder in scenario.published(home) if folder.is_dir() for line in _damage(folder)]
    table = home / "table.json"
    if table.exists() and table.read_text(encoding="utf-8") not in (OLD, NEW):
        wrong.append("table.json: neither the old nor the new version")
    return wrong


def _damage(folder: Path) -> list[str]:
    try:
        return [f"{folder.name}: {found.place.name} {found.wrong}" for found in verify_folder(folder).damage]
    except SeqTwinError as error:
        return [str(error)]
