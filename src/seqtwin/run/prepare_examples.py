"""Examples to stores: single sequences with a class, with a class a step, or with a text to write."""

from collections.abc import Callable, Mapping
from dataclasses import replace

import numpy as np

from seqtwin.config import RunConfig
from seqtwin.data.batches import ClassStore, DecodeStore, Ragged, StepStore
from seqtwin.data.examples import Examples
from seqtwin.data.pairs import SPLITS
from seqtwin.data.reading.augment import with_substituted
from seqtwin.data.reading.text_targets import up_to
from seqtwin.data.split_examples import form
from seqtwin.data.tokens.decoded_text import to_write
from seqtwin.data.tokens.tokenizer import TextTokens
from seqtwin.errors import ConfigError, DataError
from seqtwin.lookup import split_spec
from seqtwin.run.load_examples import load_examples
from seqtwin.run.make_tokens import tokens_of, word_tokens_of
from seqtwin.run.prepared import PreparedExamples
from seqtwin.run.pretrained import load_start, start_notes
from seqtwin.run.row_facts import PairFacts
from seqtwin.training.objectives import OBJECTIVES

HeadStore = ClassStore | StepStore | DecodeStore


def prepare_examples(config: RunConfig) -> PreparedExamples:
    """The sequences of a config, read as its objective asks.

    Raises: ConfigError, DataError.
    """
    kind = split_spec(config.objective)[0]
    data = _more(load_examples(config.data, kind, config.tokens.empty), config)
    _refuse_poor(data)
    start = load_start(config)
    tokens = None if data.of_series else _tokens(data, config, start.tokens if start else None)
    written = _written_tokens(data, config, tokens) if kind == "decode" else None
    items = {split: _items(data, split, tokens) for split in SPLITS}
    stores = {split: STORES[kind](data, split, items[split], written) for split in SPLITS}
    unknown = 0.0 if tokens is None else _unknown_share(items["test"])
    return PreparedExamples(
        data=data,
        tokens=tokens,
        stores=stores,
        clusters={split: _per_row(np.arange(len(items[split])), stores[split]) for split in ("dev", "test")},
        clustering="each of its own",
        primary=OBJECTIVES[kind].primary,
        unknown_share=unknown,
        notes=(
            *data.notes,
            *start_notes(config),
            *_cut_notes(data, tokens),
            *token_notes(unknown),
            *_unwritable_notes(stores["test"]),
        ),
        pair_facts={split: _facts(data, split, stores[split]) for split in ("dev", "test")},
        start=start.fingerprint if start else "",
        classes=data.classes,
        written=written,
    )


def token_notes(unknown: float) -> list[str]:
    """What a report says of tokens that training never met."""
    return [f"{100 * unknown:.1f} % of the tokens of the test texts are unknown"] if unknown >= 0.001 else []


def _more(data: Examples, config: RunConfig) -> Examples:
    if config.data.judged_up_to is not None:
        data = up_to(data, config.data.judged_up_to)
    if not config.data.substituted:
        return data
    try:
        return with_substituted(data, config.data.substituted, seed=config.data.seed)
    except ValueError as error:
        raise ConfigError("CONFIG_DATA", str(error), place="data.substituted") from error


def _cut_notes(data: Examples, tokens: TextTokens | None) -> list[str]:
    """Texts that are cut are counted where they become tokens."""
    if data.kind != "label_steps" or tokens is None:
        return []
    cut = sum(len(words) > tokens.max_length for words in data.items)
    said = f"{cut:,} sequences have more than {tokens.max_length:,} words and were cut, and their classes with them"
    return [said] if cut else []


def _unwritable_notes(store: HeadStore) -> list[str]:
    """The ceiling of exact match: an unknown token is never written."""
    if not isinstance(store, DecodeStore):
        return []
    unknown = np.maximum.reduceat(store.written.steps == 1, store.written.starts)
    said = "of the test texts hold a token that training lacks: none of them can be written"
    return [f"{100 * unknown.mean():.1f} % {said}"] if unknown.any() else []


