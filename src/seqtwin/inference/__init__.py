"""A trained encoder in use: texts or series to vectors, scores, predictions and explanations.

- `load`: loads an encoder with the PyTorch or the ONNX backend.
- `inputs`: texts and series as a user passes them, checked.
- `batching`: which sequences are encoded together.
- `reranking`: an encoder with its re-ranker: the probability that two texts are the same.
- `base_encoder`: the methods that both backends share: encode, score, is_same.
- `retrained_folder`: an encoder that was exported to sentence-transformers, and perhaps trained further there.
- `vector_map`: a two-dimensional map of vectors.
- `vector_map_figure`: the map as a figure.
- `trained_encoder`: the encoder on PyTorch.
- `onnx_encoder`: the encoder on ONNX Runtime.
- `predict`: classes, labels of steps or texts from an encoder with a head.
- `explain_pair`: the contribution of each step to the score of a pair.
- `fit_encoder_reranker`: fits the re-ranker of an encoder to labelled pairs.
- `blank_texts`: rows without a text, which have no vector and no score.
- `vector_files`: the formats of texts, vectors and scores.
- `kept_columns`: tables of vectors with the other columns of a file.
- `resumable_file`: a file that is written block by block and can be resumed.
- `encode_files`: vectors and scores of whole files.
- `predict_file`: predictions for a whole file.
- `evaluate`: metrics on new labelled data, of one encoder or of two on the same rows.
- `trained_on`: whether a file is the one that an encoder was trained on.
"""
