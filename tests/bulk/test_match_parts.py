"""Neighbours from shards on two worker processes: those of one machine, with ties and thresholds."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import typer
from cluster_fixtures import at, client, encoder, folder  # noqa: F401 - fixtures
from typer.testing import CliRunner

from seqtwin.bulk import match_parts
from seqtwin.bulk.match_parts import OnWorkers, Stretch, merge_shards, search_shard
from seqtwin.bulk.worker_encoder import EncoderAt
from seqtwin.cli.dedupe_link import dedupe, link
from seqtwin.index.exact_search import CORPUS_BLOCK, nearest
from seqtwin.inference.trained_encoder import TrainedEncoder
from seqtwin.matching.dedupe import compare_rows
from seqtwin.matching.nearest_texts import Progress


def texts(count: int, seed: int) -> list[str]:
    rng = np.random.default_rng(seed)
    return ["".join(rng.choice(list("abcdef"), rng.integers(1, 9))) for _ in range(count)]


class Rounded:
    """An encoder whose scores are whole numbers, which makes many of them equal."""

    @staticmethod
    def similarity(a: np.ndarray, b: np.ndarray) -> np.ndarray:
        return a @ b.T


@pytest.mark.parametrize("k", [1, 7, 40])
@pytest.mark.parametrize("shard", [5, 16, 100])
def test_merged_shards_are_the_whole_with_ties(
    tmp_path: Path, at: EncoderAt, monkeypatch: pytest.MonkeyPatch, shard: int, k: int
) -> None:
    monkeypatch.setattr(match_parts, "load_once", lambda _: Rounded)
    corpus = np.random.default_rng(k).integers(-1, 2, (60, 3)).astype(np.float32)
    corpus.tofile(tmp_path / "v")
    itself = np.where(np.arange(60) % 3 == 0, -1, np.arange(60))
    whole = nearest(Rounded.similarity, corpus, corpus, k, itself=itself)
    everything = Stretch(str(tmp_path / "v"), 3, 0, 60)
    starts = range(0, 60, shard)
    shards = [Stretch(str(tmp_path / "v"), 3, start, min(shard, 60 - start)) for start in starts]
    merged = merge_shards([search_shard(at, everything, one, k, itself) for one in shards], k)
    assert (merged.rows == whole.rows).all()
    assert (merged.scores == whole.scores).all()
    assert len(np.unique(whole.scores)) < 15


def test_shards_on_two_workers_are_the_whole(
    client: Any, at: EncoderAt, encoder: TrainedEncoder, tmp_path: Path
) -> None:
    """Two shards, with the same vectors in both: equal scores keep their order across shards."""
    corpus = np.random.default_rng(0).normal(size=(CORPUS_BLOCK + 2000, encoder.dim)).astype(np.float32)
    corpus[-1500:] = corpus[:1500]
    queries, itself = corpus[:600].copy(), np.arange(600)
    seen: list[tuple[int, int]] = []
    engine = OnWorkers(client, at, tmp_path, shard=CORPUS_BLOCK)
    shared = engine.nearest(queries, corpus, 16, itself, Progress(lambda *now: seen.append(now), 600))
    alone = nearest(encoder.similarity, queries, corpus, 16, itself=itself)
    assert (shared.rows == alone.rows).all()
    assert (shared.scores == alone.scores).all()
    assert (shared.rows[:, 0] == itself + CORPUS_BLOCK + 500).all()
    assert seen[-1] == (600, 600)


def test_dedupe_on_workers_is_that_of_one_machine(
    client: Any, at: EncoderAt, encoder: TrainedEncoder, tmp_path: Path
) -> None:
    listed = [*texts(900, 0), *texts(100, 0), "", None]
    alone = compare_rows(encoder, listed)
    shared = compare_rows(encoder, listed, engine=OnWorkers(client, at, tmp_path))
    kept = compare_rows(encoder, listed, engine=OnWorkers(None, at, tmp_path))  # all of it is kept: without workers
    for found in (shared, kept):
        assert (found.vectors == alone.vectors).all()
        assert (found.near.rows == alone.near.rows).all()
        assert (found.near.scores == alone.near.scores).all()
    for threshold in (0.9, 0.999, 0.999_999):
        assert (shared.deduped(threshold).cluster == alone.deduped(threshold).cluster).all()


def run(command: Any, *arguments: object) -> None:
    app = typer.Typer()
    app.command()(command)
    done = CliRunner().invoke(app, [str(argument) for argument in arguments])
    assert done.exit_code == 0, (done.output, done.exception)


def write_parts(folder: Path, name: str, seed: int) -> tuple[Path, Path]:
    """Two files in a folder, and the same rows in one file."""
    (folder / name).mkdir()
    frame = pd.DataFrame({"id": range(90), "name": [*texts(88, seed), "", "zzz"]})
    frame[:50].to_csv(folder / name / "a.csv", index=False)
    frame[50:].to_csv(folder / name / "b.csv", index=False)
    frame.to_csv(folder / f"{name}.csv", index=False)
    return folder / name, folder / f"{name}.csv"


def test_the_commands_write_the_bytes_of_one_machine(client: Any, folder: Path, tmp_path: Path) -> None:
    on = ["--dask", client.scheduler.address]
    (left, left_all), (right, right_all) = (write_parts(tmp_path, name, n) for n, name in enumerate(("left", "right")))
    threshold, same = ["--threshold", 0.99], [("c.csv", "c1.csv"), ("c-review.csv", "c1-review.csv")]
    for given, name, option in ((left, "c", on), (left_all, "c1", [])):
        outputs = ["-o", tmp_path / f"{name}.csv", "--review", tmp_path / f"{name}-review.csv"]
        run(dedupe, folder, given, "--column", "name", *threshold, *outputs, *option)
    sides = ["--left-column", "name", "--right-column", "name", *threshold]
    for option in ([], ["--one-to-one"], ["--keep", 3]):
        for name in ("l.csv", "l1.csv"):
            (tmp_path / name).unlink(missing_ok=True)
        run(link, folder, left, right / "*.csv", *sides, *option, "-o", tmp_path / "l.csv", *on)
        run(link, folder, left_all, right_all, *sides, *option, "-o", tmp_path / "l1.csv")
        assert (tmp_path / "l.csv").read_bytes() == (tmp_path / "l1.csv").read_bytes()
    assert all((tmp_path / one).read_bytes() == (tmp_path / other).read_bytes() for one, other in same)
    assert not list(tmp_path.glob(".*"))


def test_no_texts_need_no_workers(at: EncoderAt, tmp_path: Path) -> None:
    none = np.zeros((0, 5), dtype=np.float32)
    engine = OnWorkers(None, at, tmp_path)
    assert engine.nearest(none, none, 3, None, Progress(lambda *_: None, 0)).rows.shape == (0, 0)
