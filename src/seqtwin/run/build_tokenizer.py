"""The tokens of a run: those of the encoder that it starts from, or new ones from the training texts."""

from collections.abc import Sequence

from seqtwin.config import TokensConfig
from seqtwin.data.tokens.tokenizer import TextTokens, train_tokenizer, train_word_tokens


def tokens_of(texts: Sequence[str], t: TokensConfig, known: TextTokens | None = None) -> TextTokens:
    """`known` where it is given, else the tokens that a config specifies, with the vocabulary of these texts."""
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
    """The same for sequences that are split into words already, whatever `tokens.unit` is."""
    return known or train_word_tokens(
        sequences,
        size=t.size,
        lower=t.lower,
        normalize=t.normalize,
        max_length=t.max_length,
        empty=_empty(t),
        characters=t.characters,
    )


def token_notes(unknown: float) -> list[str]:
    """A note on the share of test tokens that do not occur in train; none below 0.1 %."""
    return [f"{100 * unknown:.1f} % of the tokens of the test texts are unknown"] if unknown >= 0.001 else []


def _empty(t: TokensConfig) -> str:
    return "unk" if t.empty == "drop" else t.empty  # the reader has dropped the empty ones
