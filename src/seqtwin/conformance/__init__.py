"""Checks of a part that you wrote yourself: each runs a list of named checks and reports all that fail at once.

- `battery`: runs named checks and gathers their results, or raises one error with all failures.
- `randomness`: whether code draws from a global generator.
- `drawn_states`: the states of small random encoders.
- `representation_contract`: its declarations, its gradients and its own state.
- `representation_vectors`: the vectors of a representation: alone, in a batch, with pads, on odd states.
- `check_representations`: all checks of a representation.
- `drawn_pairs`: batches of vectors with their targets, odd ones among them.
- `loss_values`: the values of a loss: finite, lowest at the ideal, falling in the right direction.
- `loss_contract`: its declarations, its gradients and its own state.
- `check_losses`: all checks of a loss.
- `check_tokenizers`: all checks of a tokenizer.
- `table_encoder`: an encoder of two-letter texts with known vectors.
- `index_results`: the results of searches, compared with a plain loop.
- `index_changes`: an index that is changed, saved and loaded.
- `check_indexes`: all checks of a kind of index.
"""
