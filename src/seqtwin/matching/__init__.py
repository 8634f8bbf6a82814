"""Matching of lists: duplicates in one list, matches between two lists, and hard negatives for training.

- `match_files`: the lists that are read, and the tables that are written.
- `settings`: the threshold and the counts that a user sets, checked.
- `distinct_texts`: the distinct texts of a list, each encoded once.
- `nearest_texts`: the vectors of texts and the nearest of them, with progress.
- `pair_judge`: neighbours ranked by the probability of a re-ranker.
- `decisions`: a person's decisions about pairs of texts.
- `neighbour_links`: the pairs of neighbours that are linked.
- `clusters`: clusters from linked pairs, and the most central item of each.
- `dedupe`: the duplicates in one list.
- `one_to_one`: the assignment in which no row is matched twice.
- `link`: the matches between two lists.
- `mine`: hard negatives from labelled pairs.
- `precision_estimate`: the precision at a threshold, from labels of a stratified sample.
- `label_sample`: that sample: drawn, written and read back.
- `label_shift`: the precision at a threshold without labels of the list.
- `labelled_list`: labelled pairs as a list of their own, for `label_shift`.
- `threshold_choice`: the threshold for a stated precision, from either.
"""
