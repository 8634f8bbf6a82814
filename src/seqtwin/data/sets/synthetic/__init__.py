"""Ten synthetic tasks with a known best score. Each tests where in a sequence a representation can find evidence.

- `drawing`: random token ids, and the texts made from them.
- `oracles`: rules that solve a task, or approximate it with less information.
- `generators`: the tasks: their pairs, oracles and usual lengths.
- `ceilings`: the best score that a limited model can reach.
- `dataset`: the tasks as a data set of pairs.
"""
