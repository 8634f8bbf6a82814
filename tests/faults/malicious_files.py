"""Pickles, names that lead out of a folder, and files that claim to be huge: each is refused, and nothing runs.

    PYTHONPATH=src:tests python tests/faults/malicious_files.py pickles|traversals|bombs

Prints one JSON line. All are harmless: a pickle would only make a marker file in a temporary folder, the names lead to
a marker file, and no file is large. Hashes fit, so that the reader behind them is reached.
"""

import gzip
import io
import json
import pickle
import resource
import shutil
import sys
import tempfile
import warnings
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from forged_studies import write_sealed
from fuzz_readers import limited

import tiny
from resealed import reseal
from seqtwin.config import read_run
from seqtwin.data.inspect_file import inspect_data
from seqtwin.errors import SeqTwinError
from seqtwin.files import read_json, sha256
from seqtwin.index.index import Index
from seqtwin.inference.trained_encoder import load
from seqtwin.reporting.page.write_report import write_report
from seqtwin.reporting.table.study_table import read_study
from seqtwin.store import CARD, TOKENS, WEIGHTS
from seqtwin.verify import verify_folder

MEMORY = 400 << 20  # bytes by which a refusal may let the process grow
MARKER = "marker.txt"


@dataclass(frozen=True)
class Attack:
    """A file that must be refused. `make(home)` writes it; `read(home)` is what a user would do with it."""

    name: str
    make: Callable[[Path], object]
    read: Callable[[Path], object]


class Marking:
    """An object whose pickle makes the marker file, if something unpickles it."""

    def __init__(self, home: Path) -> None:
        self.home = home

    def __reduce__(self) -> tuple[Callable[..., object], tuple[str, str]]:
        return open, (str(self.home / MARKER), "w")


def pickled(home: Path, protocol: int) -> bytes:
    """A pickle that would make the marker."""
    return pickle.dumps(Marking(home), protocol=protocol)


