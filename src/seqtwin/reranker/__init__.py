"""A re-ranker: the calibrated probability that two texts are the same, from their vectors and their spelling.

It is more expensive than the similarity of the encoder, and no index can serve it. It judges the few pairs that the
encoder finds. Only `fit_reranker` loads scikit-learn; everything else is NumPy.

- `romanize`: texts of other alphabets in Latin letters, and their consonants.
- `lexical_features`: LEXICAL, the similarities of the spelling of two texts.
- `random_forest`: a random forest as arrays.
- `reranker`: the re-ranker as formulas of arrays.
- `calibration`: how well probabilities agree with labels.
- `fit_reranker`: fits a re-ranker to the labelled pairs of train and dev.
- `reranker_folder`: a re-ranker as a folder, and back.
"""
