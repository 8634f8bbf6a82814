"""Corpora of many files, encoded and compared on the workers of a Dask cluster.

- `corpus_files`: the files of a corpus: a folder, a pattern, or one file.
- `worker_encoder`: the encoder in a worker process, loaded once, and the checks of all workers.
- `run_tasks`: tasks on the workers, and what their failures mean.
- `check_parts`: every file read once: bad rows, other columns, and vectors that are there already.
- `encode_parts`: a corpus as a Parquet data set with vectors.
- `match_parts`: the neighbours of texts from an index in shards, for dedupe and link.
- `listed_corpora`: the rows of many files as one list.
"""
