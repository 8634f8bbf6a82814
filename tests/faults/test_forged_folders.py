"""Forged folders: every seal and hash fits, but the content is nonsense. Each is refused, or harmless."""

import copy
import json
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import save

import tiny
import tiny_examples
from resealed import reseal
from seqtwin import api
from seqtwin.errors import DamagedError, SeqTwinError
from seqtwin.files import dump_json, sha256
from seqtwin.guards.seals import seal_of
from seqtwin.index.index import Index
from seqtwin.inference.load import load
from seqtwin.inference.onnx_encoder import CARD as ONNX_CARD
from seqtwin.interop.onnx_folder import export_onnx
from seqtwin.store import CARD, README_SEAL, TOKENS, WEIGHTS

COUNT = int(os.environ.get("SEQTWIN_FORGERIES", "60"))  # of each kind; many more are tried at night
GONE = object()
ODD: list[Any] = [GONE, None, True, -1, 0, 10**12, 10**30, 0.5, 1e308, "", "x", [], {}, [None], {"name": "x"}, [[[]]]]


def places(content: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The path of every value in a JSON object, three levels deep."""
    for key, value in content.items() if isinstance(content, dict) else ():
        yield (*path, key)
        if len(path) < 2:
            yield from places(value, (*path, key))


def forgeries(card: dict[str, Any], count: int, seed: int) -> Iterator[tuple[str, dict[str, Any]]]:
    """Some cards with one odd value each, and what was changed."""
    rng = np.random.default_rng(seed)
    every = [(path, odd) for path in places(card) for odd in ODD if path[0] not in ("sha256", "format")]
    for choice in rng.permutation(len(every))[:count].tolist():
        path, odd = every[choice]
        forged = copy.deepcopy(card)
        section: Any = forged
        for key in path[:-1]:
            section = section[key]
        if odd is GONE:
            del section[path[-1]]
        else:
            section[path[-1]] = odd
        yield f"{'.'.join(map(str, path))} = {'gone' if odd is GONE else odd!r}", forged


def put(path: Path, card: dict[str, Any], outside: frozenset[str] = frozenset()) -> None:
    """Write a card with a seal that fits."""
    own = {key: value for key, value in card.items() if key != "sha256"}
    path.write_text(dump_json({**own, "sha256": seal_of(own, outside)}), encoding="utf-8")


def attempt(what: str, use: Any) -> None:
    """Use a forged folder: it works, or is refused with a typed error of code 2 or 3."""
    code = 0
    try:
        use()
    except SeqTwinError as error:
        code = error.exit_code
    except Exception as error:
        pytest.fail(f"{what}: {type(error).__name__}: {error}")
    assert code in (0, 2, 3, 5), what


def use(encoder: Any, item: Any) -> None:
    encoder.encode([item])
    encoder.similarity(*[encoder.encode([item])] * 2)
    encoder.score([item], [item])


@pytest.mark.parametrize("kind", ["tokens", "letters", "series", "classes"])
def test_forged_cards_of_encoders(tmp_path: Path, kind: str) -> None:
    folder = tmp_path / "encoder"
    if kind == "classes":
        raw = tiny_examples.raw_run("classes", tiny_examples.write("classes", tmp_path / "texts.csv"))
        shutil.copytree(api.train(raw, tmp_path / "run", baselines=False).path / "encoder", folder)
    else:
        tiny.saved_encoder(folder, series=kind == "series", characters=kind == "letters")
    card = json.loads((folder / CARD).read_text())
    item: Any = np.zeros((3, 3), dtype=np.float32) if kind == "series" else "abc"
    for what, forged in forgeries(card, COUNT, seed=0):
        put(folder / CARD, forged, frozenset({README_SEAL}))
        attempt(what, lambda: use(load(folder), item))


def test_absurd_sizes_take_no_memory(tmp_path: Path) -> None:
    folder = tiny.saved_encoder(tmp_path / "encoder")
    card = json.loads((folder / CARD).read_text())
    for path, value in ((("encoder", "hidden"), 60_000), (("encoder", "embedding"), 65_000), (("size",), 2**40)):
        forged = copy.deepcopy(card)
        section = forged["blueprint"]
        for key in path[:-1]:
            section = section[key]
        section[path[-1]] = value
        put(folder / CARD, forged, frozenset({README_SEAL}))
        with pytest.raises(DamagedError, match="the weights do not fit"):
            load(folder)


def test_a_tokenizer_with_ids_beyond_the_weights_is_refused(tmp_path: Path) -> None:
    folder = tiny.saved_encoder(tmp_path / "encoder")
    card, tokenizer = (json.loads((folder / name).read_text()) for name in (CARD, TOKENS))
    tokenizer["model"]["vocab"]["a"] = 4_000_000_000
    (folder / TOKENS).write_text(json.dumps(tokenizer))
    card["files"][TOKENS] = sha256(folder / TOKENS)
    put(folder / CARD, card, frozenset({README_SEAL}))
    with pytest.raises(DamagedError, match="weights for 8 ids"):
        load(folder)


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_weights_that_are_no_numbers_are_refused(tmp_path: Path, value: float) -> None:
    from safetensors.numpy import load as read

    folder = tiny.saved_encoder(tmp_path / "encoder")
    card, weights = json.loads((folder / CARD).read_text()), read((folder / WEIGHTS).read_bytes())
    name = next(name for name, own in weights.items() if own.ndim == 2)
    weights[name] = np.full_like(weights[name], value)
    (folder / WEIGHTS).write_bytes(save(weights))
    card["files"][WEIGHTS] = sha256(folder / WEIGHTS)
    put(folder / CARD, card, frozenset({README_SEAL}))
    with pytest.raises(DamagedError, match="not finite"):
        load(folder)


def test_forged_cards_of_exported_encoders(tmp_path: Path) -> None:
    folder = export_onnx(load(tiny.saved_encoder(tmp_path / "encoder")), tmp_path / "onnx")
    card = json.loads((folder / ONNX_CARD).read_text())
    for what, forged in forgeries(card, COUNT, seed=1):
        put(folder / ONNX_CARD, forged)
        attempt(what, lambda: load(folder, backend="onnx").encode(["abc"]))


def test_forged_facts_of_indexes(tmp_path: Path) -> None:
    encoder = load(tiny.saved_encoder(tmp_path / "encoder"))
    Index.build(encoder, ["abc", "bcd", "cde"]).save(tmp_path / "whole")
    facts = json.loads((tmp_path / "whole/gen-000001/index.json").read_text())
    for number, (what, forged) in enumerate(forgeries(facts, COUNT, seed=2)):
        folder = tmp_path / f"index-{number}"
        shutil.copytree(tmp_path / "whole", folder)
        place = folder / "gen-000001"
        (place / "index.json").write_text(json.dumps(forged))
        reseal(place)
        (folder / "CURRENT").write_text(f"gen-000001 {sha256(place / 'manifest.json')}\n")
        attempt(what, lambda folder=folder: Index.load(folder, encoder).search("abc"))
