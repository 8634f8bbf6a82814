"""Studies: every combination of the factors of a grid, tuned and trained with several seeds.

- `tiers`: how many seeds, trials and replicates each tier uses.
- `grid`: from the config of a study to its cells.
- `test_plan`: the comparisons that will be tested, fixed before the first training.
- `study_json`: the declaration of a study, written before the first training.
- `search_spaces`: the ranges that tuning searches.
- `trials`: the trials of one pairing.
- `tuning`: the tuning of every pairing, and what it publishes.
- `entrants`: ENTRANTS, which configs take part in the race of `train --auto`.
- `race_journal`: the trainings of a race that have ended, for the next call.
- `race`: which of several encoders suits a data file, by successive halving on dev.
- `quick_plan`: which trainings a number of seconds allows.
- `quick_file`: quick.json, which keeps that plan.
- `measure_cost`: the seconds of a training, measured on some steps.
- `rounds`: short trainings on dev; the better half of the pairings goes on.
- `quick`: a study within a number of minutes.
- `main_guard`: whether workers can import the program that starts them.
- `parent_watch`: ends a helper process with the process that started it.
- `worker`: the work of a worker process.
- `worker_pool`: worker processes that run tasks.
- `on_cluster`: the same tasks on a Dask cluster.
- `stacks`: study cells that train together on a GPU.
- `compare`: a study from its config to its published cells.
"""
