"""The model: from a batch of sequences to one vector each, to the similarity of pairs, and to predictions of a head.

- `unique_rows`: the distinct rows of an integer matrix.
- `letters`: the embedding of the letters of a word.
- `lstm`: an LSTM over ragged sequences on the CPU, faster than PyTorch's.
- `cells`: CELLS, the recurrent cells, and the contract of a cell.
- `run_cell`: PADDINGS, the ways to run a recurrent cell over a batch.
- `precision`: PRECISIONS, the number formats of a training and of encoding.
- `encoder`: the Encoder, from sequences to states.
- `representations`: REPRESENTATIONS, one vector per sequence from its states.
- `projections`: PROJECTIONS, vector to vector.
- `vector_space`: the properties of vectors that are known before training.
- `distances`: the distances that losses and similarities are built on.
- `numpy_similarities`: the similarities in NumPy, for exported encoders.
- `similarities`: SIMILARITIES, two vectors to one score.
- `side_channels`: n-grams of texts and convolution kernels of series, as a vector beside that of the network.
- `siamese`: the Siamese network, which uses all of these for both sides of a pair.
- `step_representations`: STEP_READS, one vector per step from the states.
- `base_head`: the contract of a head.
- `beam`: beam search over any function that returns the probabilities of the next token.
- `decoder`: the head that generates a text from the vector of a sequence.
- `distiller`: an encoder with a linear map to the space of a teacher.
- `heads`: HEADS, the outputs of an encoder that is not trained on pairs, and the Learner.
"""