def _in_zip(home: Path) -> bytes:
    """A zip as torch.save writes it."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("archive/data.pkl", pickled(home, 2))
    return packed.getvalue()


def _in_npy(home: Path) -> bytes:
    """A .npy file of objects."""
    array, packed = np.empty(1, dtype=object), io.BytesIO()
    array[0] = Marking(home)
    np.save(packed, array, allow_pickle=True)
    return packed.getvalue()


PICKLES: dict[str, Callable[[Path], bytes]] = {
    "an old pickle": lambda home: pickled(home, 0),
    "a new pickle": lambda home: pickled(home, 5),
    "a zip of torch": _in_zip,
    "an array of objects": _in_npy,
    "a packed pickle": lambda home: gzip.compress(pickled(home, 4)),
}


def pickles() -> Iterator[Attack]:
    """Every kind of pickle in every kind of file: 40."""
    for kind, content in PICKLES.items():
        for place, (put, read) in PLACES.items():
            yield Attack(f"{kind} as {place}", lambda home, put=put, content=content: put(home, content(home)), read)  # type: ignore[misc]


def _put_in_encoder(name: str) -> Callable[[Path, bytes], None]:
    def put(home: Path, content: bytes) -> None:
        folder = tiny.saved_encoder(home / "encoder")
        (folder / name).write_bytes(content)
        card = json.loads((folder / CARD).read_text())
        write_sealed(folder / CARD, {**card, "files": {**card["files"], name: sha256(folder / name)}})

    return put


def _put_card(home: Path, content: bytes) -> None:
    (tiny.saved_encoder(home / "encoder") / CARD).write_bytes(content)


def _put_in_index(name: str) -> Callable[[Path, bytes], None]:
    def put(home: Path, content: bytes) -> None:
        encoder = load(tiny.saved_encoder(home / "encoder"))
        Index.build(encoder, ["abc", "bcd"]).save(home / "index")
        place = home / "index" / "gen-000001"
        (place / name).write_bytes(content)
        reseal(place)
        (home / "index" / "CURRENT").write_text(f"gen-000001 {sha256(place / 'manifest.json')}\n")

    return put


def _put_file(name: str) -> Callable[[Path, bytes], None]:
    return lambda home, content: (home / name).write_bytes(content) and None


def _load(home: Path) -> object:
    return load(home / "encoder")


def _load_index(home: Path) -> object:
    return Index.load(home / "index", load(home / "encoder"))


Place = tuple[Callable[[Path, bytes], None], Callable[[Path], object]]
PLACES: dict[str, Place] = {
    "weights": (_put_in_encoder(WEIGHTS), _load),
    "a tokenizer": (_put_in_encoder(TOKENS), _load),
    "a card": (_put_card, _load),
    "vectors of an index": (_put_in_index("vectors.npy"), _load_index),
    "texts of an index": (_put_in_index("items.jsonl"), _load_index),
    "a table": (_put_file("pairs.csv"), lambda home: inspect_data(home / "pairs.csv")),
    "a parquet table": (_put_file("pairs.parquet"), lambda home: inspect_data(home / "pairs.parquet")),
    "a config": (_put_file("run.yaml"), lambda home: read_run(home / "run.yaml")),
}

NAMES = (
    f"../{MARKER}", f"../../{MARKER}", f"a/../../{MARKER}", f"/tmp/{MARKER}", f"..\\{MARKER}", f"%2e%2e/{MARKER}",
    f"%252e%252e/{MARKER}", f"..\uff0f{MARKER}", f"x\0/{MARKER}", "..", "~", "n" * 300,
)  # fmt: skip


def traversals() -> Iterator[Attack]:
    """Every name in every file that names files: 60."""
    for name in NAMES:
        for place, (put, read) in NAMING.items():
            yield Attack(f"{ascii(name)[:40]} in {place}", lambda home, put=put, name=name: put(home, name), read)  # type: ignore[misc]


def _name_in_card(home: Path, name: str) -> None:
    folder = tiny.saved_encoder(home / "encoder")
    card = json.loads((folder / CARD).read_text())
    write_sealed(folder / CARD, {**card, "files": {**card["files"], name: "0" * 64}})


def _name_in_manifest(home: Path, name: str) -> None:
    place = _study(home) / "cells" / "one.s0" / "manifest.json"
    manifest = json.loads(place.read_text())
    write_sealed(place, {**manifest, "files": {**manifest["files"], name: {"sha256": "0" * 64, "bytes": 1}}})


def _name_of_tuning(home: Path, name: str) -> None:
    place = _study(home) / "cells" / "one.s0" / "manifest.json"
    manifest = json.loads(place.read_text())
    facts = {
        "trials": 1,
        "changes": {},
        "edge": [],
        "value": None,
        "untuned": None,
        "seed": 0,
        "failed": 0,
        "notes": [],
    }
    write_sealed(place, {**manifest, "tuning": {"pairing": name, **facts}})


def _name_in_results(home: Path, name: str) -> None:
    study = _study(home)
    write_report(study)
    place = study / "report" / "study.json"
    results = json.loads(place.read_text())
    write_sealed(place, {**results, "pages": {**results["pages"], name: "0" * 64}})


def _name_in_pointer(home: Path, name: str) -> None:
    _put_in_index("items.jsonl")(home, b'"abc"\n"bcd"\n')
    (home / "index" / "CURRENT").write_text(f"{name} {'0' * 64}\n", encoding="utf-8")


def _study(home: Path) -> Path:
    """A study of one cell, without training: what the trained one of this process is copied from."""
    shutil.copytree(_trained(), home / "study")
    return home / "study"


_kept: list[Path] = []


def _trained() -> Path:
    if not _kept:
        from scenarios import SCENARIOS

        home = Path(tempfile.mkdtemp())
        SCENARIOS["compare"].prepare(home)
        SCENARIOS["compare"].run(home)
        shutil.rmtree(home / "study" / "report")
        cells = sorted((home / "study" / "cells").iterdir())
        cells[0].rename(home / "study" / "cells" / "one.s0")
        _kept.append(home / "study")
    return _kept[0]


def _verified(home: Path) -> object:
    """What `verify` says of a study; its findings as an error."""
    found = verify_folder(home / "study")
    if found.damage:
        raise SeqTwinError("FOUND", found.damage[0].wrong, place=str(found.damage[0].place))
    return found


NAMING: dict[str, tuple[Callable[[Path, str], None], Callable[[Path], object]]] = {
    "a card": (_name_in_card, _load),
    "a manifest": (_name_in_manifest, lambda home: read_study(home / "study")),
    "the tuning of a cell": (_name_of_tuning, lambda home: read_study(home / "study")),
    "the results of a study": (_name_in_results, _verified),
    "the pointer of an index": (_name_in_pointer, _load_index),
}


def _npy(shape: tuple[int, ...]) -> bytes:
    """The header of a .npy file that claims a shape, with a few bytes."""
    head = io.BytesIO()
    np.lib.format.write_array_header_1_0(head, {"descr": "<f4", "fortran_order": False, "shape": shape})
    return head.getvalue() + bytes(16)


def _safetensors(header: str, *, length: int | None = None) -> bytes:
    return (len(header) if length is None else length).to_bytes(8, "little") + header.encode() + bytes(8)


def _absurd_card(home: Path) -> None:
    folder = tiny.saved_encoder(home / "encoder")
    card = json.loads((folder / CARD).read_text())
    card["blueprint"]["encoder"]["hidden"] = 60_000
    write_sealed(folder / CARD, card)


def _tensor(shape: list[int]) -> str:
    return json.dumps({"a": {"dtype": "F32", "shape": shape, "data_offsets": [0, 8]}})


def bombs() -> Iterator[Attack]:
    """Files that are small, and claim or unpack to something huge: 15."""
    aliases = "a: &a [x, x]\nb: &b [*a, *a]\nc: [*b, *b]\n"
    configs = {
        "aliases": aliases,
        "depth": "a: " + "[" * 100_000,
        "two megabytes": f"a: {'x' * (2 << 20)}",
        "20,000 values": f"a: [{'1, ' * 20_000}]",
        "a million digits": f"a: {'9' * 1_000_000}",
    }
    for name, text in configs.items():
        put = _put_file("run.yaml")
        yield Attack(
            f"a config: {name}",
            lambda home, put=put, text=text: put(home, text.encode()),  # type: ignore[misc]
            lambda home: read_run(home / "run.yaml"),
        )
    texts = {"depth": "[" * 100_000, "a million digits": "9" * 1_000_000, "a huge exponent": "1e999"}
    for name, text in texts.items():
        put = _put_file("facts.json")
        content = f'{{"a": {text}}}'.encode()
        yield Attack(
            f"a JSON file: {name}",
            lambda home, put=put, content=content: put(home, content),  # type: ignore[misc]
            lambda home: read_json(home / "facts.json"),
        )
    packed = gzip.compress(b"left,right,label\n" + b"a,a,1\n" * (12 << 20))
    lines = gzip.compress(b'{"left": "a", "right": "a", "label": 1}\n' * (2 << 20))
    weights = _put_in_encoder(WEIGHTS)
    whole: dict[str, tuple[Callable[[Path], object], Callable[[Path], object]]] = {
        "a table that unpacks to 75 MB": (lambda home: (home / "a.csv.gz").write_bytes(packed), _inspect("a.csv.gz")),
        "lines that unpack to 80 MB": (lambda home: (home / "a.jsonl.gz").write_bytes(lines), _inspect("a.jsonl.gz")),
        "vectors of 32 GiB": (lambda home: _put_in_index("vectors.npy")(home, _npy((2**30, 8))), _load_index),
        "a header of 100 MB": (lambda home: weights(home, _safetensors("{}", length=100 << 20)), _load),
        "a tensor beyond 64 bits": (lambda home: weights(home, _safetensors(_tensor([2**40, 2**40]))), _load),
        "a card of 60,000 units": (_absurd_card, _load),
        "a tokenizer: depth": (
            lambda home: _put_in_encoder(TOKENS)(home, b'{"model": ' + b"[" * 100_000),
            _load,
        ),
    }
    for name, (make, read) in whole.items():
        yield Attack(name, make, read)


def _inspect(name: str) -> Callable[[Path], object]:
    return lambda home: inspect_data(home / name)


KINDS: dict[str, Callable[[], Iterator[Attack]]] = {"pickles": pickles, "traversals": traversals, "bombs": bombs}


def attack(kind: str) -> dict[str, object]:
    """Offer every file of a kind: how many, and those that were not refused with one typed error, or did more."""
    tried, wrong = 0, list[str]()
    with warnings.catch_warnings(), _watched() as unpickled:
        warnings.simplefilter("ignore")
        for one in KINDS[kind]():
            tried += 1
            with tempfile.TemporaryDirectory() as folder:
                home = Path(folder) / "a" / "b"
                home.mkdir(parents=True)
                one.make(home)
                unpickled.clear()
                problem = _refusal(one, home)
                if unpickled or list(Path(folder).rglob(MARKER)):
                    problem = "something was unpickled"
                wrong += [f"{one.name}: {problem}"] if problem else []
    return {"tried": tried, "wrong": wrong}


def _refusal(one: Attack, home: Path) -> str:
    """What is wrong with the refusal; empty if it is one typed error without much memory."""
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    try:
        with limited():
            one.read(home)
    except SeqTwinError as error:
        grown = 1024 * (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
        return f"it took {grown >> 20} MB" if grown > MEMORY else "" if error.cause else "no cause"
    except Exception as error:
        return f"{type(error).__name__}: {str(error)[:200]}"
    return "it was accepted"


_unpickled: list[str] = []
_watching: list[Callable[..., None]] = []


@contextmanager
def _watched() -> Iterator[list[str]]:
    """The names that were looked up by an unpickler."""

    def hook(event: str, arguments: tuple[Any, ...]) -> None:
        if event == "pickle.find_class":
            _unpickled.append(str(arguments))

    if not _watching:
        _watching.append(hook)
        sys.addaudithook(hook)
    yield _unpickled


def main() -> None:
    """Offer every file of a kind, and print the counts."""
    torch.set_num_threads(1)
    sys.stdout.write(json.dumps(attack(sys.argv[1])) + "\n")


if __name__ == "__main__":
    main()
