"""The objectives: what an encoder can be trained for, one record per objective.

- `base`: what an objective has to provide.
- `load_pairs`: from the data section of a config to pairs.
- `prepare_pairs`: from pairs to stores of token ids or series.
- `load_examples`: from the data section of a config to single sequences with their targets.
- `prepare_examples`: from single sequences to stores.
- `check_pair_targets`: whether the targets of pairs fit the loss and `fit.balance`.
- `training_rows`: the pairs of each epoch, with changed texts, hard negatives and further files.
- `pairs`: the objective `pairs`.
- `watch_items`: the vectors of single items during and after a training.
- `head_objective`: what the objectives with a head have in common.
- `classify`: the objective `classify`.
- `label_steps`: the objective `label_steps`.
- `decode_text`: the objective `decode`.
- `teacher_pairs`: pairs of texts with the similarity that a teacher gives them.
- `prepare_distil`: from texts without labels and a teacher to stores.
- `distil`: the objective `distil`.
- `registry`: every objective by its name.
"""
