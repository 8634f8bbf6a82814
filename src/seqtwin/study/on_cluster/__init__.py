"""The tasks of a study on a Dask cluster, with the results of the worker processes of one machine.

- `options`: what cannot be asked for together with a cluster.
- `facts`: what a worker is and sees, and whether its results can be compared with those of the others.
- `equipment`: the prepared data, which each worker gets once and checks.
- `task`: the work of a worker: one task at a time, built but not published.
- `crew`: the workers that take part.
- `dispatch`: tasks to workers, and their results to published folders.
- `engine`: the engine of a study, from a client or an address.
"""
