"""From texts without labels and a teacher to stores: texts with vectors to learn from, and pairs to be judged by."""

from dataclasses import dataclass, replace

import numpy as np

from seqtwin.config import RunConfig
from seqtwin.data.batches import PairStore, Ragged, TaughtStore
from seqtwin.data.examples import Examples, Kind
from seqtwin.data.pairs import SPLITS
from seqtwin.data.tokens.tokenizer import TextTokens
from seqtwin.errors import DataError
from seqtwin.lookup import pick
from seqtwin.paths import expand
from seqtwin.run.build_tokenizer import token_notes, tokens_of, with_letters
from seqtwin.run.objectives.decode_text import read_own_texts
from seqtwin.run.objectives.load_examples import Way, load_examples
from seqtwin.run.objectives.teacher_pairs import draw_texts, pair_texts
from seqtwin.run.prepared_data import EVALUATED, PreparedTexts
from seqtwin.run.pretrained import load_start, start_notes
from seqtwin.run.row_facts import PairFacts, token_overlap
from seqtwin.teachers.cached_vectors import vectors_by
from seqtwin.teachers.open_teacher import open_teacher
from seqtwin.teachers.teacher import Teacher, TeacherSource
from seqtwin.training.fit import pick_device

NAME: Kind = "distil"
CACHE = "runs/teacher-vectors"
FEWEST = 3  # texts of a split: two have one pair, which has no order
WAYS = (
    Way(("texts",), ("more",), read_own_texts),
    Way(("text",), ("more",), read_own_texts),
)


@dataclass(frozen=True)
class DistilOptions:
    """The options of `objective: distil`, all paths. Raises: ValueError without a teacher.

    `teacher`: a folder of sentence-transformers or seqtwin, or a file of vectors. `texts`: for a .npy file, the list of
    its texts. `cache`: the folder in which computed vectors are kept.
    """

    teacher: str = ""
    texts: str | None = None
    cache: str = CACHE

    def __post_init__(self) -> None:
        for key, value in (("teacher", self.teacher), ("texts", self.texts or "."), ("cache", self.cache)):
            if not isinstance(value, str) or not value:
                raise ValueError(f"{key}: expected the path of a folder or file, got {value!r}")


def distil_options(config: RunConfig) -> DistilOptions:
    """The options in a config. Raises: ConfigError for unknown or missing ones."""
    return pick({NAME: DistilOptions}, config.objective, "objective")


def prepare_distil(config: RunConfig) -> PreparedTexts:
    """The texts of a config in stores, with the vectors of the teacher.

    Raises: ConfigError, DataError; MissingExtraError without sentence-transformers, where the teacher needs it.
    """
    teacher = _teacher(config)
    data = _with_teacher(load_examples(config.data, NAME, WAYS, config.tokens.empty), teacher)
    _refuse_few(data)
    start = load_start(config)
    tokens = with_letters(tokens_of(_texts(data, "train"), config.tokens, start.tokens if start else None), config)
    stores = {"train": _taught(data, config, tokens, teacher)}
    judged = {split: _judged(data, split, config, tokens, teacher) for split in EVALUATED}
    unknown = tokens.unknown_share(_texts(data, "test"))
    return PreparedTexts(
        data=data,
        tokens=tokens,
        stores={**stores, **judged},
        clusters={split: store.left for split, store in judged.items()},
        clustering=f"{len(np.unique(judged['test'].left)):,} groups of pairs with the same first text",
        primary="spearman",
        unknown_share=unknown,
        notes=(*data.notes, _judged_note(judged), *start_notes(config), *token_notes(unknown)),
        pair_facts={split: _facts(store) for split, store in judged.items()},
        start=start.fingerprint if start else "",
    )


def _teacher(config: RunConfig) -> Teacher:
    options = distil_options(config)
    texts = None if options.texts is None else expand(options.texts)
    return open_teacher(TeacherSource(expand(options.teacher), texts, str(pick_device(config.fit.device))))


def _with_teacher(data: Examples, teacher: Teacher) -> Examples:
    """The data, whose fingerprint then depends on the files of the teacher."""
    versions = {**data.facts.get("versions", {}), "teacher": teacher.fingerprint}
    return replace(data, kind=NAME, facts={**data.facts, "teacher": teacher.path.name, "versions": versions})


def _refuse_few(data: Examples) -> None:
    for split in SPLITS:
        if (count := len(data.rows(split))) < FEWEST:
            cause = f"{count} texts for {split}, but at least {FEWEST} are needed to compare similarities"
            raise DataError("DATA_EMPTY_SPLIT", cause, place=data.name, remedy="add texts to it")


def _texts(data: Examples, split: str) -> list[str]:
    return [data.items[row] for row in data.rows(split)]


def _vectors(texts: list[str], config: RunConfig, teacher: Teacher) -> np.ndarray:
    return vectors_by(teacher, texts, expand(distil_options(config).cache))


def _taught(data: Examples, config: RunConfig, tokens: TextTokens, teacher: Teacher) -> TaughtStore:
    texts = _texts(data, "train")
    return TaughtStore(Ragged.of(tokens.encode(texts)), _vectors(texts, config, teacher))


def _judged(data: Examples, split: str, config: RunConfig, tokens: TextTokens, teacher: Teacher) -> PairStore:
    """The pairs of a split. They depend on the seed of the data, not on that of the training."""
    rng = np.random.default_rng([config.data.seed, SPLITS.index(split)])
    texts = _texts(data, split)
    chosen = [texts[row] for row in draw_texts(len(texts), rng)]
    left, right, target = pair_texts(_vectors(chosen, config, teacher), rng)
    return PairStore(Ragged.of(tokens.encode(chosen)), left, right, target)


def _judged_note(judged: dict[str, PairStore]) -> str:
    counts = " and ".join(f"{len(store):,} pairs of {len(store.items):,} texts of {s}" for s, store in judged.items())
    return f"judged by {counts}, against the similarities of the teacher"


def _facts(store: PairStore) -> PairFacts:
    """The facts of the pairs. No text of dev or test occurs in train: the reader has left those out."""
    length = (store.items.lengths[store.left] + store.items.lengths[store.right]) / 2
    return PairFacts(
        length=length,
        pad_share=1.0 - length / store.lengths.max(),
        overlap=token_overlap(store),
        seen=np.zeros(len(store), dtype=np.int64),
    )
