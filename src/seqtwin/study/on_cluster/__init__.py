"""The tasks of a study on a Dask cluster, with the results of the worker processes of one machine.

- `options`: options that exclude each other.
- `facts`: facts about a worker, and which of them exclude it.
- `equipment`: the prepared data, which each worker gets once and checks.
- `task`: the work of a worker: one task at a time, built but not published.
- `crew`: the workers that take part.
- `dispatch`: tasks to workers, and their results to published folders.
- `engine`: the engine of a study, from a client or an address.
"""
