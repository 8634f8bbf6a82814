"""Damaged and odd files for every reader: each gives a result or one typed error, within seconds, and loses no row.

    PYTHONPATH=src:tests python tests/faults/fuzz_readers.py COUNT [SEED]

Valid files are changed at random: bits, bytes, lines, and pieces that are known to be difficult. Prints one JSON line.
"""

import json
import signal
import sys
import tempfile
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

import tiny
from seqtwin.config import read_run, read_study
from seqtwin.data.files.tables import read_table
from seqtwin.data.inspect_file import inspect_data
from seqtwin.data.reading.pair_tables import read_pairs
from seqtwin.data.tokens.binary_vectors import read_binary
from seqtwin.data.tokens.tokenizer import TextTokens
from seqtwin.data.tokens.word_vectors import read_vectors
from seqtwin.errors import SeqTwinError
from seqtwin.files import read_json, read_manifest
from seqtwin.index.generations import map_vectors, npy_bytes
from seqtwin.store import load_encoder

LIMIT = 20  # seconds for one file
PIECES = (
    b'"', b'""', b"\x00", b"\xef\xbb\xbf", b"\xff\xfe", b"\r", b"\r\n", b"\n\n", b",", b"\t", b";", b"nan", b"inf",
    b"1e400", b"-0", b"9" * 400, b"{", b"}", b"[" * 300, b"\\u0000", b"\\ud800", b"\xed\xa0\x80", b"\xe2\x80\xa8",
    b"&a ", b"*a", b"!!python/object:x ", b"- ", b": ", b"# ", b"null", b"true", b"1_000", b"0x10", b"=1+1", b"\x1b[2J",
)  # fmt: skip


class TooSlow(Exception):  # noqa: N818
    """A reader took longer than `LIMIT`."""


@dataclass(frozen=True)
class Target:
    """A reader, and the name and content of a valid file for it."""

    name: str
    content: bytes
    read: Callable[[Path], object]


def changed(content: bytes, draw: np.random.Generator) -> bytes:
    """The content with one to four random changes."""
    found = bytearray(content)
    for _ in range(int(draw.integers(1, 5))):
        CHANGES[int(draw.integers(len(CHANGES)))](found, draw)
    return bytes(found)


def _at(found: bytearray, draw: np.random.Generator) -> int:
    return int(draw.integers(0, len(found) + 1))


def _flip_bit(found: bytearray, draw: np.random.Generator) -> None:
    if found:
        found[_at(found, draw) % len(found)] ^= 1 << int(draw.integers(8))


def _insert_piece(found: bytearray, draw: np.random.Generator) -> None:
    at = _at(found, draw)
    found[at:at] = PIECES[int(draw.integers(len(PIECES)))]


def _remove(found: bytearray, draw: np.random.Generator) -> None:
    at = _at(found, draw)
    del found[at : at + int(draw.integers(1, 40))]


def _repeat(found: bytearray, draw: np.random.Generator) -> None:
    at = _at(found, draw)
    found[at:at] = found[at : at + int(draw.integers(1, 80))]


def _cut(found: bytearray, draw: np.random.Generator) -> None:
    del found[_at(found, draw) :]


def _move_line(found: bytearray, draw: np.random.Generator) -> None:
    lines = bytes(found).split(b"\n")
    a, b = (int(at) for at in draw.integers(0, len(lines), 2))
    lines[a], lines[b] = lines[b], lines[a]
    found[:] = b"\n".join(lines)


CHANGES = (_flip_bit, _insert_piece, _remove, _repeat, _cut, _move_line)


def _read_rows(path: Path) -> None:
    """Every row is read or reported: their numbers add up."""
    table = read_table(path)
    lengths = {len(values) for values in table.columns.values()}
    if len(lengths) > 1:
        raise AssertionError(f"columns of different lengths: {lengths}")


