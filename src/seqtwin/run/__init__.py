"""One training run: from a config to a published folder with an encoder, its scores and its diagnostics.

- `part_labels`: short readable names of parts and of values.
- `data_files`: the name of the data of a config, and their files.
- `pretrained`: the encoder that training starts from.
- `build_tokenizer`: the tokens of a run.
- `row_facts`: facts about the dev and test pairs that do not depend on training.
- `prepared_data`: the records of prepared data.
- `build_losses`: the loss of a config.
- `nearest_class`: accuracy of the nearest training item.
- `evaluate`: scores of a trained encoder of pairs.
- `every_representation`: scores of one trained encoder with every representation.
- `probe_scores`: the scores of the probes of an encoder, and the verdict on them.
- `linear_probe`: probes of a frozen encoder.
- `linear_probe_file`: probes of an encoder folder on a file of labelled data.
- `diagnose_run`: the diagnostics of a finished training.
- `model_card`: the model card that is saved with an encoder.
- `objectives`: what an encoder can be trained for.
- `labels`: the row and the column of the table of results.
- `check_config`: checks that the parts of a config fit together.
- `prepare`: the data of a config, prepared for training.
- `cell_tables`: the CSV tables of a published run.
- `manifest`: the resolved config, identity and versions of a run.
- `fresh_model`: the encoder that a training starts with.
- `begin`: a training up to its first step.
- `train`: one training from its config to its published folder.
"""
