"""A vocabulary that also has words which do not occur in the training texts."""

import json
from collections.abc import Iterable, Iterator
from dataclasses import replace
from itertools import islice

from tokenizers import Tokenizer

from seqtwin.data.tokens.tokenizer import TextTokens


def with_known_words(tokens: TextTokens, words: Iterable[str], most: int, *, whole: bool = False) -> TextTokens:
    """Word tokens with up to `most` of these words as further ids, in their order. The ids of `tokens` do not change.

    Left out: words that no text contains after normalization ("The" if texts are lower-cased), and words that are split
    into several tokens ("don't"). `whole`: sequences are given as words, which are never split.

    >>> from seqtwin.data.tokens.tokenizer import train_tokenizer
    >>> tokens = with_known_words(train_tokenizer(["to be"], unit="word"), ["be", "or", "The", "don't", "not"], most=9)
    >>> tokens.vocabulary, tokens.known
    (['[PAD]', '[UNK]', 'be', 'to', 'or', 'not'], 2)
    """
    ids: dict[str, int] = tokens.tokenizer.get_vocab()
    added = list(islice(_new_words(tokens.tokenizer, ids, words, whole=whole), most))
    if not added:
        return tokens
    stored = json.loads(tokens.tokenizer.to_str())
    stored["model"]["vocab"] |= {word: len(ids) + i for i, word in enumerate(added)}
    return replace(tokens, tokenizer=Tokenizer.from_str(json.dumps(stored)), known=tokens.known + len(added))


def _new_words(tokenizer: Tokenizer, ids: dict[str, int], words: Iterable[str], *, whole: bool) -> Iterator[str]:
    seen = {"", *ids}
    for word in words:
        if word not in seen and tokenizer.normalizer.normalize_str(word) == word:
            seen.add(word)
            if whole or [piece for piece, _ in tokenizer.pre_tokenizer.pre_tokenize_str(word)] == [word]:
                yield word
