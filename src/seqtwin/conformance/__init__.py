"""Checks of a part that you wrote yourself: each runs a list of named checks and reports all that fail at once.

- `battery`: runs named checks and gathers their results, or raises one error with all failures.
- `randomness`: whether code draws from a global generator.
- `drawn_states`: the states of small random encoders.
- `representation_contract`: its declarations, its gradients and its own state.
- `representation_vectors`: the vectors of a representation: alone, in a batch, with pads, on odd states.
- `check_representations`: all checks of a representation.
- `own_network`: a network of your own, how it is called, and the sequences it is tried on.
- `usual_causes`: the usual causes of a vector that depends on pads or on other sequences.
- `layer_use`: which directions of which recurrent layers take part in vectors.
- `reading_checks`: whether vectors depend on pads, on other sequences, and on every direction.
- `check_reading`: all checks of a network of your own.
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
