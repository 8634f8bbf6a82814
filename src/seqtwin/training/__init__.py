"""Training: the loop, the losses of pairs and of heads, the objectives, and diagnostics of a trained encoder.

- `losses`: LOSSES, the losses of pairs.
- `cross_entropy`: HEAD_LOSSES, the losses of logits.
- `layer_rates`: the learning rate of each parameter.
- `precision`: PRECISIONS, the number formats of a training.
- `fit`: the training loop.
- `encode_store`: vectors and scores of a whole store.
- `head_objectives`: OBJECTIVES, the objectives with a head, and how each is evaluated.
- `diagnostics`: measurements that explain a trained encoder.
"""
