"""Data: from files and built-in sets to pairs or labelled sequences, and from texts to token ids.

- `files`: file formats, from a path to a table of columns.
- `label_words`: the meaning of label words.
- `text_statistics`: lengths and scripts of texts.
- `inspect_file`: which columns of a file play which role, found before reading.
- `unlabelled_table`: what to do with a table of texts without labels.
- `file_summary`: lines that summarize how a file is interpreted.
- `starter_choices`: the choices of a starter config that depend on the data.
- `starter_config`: a commented config for an inspected file.
- `sample_pairs`: pairs and search tasks drawn from items with a class.
- `splits`: train, dev and test splits of pairs, and the texts that splits share.
- `split_examples`: the same for single sequences.
- `reading`: from tables to pairs, labelled sequences and series.
- `inspected_pairs`: the pairs of an inspected file.
- `sets`: built-in data sets.
- `pairs`: the record of pairs with targets and splits.
- `examples`: the record of single sequences with targets and splits.
- `tokens`: from texts to token ids and back.
- `sample_rows`: a random sample of the rows, for a limited budget.
- `batches`: compact storage and batches.
- `cluster_intervals`: the confidence interval of a metric over clusters of rows.
- `known_same`: which items are known to be the same thing.
- `grapheme_clusters`: what readers see as one letter.
- `change_texts`: CHANGES, random changes of texts such as typos.
- `made_pairs`: labelled pairs made from a list of texts, with such changes.
- `augmented_items`: the training texts of an epoch, with random changes.
"""
