"""The distinct texts of a training as token ids, with random changes in each epoch, and changed copies of some."""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from seqtwin.data.batches import Ragged
from seqtwin.data.change_texts import Alphabet, change_words, join_words, split_words
from seqtwin.data.split_examples import form
from seqtwin.data.tokens.tokenizer import TextTokens

STREAM = 4  # separates these random numbers from those of the batches of the same epoch


@dataclass(frozen=True)
class Augmented:
    """The items of an epoch. `items`: those of all texts, then those of the copies; `copied`: Int[copies], the text of
    each copy."""

    items: Ragged
    copied: np.ndarray


@dataclass
class TextAugmenter:
    """Changes the distinct texts of a training, anew in every epoch.

    Each text has one form per epoch, in all its pairs and on both sides. A change that would make a text equal to
    another text of the data, or of this epoch, is left out: no pair becomes a pair of equal texts, and no other text is
    taken for this one. Texts are equal if they differ only in case or white space.

    `ids`: the tokens of the texts; `rates`: as for `change_words`; `copies`: changed copies per text and epoch;
    `whole`: whether the texts themselves are changed, and not only their copies; `reserved`: further texts of the data;
    `counts`: how many texts were changed so far, by change, and how many changes were left out.
    """

    texts: Sequence[str]
    ids: Sequence[np.ndarray]
    tokens: TextTokens
    rates: Mapping[str, float]
    copies: float
    whole: bool
    reserved: Collection[str]
    seed: int
    counts: Counter[str] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        self._words = [split_words(text) for text in self.texts]
        self._alphabet = Alphabet.of(self.texts)
        self._taken = {form(text) for text in (*self.texts, *self.reserved)}

    @property
    def copies_per_epoch(self) -> int:
        """The largest number of copies in an epoch."""
        return round(self.copies * len(self.texts))

    def epoch(self, epoch: int) -> Augmented:
        """The items of an epoch. They depend only on the texts, the seed and the epoch."""
        rng, taken = np.random.default_rng([self.seed, epoch, STREAM]), set(self._taken)
        every = range(len(self.texts)) if self.whole else ()
        changed = {place: text for place in every if (text := self._changed(place, rng, taken))}
        copied = {number: text for number in self._drawn(rng) if (text := self._changed(number[1], rng, taken))}
        self.counts["copies"] += len(copied)
        fresh = self.tokens.encode([*changed.values(), *copied.values()])
        items = list(self.ids)
        for place, ids in zip(changed, fresh, strict=False):
            items[place] = ids
        originals = np.array([place for _, place in copied], dtype=np.int64)
        return Augmented(Ragged.of([*items, *fresh[len(changed) :]]), originals)

    def _drawn(self, rng: np.random.Generator) -> list[tuple[int, int]]:
        """The number and the text of each copy: every text equally often, as far as possible."""
        count, texts = self.copies_per_epoch, len(self.texts)
        rounds = [rng.permutation(texts) for _ in range(-(-count // texts))]
        drawn = np.concatenate([np.zeros(0, dtype=np.int64), *rounds])[:count]
        return list(enumerate(drawn.tolist()))

    def _changed(self, place: int, rng: np.random.Generator, taken: set[object]) -> str:
        """The text after random changes, empty if there are none or they are left out."""
        words, made = change_words(self._words[place], self.rates, self._alphabet, rng)
        text = join_words(words)
        if not made or form(text) in taken:
            self.counts["left_out"] += bool(made)
            return ""
        taken.add(form(text))
        self.counts.update(made)
        self.counts["texts"] += 1
        return text
