"""The option --dask of encode, index, dedupe and link: the same work on the workers of a Dask cluster.

- `dask_option`: the option itself.
- `cluster_work`: what the four commands share: the workers, and what they print.
- `encode_corpus`: encode.
- `index_corpus`: index.
- `match_corpora`: dedupe and link.
"""
