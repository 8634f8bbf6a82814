"""Readers: from tables to pairs, labelled sequences and series.

- `column_options`: the columns that a user names.
- `column_kinds`: the kind of a column: texts, numbers, times or ids.
- `score_scales`: the meaning of labels and the scale of scores.
- `choose_columns`: the columns of the two sides and of the label.
- `join_ids`: pairs of ids joined with the tables they refer to.
- `blocks`: files larger than memory in blocks of rows.
- `negatives`: random different pairs.
- `pair_tables`: pairs of texts.
- `pairs_from_classes`: pairs of texts with a class.
- `series_gaps`: missing values and steps of series.
- `series_values`: the series of a long table as arrays.
- `series`: pairs of labelled series.
- `classes`: texts and series with a class.
- `step_labels`: sequences with a class per step.
- `text_targets`: texts with a text to generate.
- `mix_pairs`: further files of training pairs.
- `augment`: additional training texts for an auto-encoder.
"""
