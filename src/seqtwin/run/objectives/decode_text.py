"""The objective `decode`: generate a text from the vector of a sequence."""

from seqtwin.config import DataConfig
from seqtwin.data.batches import DecodeStore, Ragged
from seqtwin.data.examples import Examples
from seqtwin.data.reading.text_targets import read_texts, read_translations
from seqtwin.data.tokens.decoded_text import to_write
from seqtwin.data.tokens.tokenizer import TextTokens
from seqtwin.errors import ConfigError
from seqtwin.paths import expand
from seqtwin.run.data_files import data_name, files_of
from seqtwin.run.objectives.head_objective import HeadObjective
from seqtwin.run.objectives.load_examples import Way
from seqtwin.run.objectives.prepare_examples import ExampleFormat
from seqtwin.training.head_objectives import OBJECTIVES


def _one_column(names: str | tuple[str, ...] | None, key: str) -> str:
    """Raises: ConfigError for several columns."""
    if isinstance(names, str):
        return names
    cause = f"objective decode expects one column on each side, got {list(names or ())}"
    raise ConfigError("CONFIG_DATA", cause, place=f"data.{key}", remedy="name one column")


def read_text_pairs(d: DataConfig, empty: str) -> Examples:
    """Texts with the text to generate from each, from the columns `data.left` and `data.right`."""
    return read_translations(
        files_of(d),
        left=_one_column(d.left, "left"),
        right=_one_column(d.right, "right"),
        label=d.label,
        fractions=d.split,
        seed=d.seed,
        empty=empty,
        name=data_name(d),
        quoting=d.quoting,
    )


def read_own_texts(d: DataConfig, empty: str) -> Examples:
    """Texts that an auto-encoder reconstructs, from the columns `data.texts` or `data.text`."""
    return read_texts(
        files_of(d),
        texts=d.texts or (d.text or "text",),
        more=[expand(path) for path in d.more],
        fractions=d.split,
        seed=d.seed,
        empty=empty,
        name=data_name(d),
        quoting=d.quoting,
    )


def decode_store(data: Examples, split: str, items: Ragged, written: TextTokens | None) -> DecodeStore:
    """The items of a split with the token ids of the text to generate from each."""
    assert written is not None
    return DecodeStore(items, Ragged.of(to_write(written, [data.targets[row] for row in data.rows(split)])))


DECODE = HeadObjective(
    name="decode",
    judging=OBJECTIVES["decode"],
    examples=ExampleFormat(
        kind="decode",
        primary=OBJECTIVES["decode"].primary,
        ways=(
            Way(("left", "right"), ("label", "judged_up_to"), read_text_pairs),
            Way(("texts",), ("more", "judged_up_to", "substituted"), read_own_texts),
            Way(("text",), ("more", "judged_up_to", "substituted"), read_own_texts),
        ),
        store=decode_store,
        generates=True,
    ),
    row_nouns={"tokens": "texts", "series": "texts"},
    output="generates a text from that vector",
    answer="the text",
)
