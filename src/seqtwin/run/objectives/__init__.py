"""The objectives: what an encoder can be trained for, one record per objective.

- `base`: what an objective has to provide.
- `load_pairs`: from the data section of a config to pairs.
- `prepare_pairs`: from pairs to stores of token ids or series.
- `load_examples`: from the data section of a config to single sequences with their targets.
- `prepare_examples`: from single sequences to stores.
- `pairs`: the objective `pairs`.
- `head_objective`: what the objectives with a head have in common.
- `classify`: the objective `classify`.
- `label_steps`: the objective `label_steps`.
- `decode_text`: the objective `decode`.
- `registry`: every objective by its name.
"""
