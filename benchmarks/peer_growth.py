"""How speed and memory grow: the parts of peers.py about units, length, width, vocabulary, rows, and the start.

Encoders are untrained, as their weights change no speed. All have the network of peers.py unless a line says otherwise.
Words are random; each is as likely as any other, which is harder for caches than real text. Texts have half to one and
a half times the stated number of words.
"""

import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from peer_encoders import WIDTH, Encode, PackedEncoder, untrained_sentence_transformers, word_ids_of

from seqtwin.build import Blueprint, build_siamese
from seqtwin.config import EncoderConfig
from seqtwin.data.tokens.tokenizer import TextTokens, train_tokenizer
from seqtwin.inference.trained_encoder import TrainedEncoder
from seqtwin.store import Stored, save_encoder

ROUNDS, WORDS = 5, 2_000
LENGTHS, WIDTHS, VOCABULARIES = (8, 32, 128, 512), (64, 128, 256, 512), (1_000, 10_000, 100_000, 1_000_000)
ROWS, NARROW = (1_000, 10_000, 100_000, 1_000_000, 10_000_000), 32
TOKENS_PER_ROUND = 40_000
OTHER = "sentence-transformers"


def random_texts(count: int, length: int, words: int, seed: int = 0) -> list[str]:
    """Texts of `length` words on average (half to one and a half times as many), from a vocabulary of so many."""
    draw = np.random.default_rng(seed)
    lengths = draw.integers(length - length // 2, length + length // 2 + 1, count)
    drawn = draw.integers(0, words, lengths.sum())
    return [" ".join(f"w{word}" for word in row) for row in np.split(drawn, np.cumsum(lengths)[:-1])]


def stored_encoder(tokens: TextTokens, width: int = WIDTH, embedding: int = WIDTH) -> Stored:
    """An untrained encoder of these tokens."""
    network = EncoderConfig(cell="lstm", embedding=embedding, hidden=width, bidirectional=True)
    parts: dict[str, Any] = {"representation": "max_output", "projection": "identity", "similarity": "cosine"}
    blueprint = Blueprint(inputs="tokens", size=tokens.size, encoder=network, **parts)
    facts = {"threshold": None, "dataset": "random words"}
    return Stored(build_siamese(blueprint, seed=0).eval(), blueprint, tokens, facts)


def tokens_of(texts: Sequence[str], unit: str = "word", size: int | None = None) -> TextTokens:
    """The tokens of some texts."""
    settings: dict[str, Any] = {"lower": True, "normalize": "none", "max_length": 4096, "empty": "unk"}
    return train_tokenizer(texts, unit=unit, size=size, characters=False, **settings)


def own(texts: Sequence[str], width: int = WIDTH) -> dict[str, Encode]:
    """SeqTwin in both precisions, with all words of these texts known."""
    encoder = TrainedEncoder(stored_encoder(tokens_of(texts), width))
    return {f"SeqTwin, {name}": _with(encoder, name) for name in ("fp32", "bf16")}


def _with(encoder: TrainedEncoder, precision: str) -> Encode:
    return lambda texts: encoder.encode(texts, precision=precision)


def rivals(words: Sequence[str], width: int = WIDTH) -> dict[str, Encode]:
    """A packed loop, and sentence-transformers where it is installed."""
    packed = {"packed loop": PackedEncoder(word_ids_of(words), width).encode}
    return packed | ({OTHER: found} if (found := untrained_sentence_transformers(words, width)) else {})


def rates(methods: Mapping[str, Encode], texts: Sequence[str]) -> dict[str, list[float]]:
    """Texts per CPU second of each method and round, in turn."""
    for encode in methods.values():
        encode(texts[:64])
    found: dict[str, list[float]] = {name: [] for name in methods}
    for _ in range(ROUNDS):
        for name, encode in methods.items():
            start = time.process_time()
            encode(texts)
            found[name].append(round(len(texts) / (time.process_time() - start), 1))
    return found


def measure_length() -> dict[str, Any]:
    """Rates for texts of so many words."""
    words = [f"w{word}" for word in range(WORDS)]
    methods = own([" ".join(words)]) | rivals(words)
    return {str(n): rates(methods, random_texts(max(64, TOKENS_PER_ROUND // n), n, WORDS)) for n in LENGTHS}


def measure_width() -> dict[str, Any]:
    """Rates for texts of ten words, by the hidden width of each direction."""
    words = [f"w{word}" for word in range(WORDS)]
    texts = random_texts(TOKENS_PER_ROUND // 10, 10, WORDS)
    return {str(n): rates(own([" ".join(words)], n) | rivals(words, n), texts) for n in WIDTHS}


def measure_vocabulary() -> dict[str, Any]:
    """Rates for texts of ten words, by the number of words known."""
    found = {}
    for size in VOCABULARIES:
        words = [f"w{word}" for word in range(size)]
        texts = random_texts(TOKENS_PER_ROUND // 10, 10, size)
        found[str(size)] = rates(own([" ".join(words)]) | rivals(words), texts)
        print("vocabulary", size, flush=True)
    return found


def measure_units() -> dict[str, Any]:
    """Rates of SeqTwin for the texts of SICK by unit, with the mean number of tokens in a text."""
    from peer_encoders import sick

    pairs = sick("train")
    texts = sorted({*pairs.left, *pairs.right})
    found: dict[str, Any] = {}
    for unit, size in (("word", None), ("bpe", 1_000), ("char", None)):
        encoder = TrainedEncoder(stored_encoder(tokens_of(texts, unit, size)))
        tokens = float(np.mean([len(row) for row in encoder.sequences(texts)]))
        found[unit] = {"tokens": round(tokens, 1), "rates": rates({"fp32": encoder.encode}, texts)["fp32"]}
    return found


STREAM = """
import json, sys, time
from pathlib import Path
import torch
torch.set_num_threads(1)
from seqtwin.inference.encode_files import encode_file
from seqtwin.inference.trained_encoder import load
encoder = load(sys.argv[1])
def peak():  # that of getrusage would include the process that started this one
    lines = Path("/proc/self/status").read_text().splitlines()
    return int(next(line for line in lines if line.startswith("VmHWM")).split()[1]) / 1024
before = peak()
start = time.process_time()
encode_file(encoder, Path(sys.argv[2]), Path(sys.argv[3]), column="text")
seconds = time.process_time() - start
print(json.dumps({"seconds": seconds, "before": before, "peak": peak()}))
"""
FIRST_VECTOR = {
    "SeqTwin": "import sys, seqtwin; seqtwin.load(sys.argv[1]).encode(['text'])",
    OTHER: "import sys, sentence_transformers as s; s.SentenceTransformer(sys.argv[1], device='cpu').encode(['text'])",
}


def measure_rows() -> dict[str, Any]:
    """`encode` of files of so many texts of three words: texts per CPU second, MiB before and at the peak."""
    found = {}
    with tempfile.TemporaryDirectory() as home:
        encoder = _saved(Path(home) / "encoder", NARROW)
        for rows in ROWS:
            table, out = Path(home) / "texts.csv", Path(home) / "vectors.npy"
            _write_texts(table, rows)
            command = [sys.executable, "-c", STREAM, str(encoder), str(table), str(out)]
            seen = json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
            rate, memory = round(rows / seen["seconds"], 1), [round(seen[key]) for key in ("before", "peak")]
            found[str(rows)] = {"rate": rate, "mib_before": memory[0], "mib_peak": memory[1]}
            print("rows", rows, found[str(rows)], flush=True)
            out.unlink()
    return found


def _saved(folder: Path, width: int) -> Path:
    folder.mkdir()
    tokens = tokens_of([" ".join(f"w{word}" for word in range(WORDS))])
    save_encoder(folder, stored_encoder(tokens, width, width), "# an untrained encoder\n")
    return folder


def _write_texts(path: Path, rows: int, block: int = 100_000) -> None:
    with path.open("w", encoding="utf-8") as file:
        file.write("text\n")
        for start in range(0, rows, block):
            file.writelines(f"{text}\n" for text in random_texts(min(block, rows - start), 3, WORDS, seed=start))


def measure_start() -> dict[str, Any]:
    """Wall and CPU seconds of a fresh process from its start to the first vector."""
    with tempfile.TemporaryDirectory() as home:
        folders = {"SeqTwin": _saved(Path(home) / "own", WIDTH)}
        words = [f"w{word}" for word in range(WORDS)]
        if untrained_sentence_transformers(words, WIDTH, save_to=Path(home) / "other"):
            folders[OTHER] = Path(home) / "other"
        found: dict[str, Any] = {name: [] for name in folders}
        for _ in range(ROUNDS):
            for name, folder in folders.items():
                found[name].append(_process_seconds([sys.executable, "-c", FIRST_VECTOR[name], str(folder)]))
    return found


def _process_seconds(command: list[str]) -> list[float]:
    """Wall and CPU seconds of a whole process."""
    import resource

    def used() -> float:
        seen = resource.getrusage(resource.RUSAGE_CHILDREN)
        return seen.ru_utime + seen.ru_stime

    start, before = time.monotonic(), used()
    subprocess.run(command, check=True, capture_output=True)
    return [round(time.monotonic() - start, 2), round(used() - before, 2)]


MEASURES: Mapping[str, Callable[[], dict[str, Any]]] = {
    "units": measure_units,
    "length": measure_length,
    "width": measure_width,
    "vocabulary": measure_vocabulary,
    "rows": measure_rows,
    "start": measure_start,
}


def _grown(title: str, column: str) -> Callable[[Any], str]:
    def page(found: Mapping[str, Mapping[str, list[float]]]) -> str:
        names = list(next(iter(found.values())))
        head = f"\n## {title}\n\n| {column} | {' | '.join(names)} |\n| ---: |{' ---: |' * len(names)}\n"
        return head + "".join(
            f"| {int(key):,} | {' | '.join(f'{statistics.median(own[name]):,.0f}' for name in names)} |\n"
            for key, own in found.items()
        )

    return page


def _units_page(found: Mapping[str, Any]) -> str:
    head = """
## Units of the tokens: texts per CPU second on SICK, SeqTwin in fp32

| unit | tokens in a text | texts per CPU second |
| --- | ---: | ---: |
"""
    return head + "".join(
        f"| {unit} | {own['tokens']} | {statistics.median(own['rates']):,.0f} |\n" for unit, own in found.items()
    )


def _rows_page(found: Mapping[str, Any]) -> str:
    head = f"""
## Rows of a file: `encode` to .npy, texts of three words, hidden and embedding {NARROW}

*MiB*: the largest resident memory of the process, after loading the encoder and at the end.

| rows | texts per CPU second | MiB, loaded | MiB, peak |
| ---: | ---: | ---: | ---: |
"""
    return head + "".join(
        f"| {int(rows):,} | {own['rate']:,.0f} | {own['mib_before']:,} | {own['mib_peak']:,} |\n"
        for rows, own in found.items()
    )


def _start_page(found: Mapping[str, Any]) -> str:
    head = """
## From the start of a process to the first vector

| | wall seconds | CPU seconds |
| --- | ---: | ---: |
"""
    medians = {name: np.median(np.array(own), axis=0) for name, own in found.items()}
    return head + "".join(f"| {name} | {wall:.2f} | {cpu:.2f} |\n" for name, (wall, cpu) in medians.items())


PAGES: Mapping[str, Callable[[Any], str]] = {
    "units": _units_page,
    "length": _grown("Length: texts per CPU second", "words in a text (mean)"),
    "width": _grown("Width: texts per CPU second, ten words in a text on average", "hidden"),
    "vocabulary": _grown("Vocabulary: texts per CPU second, ten words in a text on average", "words known"),
    "rows": _rows_page,
    "start": _start_page,
}

torch.set_num_threads(1)