def _refuse_poor(data: Examples) -> None:
    for split in SPLITS:
        if not len(data.rows(split)):
            cause = f"no sequences for {split}"
            raise DataError("DATA_EMPTY_SPLIT", cause, place=data.name, remedy="give it more rows")
    if data.kind != "decode" and len(data.classes) < 2:
        cause = f"all of train is of one class, '{data.classes[0]}': there is nothing to learn"
        raise DataError("DATA_ONE_CLASS", cause, place=data.name)


def _tokens(data: Examples, config: RunConfig, known: TextTokens | None) -> TextTokens:
    train = [data.items[row] for row in data.rows("train")]
    make: Callable[..., TextTokens] = word_tokens_of if data.kind == "label_steps" else tokens_of
    return make(train, config.tokens, known)


def _written_tokens(data: Examples, config: RunConfig, tokens: TextTokens | None) -> TextTokens:
    """The same as what is read where that is what is to be written."""
    if tokens is not None and all(data.targets[row] == data.items[row] for row in data.rows("train")):
        return replace(tokens, letters=None)  # a word is written, its letters are not
    plain = config.tokens.model_copy(update={"characters": False})
    return tokens_of([data.targets[row] for row in data.rows("train")], plain)


def _items(data: Examples, split: str, tokens: TextTokens | None) -> Ragged:
    chosen = [data.items[row] for row in data.rows(split)]
    if tokens is None:
        return Ragged.of([one.astype(np.float32) for one in chosen])
    if data.kind != "label_steps":
        return Ragged.of(tokens.encode(chosen))
    return Ragged.of([one[: tokens.max_length] for one in tokens.encode_words(chosen)])


def _class_store(data: Examples, split: str, items: Ragged, _written: TextTokens | None) -> ClassStore:
    place = {name: i for i, name in enumerate(data.classes)}
    return ClassStore(items, np.array([place[data.targets[row]] for row in data.rows(split)], dtype=np.int64))


def _step_store(data: Examples, split: str, items: Ragged, _written: TextTokens | None) -> StepStore:
    place = {name: i for i, name in enumerate(data.classes)}
    classes = [np.array([place[name] for name in data.targets[row]], dtype=np.int64) for row in data.rows(split)]
    # a sequence that was too long has been cut, and its classes with it
    cut = [one[:length] for one, length in zip(classes, items.lengths, strict=True)]
    return StepStore(items, Ragged.of(cut))


def _decode_store(data: Examples, split: str, items: Ragged, written: TextTokens | None) -> DecodeStore:
    assert written is not None
    return DecodeStore(items, Ragged.of(to_write(written, [data.targets[row] for row in data.rows(split)])))


STORES: Mapping[str, Callable[[Examples, str, Ragged, TextTokens | None], HeadStore]] = {
    "classify": _class_store,
    "label_steps": _step_store,
    "decode": _decode_store,
}


def _per_row(values: np.ndarray, store: HeadStore) -> np.ndarray:
    """One value a judged row, from one a sequence."""
    return np.repeat(values, store.items.lengths) if isinstance(store, StepStore) else values


def _facts(data: Examples, split: str, store: HeadStore) -> PairFacts:
    lengths = store.items.lengths
    known = {form(data.items[row]) for row in data.rows("train")}
    seen = np.array([int(form(data.items[row]) in known) for row in data.rows(split)])
    return PairFacts(
        length=_per_row(lengths, store),
        pad_share=_per_row(1.0 - lengths / lengths.max(), store),
        overlap=None,
        seen=_per_row(seen, store),
    )


def _unknown_share(items: Ragged) -> float:
    """The share of unknown ids among the words of these items; of a word with letters its own id counts."""
    ids = items.steps[:, 0] if items.steps.ndim > 1 else items.steps
    return float(np.mean(ids == 1))
