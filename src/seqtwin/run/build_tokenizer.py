"""The tokens of a run: those of the encoder that it starts from, or new ones from the training texts."""

from collections.abc import Sequence
from dataclasses import replace

from seqtwin.config import RunConfig, TokensConfig
from seqtwin.data.tokens.known_words import with_known_words
from seqtwin.data.tokens.letters import Letters
from seqtwin.data.tokens.tokenizer import TextTokens, train_tokenizer, train_word_tokens
from seqtwin.data.tokens.vector_sources import source_of
from seqtwin.errors import ConfigError
from seqtwin.paths import expand

KNOWN_WORDS = 50_000  # at width 300 they add 60 MB to every saved encoder


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


def with_vector_words(tokens: TextTokens, config: RunConfig, *, whole: bool = False) -> TextTokens:
    """The tokens with further words that have an initial vector, up to `encoder.known_words`.

    `whole`: sequences are given as words. Raises: DataError for vectors that cannot be read.
    """
    e = config.encoder
    most = KNOWN_WORDS if e.known_words is None else e.known_words
    if e.vectors is None or not most or config.tokens.unit != "word":
        return tokens
    path = expand(e.vectors)
    return with_known_words(tokens, source_of(path).words(path), most, whole=whole)


def with_letters(tokens: TextTokens, config: RunConfig) -> TextTokens:
    """The tokens with the letters of words, where only the lexical channel reads them: capitals are small letters.

    Raises: ConfigError for byte pairs, which an encoder to start from can have.
    """
    if config.encoder.lexical is None or tokens.letters is not None:
        return tokens
    if tokens.of_words:
        return replace(tokens, letters=Letters.of(tokens.vocabulary[2:], lower=True))
    if any(len(token) > 1 for token in tokens.vocabulary[2:]):
        cause, remedy = "the tokens of the encoder to start from are byte pairs", "remove encoder.lexical"
        raise ConfigError("CONFIG_LEXICAL", cause, place="encoder.lexical", remedy=remedy)
    return tokens


def known_notes(tokens: TextTokens | None) -> list[str]:
    """A note on the words that train lacks and that have a vector; none without such words."""
    known = 0 if tokens is None else tokens.known
    return [f"{known:,} words that do not occur in train are known by their vectors"] if known else []


def token_notes(unknown: float) -> list[str]:
    """A note on the share of unknown test tokens; none below 0.1 %."""
    return [f"{100 * unknown:.1f} % of the tokens of the test texts are unknown"] if unknown >= 0.001 else []


def _empty(t: TokensConfig) -> str:
    return "unk" if t.empty == "drop" else t.empty  # the reader has dropped the empty ones
