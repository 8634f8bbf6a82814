"""Training: the losses, the loop, and what else the same encoder can be trained for."""
