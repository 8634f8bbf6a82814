"""Work on a Dask cluster, the extra `cluster`.

- `address`: the forms in which a cluster can be named.
- `client`: connect to a cluster, or start one on this machine.
- `worker_memory`: free memory in a worker, kept for the next step.
- `worker_start`: what a worker process of this machine runs first.
"""
