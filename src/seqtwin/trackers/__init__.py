"""Callbacks of a user and experiment trackers, which follow a training while it runs.

- `callbacks`: Callback, and what it gets: steps, epochs and published trainings.
- `listeners`: calls to callbacks, which cannot change a result or end a training.
- `tracked_run`: sends the steps, epochs, scores and the learning curve of a training to a tracker.
- `tensorboard_log`: TensorBoard.
- `mlflow_log`: MLflow.
- `wandb_log`: Weights & Biases.
- `known_trackers`: TRACKERS, by the name that `fit.log` gives.
"""
