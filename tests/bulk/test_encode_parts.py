"""A corpus on two worker processes: the vectors of one machine, parts that are kept, kills, and bad parts."""

import functools
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import typer
from cluster_fixtures import at, client, encoder, folder  # noqa: F401 - fixtures
from typer.testing import CliRunner, Result

import tiny
from seqtwin.bulk import encode_parts as module
from seqtwin.bulk.check_parts import Checked, check_parts, parts_of
from seqtwin.bulk.corpus_files import find_files
from seqtwin.bulk.encode_parts import Encoded, encode_parts, open_output, read_vectors
from seqtwin.bulk.run_tasks import _result
from seqtwin.bulk.worker_encoder import EncoderAt, check_workers, peak_memory
from seqtwin.cli.encode_score_evaluate import encode
from seqtwin.cli.index_search import index
from seqtwin.errors import ConfigError, ResourceError, SeqTwinError
from seqtwin.index.index import Index
from seqtwin.inference.encode_files import encode_file
from seqtwin.inference.trained_encoder import TrainedEncoder, load

pytest.importorskip("pyarrow")


def texts(count: int, seed: int) -> list[str]:
    rng = np.random.default_rng(seed)
    drawn = ["".join(rng.choice(list("abcdef"), rng.integers(1, 9))) for _ in range(count)]
    return [*drawn[:-1], ""]  # and a blank one


def write_corpus(folder: Path, ending: str = ".csv", rows: int = 40) -> Path:
    """Three files in two partitions."""
    for seed, name in enumerate(("lang=de/a", "lang=de/b", "lang=fr/a")):
        path = folder / f"{name}{ending}"
        path.parent.mkdir(parents=True, exist_ok=True)
        frame = pd.DataFrame({"id": range(rows), "name": texts(rows, seed)})
        if ending == ".csv":
            frame.to_csv(path, index=False)
        elif ending == ".parquet":
            frame.to_parquet(path)
        else:
            frame.to_json(path, orient="records", lines=True)
    return folder


def run_encode(client: Any, at: EncoderAt, given: Path, out: Path) -> tuple[list[Checked], Encoded]:
    parts = parts_of(find_files(given), out, "name", None)
    with open_output(out, parts):
        checked = check_parts(client, at, parts, lambda done, total: None)
        return checked, encode_parts(client, at, checked, lambda *_: None)


def run(command: Callable[..., None], *arguments: object) -> Result:
    app = typer.Typer()
    app.command()(command)
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


@pytest.mark.parametrize("ending", [".csv", ".parquet"])
def test_parts_have_the_bytes_of_one_machine(
    client: Any, at: EncoderAt, encoder: TrainedEncoder, tmp_path: Path, ending: str
) -> None:
    corpus, out = write_corpus(tmp_path / "in", ending), tmp_path / "out"
    checked, encoded = run_encode(client, at, corpus, out)
    assert (encoded.parts, encoded.rows, encoded.blank) == (3, 120, 3)
    for one in checked:
        encode_file(encoder, one.part.path, tmp_path / "alone.parquet", column="name")
        assert one.part.out.read_bytes() == (tmp_path / "alone.parquet").read_bytes()
        (tmp_path / "alone.parquet").unlink()
    every = pd.concat([pd.DataFrame({"name": texts(40, seed)}) for seed in range(3)])["name"]
    vectors = read_vectors(checked, encoder.dim)
    present = every.to_numpy() != ""
    np.testing.assert_allclose(vectors[present], encoder.encode(every[present]), atol=1e-6, rtol=0)
    assert np.isnan(vectors[~present]).all()


def test_the_output_is_a_data_set_with_the_partitions_of_the_input(client: Any, at: EncoderAt, tmp_path: Path) -> None:
    from pyarrow import dataset

    run_encode(client, at, write_corpus(tmp_path / "in", ".parquet"), tmp_path / "out")
    table = dataset.dataset(tmp_path / "out", partitioning="hive").to_table()
    assert table.column_names == ["id", "name", "vector", "lang"]
    assert table.to_pandas()["lang"].value_counts().to_dict() == {"de": 80, "fr": 40}
    assert not list((tmp_path / "out").glob("_*"))


def test_json_objects_with_other_keys_and_kinds_have_one_schema(client: Any, at: EncoderAt, tmp_path: Path) -> None:
    from pyarrow import dataset

    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "a.jsonl").write_text('{"name": "ab", "n": 1}\n', encoding="utf-8")
    (tmp_path / "in" / "b.jsonl").write_text('{"name": "cd", "n": 0.5, "more": true}\n', encoding="utf-8")
    run_encode(client, at, tmp_path / "in", tmp_path / "out")
    rows = dataset.dataset(tmp_path / "out").to_table(columns=["name", "n", "more"]).to_pylist()
    assert rows == [{"name": "ab", "n": 1.0, "more": None}, {"name": "cd", "n": 0.5, "more": True}]
    (tmp_path / "in" / "c.jsonl").write_text('{"name": "ef", "new": 1}\n', encoding="utf-8")
    with pytest.raises(ConfigError, match=r"2 earlier parts .* than c\.jsonl: a\.jsonl\.parquet, b\.jsonl\.parquet"):
        run_encode(client, at, tmp_path / "in", tmp_path / "out")


