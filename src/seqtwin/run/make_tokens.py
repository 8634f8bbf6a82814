"""The tokens of a config: those of the encoder it starts from, or new ones from the training texts."""

from collections.abc import Sequence

from seqtwin.config import TokensConfig
from seqtwin.data.tokens.tokenizer import TextTokens, train_tokenizer, train_word_tokens


def tokens_of(texts: Sequence[str], t: TokensConfig, known: TextTokens | None = None) -> TextTokens:
    """`known`, or the tokens that a config asks for, with the vocabulary of these texts."""
    return known or train_tokenizer(
        texts,
        unit=t.unit,
        size=t.size,
        lower=t.lower,
        normalize=t.normalize,
        max_length=t.max_length,
        empty=_empty(t),
        characters=t.characters,
    )


def word_tokens_of(sequences: Sequence[Sequence[str]], t: TokensConfig, known: TextTokens | None = None) -> TextTokens:
    """The same for sequences that are cut into words already, whatever unit texts are cut into."""
    return known or train_word_tokens(
        sequences,
        size=t.size,
        lower=t.lower,
        normalize=t.normalize,
        max_length=t.max_length,
        empty=_empty(t),
        characters=t.characters,
    )


def _empty(t: TokensConfig) -> str:
    return "unk" if t.empty == "drop" else t.empty  # the reader has dropped the empty ones
