"""From single sequences to stores: with one class each, with one class per step, or with a text to generate."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from seqtwin.config import DataConfig, RunConfig
from seqtwin.data.batches import ClassStore, DecodeStore, Ragged, StepStore
from seqtwin.data.examples import Examples, Kind
from seqtwin.data.pairs import SPLITS
from seqtwin.data.reading.augment import with_substituted
from seqtwin.data.reading.text_targets import up_to
from seqtwin.data.split_examples import form
from seqtwin.data.tokens.tokenizer import TextTokens
from seqtwin.errors import ConfigError, DataError
from seqtwin.run.build_tokenizer import (
    known_notes,
    token_notes,
    tokens_of,
    with_letters,
    with_vector_words,
    word_tokens_of,
)
from seqtwin.run.objectives.load_examples import Way, load_examples
from seqtwin.run.prepared_data import PreparedExamples
from seqtwin.run.pretrained import load_start, start_notes
from seqtwin.run.row_facts import PairFacts

HeadStore = ClassStore | StepStore | DecodeStore


@dataclass(frozen=True)
class ExampleFormat:
    """How the sequences of one objective are read and become stores.

    `primary`: the metric that decides. `ways`: the keys of a config that name its data. `store(data, split, items,
    written)`: the store of a split; `written` are the tokens of the generated texts. `complete`: adds the keys that a
    file format implies. `of_words`: whether texts are split into words in the data. `generates`: whether the target is
    a text.
    """

    kind: Kind
    primary: str
    ways: tuple[Way, ...]
    store: Callable[[Examples, str, Ragged, TextTokens | None], HeadStore]
    complete: Callable[[DataConfig], DataConfig] = lambda config: config
    of_words: bool = False
    generates: bool = False

    def load(self, config: DataConfig, empty: str) -> Examples:
        """The sequences that a config names. `empty`: the policy for blank texts.

        Raises: ConfigError, DataError.
        """
        return load_examples(config if config.name is not None else self.complete(config), self.kind, self.ways, empty)


def prepare_examples(config: RunConfig, format_: ExampleFormat) -> PreparedExamples:
    """The sequences of a config in stores.

    Raises: ConfigError, DataError.
    """
    data = _extend(format_.load(config.data, config.tokens.empty), config)
    _refuse_poor(data, format_)
    start = load_start(config)
    tokens = None if data.of_series else _tokens(data, config, format_, start.tokens if start else None)
    written = _written_tokens(data, config, tokens) if format_.generates else None
    items = {split: _items(data, split, tokens, of_words=format_.of_words) for split in SPLITS}
    stores = {split: format_.store(data, split, items[split], written) for split in SPLITS}
    unknown = 0.0 if tokens is None else _unknown_share(items["test"])
    return PreparedExamples(
        data=data,
        tokens=tokens,
        stores=stores,
        clusters={split: _per_row(np.arange(len(items[split])), stores[split]) for split in ("dev", "test")},
        clustering="each of its own",
        primary=format_.primary,
        unknown_share=unknown,
        notes=(
            *data.notes,
            *start_notes(config),
            *(_cut_notes(data, tokens) if format_.of_words and tokens is not None else []),
            *known_notes(tokens),
            *token_notes(unknown),
            *_unwritable_notes(stores["test"]),
        ),
        pair_facts={split: _facts(data, split, stores[split]) for split in ("dev", "test")},
        start=start.fingerprint if start else "",
        classes=data.classes,
        written=written,
    )


def class_numbers(data: Examples) -> dict[str, int]:
    """The number of every class, by its name."""
    return {name: number for number, name in enumerate(data.classes)}


def _extend(data: Examples, config: RunConfig) -> Examples:
    """The data with the judged rows limited and the training texts multiplied, as the config specifies."""
    if config.data.judged_up_to is not None:
        data = up_to(data, config.data.judged_up_to)
    if not config.data.substituted:
        return data
    try:
        return with_substituted(data, config.data.substituted, seed=config.data.seed)
    except ValueError as error:
        raise ConfigError("CONFIG_DATA", str(error), place="data.substituted") from error


def _cut_notes(data: Examples, tokens: TextTokens) -> list[str]:
    """A note on the sequences that are cut when they become tokens."""
    cut = sum(len(words) > tokens.max_length for words in data.items)
    note = f"{cut:,} sequences have more than {tokens.max_length:,} words and were cut, and their classes with them"
    return [note] if cut else []


def _unwritable_notes(store: HeadStore) -> list[str]:
    """A note on the ceiling of exact match: the decoder never generates an unknown token."""
    if not isinstance(store, DecodeStore):
        return []
    unknown = np.maximum.reduceat(store.written.steps == 1, store.written.starts)
    note = "of the test texts contain a token that train lacks: they cannot be generated"
    return [f"{100 * unknown.mean():.1f} % {note}"] if unknown.any() else []


def _refuse_poor(data: Examples, format_: ExampleFormat) -> None:
    for split in SPLITS:
        if not len(data.rows(split)):
            raise DataError("DATA_EMPTY_SPLIT", f"no sequences for {split}", place=data.name, remedy="add rows to it")
    if not format_.generates and len(data.classes) < 2:
        cause = f"all training rows have the class '{data.classes[0]}': there is nothing to learn"
        raise DataError("DATA_ONE_CLASS", cause, place=data.name, remedy="add rows of another class")


def _tokens(data: Examples, config: RunConfig, format_: ExampleFormat, known: TextTokens | None) -> TextTokens:
    train = [data.items[row] for row in data.rows("train")]
    tokens = (word_tokens_of if format_.of_words else tokens_of)(train, config.tokens, known)
    # a decoder would also have to choose among the words that it never learns to write
    known_too = tokens if format_.generates else with_vector_words(tokens, config, whole=format_.of_words)
    return with_letters(known_too, config)


def _written_tokens(data: Examples, config: RunConfig, tokens: TextTokens | None) -> TextTokens:
    """The tokens of the input where the target is the input itself, else new ones from the training targets."""
    if tokens is not None and all(data.targets[row] == data.items[row] for row in data.rows("train")):
        return replace(tokens, letters=None)  # words are generated, not their letters
    plain = config.tokens.model_copy(update={"characters": False})
    return tokens_of([data.targets[row] for row in data.rows("train")], plain)


def _items(data: Examples, split: str, tokens: TextTokens | None, *, of_words: bool) -> Ragged:
    chosen = [data.items[row] for row in data.rows(split)]
    if tokens is None:
        return Ragged.of([series.astype(np.float32) for series in chosen])
    if not of_words:
        return Ragged.of(tokens.encode(chosen))
    return Ragged.of([ids[: tokens.max_length] for ids in tokens.encode_words(chosen)])


def _per_row(values: np.ndarray, store: HeadStore) -> np.ndarray:
    """One value per judged row, from one value per sequence."""
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
    """The share of unknown words in these items, by the ids of the words; the ids of their letters do not count."""
    ids = items.steps[:, 0] if items.steps.ndim > 1 else items.steps
    return float(np.mean(ids == 1))