def test_parts_that_are_there_are_kept(client: Any, at: EncoderAt, tmp_path: Path) -> None:
    corpus, out = write_corpus(tmp_path / "in"), tmp_path / "out"
    checked, _ = run_encode(client, at, corpus, out)
    times = {one.part.out: one.part.out.stat().st_mtime_ns for one in checked}
    lost = checked[1].part.out
    lost.unlink()
    again, encoded = run_encode(client, at, corpus, out)
    assert ([one.done for one in again], encoded.parts) == ([True, False, True], 1)
    assert [path for path, time in times.items() if path.stat().st_mtime_ns != time] == [lost]
    assert run_encode(client, at, corpus, out)[1] == Encoded()


def test_parts_of_another_encoder_or_of_a_changed_file_are_refused(client: Any, at: EncoderAt, tmp_path: Path) -> None:
    corpus, out = write_corpus(tmp_path / "in"), tmp_path / "out"
    run_encode(client, at, corpus, out)
    other = tiny.saved_encoder(tmp_path / "other", hidden=4)
    with pytest.raises(ConfigError, match="another encoder"):
        run_encode(client, EncoderAt(str(other), load(other).fingerprint), corpus, out)
    with (corpus / "lang=fr" / "a.csv").open("a", encoding="utf-8") as file:
        file.write("40,abc\n")
    with pytest.raises(ConfigError, match="another input"):
        run_encode(client, at, corpus, out)
    (corpus / "lang=fr" / "a.csv").unlink()
    with pytest.raises(ConfigError, match=r"contains 'lang=fr/a\.csv\.parquet', which is no part"):
        run_encode(client, at, corpus, out)
    assert len(list(out.rglob("*.parquet"))) == 3


def test_all_bad_parts_are_one_message_and_nothing_is_written(client: Any, at: EncoderAt, tmp_path: Path) -> None:
    corpus, out = write_corpus(tmp_path / "in"), tmp_path / "out"
    (corpus / "lang=de" / "b.csv").write_text("id,title\n1,ab\n", encoding="utf-8")
    (corpus / "lang=fr" / "a.csv").write_text("id,name\n", encoding="utf-8")
    with pytest.raises(SeqTwinError) as caught:
        run_encode(client, at, corpus, out)
    assert caught.value.exit_code == 2
    assert all(name in str(caught.value) for name in ("lang=de/b.csv", "'name'", "lang=fr/a.csv", "no rows"))
    assert not out.exists()


def test_a_part_with_other_columns_or_types_is_refused(client: Any, at: EncoderAt, tmp_path: Path) -> None:
    corpus = write_corpus(tmp_path / "in")
    (corpus / "lang=fr" / "b.csv").write_text("id,name,year\n1,ab,1999\n", encoding="utf-8")
    with pytest.raises(SeqTwinError, match="another column 'year'"):
        run_encode(client, at, corpus, tmp_path / "out")
    typed = write_corpus(tmp_path / "typed", ".parquet")
    pd.DataFrame({"id": ["x"], "name": ["ab"]}).to_parquet(typed / "lang=fr" / "b.parquet")
    with pytest.raises(SeqTwinError, match=r"'id' is (large_)?string instead of int64"):
        run_encode(client, at, typed, tmp_path / "out")


def kill_after_a_block(mark: str) -> None:
    """Let the next worker that has written a block of a part die."""

    def dying(*arguments: Any, real: Callable[..., int] = encode_file, **options: Any) -> int:
        def die(_done: int, _total: int) -> None:
            if not Path(mark).exists():
                Path(mark).touch()
                os.kill(os.getpid(), signal.SIGKILL)

        return real(*arguments, **options, on_rows=die)

    module.encode_file = dying  # type: ignore[assignment]


def test_a_part_whose_worker_was_killed_is_continued_elsewhere(client: Any, at: EncoderAt, tmp_path: Path) -> None:
    corpus, out = write_corpus(tmp_path / "in", ".parquet", rows=9000), tmp_path / "out"  # two blocks each
    client.run(kill_after_a_block, str(tmp_path / "killed"))
    checked, encoded = run_encode(client, at, corpus, out)
    assert (tmp_path / "killed").exists()
    assert (encoded.parts, encoded.rows) == (3, 27_000)
    encoder = load(at.folder)
    for one in checked:
        encode_file(encoder, one.part.path, tmp_path / "alone.parquet", column="name")
        assert one.part.out.read_bytes() == (tmp_path / "alone.parquet").read_bytes()
        (tmp_path / "alone.parquet").unlink()
    assert not list(out.rglob(".*"))


