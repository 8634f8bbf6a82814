"""UNITS: functions that train a tokenizer of the library `tokenizers`, by unit; and NORMALIZE: text normalizations."""

import json
from collections import Counter
from collections.abc import Callable, Sequence

from tokenizers import Regex, Tokenizer, models, normalizers, pre_tokenizers, trainers

from seqtwin.lookup import member

PAD, UNKNOWN = "[PAD]", "[UNK]"
MAX_VOCABULARY = 5_000_000
MAX_TOKENS = 4096
BYTES = 256


def normalizer_of(lower: bool, normalize: str) -> normalizers.Normalizer:
    """The normalizer of a text: a form of NORMALIZE, lower case if `lower`, and one blank per run of white space.

    Raises: ConfigError for an unknown form.
    """
    steps = [*member(NORMALIZE, normalize, "normalization")()]
    if lower:
        steps.append(normalizers.Lowercase())
    return normalizers.Sequence([*steps, normalizers.Replace(Regex(r"\s+"), " "), normalizers.Strip()])


def check_sizes(size: int | None, max_length: int) -> None:
    """Check the size of a vocabulary and the largest number of tokens of a text. Raises: ValueError."""
    if not 1 <= max_length <= MAX_TOKENS:
        raise ValueError(f"max_length: expected 1 to {MAX_TOKENS}, got {max_length}")
    if size is not None and not 3 <= size <= MAX_VOCABULARY:
        raise ValueError(f"size: expected 3 to {MAX_VOCABULARY}, got {size}")


def _by_frequency(
    texts: Sequence[str], size: int | None, normalizer: normalizers.Normalizer, pieces: pre_tokenizers.PreTokenizer
) -> Tokenizer:
    counts: Counter[str] = Counter()
    for text, times in Counter(texts).items():
        for piece, _ in pieces.pre_tokenize_str(normalizer.normalize_str(text)):
            counts[piece] += times
    return of_counts(counts, size, normalizer, pieces)


def of_counts(
    counts: Counter[str], size: int | None, normalizer: normalizers.Normalizer, pieces: pre_tokenizers.PreTokenizer
) -> Tokenizer:
    """A tokenizer with the most frequent pieces as vocabulary; ties in alphabetical order."""
    ranked = sorted(counts, key=lambda piece: (-counts[piece], piece))
    vocabulary = [PAD, UNKNOWN, *ranked[: (size or MAX_VOCABULARY) - 2]]
    tokenizer = Tokenizer(models.WordLevel({piece: i for i, piece in enumerate(vocabulary)}, unk_token=UNKNOWN))
    tokenizer.normalizer, tokenizer.pre_tokenizer = normalizer, pieces
    return tokenizer


def _chars(texts: Sequence[str], size: int | None, normalizer: normalizers.Normalizer) -> Tokenizer:
    return _by_frequency(texts, size, normalizer, pre_tokenizers.Split(Regex("."), "isolated"))


def _words(texts: Sequence[str], size: int | None, normalizer: normalizers.Normalizer) -> Tokenizer:
    return _by_frequency(texts, size, normalizer, pre_tokenizers.BertPreTokenizer())


def _byte_pairs(texts: Sequence[str], size: int | None, normalizer: normalizers.Normalizer) -> Tokenizer:
    size = size or 8000
    if size < BYTES + 2:
        raise ValueError(
            f"size: expected {BYTES + 2} or more for bpe (all {BYTES} bytes and two reserved ids), got {size}"
        )
    tokenizer = Tokenizer(models.BPE(unk_token=UNKNOWN))
    tokenizer.normalizer = normalizer
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(
        vocab_size=size, special_tokens=[PAD, UNKNOWN], initial_alphabet=alphabet, show_progress=False
    )
    tokenizer.train_from_iterator(texts, trainer)
    trained = json.loads(tokenizer.to_str())
    trained["added_tokens"] = []  # otherwise the library treats "[PAD]" in a text as padding
    return Tokenizer.from_str(json.dumps(trained))


Train = Callable[[Sequence[str], int | None, normalizers.Normalizer], Tokenizer]

# `fold` removes the accents of European scripts and the optional points of Hebrew and Arabic. Marks of other scripts
# are letters and stay: StripAccents of the library (0.23) also removes vowels in Hindi, Tamil and Thai, and changes the
# Japanese ga to ka.
ACCENTS = (
    r"[\u0300-\u036f\u0483-\u0489\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe20-\ufe2f"
    r"\u0591-\u05bd\u05bf\u05c1\u05c2\u05c4\u05c5\u05c7"
    r"\u0610-\u061a\u064b-\u065f\u0670\u06d6-\u06dc\u06df-\u06e4\u06e7\u06e8\u06ea-\u06ed]"
)

NORMALIZE: dict[str, Callable[[], list[normalizers.Normalizer]]] = {
    "none": list,
    "nfc": lambda: [normalizers.NFC()],
    "nfkc": lambda: [normalizers.NFKC()],
    "fold": lambda: [normalizers.NFKD(), normalizers.Replace(Regex(ACCENTS), ""), normalizers.Lowercase()],
}

UNITS: dict[str, Train] = {"char": _chars, "word": _words, "bpe": _byte_pairs}
