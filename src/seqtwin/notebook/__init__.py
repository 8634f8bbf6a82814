"""Inputs and results of the Python functions: frames, figures, HTML, progress bars.

- `given_data`: the config for data in a file or in memory.
- `python_errors`: remedies that name arguments, where those of the commands name options.
- `progress`: progress bars for a terminal and for a notebook.
- `run_results`: a training: its history, its encoder, its learning curve.
- `study_results`: a study: its results as a frame, its heat map.
"""
