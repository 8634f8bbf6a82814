"""From token ids to text, and the target ids of a decoder."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from tokenizers import decoders, models, pre_tokenizers

from seqtwin.data.tokens.tokenizer import TextTokens


def text_of(tokens: TextTokens, ids: np.ndarray | Sequence[int]) -> str:
    """The text of token ids: characters without separators, words separated by blanks, byte pairs decoded.

    The result is the normalized text: runs of white space are one blank, and case and accents may be lost. Words are
    separated by blanks even around punctuation (`it ' s`); encoding the result gives the same ids. Bytes that are not
    valid UTF-8 become U+FFFD.

    Raises: ValueError for an id outside the vocabulary, including the end token.

    >>> from seqtwin.data.tokens.tokenizer import train_tokenizer
    >>> tokens = train_tokenizer(["To be, or not"], unit="word")
    >>> text_of(tokens, tokens.encode(["not  TO be"])[0])
    'not to be'
    """
    vocabulary = tokens.vocabulary
    outside = [int(i) for i in ids if not 0 <= i < len(vocabulary)]
    if outside:
        raise ValueError(f"ids: expected 0 to {len(vocabulary) - 1}, got {outside[0]}")
    pieces = [vocabulary[i] for i in ids]
    if isinstance(tokens.tokenizer.model, models.BPE):
        return str(decoders.ByteLevel().decode(pieces))
    # characters are split everywhere, words at blanks and punctuation
    return ("" if isinstance(tokens.tokenizer.pre_tokenizer, pre_tokenizers.Split) else " ").join(pieces)


def to_write(tokens: TextTokens, texts: Sequence[str]) -> list[np.ndarray]:
    """The target of a decoder for each text: its token ids, then the end token with the id `tokens.size`.

    A generated text is correct if its ids are equal, that is, up to normalization. A text with a token that is not in
    the vocabulary is never correct, because a decoder never generates the unknown token. Letters are not generated.

    Raises: DataError for a text without a token, unless the policy of the tokens is `unk`.

    >>> from seqtwin.data.tokens.tokenizer import train_tokenizer
    >>> to_write(train_tokenizer(["abba"], unit="char"), ["ba"])
    [array([3, 2, 4])]
    """
    return [np.append(ids, tokens.size) for ids in replace(tokens, letters=None).encode(texts)]