class Ended:
    """A task that has ended with an error."""

    def __init__(self, error: BaseException, status: str = "error") -> None:
        self.error, self.status = error, status

    def result(self) -> None:
        raise self.error


def test_what_ends_a_task_is_one_message(client: Any) -> None:
    from distributed import CancelledError, KilledWorker

    with pytest.raises(ResourceError, match=r"encode b\.csv: each of 4 workers died"):
        _result(Ended(KilledWorker("encode b.csv", None, 3)), "encode b.csv", "try again")  # type: ignore[arg-type]
    with pytest.raises(ResourceError, match="the connection to the scheduler is lost"):
        _result(Ended(CancelledError("x"), "cancelled"), "encode b.csv", "try again")  # type: ignore[arg-type]
    with pytest.raises(PermissionError):
        _result(Ended(PermissionError()), "encode b.csv", "try again")  # type: ignore[arg-type]


def allocator() -> str:
    import pyarrow

    return str(pyarrow.default_memory_pool().backend_name)


def test_workers_do_not_keep_free_memory(client: Any, at: EncoderAt) -> None:
    check_workers(client, at, [])
    assert set(client.run(allocator).values()) == {"system"}


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="needs Linux")
def test_the_memory_of_a_worker_is_not_that_of_the_command() -> None:
    """A new process begins with the peak of the one that started it, as the system counts."""
    ballast = np.ones(2**25)  # 256 MiB
    code = "from seqtwin.bulk.worker_encoder import peak_memory; print(peak_memory())"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert 2**24 < int(done.stdout) < ballast.nbytes <= peak_memory()


def test_a_worker_without_the_folders_is_named(client: Any, at: EncoderAt, tmp_path: Path) -> None:
    check_workers(client, at, [tmp_path])
    with pytest.raises(ConfigError, match="no such file") as caught:
        check_workers(client, at, [tmp_path / "elsewhere"])
    assert caught.value.place.startswith("tcp://")
    with pytest.raises(ConfigError, match=r"another encoder, or none: .*expected the encoder 0123"):
        check_workers(client, EncoderAt(at.folder, "0123"), [tmp_path])


def test_encode_prints_what_it_does_and_a_rerun_keeps_all(client: Any, folder: Path, tmp_path: Path) -> None:
    write_corpus(tmp_path / "in")
    options = ["--column", "name", "-o", tmp_path / "out", "--dask", client.scheduler.address]
    for line in ("peak memory of a worker", "3 of 3 parts are encoded already"):
        done = run(encode, folder, tmp_path / "in" / "*" / "*.csv", *options)
        assert done.exit_code == 0, done.output
        assert "2 workers" in done.stderr
        assert "3 files: 120 rows; text = name; not used: id" in done.stderr
        assert line in done.stderr
        assert done.stdout == f"120 vectors of width 5 in 3 files: {tmp_path / 'out'}\n"


def test_a_stopped_command_says_how_to_continue(
    client: Any, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stop(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(module, "encode_parts", stop)
    options = ["--column", "name", "-o", tmp_path / "out", "--dask", client.scheduler.address]
    done = run(encode, folder, write_corpus(tmp_path / "in"), *options)
    assert done.exit_code == 130
    assert f"stopped; 0 of 3 parts are in {tmp_path / 'out'}; continue with the same command" in done.stderr


def test_an_output_that_looks_like_a_file_is_refused(client: Any, folder: Path, tmp_path: Path) -> None:
    options = ["--column", "name", "--dask", client.scheduler.address]
    done = run(encode, folder, write_corpus(tmp_path / "in"), *options, "-o", tmp_path / "v.parquet")
    assert isinstance(done.exception, ConfigError)
    assert done.exception.remedy == f"for example -o {tmp_path / 'v'}"


def test_an_index_of_parts_is_that_of_one_list(client: Any, folder: Path, tmp_path: Path) -> None:
    corpus = write_corpus(tmp_path / "in")
    files = sorted(corpus.rglob("*.csv"))
    pd.concat([pd.read_csv(path, keep_default_na=False) for path in files]).to_csv(tmp_path / "all.csv", index=False)
    common = functools.partial(run, index, folder)
    many = common(corpus, "--column", "name", "-o", tmp_path / "many", "--dask", client.scheduler.address)
    alone = common(tmp_path / "all.csv", "--column", "name", "-o", tmp_path / "one")
    assert (many.exit_code, alone.exit_code) == (0, 0), many.output
    assert many.stdout.replace("many", "one") == alone.stdout
    both = [Index.load(tmp_path / name) for name in ("many", "one")]
    assert both[0].items.data == both[1].items.data
    np.testing.assert_allclose(both[0].vectors, both[1].vectors, atol=1e-6, rtol=0)
    assert not list(tmp_path.glob(".many*"))
