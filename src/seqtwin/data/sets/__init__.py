"""Built-in data sets.

- `placenames`: names of places in many languages.
- `synthetic`: tasks with a known best score.
- `pair_sets`: the data sets of pairs, by name.
- `example_sets`: the data sets of single sequences, by name.
"""
