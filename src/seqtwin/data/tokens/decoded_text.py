"""Token ids back to a text, and the ids that a decoder is to write."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from tokenizers import decoders, models, pre_tokenizers

from seqtwin.data.tokens.tokenizer import TextTokens


def text_of(tokens: TextTokens, ids: np.ndarray | Sequence[int]) -> str:
    """The text these ids spell: characters side by side, words with a blank between them, byte pairs as their bytes.

    A text comes back as it was normalized before it was cut into tokens: white space runs are one blank, and case and
    accents may be gone. From words the blanks around signs (`it ' s`) cannot come back; the tokens of the text are the
    same ids again. Bytes that are no UTF-8 become U+FFFD.

    Raises: ValueError for an id outside the vocabulary, as the end token is.

    >>> from seqtwin.data.tokens.tokenizer import train_tokenizer
    >>> tokens = train_tokenizer(["To be, or not"], unit="word")
    >>> text_of(tokens, tokens.encode(["not  TO be"])[0])
    'not to be'
    """
    known = tokens.vocabulary
    outside = [int(i) for i in ids if not 0 <= i < len(known)]
    if outside:
        raise ValueError(f"ids: expected 0 to {len(known) - 1}, got {outside[0]}")
    pieces = [known[i] for i in ids]
    if isinstance(tokens.tokenizer.model, models.BPE):
        return str(decoders.ByteLevel().decode(pieces))
    # characters are told from words by how texts are cut: at every sign, or at blanks and around signs
    return ("" if isinstance(tokens.tokenizer.pre_tokenizer, pre_tokenizers.Split) else " ").join(pieces)


def to_write(tokens: TextTokens, texts: Sequence[str]) -> list[np.ndarray]:
    """What a decoder is to write of each text: its token ids, then the end token, whose id is `tokens.size`.

    A text is written exactly when the same ids are written: what normalization makes equal is equal. A text with a
    token that the vocabulary does not know is never written exactly, since a decoder never writes the unknown. Letters
    that are read beside words are not written.

    Raises: DataError for a text without a token, unless the policy of the tokens is `unk`.

    >>> from seqtwin.data.tokens.tokenizer import train_tokenizer
    >>> to_write(train_tokenizer(["abba"], unit="char"), ["ba"])
    [array([3, 2, 4])]
    """
    return [np.append(ids, tokens.size) for ids in replace(tokens, letters=None).encode(texts)]