def targets(folder: Path) -> Iterator[Target]:
    """Every reader with a small valid file."""
    rows = [(a, b, same) for a, b, same in tiny.drawn_pairs(12, 0)]
    table = "left,right,label\n" + "".join(f"{a},{b},{same}\n" for a, b, same in rows)
    lines = "".join(json.dumps({"left": a, "right": b, "label": same}) + "\n" for a, b, same in rows)
    pairs = lambda path: read_pairs(path, label="label")  # noqa: E731
    for reader in (pairs, inspect_data, _read_rows):
        yield Target("pairs.csv", table.encode(), reader)
        yield Target("pairs.tsv", table.replace(",", "\t").encode(), reader)
        yield Target("pairs.jsonl", lines.encode(), reader)
    conllu = "".join(f"{n}\t{word}\t_\tNOUN\t_\t_\t0\troot\t_\t_\n" for n, word in enumerate(["a", "b", "c"], 1))
    yield Target("words.conllu", f"# sent_id = 1\n{conllu}\n".encode(), inspect_data)
    yield Target("list.txt", b"one\ntwo\nthree\n", inspect_data)
    run = tiny.raw_run(Path("data"), loss={"name": "contrastive", "margin": 0.5})
    yield Target("run.yaml", _yaml(run), read_run)
    yield Target("study.yaml", _yaml({"base": run, "grid": {"loss": ["mse"]}, "seeds": 2}), read_study)
    encoder = tiny.saved_encoder(folder / "encoder")
    yield Target("tokenizer.json", (encoder / "tokenizer.json").read_bytes(), _tokens)
    for name in ("encoder.json", "model.safetensors", "tokenizer.json"):
        yield Target(name, (encoder / name).read_bytes(), lambda path: load_encoder(path.parent))
    yield Target(
        "manifest.json", b'{"format": 1, "status": "finished", "files": {}}\n', lambda p: read_manifest(p.parent)
    )
    yield Target("scores.json", b'{"dev": {"auc": 0.5}, "test": {}}\n', read_json)
    yield Target("vectors.npy", npy_bytes(np.ones((3, 4), dtype=np.float32)), map_vectors)
    yield Target("vectors.txt", b"2 3\na 1 2 3\nb 0.5 1 1\n", lambda path: read_vectors(path, ["a", "b"]))
    binary = b"2 3\n" + b"".join(word + np.ones(3, dtype="<f4").tobytes() for word in (b"a ", b"b "))
    yield Target("vectors.bin", binary, lambda path: read_binary(path, ["a", "b"]))


def _yaml(raw: object) -> bytes:
    import yaml

    return str(yaml.safe_dump(raw)).encode()


def _tokens(path: Path) -> object:
    return TextTokens.load(path, empty="error")


@contextmanager
def limited() -> Iterator[None]:
    def stop(_number: int, _frame: object) -> None:
        raise TooSlow(f"more than {LIMIT} s")

    before = signal.signal(signal.SIGALRM, stop)
    signal.alarm(LIMIT)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


def fuzz(count: int, seed: int) -> dict[str, object]:
    """Read so many changed files: their number, how many were refused, and what was wrong."""
    draw, refused, wrong = np.random.default_rng(seed), 0, []
    start = time.monotonic()
    with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        every = list(targets(Path(folder)))
        for number in range(count):
            target = every[number % len(every)]
            home = Path(folder) / "encoder" if (Path(folder) / "encoder" / target.name).exists() else Path(folder)
            path, content = home / target.name, changed(target.content, draw)
            path.write_bytes(content)
            try:
                with limited():
                    target.read(path)
            except SeqTwinError:
                refused += 1
            except BaseException as error:
                if isinstance(error, KeyboardInterrupt):
                    raise
                wrong.append(f"{target.name}: {type(error).__name__}: {error}"[:300] + f" for {content[:2000]!r}")
            path.write_bytes(target.content)
    return {"tried": count, "refused": refused, "wrong": wrong, "seconds": round(time.monotonic() - start, 1)}


def main() -> None:
    """Read so many files, and print the counts."""
    torch.set_num_threads(1)
    count, *seed = (int(value) for value in sys.argv[1:])
    sys.stdout.write(json.dumps(fuzz(count, seed[0] if seed else 0)) + "\n")


if __name__ == "__main__":
    main()
