"""The page of the students of a sentence encoder, from the figures that distil.py measured."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from measured_page import mean_and_range

SPEED = "texts_per_second"  # of each encoder
HEAD = """# Students of a sentence encoder

Written by `python benchmarks/distil.py` from [results.json](results.json). The teacher is all-MiniLM-L6-v2. A student
has the config [configs/recipes/distilled.yaml](../../configs/recipes/distilled.yaml); an LSTM has hidden 128, with a
tuned teacher 160, and the mean and maximum of its outputs. It learns from 50,300 texts of the train splits of SICK,
STS-B, MRPC and QQP without labels, then from the train pairs of one data set. Figures are of the test split: the mean
over three seeds (lowest to highest). *Zero-shot*: nothing is trained on the pairs. CPU minutes are those of a student
for QQP before its labelled pairs, without those of the teacher; the LSTM without a tuned teacher was trained by an
earlier, slower version.

Speeds are texts per CPU second with one thread on the test texts of QQP, all measured in one run by
`python benchmarks/distil.py speeds`. They depend on the shape and the vocabulary of an encoder alone, so one epoch is
enough for an encoder that is not there.

*Tuned teacher*: the teacher learns the train pairs of SICK, STS-B and QQP first (one seed,
[tune_teacher.py](../../benchmarks/tune_teacher.py)). Its student starts from static word vectors
([first_vectors.py](../../benchmarks/first_vectors.py)), learns from the same texts, then from pairs that the teacher
scores: near texts of train, texts with changed copies, random texts
([scored_pairs.py](../../benchmarks/scored_pairs.py)). For SICK and STS-B the labelled pairs are among them, each three
times; for QQP they follow.

| encoder | SICK, Pearson | STS-B, Pearson | QQP, ROC-AUC | texts per CPU second | CPU minutes per student |
| --- | --- | --- | --- | ---: | ---: |
"""
TAIL = """
The following did not help and was left out. Figures are of dev, with one seed (three: SICK, STS-B, QQP):

- A tuned teacher without scored pairs: .857 on SICK and .868 on QQP after the labelled pairs.
- One file of scored pairs for all data sets, without changed copies and dropout, and the labelled pairs afterwards:
  .867 on SICK and .870 on QQP.
- The pairs of QQP with a learning rate of .001 and no dropout: .870 instead of .874 (three epochs). Those of
  STS-B with a learning rate of .0015 and the dropout of QQP: .847 instead of .853.
- Two epochs of the scored pairs of QQP without averaged weights: .874 after the labelled pairs, instead of .877.
- Eight epochs of the scored pairs of QQP instead of five: .877 after the labelled pairs, the same. Weights on the line
  from those before to those after the labelled pairs: .8767 at three quarters, .8768 at the end, .8766 beyond it, at
  five quarters.
- Another loss for the labelled pairs of QQP: .8746 with CoSENT, whose first epoch already made it worse; .8775 with
  `in_batch`, weight .01, beside the contrastive loss; .8781 with cross-entropy, scale 10 and shift .75. The contrastive
  loss alone has .8786 in the same run (.877 above, with earlier code, which rounds differently).
- Further scored pairs of QQP: .8774 after the labelled pairs with the neighbours 1 and 4 of changed copies among them
  (four epochs), .8794 with two more copies per text and the neighbours 1, 4 and 16 (three epochs, 480,000 pairs),
  instead of .8786.
- The letters of each word (`tokens.characters`), since a word in one of four dev questions of QQP is new: .8791.
- Hidden 192 on QQP: .8811 instead of .8803 with 160, but it is slower. With 128, as in the other tries: .8786.
- Random word vectors at first: .820, .839, .842 before any pair, instead of .825, .842, .841. Static vectors with their
  own standard deviation of .91: .814, .833, .833.
- Changed copies among the texts without pairs, with three epochs: .823, .832, .837 before any pair.
"""


def students_page(results: Mapping[str, Any], students: Sequence[str], data: Sequence[str]) -> str:
    """The page as Markdown: the students in this order, then the other encoders by name. `data`: the columns."""
    rates = results.get(SPEED, {})
    rest = sorted(results.keys() - {*students, SPEED})
    rows = (_row(name, results[name], data, rates) for name in (*students, *rest) if name in results)
    return HEAD + "".join(rows) + TAIL


def _row(name: str, own: Mapping[str, Any], data: Sequence[str], rates: Mapping[str, float]) -> str:
    scores = [mean_and_range(own[key]) for key in data]
    minutes = f"{np.mean(own['cpu_seconds']) / 60:.1f}" if "cpu_seconds" in own else ""
    return f"| {' | '.join([name, *scores, f'{rates[name]:,.0f}' if name in rates else '', minutes])} |\n"
